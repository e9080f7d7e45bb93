//! Evidence requests: issued → answered | partially answered | extended (once) | lapsed | cancelled.

mod asked;
mod lapse;

use jiff::{SignedDuration, Timestamp};
use redress_domain::coded_enum;
use uuid::Uuid;

use super::Refusal;
use super::evidence::EvidenceType;
pub use asked::{Item, Party, addressee, distinct};
pub use lapse::RanOut;

/// The least that a party has to answer.
pub const LEAST: SignedDuration = SignedDuration::from_hours(24);

coded_enum! {
    /// Where a request stands.
    RequestState {
        /// Sent, and nothing has come.
        Issued = "issued",
        /// Every mandatory item has come.
        Answered = "answered",
        /// Something has come.
        PartiallyAnswered = "partially_answered",
        /// More time was given, and nothing has come.
        Extended = "extended",
        /// Its time passed.
        Lapsed = "lapsed",
        /// Taken back.
        Cancelled = "cancelled",
    }
}

impl RequestState {
    /// Whether an answer is still awaited.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Issued | Self::PartiallyAnswered | Self::Extended)
    }
}

coded_enum! {
    /// What follows if nothing comes in time; announced with the request (F026).
    Consequence {
        /// It is decided on what is there.
        DecidedOnRecord = "decided_on_record",
        /// What the other side says of the point is taken as established.
        OtherSideBelieved = "other_side_believed",
        /// The point is taken as not shown.
        PointNotShown = "point_not_shown",
    }
}

/// What a party is asked to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRequest {
    /// Its id.
    pub id: Uuid,
    /// The round in which it was issued.
    pub round: i32,
    /// Who is asked.
    pub party: Party,
    /// Which of several respondents; empty for all of them.
    pub respondent_ref: String,
    /// What is asked for.
    pub items: Vec<Item>,
    /// Where it stands.
    pub state: RequestState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// By when; the deadline itself (C11).
    pub due_at: Timestamp,
    /// Whether more time was given.
    pub extended: bool,
    /// Whether the case may go on only once it is settled.
    pub mandatory: bool,
    /// What follows if nothing comes.
    pub consequence: Consequence,
    /// Why it is asked for, sealed; empty if nothing was said.
    pub why: Vec<u8>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Version of the event that announced it: intake's refusal names that event.
    pub announced: i64,
    /// When the notice of it went out (N06), as proved.
    pub noticed_at: Option<Timestamp>,
    /// The deadline for which its clock ran out without that proof.
    pub overdue_at: Option<Timestamp>,
}

impl EvidenceRequest {
    /// Whether an answer may come at `now`: it is open, and its time is not over.
    ///
    /// # Errors
    /// If not.
    pub fn require_open(&self, now: Timestamp) -> Result<(), Refusal> {
        if !self.state.is_open() {
            return Err(Refusal::RequestSettled);
        }
        if now > self.due_at { Err(Refusal::RequestOverdue) } else { Ok(()) }
    }

    /// Takes evidence of type `kind` as an answer. Whether the request is now answered in full.
    ///
    /// A request without mandatory items is answered by the first thing that comes.
    ///
    /// # Errors
    /// If it is settled, or its time is over.
    pub fn answer(&mut self, kind: EvidenceType, now: Timestamp) -> Result<bool, Refusal> {
        self.require_open(now)?;
        for item in self.items.iter_mut().filter(|item| item.kind == kind) {
            item.received = true;
        }
        let full = self.items.iter().all(|item| item.received || !item.mandatory);
        self.state = if full { RequestState::Answered } else { RequestState::PartiallyAnswered };
        if full {
            self.settled_at = Some(now);
        }
        Ok(full)
    }

    /// Gives `more` time, once.
    ///
    /// # Errors
    /// If it is settled, overdue or was extended before.
    pub fn extend(&mut self, more: SignedDuration, now: Timestamp) -> Result<(), Refusal> {
        self.require_open(now)?;
        if self.extended {
            return Err(Refusal::AlreadyExtended);
        }
        self.extended = true;
        self.due_at = self.due_at.saturating_add(more).unwrap_or(Timestamp::MAX);
        if self.state == RequestState::Issued {
            self.state = RequestState::Extended;
        }
        Ok(())
    }

