//! Evidence requests: issued → answered | partially answered | extended (once) | lapsed | cancelled.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{coded_enum, whole_milliseconds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refusal;
use super::case::Respondent;
use super::evidence::EvidenceType;

/// The least that a party has to answer.
pub const LEAST: SignedDuration = SignedDuration::from_hours(24);

coded_enum! {
    /// Whom a case waits for.
    Party {
        /// Who complained.
        Complainant = "complainant",
        /// Whom it is directed at.
        Respondent = "respondent",
        /// Carrier, courier or warehouse.
        Carrier = "carrier",
        /// A laboratory.
        Lab = "lab",
        /// Another department.
        Internal = "internal",
        /// An authority.
        Authority = "authority",
    }
}

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

/// One item of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: EvidenceType,
    /// Whether an answer is in full only with it.
    pub mandatory: bool,
    /// Whether something of its type has come.
    pub received: bool,
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

/// What became of a request whose clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RanOut {
    /// Nothing: it was settled, or has more time.
    Nothing,
    /// It waits for proof that the party was told (T14).
    Unproved,
    /// It has lapsed.
    Lapsed,
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

    /// Its clock ran out for `due_at`. A clock of before an extension, or an answer that came in time, changes nothing. A
    /// side of the case lapses only if it was told in time (T14), where `needs_notice`.
    ///
    /// Clocks count to the millisecond (D1): what was announced to the microsecond is due at its millisecond.
    pub fn run_out(&mut self, due_at: Timestamp, now: Timestamp, needs_notice: bool) -> RanOut {
        if !self.state.is_open() || due_at < whole_milliseconds(self.due_at) {
            return RanOut::Nothing;
        }
        if needs_notice && !self.was_told() {
            self.overdue_at = Some(due_at);
            return RanOut::Unproved;
        }
        self.lapse(now);
        RanOut::Lapsed
    }

    /// Proof came that its notice went out at `at`. Whether it lapses by that: its clock ran out before the proof came.
    pub fn notice(&mut self, at: Timestamp, now: Timestamp) -> bool {
        self.noticed_at = Some(self.noticed_at.map_or(at, |known| known.min(at)));
        let lapses = self.state.is_open() && self.overdue_at.is_some() && self.was_told();
        if lapses {
            self.lapse(now);
        }
        lapses
    }

    /// The notice came back: there is no proof any more, until it goes out another way.
    pub fn unnotice(&mut self) {
        self.noticed_at = None;
    }

    /// Whether whoever is asked knew in time. Laboratories, departments and authorities are asked otherwise than by
    /// notices.
    fn was_told(&self) -> bool {
        !matches!(self.party, Party::Complainant | Party::Respondent)
            || self.noticed_at.is_some_and(|at| at <= self.due_at)
    }

    fn lapse(&mut self, now: Timestamp) {
        self.state = RequestState::Lapsed;
        self.settled_at = Some(now);
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

/// Whether the case has the party that is to be asked.
///
/// # Errors
/// If it has not, or `respondent_ref` names none of its respondents.
pub fn addressee(party: Party, respondent_ref: &str, respondents: &[Respondent]) -> Result<(), Refusal> {
    let fits = match party {
        Party::Respondent if respondent_ref.is_empty() => !respondents.is_empty(),
        Party::Respondent => respondents.iter().any(|r| r.external_ref == respondent_ref),
        _ => respondent_ref.is_empty(),
    };
    if fits { Ok(()) } else { Err(Refusal::PartyNotInCase) }
}

/// Items without repetitions; one that is asked for twice is mandatory if it was once.
pub fn distinct(items: Vec<Item>) -> Vec<Item> {
    let mandatory: BTreeSet<EvidenceType> = items.iter().filter(|i| i.mandatory).map(|i| i.kind).collect();
    let mut seen = BTreeSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(item.kind))
        .map(|item| Item { mandatory: mandatory.contains(&item.kind), ..item })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redress_domain::PartyKind;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap()
    }

    fn asked(items: &[(EvidenceType, bool)]) -> EvidenceRequest {
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

    const BOTH: &[(EvidenceType, bool)] = &[(EvidenceType::QcReport, true), (EvidenceType::Invoice, true)];

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

    #[test]
    fn a_clock_of_before_the_extension_lapses_nothing() {
        let mut request = asked(BOTH);
        request.extend(SignedDuration::from_hours(48), at(1)).unwrap();
        assert_eq!(request.run_out(at(48), at(48), false), RanOut::Nothing);
        assert_eq!(request.run_out(at(96), at(97), false), RanOut::Lapsed);
        assert_eq!(request.answer(EvidenceType::Invoice, at(97)), Err(Refusal::RequestSettled));
    }

    #[test]
    fn a_deadline_that_was_announced_to_the_microsecond_is_over_when_its_clock_is_which_counts_milliseconds()
    {
        let announced = at(48) + SignedDuration::from_micros(123_868);
        let mut request = EvidenceRequest { due_at: announced, ..asked(BOTH) };
        let due = at(48) + SignedDuration::from_millis(123);
        assert_eq!(
            request.clone().run_out(due - SignedDuration::from_millis(1), at(49), false),
            RanOut::Nothing
        );
        assert_eq!(request.run_out(due, at(49), false), RanOut::Lapsed);
    }

    #[test]
    fn nobody_lapses_who_was_not_told_in_time() {
        let mut request = asked(BOTH);
        assert_eq!(request.run_out(at(48), at(48), true), RanOut::Unproved);
        assert!(request.state.is_open() && request.settled_at.is_none());
        assert!(!request.clone().notice(at(49), at(50)), "told after the time was over");
        assert!(request.clone().notice(at(1), at(50)), "the proof came late, the notice did not");
        let mut told = asked(BOTH);
        assert!(!told.notice(at(1), at(1)));
        told.unnotice();
        assert_eq!(told.clone().run_out(at(48), at(48), true), RanOut::Unproved, "it came back");
        told.notice(at(2), at(2));
        assert_eq!(told.run_out(at(48), at(48), true), RanOut::Lapsed);
        let mut lab = EvidenceRequest { party: Party::Lab, ..asked(BOTH) };
        assert_eq!(lab.run_out(at(48), at(48), true), RanOut::Lapsed, "asked otherwise than by a notice");
    }

    #[test]
    fn a_party_is_one_that_the_submission_names() {
        let shops = [Respondent { kind: PartyKind::Merchant, external_ref: "shop-1".into() }];
        assert!(addressee(Party::Respondent, "shop-1", &shops).is_ok());
        assert!(addressee(Party::Respondent, "", &shops).is_ok());
        assert_eq!(addressee(Party::Respondent, "shop-2", &shops), Err(Refusal::PartyNotInCase));
        assert_eq!(addressee(Party::Respondent, "", &[]), Err(Refusal::PartyNotInCase));
        assert_eq!(addressee(Party::Complainant, "shop-1", &shops), Err(Refusal::PartyNotInCase));
    }

    #[test]
    fn an_item_asked_for_twice_stands_once_and_is_mandatory_if_it_was_once() {
        let item = |mandatory| Item { kind: EvidenceType::Invoice, mandatory, received: false };
        assert_eq!(distinct(vec![item(false), item(true)]), [item(true)]);
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
