//! T03: the complainant supplies what was missing.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::SupplyCompletionRequest;

use super::{CaseCommand, Effects, Situation, files};
use crate::app::accept::validate;
use crate::domain::lifecycle::{Command, State};
use crate::error::Error;
use crate::store::note::Kind;

impl CaseCommand for SupplyCompletionRequest {
    fn check(&self, now: Timestamp, found: &mut Violations) {
        validate::completion(&self.text, &self.attachments, now, found);
    }

    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        let supplied = match situation.complaint.lifecycle.state() {
            State::AwaitingCompletion { missing, .. } => missing.clone(),
            _ => Vec::new(),
        };
        let sender_is_party = situation.standing.is_party();
        Ok(Effects {
            note: Some((Kind::Completion, self.text.clone())),
            submission: Some(files::kept(situation, &self.attachments)?),
            ..Effects::step(Command::SupplyCompletion { sender_is_party, supplied })
        })
    }
}
