//! Letters that a clock sends: a request whose deadline it is, a reminder, and that a case takes longer.

use redress_proto::sla::v1 as sla;

use super::contents::{Drafts, Scene, time};
use super::fact::Fact;
use crate::app::draft::{Draft, Unmade, addressees, fields, locale};
use crate::app::react::completion;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::lexicon::Vocabulary;

/// Completion by the complainant.
const COMPLETION: &str = "C09";
/// The result, and the whole.
const RESULT: [&str; 2] = ["C12", "C13"];
/// The longest that a case may take.
const LONGEST: &str = "C14";
/// From which share on parties are told that a case is still open, percent.
const NEAR: u32 = 80;

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

    /// A reminder of N04, and N08 before a case is late; a delay itself (N09) is told once it is approved.
    pub(super) fn clock_warned(&self, warned: &sla::ClockWarned) -> Result<Option<Vec<Draft>>, Unmade> {
        let definition = definition(warned.clock.as_ref());
        if definition == COMPLETION {
            return match self.case.completion(self.kept) {
                Some(request) => self.completion(&request.missing, warned.due_at.as_ref()).map(Some),
                None => Ok(None),
            };
        }
        if RESULT.contains(&definition) && warned.percent == NEAR {
            return self.progress("due_near", "due_near_next", time(warned.due_at.as_ref())).map(Some);
        }
        Ok(Some(Vec::new()))
    }

    /// N09 to both. What cannot be extended again is over at the new due time at the latest.
    pub(super) fn extension(&self, approved: &sla::ExtensionApproved) -> Drafts {
        if !RESULT.contains(&definition(approved.clock.as_ref())) {
            return Ok(Vec::new());
        }
        let new_due = time(approved.new_due_at.as_ref());
        let longest = self.case.clock(self.kept, LONGEST).map(|clock| time(clock.due_at.as_ref()));
        let language = locale(self.desk, self.case.complaint, Role::Complainant);
        let lexicon = self.desk.templates.lexicon(language);
        let told =
            lexicon.and_then(|lexicon| lexicon.phrase(Vocabulary::Sentence, &approved.reason)).is_some();
        let texts = fields([
            ("delay_reason", if told { approved.reason.clone() } else { "needs_longer".to_owned() }),
            ("approved_by", self.kept.actor.clone().unwrap_or_default()),
            ("new_due", new_due.clone()),
            ("cap", longest.filter(|longest| !longest.is_empty()).unwrap_or(new_due)),
        ]);
        self.to_both(NoticeKind::Delay, &texts, &[])
    }

    fn completion(&self, missing: &[String], due: Option<&pbjson_types::Timestamp>) -> Drafts {
        let texts = completion(missing, time(due));
        let to = addressees(self.case.complaint, Role::Complainant).into_iter();
        to.map(|to| Draft::new(NoticeKind::Completion, to, texts.clone(), Vec::new())).collect()
    }
}

fn definition(clock: Option<&sla::ClockRef>) -> &str {
    clock.map_or("", |clock| clock.definition.as_str())
}
