//! Letters that a clock sends: a request whose deadline it is, a reminder, that a case takes longer, an alert to staff.

use jiff::Timestamp;
use redress_domain::PartyKind;
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as sla;

use super::contents::{Drafts, Scene, time};
use super::fact::Fact;
use crate::app::draft::{Draft, Unmade, addressees, fields, locale};
use crate::app::react::completion;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::vocabulary::Vocabulary;
use crate::store::notice::Addressee;

/// Completion by the complainant.
const COMPLETION: &str = "C09";
/// The result.
const RESULT: &str = "C12";
/// The whole.
const WHOLE: &str = "C13";
/// The longest that a case may take.
const LONGEST: &str = "C14";
/// From which share on parties are told that a case takes longer, percent: before the time is over.
const NEAR: u32 = 80;
/// Who approves extensions.
const APPROVER: &str = "supervisor";
/// The reason of a delay that nobody gave another one for.
const NEEDS_LONGER: &str = "needs_longer";
const MAY_NEED_LONGER: &str = "may_need_longer";

/// What is told of a delay.
struct Delay<'a> {
    /// The definition of the clock that takes longer.
    clock: &'a str,
    reason: String,
    /// The time that was told before.
    due: Option<Timestamp>,
    /// The time from now on; without one there is no letter.
    new_due: Option<Timestamp>,
    /// The latest that it can be.
    cap: Option<Timestamp>,
    /// As what somebody approved it, if anybody did.
    approved_by: Option<String>,
}

impl Scene<'_> {
    /// N04 with the clock's own due time, where the installation waits for it. The clock names what started it.
    pub(super) fn clock_started(&self, started: &sla::ClockStarted) -> Result<Option<Vec<Draft>>, Unmade> {
        if definition(started.clock.as_ref()) != COMPLETION || !self.terms.follow_clocks {
            return Ok(Some(Vec::new()));
        }
        let request = self.kept.causation.and_then(|cause| self.case.fact(cause));
        match request {
            Some(Fact::CompletionRequested(request)) => {
                self.completion(&request.missing, started.due_at.as_ref()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A reminder of N04, and N09 before a case is late. What other clocks warn of is staff's matter, who are called by
    /// escalations.
    pub(super) fn clock_warned(&self, warned: &sla::ClockWarned) -> Result<Option<Vec<Draft>>, Unmade> {
        match definition(warned.clock.as_ref()) {
            COMPLETION => match self.case.completion(self.kept) {
                Some(request) => self.completion(&request.missing, warned.due_at.as_ref()).map(Some),
                None => Ok(None),
            },
            own @ (RESULT | WHOLE)
                if warned.percent >= NEAR && !self.case.warned_before(self.kept, warned, NEAR) =>
            {
                self.near(own, instant(warned.due_at.as_ref())).map(Some)
            }
            _ => Ok(Some(Vec::new())),
        }
    }

    /// Most of a case's time is over: N09 to both, with the next later time that is known. Where there is none, for the case
    /// cannot be extended again, N08.
    fn near(&self, own: &str, due: Option<Timestamp>) -> Drafts {
        let later =
            |definition: &str| self.case.due(self.kept, definition).filter(|later| Some(*later) > due);
        let cap = later(LONGEST);
        let new_due = if own == RESULT { later(WHOLE).or(cap) } else { cap };
        if new_due.is_none() {
            let due = due.unwrap_or_else(|| self.days_on(self.terms.progress_days));
            return self.progress("due_near", "due_near_next", due.to_string());
        }
        self.delay(Delay {
            clock: own,
            reason: MAY_NEED_LONGER.to_owned(),
            due,
            new_due,
            cap: cap.or(new_due),
            approved_by: None,
        })
    }

    /// N09 to both. Where no longest time is known, the new due time is the latest.
    pub(super) fn extension(&self, approved: &sla::ExtensionApproved) -> Drafts {
        if ![RESULT, WHOLE].contains(&definition(approved.clock.as_ref())) {
            return Ok(Vec::new());
        }
        let new_due = instant(approved.new_due_at.as_ref());
        let language = locale(self.desk, self.case.complaint, Role::Complainant);
        let lexicon = self.desk.templates.lexicon(language);
        let told =
            lexicon.and_then(|lexicon| lexicon.phrase(Vocabulary::Sentence, &approved.reason)).is_some();
        self.delay(Delay {
            clock: definition(approved.clock.as_ref()),
            reason: if told { approved.reason.clone() } else { NEEDS_LONGER.to_owned() },
            due: instant(approved.old_due_at.as_ref()),
            new_due,
            // An approval beyond the longest time makes no letter (F068): it is set aside, where people look at it.
            cap: self.case.due(self.kept, LONGEST).or(new_due),
            // Who it was is the staff's matter: an actor is the subject of a token, which may be a name.
            approved_by: self.kept.actor.as_ref().map(|_| APPROVER.to_owned()),
        })
    }

    fn delay(&self, delay: Delay<'_>) -> Drafts {
        let mut texts = fields([
            ("clock", delay.clock.to_owned()),
            ("delay_reason", delay.reason),
            ("new_due", text(delay.new_due)),
            ("cap", text(delay.cap)),
            ("approved_by", delay.approved_by.unwrap_or_default()),
        ]);
        // The time that it must be told before.
        texts.extend(delay.due.map(|due| ("due".to_owned(), due.to_string())));
        self.to_both(NoticeKind::Delay, &texts, &[])
    }

    /// N24 to the role that is called. It says nothing of the people and the matter of the case.
    pub(super) fn escalation(&self, raised: &sla::EscalationRaised) -> Drafts {
        let complaint = self.case.complaint;
        let texts = fields([
            ("level", raised.level.to_string()),
            ("escalation", raised.reason.clone()),
            ("clock", definition(raised.clock.as_ref()).to_owned()),
            ("ticket", raised.ticket_id.clone()),
            ("case_link", self.desk.profiles.of(&complaint.tenant).case(&complaint.complaint_no)),
        ]);
        let to = Addressee {
            role: Role::Staff,
            kind: PartyKind::Platform,
            reference: format!("role:{}", raised.target_role),
        };
        Ok(vec![Draft::new(NoticeKind::Escalation, to, texts, Vec::new())?])
    }

    fn completion(&self, missing: &[String], due: Option<&pbjson_types::Timestamp>) -> Drafts {
        // A clock that stands still has no due time: the installation's promise stands in.
        let due = match time(due) {
            due if due.is_empty() => self.days_on(self.terms.completion_days).to_string(),
            due => due,
        };
        let texts = completion(missing, due);
        let to = addressees(self.case.complaint, Role::Complainant).into_iter();
        to.map(|to| Draft::new(NoticeKind::Completion, to, texts.clone(), Vec::new())).collect()
    }
}

fn definition(clock: Option<&sla::ClockRef>) -> &str {
    clock.map_or("", |clock| clock.definition.as_str())
}

fn instant(wire: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|wire| from_wire_time(wire).ok())
}

fn text(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}
