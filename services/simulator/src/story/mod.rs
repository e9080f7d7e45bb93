//! The people of a case and what they do, step by step, over gRPC: each with a token of their own, none with more rights
//! than the same person would have at a platform.

mod agreement;
mod deadline;
mod incident;
mod milestones;
mod patience;
mod person;
mod scripts;
mod silence;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use redress_domain::{Role, TenantId};
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_testkit::MovedTime;
use tonic::transport::{Channel, Endpoint};

use crate::ledger::{Complaint, Ledger};
use crate::plan::{Planned, Script};
use deadline::Deadlines;
use incident::Room;
use person::{Authorised, Bearer, Issuing, Person};
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
    /// Sla.
    pub sla: String,
}

/// Where the cases are played.
pub struct Stage {
    channels: Channels,
    issuing: Arc<Issuing>,
    staff: BTreeMap<String, Staff>,
    room: Room,
    deadlines: Deadlines,
    ledger: Arc<Ledger>,
    patience: Duration,
}

#[derive(Clone)]
struct Channels {
    intake: Channel,
    classification: Channel,
    investigation: Channel,
    resolution: Channel,
    sla: Channel,
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
            sla: to(&services.sla)?,
        };
        let issuing = Issuing::by(tokens);
        let mut staff = BTreeMap::new();
        for tenant in tenants {
            let bearer = |subject: &str, role| Bearer::new(&issuing, tenant, subject, role);
            let person = |subject: &str, role| anyhow::Ok(Person::new(&channels, bearer(subject, role)?));
            let supervisor = bearer("sim-reviewer-1", Role::Supervisor)?;
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
        let (room, deadlines) = (Room::of(members), Deadlines::of(None));
        Ok(Self { channels, issuing, staff, room, deadlines, ledger, patience })
    }

    /// The same for an installation whose time can be moved on: a respondent who never answers lets its deadline pass. The
    /// tokens are to be of that time.
    #[must_use]
    pub fn with_time(self, time: Arc<MovedTime>) -> Self {
        Self { deadlines: Deadlines::of(Some(time)), ..self }
    }

    /// The same with all calls in one trace, for a `traceparent` of W3C.
    pub fn within_trace(self, traceparent: &str) -> anyhow::Result<Self> {
        self.issuing.trace(traceparent)?;
        Ok(self)
    }

    /// The trace that all calls belong to.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.issuing.traceparent().and_then(|trace| trace.to_str().ok())
    }

    /// Waits until that many callers all wait for a deadline to pass, and tells for which.
    pub(crate) async fn is_at_rest(&self, callers: usize) -> Timestamp {
        self.deadlines.are_all_that_is_waited_for(callers).await
    }

    /// Lets the deadline pass, and those who waited go on.
    pub(crate) async fn lets_pass(&self, deadline: Timestamp) -> anyhow::Result<()> {
        self.deadlines.move_past(deadline).await?;
        self.issuing.renew();
        self.deadlines.are_over(deadline);
        Ok(())
    }

    /// Leads an accepted complaint to the end that its script has. An error is a step that should have gone through.
    pub async fn play(&self, complaint: &Complaint, planned: &Planned) -> anyhow::Result<()> {
        let played =
            async { Box::pin(Case::new(self, complaint, planned)?.play(planned.script)).await }.await;
        if played.is_err() {
            self.does_without(planned);
        }
        played.map_err(|error| error.context(format!("{:?} of {}", planned.script, complaint.1)))
    }

    /// A case was not accepted, or has broken off: the others must not wait for it.
    pub(crate) fn does_without(&self, planned: &Planned) {
        if planned.script == Script::Spike {
            self.room.leave();
        }
    }

    /// Whether those of the live room still wait for each other.
    #[cfg(test)]
    pub(crate) fn room_waits(&self) -> bool {
        self.room.waits()
    }
}
