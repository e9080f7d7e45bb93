//! What holds for every state, every command and every sequence of them.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use redress_domain::DecidedBy;

use super::samples::*;
use crate::domain::lifecycle::*;

/// Any command, with its guards satisfied or not.
fn any_command() -> impl Strategy<Value = Command> {
    let satisfied = satisfied(&in_state(State::Received), 0).into_iter().map(|(command, _)| command);
    let broken = [
        Command::Register(registration()),
        Command::RequestCompletion { missing: vec![] },
        Command::SupplyCompletion { sender_is_party: false, supplied: vec![] },
        Command::LapseCompletion { due_at: in_days(30), reminded_at: None },
        Command::StartReview { assessment: None },
        refuse(RefusalReason::AbuseOrSpam),
        Command::RequestReview { reviewer: "officer-900".into() },
        Command::Withdraw { consent: GroupConsent::Missing, safety_lead: SafetyLead::Open },
        Command::Merge(MergeTarget { open: false, ..target() }),
        Command::RecordOutcome(ReferralResult::Over { closing: None }),
        suspend(""),
        Command::Reopen { ground: ReopenGround::NewEvidence, retention_until: in_days(-30) },
        Command::TakeFact(Fact::ResultAccepted { closing: None }),
        Command::TakeFact(silence(false, false, None)),
        Command::TakeFact(Fact::AppealDecided(AfterAppeal::Close { closing: None })),
    ];
    select(satisfied.chain(broken).collect::<Vec<_>>())
}

fn any_act() -> impl Strategy<Value = Act> {
    let subjects = select(vec!["officer-900", "investigator-900", "adjudicator-900", "legal-900", "p-001"]);
    (subjects, select(Capacity::ALL), select(DecidedBy::ALL), -60_i64..60).prop_map(
        |(subject, capacity, decided_by, day)| Act {
            at: in_days(day),
            actor: Actor { subject: subject.into(), capacity },
            decided_by,
        },
    )
}

/// Any state, also inside a suspension, a merge, or both.
fn any_state() -> impl Strategy<Value = State> {
    let wrap = |outer: StateKind, inner: State| match state(outer) {
        State::Suspended { reason, review_on, .. } => {
            State::Suspended { reason, review_on, former: Box::new(inner) }
        }
        State::Merged { into, unmerge_until, .. } => {
            State::Merged { into, unmerge_until, former: Box::new(inner) }
        }
        other => other,
    };
    (select(StateKind::ALL), any::<(bool, bool)>()).prop_map(move |(kind, (suspended, merged))| {
        let mut result = state(kind);
        if suspended && kind.is_open() && kind != StateKind::Suspended {
            result = wrap(StateKind::Suspended, result);
        }
        if merged && kind.is_open() {
            result = wrap(StateKind::Merged, result);
        }
        result
    })
}

/// One step of a walk: something at random, or one of the steps that are possible there.
#[derive(Debug, Clone)]
enum Step {
    Random(Command, Act),
    Possible(Index),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (any_command(), any_act()).prop_map(|(command, act)| Step::Random(command, act)),
        3 => any::<Index>().prop_map(Step::Possible),
    ]
}

/// The command of `step`; two days pass with each step, so that windows pass.
fn choose(life: &Lifecycle, step: &Step, day: i64) -> (Command, Act) {
    match step {
        Step::Random(command, act) => (command.clone(), act.clone()),
        Step::Possible(index) => {
            let possible: Vec<_> = satisfied(life, 2 * day)
                .into_iter()
                .filter(|(command, act)| {
                    let decided = life.decide(command, act, &Policy::default());
                    decided.is_ok_and(|events| !matches!(events[0], Event::FactRefused { .. }))
                })
                .collect();
            index.get(&possible).clone()
        }
    }
}

/// The only ways out of an end.
fn is_way_back(from: StateKind, event: &Event, to: StateKind) -> bool {
    match event {
        Event::RefusalReviewRequested { .. } => from == StateKind::NotAccepted,
        Event::ComplaintUnmerged { .. } => from == StateKind::Merged && to.is_open(),
        Event::ComplaintReopened { .. } => from == StateKind::Closed && to == StateKind::Investigating,
        Event::ComplaintAdvanced { fact: Fact::AppealFiled, .. } => {
            from == StateKind::Closed && to == StateKind::UnderAppeal
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_command_in_any_state_is_decided_and_what_was_decided_can_be_applied(
        from in any_state(),
        command in any_command(),
        act in any_act(),
    ) {
        let before = in_state(from);
        match before.decide(&command, &act, &Policy::default()) {
            Err(refusal) => {
                prop_assert!(!matches!(command, Command::TakeFact(_)), "facts are refused on the record");
                prop_assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
            }
            Ok(events) => {
                prop_assert!(!events.is_empty());
                let after = before.clone().evolve_all(&events).unwrap();
                prop_assert_eq!(after.version() as usize, before.version() as usize + events.len());
                if matches!(events[0], Event::FactRefused { .. }) {
                    prop_assert_eq!((after.state(), after.regions()), (before.state(), before.regions()));
                }
            }
        }
    }

    #[test]
    fn an_event_that_belongs_to_another_state_does_not_lead_out_of_an_end(
        first in any_state(),
        second in any_state(),
        command in any_command(),
        act in any_act(),
    ) {
        let events = in_state(first).decide(&command, &act, &Policy::default()).unwrap_or_default();
        let from = second.kind();
        for event in &events {
            if let Ok(life) = in_state(second.clone()).evolve(event) {
                let to = life.state().kind();
                prop_assert!(from == to || from.is_open() || is_way_back(from, event, to));
            }
        }
    }

    #[test]
    fn a_walk_can_be_replayed_and_never_leaves_an_end_but_by_its_way_back(
        steps in prop::collection::vec(any_step(), 0..=40),
    ) {
        let mut history = vec![Lifecycle::register(&registration(), &by(Capacity::Adapter)).unwrap()];
        let mut life = Lifecycle::begin(&history[0]).unwrap();
        for (step, day) in steps.iter().zip(1..) {
            let (command, act) = choose(&life, step, day);
            for event in life.decide(&command, &act, &Policy::default()).unwrap_or_default() {
                let from = life.state().kind();
                let version = life.version();
                life = life.evolve(&event).unwrap();
                let to = life.state().kind();
                prop_assert_eq!(life.version(), version + 1);
                prop_assert!(from == to || from.is_open() || is_way_back(from, &event, to), "{} {} {}", from, event.name(), to);
                history.push(event);
            }
        }
        prop_assert_eq!(life.version() as usize, history.len());
        let replayed = Lifecycle::replay(&history).unwrap();
        prop_assert_eq!(replayed.as_ref(), Some(&life));

        let published = serde_json::to_string(&history).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Event>>(&published).unwrap(), history);
        let stored = serde_json::to_string(&life).unwrap();
        prop_assert_eq!(serde_json::from_str::<Lifecycle>(&stored).unwrap(), life);
    }

    #[test]
    fn a_withdrawn_complaint_stays_withdrawn(
        steps in prop::collection::vec((any_command(), any_act()), 1..=40),
    ) {
        let mut life = in_kind(StateKind::Withdrawn);
        for (command, act) in steps {
            let events = life.decide(&command, &act, &Policy::default()).unwrap_or_default();
            life = life.evolve_all(&events).unwrap();
            prop_assert_eq!(life.state(), &State::Withdrawn);
        }
    }
}
