//! `RequestHumanReview`: a person is asked for in the place of a machine (L25). Always open to either party.

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::appeal::Filing;
use super::{Act, Scene};
use crate::app::standing::Standing;
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;

/// The ground of such an appeal.
const AUTOMATED: &str = "automated_decision";

#[async_trait]
impl Act for wire::RequestHumanReviewRequest {
    fn check(&self, found: &mut Violations) {
        text::optional_words(found, "text", &self.text, 4_000);
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        let Standing::Party(side) = scene.standing.clone() else {
            return Err(Problem::permission_denied().into());
        };
        let open = scene.case.appeals.iter_mut().find(|appeal| appeal.state.is_open());
        if let Some(appeal) = open {
            appeal.human_required = true;
            return Ok(());
        }
        scene.case.require_state(&[State::Executing, State::ResultNotified, State::Closed])?;
        let grounds = [wire::AppealGround {
            code: AUTOMATED.to_owned(),
            text: self.text.clone(),
            ..Default::default()
        }];
        Filing { side, grounds: &grounds, human_required: true, by_rejection: false }.file_and_tell(scene)
    }
}