    /// Takes it back. Whether something changed.
    pub fn cancel(&mut self, now: Timestamp) -> bool {
        if !self.state.is_open() {
            return false;
        }
        self.state = RequestState::Cancelled;
        self.settled_at = Some(now);
        true
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap()
    }

    pub(super) fn asked(items: &[(EvidenceType, bool)]) -> EvidenceRequest {
        EvidenceRequest {
            id: Uuid::nil(),
            round: 1,
            party: Party::Respondent,
            respondent_ref: String::new(),
            items: items.iter().map(|&(kind, mandatory)| Item { kind, mandatory, received: false }).collect(),
            state: RequestState::Issued,
            issued_at: at(0),
            due_at: at(48),
            extended: false,
            mandatory: true,
            consequence: Consequence::DecidedOnRecord,
            why: Vec::new(),
            settled_at: None,
            announced: 1,
            noticed_at: None,
            overdue_at: None,
        }
    }

    pub(super) const BOTH: &[(EvidenceType, bool)] =
        &[(EvidenceType::QcReport, true), (EvidenceType::Invoice, true)];

    #[test]
    fn a_request_is_answered_once_each_mandatory_item_has_come() {
        let mut request = asked(BOTH);
        assert_eq!(request.answer(EvidenceType::Other, at(1)), Ok(false));
        assert_eq!(request.answer(EvidenceType::QcReport, at(2)), Ok(false));
        assert_eq!(request.state, RequestState::PartiallyAnswered);
        assert_eq!(request.answer(EvidenceType::Invoice, at(3)), Ok(true));
        assert_eq!(request.answer(EvidenceType::Invoice, at(4)), Err(Refusal::RequestSettled));
        assert_eq!(request.settled_at, Some(at(3)));
    }

    #[test]
    fn more_time_is_given_once_and_not_after_the_time_is_over() {
        let more = SignedDuration::from_hours(48);
        let mut request = asked(BOTH);
        assert_eq!(request.extend(more, at(49)), Err(Refusal::RequestOverdue));
        assert_eq!(request.extend(more, at(48)), Ok(()));
        assert_eq!((request.due_at, request.state), (at(96), RequestState::Extended));
        assert_eq!(request.extend(more, at(50)), Err(Refusal::AlreadyExtended));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Answer(EvidenceType),
        Extend,
        Lapse(i64),
        Cancel,
    }

    fn step() -> impl Strategy<Value = (i64, Step)> {
        let kinds =
            prop::sample::select(vec![EvidenceType::QcReport, EvidenceType::Invoice, EvidenceType::Other]);
        let what = prop_oneof![
            kinds.prop_map(Step::Answer),
            Just(Step::Extend),
            (0_i64..120).prop_map(Step::Lapse),
            Just(Step::Cancel)
        ];
        (0_i64..120, what)
    }

    proptest! {
        #[test]
        fn what_is_settled_stays_as_it_is(mut steps in prop::collection::vec(step(), 0..12)) {
            steps.sort_by_key(|(hour, _)| *hour);
            let mut request = asked(BOTH);
            for (hour, what) in steps {
                let before = request.clone();
                match what {
                    Step::Answer(kind) => drop(request.answer(kind, at(hour))),
                    Step::Extend => drop(request.extend(SignedDuration::from_hours(48), at(hour))),
                    Step::Lapse(due) => _ = request.run_out(at(due), at(hour), false),
                    Step::Cancel => drop(request.cancel(at(hour))),
                }
                if !before.state.is_open() {
                    prop_assert_eq!(&request, &before);
                }
                prop_assert_eq!(request.settled_at.is_some(), !request.state.is_open());
                prop_assert!(request.due_at <= at(96));
            }
        }
    }
}
