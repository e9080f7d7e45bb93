//! What the lifecycle tells of a complaint: its registration, and how far it has come.
//!
//! A course is the fold of the lifecycle's events in their order; what other topics tell never enters it, so the order
//! between topics cannot matter.

use jiff::Timestamp;
use redress_domain::Channel;

use super::assessed::Assessed;
use super::state::State;

/// What stays as it was at the registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// When it was received.
    pub received_at: Timestamp,
    /// By when its receipt is to be acknowledged (C05).
    pub acknowledge_by: Timestamp,
    /// Through which channel.
    pub channel: Channel,
    /// Keyed hash of who complains; none if unknown.
    pub complainant_index: Option<Vec<u8>>,
    /// The first merchant complained of.
    pub merchant: Option<String>,
    /// The anchor of the live session, or the first one complained of.
    pub anchor: Option<String>,
    /// The live room.
    pub live_room: Option<String>,
}

/// What one event of the lifecycle means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It exists.
    Registered(Box<Registration>),
    /// It stands elsewhere, and nothing else is counted of it.
    Moved(State),
    /// Whether it is taken up is being decided, under this assessment.
    Reviewed(Option<Assessed>),
    /// Another assessment counts from now on.
    Assessed(Assessed),
    /// It was taken up.
    Accepted,
    /// It was not taken up.
    Refused,
    /// What was asked for did not come.
    Lapsed,
    /// It was closed.
    Closed {
        /// What it came to.
        outcome: String,
        /// Where the cause lay.
        cause: String,
    },
    /// Its complainant withdrew it.
    Withdrawn,
    /// It is handled within another complaint.
    Merged,
    /// Its submission came again.
    Resubmitted,
}

/// The facts that the lifecycle tells. Times are those of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// The registration; none before its event, which only happens where the log no longer has it.
    pub registration: Option<Registration>,
    /// Where it stands.
    pub state: Option<State>,
    /// The assessment that the register goes by.
    pub assessed: Option<Assessed>,
    /// When it was first decided whether it is taken up.
    pub decided_at: Option<Timestamp>,
    /// When a result was first told.
    pub result_at: Option<Timestamp>,
    /// When it ended; none while it is open, and again once it goes on.
    pub ended_at: Option<Timestamp>,
    /// What it came to, as a code of the taxonomy of outcomes; none while it is open.
    pub outcome: Option<String>,
    /// Where the cause lay, as a code; none unless it is closed.
    pub cause: Option<String>,
    /// How often its submission came again.
    pub resubmissions: i32,
}

impl Course {
    /// Follows the next event, which happened `at`.
    pub fn follow(&mut self, step: &Step, at: Timestamp) {
        match step {
            Step::Registered(registration) => {
                self.registration = Some(Registration::clone(registration));
                self.stand(State::Received, None, at);
            }
            Step::Moved(state) => self.stand(*state, None, at),
            Step::Reviewed(assessed) => {
                self.assessed = assessed.or(self.assessed);
                self.stand(State::AdmissibilityReview, None, at);
            }
            Step::Assessed(assessed) => self.assessed = Some(*assessed),
            Step::Accepted => self.decide(State::Accepted, None, at),
            Step::Refused => self.decide(State::NotAccepted, Some("refused"), at),
            Step::Lapsed => self.stand(State::NotAccepted, Some("lapsed"), at),
            Step::Closed { outcome, cause } => {
                self.stand(State::Closed, Some(outcome), at);
                self.cause = Some(cause.clone()).filter(|cause| !cause.is_empty());
            }
            Step::Withdrawn => self.stand(State::Withdrawn, Some("withdrawn"), at),
            Step::Merged => self.stand(State::Merged, Some("duplicate"), at),
            Step::Resubmitted => self.resubmissions = self.resubmissions.saturating_add(1),
        }
    }

    fn decide(&mut self, state: State, outcome: Option<&str>, at: Timestamp) {
        self.decided_at.get_or_insert(at);
        self.stand(state, outcome, at);
    }

    fn stand(&mut self, state: State, outcome: Option<&str>, at: Timestamp) {
        self.state = Some(state);
        if state == State::ResultNotified {
            self.result_at.get_or_insert(at);
        }
        if state.is_end() {
            // A closing is told twice: by the fact that moved the case, and by its outcome.
            self.ended_at.get_or_insert(at);
            self.outcome = outcome.map(str::to_owned).or_else(|| self.outcome.take());
        } else {
            self.ended_at = None;
            self.outcome = None;
            self.cause = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn upheld() -> Step {
        Step::Closed { outcome: "upheld".into(), cause: "live_wording".into() }
    }

    fn after(steps: &[Step]) -> Course {
        let mut course = Course::default();
        for (minute, step) in (0..).zip(steps) {
            course.follow(step, at(minute));
        }
        course
    }

    #[test]
    fn a_closing_told_by_its_fact_and_by_its_outcome_ends_once() {
        let course = after(&[Step::Moved(State::Closed), upheld()]);
        assert_eq!((course.ended_at, course.outcome.as_deref()), (Some(at(0)), Some("upheld")));
        assert_eq!(course.cause.as_deref(), Some("live_wording"));
    }

    #[test]
    fn a_case_that_goes_on_has_no_end_and_its_next_end_counts() {
        let reopened = [upheld(), Step::Moved(State::Investigating)];
        let course = after(&reopened);
        assert_eq!((course.ended_at, course.outcome.as_deref()), (None, None));
        let course = after(&[reopened.as_slice(), &[Step::Withdrawn]].concat());
        assert_eq!((course.ended_at, course.outcome.as_deref()), (Some(at(2)), Some("withdrawn")));
    }

    #[test]
    fn the_first_decision_and_the_first_result_count() {
        let course = after(&[
            Step::Refused,
            Step::Moved(State::AdmissibilityReview),
            Step::Accepted,
            Step::Moved(State::ResultNotified),
            Step::Moved(State::Investigating),
            Step::Moved(State::ResultNotified),
        ]);
        assert_eq!((course.decided_at, course.result_at), (Some(at(0)), Some(at(3))));
        assert_eq!(course.state, Some(State::ResultNotified));
    }
}
