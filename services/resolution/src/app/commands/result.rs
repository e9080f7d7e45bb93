//! `RespondToResult`: the complainant accepts or rejects (T25, T26).

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene, appeal};
use crate::app::wire::read_consent;
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::party::{Side, SideRole};
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;

#[async_trait]
impl Act for wire::RespondToResultRequest {
    fn check(&self, found: &mut Violations) {
        if self.accept {
            text::optional_words(found, "reason", &self.reason, 4_000);
            if self.appeal {
                found.add("appeal", "NOT_ALLOWED", "an accepted result is not appealed against");
            }
        } else {
            text::words(found, "reason", &self.reason, 4_000);
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        let consent = read_consent(self.consent.as_ref());
        let (side, _) = scene.acting(conn, Some(Side::complainant()), consent).await?;
        if side.role != SideRole::Complainant {
            return Err(Problem::permission_denied().into());
        }
        scene.case.require_state(&[State::ResultNotified])?;
        require(!scene.case.course.result_answered, Refusal::ResultAnswered)?;
        scene.case.course.result_answered = true;
        if self.accept {
            let (outcome, cause) = scene.case.closing().ok_or_else(|| Refusal::OutcomeMissing.problem())?;
            scene.out.push(&wire::ResultAccepted { outcome: outcome.to_owned(), cause: cause.to_owned() });
            return Ok(());
        }
        let mut event = wire::ResultRejected { appeal: self.appeal, ..Default::default() };
        if self.appeal {
            let grounds = [wire::AppealGround { text: self.reason.clone(), ..Default::default() }];
            let filing =
                appeal::Filing { side, grounds: &grounds, human_required: false, by_rejection: true };
            let filed = filing.file(scene)?;
            event.appeal_id = filed.id.to_string();
            event.sealed = Some(filed.sealed);
            event.reply_until = filed.reply_until;
        } else {
            let field = words::result(scene.case.version + 1);
            event.sealed = Some(scene.keep(field, self.reason.as_bytes())?);
        }
        scene.out.push(&event);
        Ok(())
    }
}
