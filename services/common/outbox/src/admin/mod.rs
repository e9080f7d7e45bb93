use std::sync::Arc;

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
        })
    }

    /// Operates another group of the same service too.
    #[must_use]
    pub fn and(mut self, group: &ConsumerGroup) -> Self {
        self.lanes.extend(lanes(group));
        self
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
