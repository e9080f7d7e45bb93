//! What is known of a case when a letter about it is made: the facts that came before.

use std::collections::HashMap;

use jiff::Timestamp;
use redress_proto::convert::from_wire_time;
use redress_proto::{
    intake::v1 as intake, investigation::v1 as investigation, resolution::v1 as resolution, sla::v1 as sla,
};
use uuid::Uuid;

use super::fact::Fact;
use crate::store::complaint::Complaint;
use crate::store::fact::{Kept, Verdict};

/// A complaint with all that was told of it.
pub(super) struct Case<'a> {
    pub(super) complaint: &'a Complaint,
    facts: Vec<(&'a Kept, Fact)>,
    places: HashMap<Uuid, usize>,
}

impl<'a> Case<'a> {
    /// Reads the facts of a complaint, which are in the order of topics and versions. One that another version of this
    /// program kept and this one cannot read is left out: whatever is in hand now is innocent of it.
    pub(super) fn read(complaint: &'a Complaint, kept: &'a [Kept]) -> Self {
        let mut facts = Vec::with_capacity(kept.len());
        for kept in kept {
            match Fact::read(&kept.event_type, &kept.payload) {
                Ok(fact) => facts.extend(fact.map(|fact| (kept, fact))),
                Err(error) => {
                    tracing::error!(fact = %kept.event, complaint = %kept.complaint, %error, "a fact does not read");
                }
            }
        }
        let places = facts.iter().enumerate().map(|(place, (kept, _))| (kept.event, place)).collect();
        Self { complaint, facts, places }
    }

    /// The fact of an event.
    pub(super) fn fact(&self, event: Uuid) -> Option<&Fact> {
        self.places.get(&event).and_then(|place| self.facts.get(*place)).map(|(_, fact)| fact)
    }

    /// What was told before `kept`: by version within its topic, by time across topics, so that a letter says the same
    /// however far each topic was read when it was made.
    pub(super) fn before(&self, kept: &Kept) -> impl DoubleEndedIterator<Item = &(&'a Kept, Fact)> {
        let (topic, version, at) = (kept.topic.clone(), kept.version, kept.at);
        self.facts.iter().filter(
            move |(one, _)| {
                if one.topic == topic { one.version < version } else { one.at <= at }
            },
        )
    }

    /// The last request for missing details.
    pub(super) fn completion(&self, kept: &Kept) -> Option<&intake::CompletionRequested> {
        self.before(kept).rev().find_map(|(_, fact)| match fact {
            Fact::CompletionRequested(request) => Some(request),
            _ => None,
        })
    }

    /// When the case's clock of this definition was last said to be due; none if it is not known, or stands still.
    pub(super) fn due(&self, kept: &Kept, definition: &str) -> Option<Timestamp> {
        self.before(kept)
            .rev()
            .find_map(|(_, fact)| {
                let (clock, due_at) = match fact {
                    Fact::ClockStarted(started) => (&started.clock, &started.due_at),
                    Fact::ClockResumed(resumed) => (&resumed.clock, &resumed.due_at),
                    Fact::DeadlineRecalculated(anew) => (&anew.clock, &anew.new_due_at),
                    Fact::ExtensionApproved(approved) => (&approved.clock, &approved.new_due_at),
                    _ => return None,
                };
                clock.as_ref().is_some_and(|clock| clock.definition == definition).then_some(due_at)
            })?
            .as_ref()
            .and_then(|due_at| from_wire_time(due_at).ok())
    }

    /// Whether `percent` of this clock, as it was set then, or more was warned of before.
    pub(super) fn warned_before(&self, kept: &Kept, warned: &sla::ClockWarned, percent: u32) -> bool {
        self.before(kept).any(|(_, fact)| match fact {
            Fact::ClockWarned(earlier) => earlier.clock == warned.clock && earlier.percent >= percent,
            _ => false,
        })
    }

    /// The request of this id, unless the lifecycle refused it.
    pub(super) fn request(&self, kept: &Kept, id: &str) -> Option<&investigation::EvidenceRequested> {
        self.before(kept).find_map(|(one, fact)| match fact {
            Fact::EvidenceRequested(request) if request.request_id == id => {
                (one.verdict != Some(Verdict::Refused)).then_some(request)
            }
            _ => None,
        })
    }

    /// What kinds of evidence were brought, each once, in their order.
    pub(super) fn evidence(&self, kept: &Kept) -> Vec<investigation::EvidenceType> {
        let mut kinds = Vec::new();
        for (_, fact) in self.before(kept) {
            if let Fact::EvidenceSubmitted(piece) = fact
                && !piece.evidence_id.is_empty()
                && !kinds.contains(&piece.r#type())
            {
                kinds.push(piece.r#type());
            }
        }
        kinds
    }

    /// Who accepted an option.
    pub(super) fn acceptances(
        &self,
        kept: &Kept,
        settlement: &resolution::SettlementReached,
    ) -> Vec<&resolution::OfferAccepted> {
        let of = |accepted: &resolution::OfferAccepted| {
            (&accepted.proposal_id, accepted.revision, accepted.option)
                == (&settlement.proposal_id, settlement.revision, settlement.option)
        };
        self.before(kept)
            .filter_map(|(_, fact)| match fact {
                Fact::OfferAccepted(accepted) => of(accepted).then_some(accepted),
                _ => None,
            })
            .collect()
    }

    /// Who was last found to answer.
    pub(super) fn liability(&self, kept: &Kept) -> Option<&resolution::LiabilityDetermined> {
        self.before(kept).rev().find_map(|(_, fact)| match fact {
            Fact::LiabilityDetermined(determined) => Some(determined),
            _ => None,
        })
    }

    /// The last ruling that the lifecycle did not refuse.
    pub(super) fn ruling(&self, kept: &Kept) -> Option<&resolution::RulingIssued> {
        self.before(kept).rev().find_map(|(one, fact)| match fact {
            Fact::RulingIssued(ruling) => (one.verdict != Some(Verdict::Refused)).then_some(ruling),
            _ => None,
        })
    }

    /// When the last fact was told that moved the lifecycle. Its answer may not have been read yet.
    pub(super) fn last_step(&self, kept: &Kept) -> Option<Timestamp> {
        let moved = |(one, fact): &&(&Kept, Fact)| fact.waits() && one.verdict != Some(Verdict::Refused);
        self.before(kept).filter(moved).map(|(one, _)| one.at).max()
    }

    /// The remedies that were ordered.
    pub(super) fn remedies(&self, kept: &Kept) -> Vec<&resolution::RemedyOrdered> {
        self.before(kept)
            .filter_map(|(_, fact)| match fact {
                Fact::RemedyOrdered(remedy) => Some(remedy),
                _ => None,
            })
            .collect()
    }
}
