//! `RequestIntervention`: a party of a negotiation asks the platform in (T11).

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::standing::Standing;
use crate::domain::state::State;
use crate::error::Error;

#[async_trait]
impl Act for wire::RequestInterventionRequest {
    fn check(&self, _found: &mut Violations) {}

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        if scene.standing == Standing::Auditor {
            return Err(Problem::permission_denied().into());
        }
        scene.case.require_state(&[State::DirectNegotiation])?;
        scene.out.push(&wire::PlatformInterventionRequested { reason: "asked".to_owned() });
        Ok(())
    }
}
