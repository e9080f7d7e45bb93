//! T08: a complainant asks that somebody else look at a refusal. The letter of refusal (N03) promises it.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::RequestRefusalReviewRequest;

use super::{CaseCommand, Effects, Situation, files};
use crate::app::accept::validate;
use crate::domain::lifecycle::Command;
use crate::error::Error;
use crate::store::note::Kind;

impl CaseCommand for RequestRefusalReviewRequest {
    fn check(&self, now: Timestamp, found: &mut Violations) {
        validate::completion(&self.text, &self.attachments, now, found);
    }

    /// The queue of reviews is told, not a person: that nobody decides twice is asked of whoever decides (I10).
    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        let reviewer = situation.review_queue.to_owned();
        let submission =
            if self.attachments.is_empty() { None } else { Some(files::kept(situation, &self.attachments)?) };
        Ok(Effects {
            note: Some((Kind::ReviewGrounds, self.text.clone())),
            submission,
            ..Effects::step(Command::RequestReview { reviewer })
        })
    }
}
