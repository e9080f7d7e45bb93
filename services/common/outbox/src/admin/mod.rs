use std::sync::Arc;

use redress_domain::{Principal, TenantId};
use redress_messaging::{KafkaClientError, KafkaConfig, LogReader};

use crate::ConsumerGroup;
use crate::consume::{Kit, Lane};

mod act;
mod list;
mod service;
mod show;

/// The kit's side of `redress.admin.v1.AdminService`: a service adds it to its gRPC routes.
#[derive(Clone)]
pub struct Admin {
    /// Of the first group; all groups of a service share its database.
    kit: Arc<Kit>,
    lanes: Vec<(Arc<Kit>, Arc<dyn Lane>)>,
    reader: LogReader,
    holder: String,
    operator: Option<TenantId>,
}

impl Admin {
    /// Operates `group` and the outbox of its database. `holder` is the name of this process's relay.
    pub fn new(
        group: &ConsumerGroup,
        kafka: &KafkaConfig,
        holder: impl Into<String>,
    ) -> Result<Self, KafkaClientError> {
        Ok(Self {
            kit: Arc::clone(&group.kit),
            lanes: lanes(group),
            reader: LogReader::new(kafka)?,
            holder: holder.into(),
            operator: None,
        })
    }

    /// The tenant whose administrators also do what concerns every tenant: replay topics, and look after records whose
    /// tenant cannot be read. Without it nobody does: an administrator is one of a tenant.
    #[must_use]
    pub fn operated_by(self, operator: Option<TenantId>) -> Self {
        Self { operator, ..self }
    }

    /// Operates another group of the same service too.
    #[must_use]
    pub fn and(mut self, group: &ConsumerGroup) -> Self {
        self.lanes.extend(lanes(group));
        self
    }

    /// Whether `caller` may do what concerns every tenant.
    fn operates(&self, caller: &Principal) -> bool {
        self.operator.as_ref() == Some(&caller.tenant)
    }

    fn lane(&self, topic: &str) -> Option<&Arc<dyn Lane>> {
        self.lanes.iter().map(|(_, lane)| lane).find(|lane| lane.topic() == topic)
    }
}

fn lanes(group: &ConsumerGroup) -> Vec<(Arc<Kit>, Arc<dyn Lane>)> {
    group.lanes.iter().map(|lane| (Arc::clone(&group.kit), Arc::clone(lane))).collect()
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("holder", &self.holder).finish_non_exhaustive()
    }
}
