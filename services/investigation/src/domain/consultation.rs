//! Another department's view, seen by few (F072).

use jiff::Timestamp;
use redress_domain::coded_enum;
use uuid::Uuid;

use super::Refusal;
use super::case::Case;

coded_enum! {
    /// Where a consultation stands.
    ConsultationState {
        /// Asked.
        Asked = "asked",
        /// Answered.
        Answered = "answered",
        /// Not asked any more.
        Cancelled = "cancelled",
    }
}

/// A question to another department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// Its id.
    pub id: Uuid,
    /// The round in which it was asked.
    pub round: i32,
    /// Where it stands.
    pub state: ConsultationState,
    /// The department, as a code.
    pub department: String,
    /// Who answers.
    pub consulted: String,
    /// Who asked.
    pub asked_by: String,
    /// The question, sealed.
    pub question: Vec<u8>,
    /// The answer, sealed; empty before.
    pub answer: Vec<u8>,
    /// By when.
    pub due_at: Timestamp,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it was answered or given up.
    pub ended_at: Option<Timestamp>,
    /// Version of the event that announced it.
    pub announced: i64,
}

impl Consultation {
    /// Whether `subject` may see it: who asked, who is asked, the group's lead, and supervisors.
    pub fn is_visible_to(&self, subject: &str, supervisor: bool, case: &Case) -> bool {
        supervisor
            || [&self.asked_by, &self.consulted, &case.group.lead].into_iter().any(|may| may == subject)
    }

    /// Takes the answer. It is taken after its time too, and shown as late: the law wants the view, not the silence.
    ///
    /// # Errors
    /// If it is over, or `by` is not who was asked.
    pub fn take_answer(&mut self, by: &str, answer: Vec<u8>, now: Timestamp) -> Result<(), Refusal> {
        if self.state != ConsultationState::Asked || self.consulted != by {
            return Err(Refusal::ConsultationNotOpen);
        }
        self.state = ConsultationState::Answered;
        self.answer = answer;
        self.ended_at = Some(now);
        Ok(())
    }

    /// Is not asked any more. Whether something changed.
    pub fn cancel(&mut self, now: Timestamp) -> bool {
        if self.state != ConsultationState::Asked {
            return false;
        }
        self.state = ConsultationState::Cancelled;
        self.ended_at = Some(now);
        true
    }

    /// Whether the answer came after its time, or has not come and its time is over.
    pub fn is_late(&self, now: Timestamp) -> bool {
        match self.state {
            ConsultationState::Asked => now > self.due_at,
            ConsultationState::Answered => self.ended_at.is_some_and(|at| at > self.due_at),
            ConsultationState::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::tests::accepted;
    use super::*;

    fn asked() -> Consultation {
        Consultation {
            id: Uuid::nil(),
            round: 1,
            state: ConsultationState::Asked,
            department: "legal".into(),
            consulted: "lawyer-1".into(),
            asked_by: "handler-1".into(),
            question: vec![1],
            answer: Vec::new(),
            due_at: Timestamp::from_second(100).unwrap(),
            asked_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            announced: 1,
        }
    }

    #[test]
    fn only_who_is_asked_answers_and_what_is_late_shows_as_late() {
        let mut consultation = asked();
        let late = Timestamp::from_second(101).unwrap();
        assert!(consultation.is_late(late) && !consultation.is_late(consultation.due_at));
        assert_eq!(consultation.take_answer("handler-1", vec![2], late), Err(Refusal::ConsultationNotOpen));
        consultation.take_answer("lawyer-1", vec![2], late).unwrap();
        assert!(consultation.is_late(late));
        assert!(!consultation.cancel(late));
        let mut cancelled = asked();
        assert!(cancelled.cancel(late) && !cancelled.is_late(late), "nobody waits for it any more");
    }

    #[test]
    fn few_may_see_it() {
        let mut case = accepted();
        case.group.lead = "head-1".into();
        let consultation = asked();
        for (subject, supervisor, may) in [
            ("handler-1", false, true),
            ("lawyer-1", false, true),
            ("head-1", false, true),
            ("boss-1", true, true),
            ("handler-2", false, false),
            ("", false, false),
        ] {
            assert_eq!(consultation.is_visible_to(subject, supervisor, &case), may, "{subject}");
        }
    }
}
