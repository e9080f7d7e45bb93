//! `ReplyToAppeal`: the other side is heard on an appeal before it is decided (L25).

use async_trait::async_trait;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene, appeal_at};
use crate::app::wire::{read_consent, read_side, side as told_side};
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::hearing::{Reply, others};
use crate::domain::text;
use crate::error::Error;

#[async_trait]
impl Act for wire::ReplyToAppealRequest {
    fn check(&self, found: &mut Violations) {
        read_side(found, self.party.as_ref());
        if !self.nothing_to_add {
            text::words(found, "text", &self.text, 4_000);
        } else if !self.text.is_empty() || !self.evidence_ids.is_empty() {
            found.add(
                "nothingToAdd",
                "CONTRADICTION",
                "who has nothing to add brings neither words nor evidence",
            );
        }
        if self.evidence_ids.len() > 20 || self.evidence_ids.iter().any(|id| !text::is_reference(id)) {
            found.add("evidenceIds", "MALFORMED", "up to 20 ids of evidence");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        let named = read_side(&mut Violations::default(), self.party.as_ref());
        let (side, _) = scene.acting(conn, named, read_consent(self.consent.as_ref())).await?;
        let place = appeal_at(scene.case, &self.appeal_id)?;
        let appeal = &scene.case.appeals[place];
        require(appeal.state.is_open(), Refusal::AppealNotUnderReview)?;
        require(others(&scene.case.facts, &appeal.appellant).contains(&side), Refusal::NoReplyAsked)?;
        require(!appeal.replies.iter().any(|reply| reply.side == side), Refusal::AppealReplied)?;
        require(appeal.reply_until.is_some_and(|until| scene.now <= until), Refusal::ReplyOver)?;
        let (id, number) = (appeal.id, appeal.replies.len() + 1);
        let sealed = if self.nothing_to_add {
            None
        } else {
            Some(scene.keep(words::appeal_reply(id, number), self.text.as_bytes())?)
        };
        scene.out.push(&wire::AppealReplied {
            appeal_id: id.to_string(),
            party: Some(told_side(&side)),
            nothing_to_add: self.nothing_to_add,
            sealed,
        });
        let (nothing_to_add, evidence) = (self.nothing_to_add, self.evidence_ids.clone());
        scene.case.appeals[place].replies.push(Reply { side, nothing_to_add, evidence, at: scene.now });
        Ok(())
    }
}
