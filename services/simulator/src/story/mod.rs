//! The people of a case and what they do, step by step, over gRPC: each with a token of their own, none with more rights
//! than the same person would have at a platform.

mod agreement;
mod incident;
mod patience;
mod person;
mod scripts;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use redress_domain::{Role, TenantId};
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use tonic::transport::{Channel, Endpoint};

use crate::ledger::{Complaint, Ledger};
use crate::plan::{Planned, Script};
use incident::Room;
use person::{Authorised, Bearer, Person};
use steps::Case;

/// Gives a token of a subject of a tenant in a role. The simulator issues none itself.
pub type Tokens = Arc<dyn Fn(&TenantId, &str, Role) -> anyhow::Result<String> + Send + Sync>;

/// Where the services answer, each as `host:port` of its gRPC.
#[derive(Debug, Clone)]
pub struct Services {
    /// Intake.
    pub intake: String,
    /// Classification.
    pub classification: String,
    /// Investigation.
    pub investigation: String,
    /// Resolution.
    pub resolution: String,
}

/// Where the cases are played.
pub struct Stage {
    channels: Channels,
    tokens: Tokens,
    staff: BTreeMap<String, Staff>,
    room: Room,
    ledger: Arc<Ledger>,
    patience: Duration,
}

#[derive(Clone)]
struct Channels {
    intake: Channel,
    classification: Channel,
    investigation: Channel,
    resolution: Channel,
}

/// Who works for a tenant's platform: nobody reviews their own work.
struct Staff {
    tenant: TenantId,
    officer: Person,
    handler: Person,
    mediator: Person,
    reviewer: Person,
    adjudicator: Person,
    incidents: ClassificationServiceClient<Authorised>,
}

/// Staff numbers.
const HANDLER: &str = "sim-handler-1";

impl Stage {
    /// For the tenants; `members` of one live room are handled together. A step that is refused for `patience` breaks its
    /// script off.
    pub fn new(
        services: &Services,
        tenants: &[TenantId],
        tokens: Tokens,
        members: usize,
        ledger: Arc<Ledger>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let to =
            |address: &str| anyhow::Ok(Endpoint::from_shared(format!("http://{address}"))?.connect_lazy());
        let channels = Channels {
            intake: to(&services.intake)?,
            classification: to(&services.classification)?,
            investigation: to(&services.investigation)?,
            resolution: to(&services.resolution)?,
        };
        let mut staff = BTreeMap::new();
        for tenant in tenants {
            let person = |subject: &str, role| Person::new(&channels, &tokens(tenant, subject, role)?);
            let supervisor = Bearer::new(&tokens(tenant, "sim-reviewer-1", Role::Supervisor)?)?;
            let of_tenant = Staff {
                tenant: tenant.clone(),
                officer: person("sim-officer-1", Role::IntakeOfficer)?,
                handler: person(HANDLER, Role::Handler)?,
                mediator: person("sim-mediator-1", Role::Handler)?,
                reviewer: person("sim-reviewer-1", Role::Supervisor)?,
                adjudicator: person("sim-adjudicator-1", Role::Supervisor)?,
                incidents: ClassificationServiceClient::with_interceptor(
                    channels.classification.clone(),
                    supervisor,
                ),
            };
            staff.insert(tenant.to_string(), of_tenant);
        }
        Ok(Self { channels, tokens, staff, room: Room::of(members), ledger, patience })
    }

    /// Leads an accepted complaint to the end that its script has. An error is a step that should have gone through.
    pub async fn play(&self, complaint: &Complaint, planned: &Planned) -> anyhow::Result<()> {
        let case = Case::new(self, complaint, planned)?;
        let played = Box::pin(case.play(planned.script)).await;
        if planned.script == Script::Spike && played.is_err() {
            // The others must not wait for this one.
            self.room.leave();
        }
        played.map_err(|error| error.context(format!("{:?} of {}", planned.script, complaint.1)))
    }
}
