use proptest::prelude::*;
use redress_domain::Money;

use super::execution::{
    Begin, Heard, Situation, Told, Verdict, Watched, carried_out, pause, taken_back, watched,
};
use super::ledger::lines;
use super::recourse::{Claim, claimed, owed};
use super::*;
use crate::domain::state::State;
use crate::domain::terms::tests::refund;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn remedy(n: u128) -> Remedy {
    Remedy::ordered(Uuid::from_u128(n), Uuid::from_u128(99), 0, refund(10_000), at(0))
}

#[expect(clippy::unnecessary_wraps, reason = "as facts and terms hold it")]
fn cny(minor: i64) -> Option<Money> {
    Some(Money::new("CNY", minor).unwrap())
}

fn told(minor: i64) -> Told {
    Told { reference: "pay-1".into(), executed_at: Some(at(5)), amount: cny(minor) }
}

fn now(failures: u32) -> Situation {
    Situation { begin: Begin::Now, failures, limit: 3 }
}

fn proof(minor: i64) -> Proof {
    Proof { reference: "pay-1".into(), executed_at: at(5), amount: cny(minor), sha256: String::new() }
}

#[test]
fn what_is_not_known_is_asked_for_and_never_taken_for_failed() {
    let remedy = remedy(1);
    let judge = |heard: Heard, asked_for, failures| carried_out(&remedy, &heard, asked_for, now(failures));
    assert_eq!(judge(Heard::Open, true, 0), Verdict::Wait { failure: true });
    assert_eq!(judge(Heard::NotStarted, true, 0), Verdict::Wait { failure: true }, "nonsense says nothing");
    assert_eq!(
        judge(Heard::Open, false, 2),
        Verdict::Unknown,
        "a person looks, and it goes on being asked for"
    );
    assert_eq!(judge(Heard::Pending, false, 2), Verdict::Wait { failure: false });
    assert_eq!(judge(Heard::NotStarted, false, 2), Verdict::Proceed);
    assert_eq!(judge(Heard::NotStarted, false, 3), Verdict::Failed("attempts_exhausted".into()));
    assert_eq!(judge(Heard::Failed("no_funds".into()), true, 0), Verdict::Failed("no_funds".into()));
}

#[test]
fn a_proof_that_does_not_fit_the_order_is_a_persons_matter() {
    let remedy = remedy(1);
    let judge = |told| carried_out(&remedy, &Heard::Done(told), true, now(0));
    assert_eq!(judge(told(10_000)), Verdict::Settled(proof(10_000)));
    assert_eq!(judge(told(9_999)), Verdict::Unfit("amount_mismatch"));
    assert_eq!(judge(told(10_001)), Verdict::Unfit("amount_mismatch"));
    let usd = Money::new("USD", 10_000).unwrap();
    assert_eq!(judge(Told { amount: Some(usd), ..told(1) }), Verdict::Unfit("currency_mismatch"));
    assert_eq!(judge(Told { amount: None, ..told(1) }), Verdict::Unfit("proof_incomplete"));
    assert_eq!(judge(Told { reference: String::new(), ..told(10_000) }), Verdict::Unfit("proof_incomplete"));
    assert_eq!(judge(Told { executed_at: None, ..told(10_000) }), Verdict::Unfit("proof_incomplete"));
}

#[test]
fn nothing_begins_outside_its_state_and_what_is_over_is_dropped() {
    let begun = |begin, unwanted| {
        let situation = Situation { begin, ..now(0) };
        carried_out(&Remedy { unwanted, ..remedy(1) }, &Heard::NotStarted, false, situation)
    };
    assert_eq!(begun(Begin::Now, false), Verdict::Proceed);
    assert_eq!(begun(Begin::Later, false), Verdict::Wait { failure: false });
    assert_eq!(begun(Begin::Never, false), Verdict::Dropped);
    assert_eq!(begun(Begin::Now, true), Verdict::Dropped);
    for &state in State::ALL {
        assert_eq!(Begin::in_state(state) == Begin::Now, state == State::Executing, "{state}");
    }
    assert_eq!(Begin::in_state(State::Merged), Begin::Later, "it may come back (T32)");
}

#[test]
fn what_was_done_is_taken_back_once() {
    let done = remedy(1);
    let judge = |heard: Heard, asked_for| taken_back(&done, &heard, asked_for, now(0));
    assert_eq!(judge(Heard::Done(told(10_000)), false), Verdict::Proceed);
    assert_eq!(judge(Heard::Reversed(told(10_000)), false), Verdict::TakenBack(told(10_000)));
    assert_eq!(judge(Heard::Reversed(told(1)), true), Verdict::Kept("reversal_mismatch"));
    assert_eq!(judge(Heard::Open, true), Verdict::Wait { failure: true });
    assert_eq!(judge(Heard::NotStarted, false), Verdict::Kept("nothing_to_reverse"));
    assert_eq!(judge(Heard::Failed("no".into()), true), Verdict::Kept("reversal_refused"));
}

#[test]
fn the_platform_pays_first_only_what_is_known_to_have_failed() {
    let mut open = remedy(1);
    for state in [RemedyState::Ordered, RemedyState::Dispatched, RemedyState::Parked, RemedyState::Confirmed]
    {
        open.state = state;
        assert_eq!(open.advance(at(1)).unwrap_err().reason, "NOT_FAILED", "{state}");
    }
    open.state = RemedyState::Failed;
    let own_key = open.key();
    open.advance(at(1)).unwrap();
    let first = open.key();
    assert_eq!((open.state, open.purse), (RemedyState::Dispatched, Purse::Platform));
    assert_eq!(open.asked_terms().kind, RemedyType::PlatformAdvancePayment);
    assert_eq!(open.asked_terms().payer.party, LiableParty::Platform);
    open.become_state(RemedyState::Failed, "no_funds", at(2));
    open.advance(at(3)).unwrap();
    assert!(
        own_key != first && first != open.key(),
        "what failed for good under one key is not asked for again"
    );
    open.settle(proof(10_000), at(4));
    assert_eq!(open.state, RemedyState::AdvancedByPlatform);
    let mut own = remedy(2);
    own.state = RemedyState::Failed;
    own.terms.payer.party = LiableParty::Platform;
    assert_eq!(own.advance(at(1)).unwrap_err().reason, "NOT_ADVANCEABLE");
}

#[test]
fn a_person_confirms_deeds_and_what_was_parked_and_nothing_else() {
    let confirmed = |state, by_machine, minor| {
        let mut one = Remedy { state, ..remedy(1) };
        one.confirm(proof(minor), by_machine, at(1)).map(|()| one.state).map_err(|problem| problem.reason)
    };
    assert_eq!(confirmed(RemedyState::Ordered, true, 10_000), Err("NOT_CONFIRMABLE"), "a machine is at it");
    assert_eq!(confirmed(RemedyState::Ordered, false, 10_000), Ok(RemedyState::Confirmed));
    assert_eq!(confirmed(RemedyState::Parked, true, 10_000), Ok(RemedyState::Confirmed));
    assert_eq!(confirmed(RemedyState::Parked, true, 9_999), Err("PROOF_DOES_NOT_FIT"));
    assert_eq!(confirmed(RemedyState::Confirmed, false, 10_000), Err("NOT_CONFIRMABLE"));
}

#[test]
fn a_failure_is_answered_by_what_was_ordered_and_done_after_it() {
    let done = |n, second| Remedy { state: RemedyState::Confirmed, ordered_at: at(second), ..remedy(n) };
    let failed = Remedy { state: RemedyState::Failed, changed_at: at(10), ..remedy(1) };
    assert!(!all_settled(&[]));
    assert!(all_settled(&[done(1, 0), done(2, 0)]));
    assert!(!all_settled(&[done(2, 0), failed.clone()]));
    assert!(all_settled(&[done(2, 20), failed.clone()]));
    assert!(!all_settled(&[remedy(2), failed]));
    assert!(!all_settled(&[Remedy { state: RemedyState::Parked, ..remedy(1) }]));
}

#[test]
fn an_explanation_pays_nobody() {
    let failed = Remedy { state: RemedyState::Failed, changed_at: at(10), ..remedy(1) };
    let mut words = Remedy { state: RemedyState::Confirmed, ordered_at: at(20), ..remedy(2) };
    words.terms.kind = RemedyType::Explanation;
    words.terms.amount = None;
    assert!(!all_settled(&[failed.clone(), words.clone()]));
    let mut to_another = Remedy { state: RemedyState::Confirmed, ordered_at: at(20), ..remedy(3) };
    to_another.terms.payee.party = LiableParty::Anchor;
    assert!(!all_settled(&[failed.clone(), to_another]));
    let paid = Remedy { state: RemedyState::Confirmed, ordered_at: at(20), ..remedy(4) };
    assert!(all_settled(&[failed, words.clone(), paid]));
    let mut deed = Remedy { state: RemedyState::Failed, changed_at: at(10), ..words.clone() };
    deed.id = remedy(9).id;
    assert!(all_settled(&[deed, words]), "what is no money is answered by anything");
}

#[test]
fn what_was_paid_beside_or_beyond_a_persons_proof_is_late_until_it_is_put_right() {
    let proved = Remedy { state: RemedyState::Confirmed, proof: Some(proof(10_000)), ..remedy(1) };
    let heard = |minor| Heard::Done(told(minor));
    assert_eq!(watched(&proved, &heard(10_000), 1), Watched::Over);
    assert_eq!(watched(&proved, &heard(100_000), 1), Watched::Late(told(90_000)), "the surplus");
    assert_eq!(watched(&proved, &heard(9_999), 1), Watched::Late(told(9_999)), "the proof does not hold");
    let other = Told { reference: "pay-2".into(), ..told(10_000) };
    assert_eq!(watched(&proved, &Heard::Done(other.clone()), 1), Watched::Late(other.clone()));
    let late = Remedy { late: true, ..proved };
    assert_eq!(watched(&late, &heard(100_000), 9), Watched::Again, "told once");
    assert_eq!(watched(&late, &heard(10_000), 9), Watched::LateReversed(told(10_000)), "put right");
    assert_eq!(watched(&late, &Heard::Reversed(other.clone()), 9), Watched::LateReversed(other));
    assert_eq!(watched(&late, &Heard::Reversed(told(100_000)), 9), Watched::Again, "all of it is gone");
}

#[test]
fn money_that_failed_is_answered_by_as_much_money_and_each_payment_counts_once() {
    let failed = |n, minor, second| {
        let mut one = Remedy { state: RemedyState::Failed, changed_at: at(second), ..remedy(n) };
        one.terms.amount = cny(minor);
        one
    };
    let later = |n, minor, second| {
        let mut one = Remedy { state: RemedyState::Confirmed, ordered_at: at(second), ..remedy(n) };
        one.terms.amount = cny(minor);
        one
    };
    assert!(!all_settled(&[failed(1, 8_000, 10), later(2, 1, 20)]), "a cent is no eighty yuan");
    assert!(!all_settled(&[failed(1, 8_000, 10), later(2, 5_000, 20), later(3, 2_999, 21)]));
    assert!(all_settled(&[failed(1, 8_000, 10), later(2, 5_000, 20), later(3, 3_000, 21)]));
    assert!(!all_settled(&[failed(1, 8_000, 10), failed(2, 3_000, 11), later(3, 8_000, 20)]));
    assert!(all_settled(&[failed(1, 8_000, 10), failed(2, 3_000, 11), later(3, 11_000, 20)]));
    let mut dollars = later(2, 8_000, 20);
    dollars.terms.amount = Some(Money::new("USD", 8_000).unwrap());
    assert!(!all_settled(&[failed(1, 8_000, 10), dollars]), "another currency pays no yuan");
    let before = later(2, 8_000, 9);
    assert!(!all_settled(&[failed(1, 8_000, 10), before]), "what was ordered before is no answer");
    let again = Remedy { ordered_at: at(20), ..failed(2, 8_000, 30) };
    assert!(!all_settled(&[failed(1, 8_000, 10), again.clone()]));
    assert!(all_settled(&[failed(1, 8_000, 10), again.clone(), later(3, 8_000, 40)]), "the same debt");
    let more = Remedy { ordered_at: at(20), ..failed(2, 9_000, 30) };
    assert!(!all_settled(&[failed(1, 8_000, 10), more.clone(), later(3, 8_000, 40)]));
    assert!(all_settled(&[failed(1, 8_000, 10), more, later(3, 9_000, 40)]));
    let replaced = Remedy { unwanted: true, ..failed(1, 8_000, 10) };
    assert!(all_settled(&[replaced, later(2, 100, 20)]), "a later decision says what is owed");
}

#[test]
fn after_a_ruling_no_more_is_claimed_back_than_somebody_had_failed_to_pay() {
    let failed = Remedy { state: RemedyState::Failed, ..remedy(1) };
    let mut advance = Remedy { state: RemedyState::Confirmed, ..remedy(2) };
    advance.terms.kind = RemedyType::PlatformAdvancePayment;
    advance.terms.payer.party = LiableParty::Platform;
    advance.terms.amount = cny(50_000);
    let all = [failed.clone(), advance.clone()];
    let (debtor, left) = owed(&advance, &all, &[]).unwrap();
    assert_eq!((debtor.clone(), left), (failed.terms.payer, cny(10_000).unwrap()));
    let claim = Claim {
        id: Uuid::nil(),
        remedy: advance.id,
        debtor,
        amount: cny(4_000).unwrap(),
        state: "settled".into(),
        claimed_by: "staff".into(),
        claimed_at: at(0),
        reference: "bank-1".into(),
        reason: String::new(),
    };
    assert_eq!(owed(&advance, &all, &[claim]).unwrap().1, cny(6_000).unwrap());
}

#[test]
fn no_more_is_claimed_back_than_was_paid_first() {
    let advanced = Remedy { state: RemedyState::AdvancedByPlatform, purse: Purse::Platform, ..remedy(1) };
    let all = [advanced.clone()];
    let (debtor, left) = owed(&advanced, &all, &[]).unwrap();
    assert_eq!((debtor, left), (advanced.terms.payer.clone(), cny(10_000).unwrap()));
    assert_eq!(claimed(cny(10_001), left).unwrap_err().violations[0].reason, "OUT_OF_RANGE");
    assert_eq!(claimed(cny(0), left).unwrap_err().violations[0].reason, "OUT_OF_RANGE");
    assert_eq!(
        claimed(Some(Money::new("USD", 1).unwrap()), left).unwrap_err().violations[0].reason,
        "WRONG_CURRENCY"
    );
    let claim = Claim {
        id: Uuid::nil(),
        remedy: advanced.id,
        debtor: advanced.terms.payer.clone(),
        amount: cny(4_000).unwrap(),
        state: "claimed".into(),
        claimed_by: "staff".into(),
        claimed_at: at(0),
        reference: String::new(),
        reason: String::new(),
    };
    let given_up = Claim { state: "given_up".into(), ..claim.clone() };
    assert_eq!(owed(&advanced, &all, &[given_up]).unwrap().1, cny(10_000).unwrap());
    let (_, left) = owed(&advanced, &all, std::slice::from_ref(&claim)).unwrap();
    assert_eq!(claimed(None, left).unwrap(), cny(6_000).unwrap());
    let whole = Claim { amount: cny(10_000).unwrap(), ..claim };
    let (_, left) = owed(&advanced, &all, &[whole]).unwrap();
    assert_eq!(claimed(None, left).unwrap_err().reason, "RECOURSE_EXHAUSTED");
    assert_eq!(owed(&remedy(1), &all, &[]).unwrap_err().reason, "NOT_ADVANCED");
}

#[test]
fn each_state_has_its_place_in_the_ledger() {
    let places = |state, purse| {
        let line = lines(&[Remedy { state, purse, ..remedy(1) }], &[], &[])["CNY"];
        let all = [line.executed, line.advanced, line.failed, line.pending, line.cancelled, line.reversed];
        all.map(|minor| minor == 10_000)
    };
    let [executed, advanced, failed, pending, cancelled] = std::array::from_fn(|place| {
        let mut only = [false; 6];
        only[place] = true;
        only
    });
    for state in [RemedyState::Ordered, RemedyState::Dispatched, RemedyState::Parked] {
        assert_eq!(places(state, Purse::Platform), pending, "{state}");
    }
    assert_eq!(places(RemedyState::Confirmed, Purse::Payer), executed);
    assert_eq!(places(RemedyState::AdvancedByPlatform, Purse::Platform), advanced);
    assert_eq!(places(RemedyState::Failed, Purse::Platform), failed);
    assert_eq!(places(RemedyState::Cancelled, Purse::Payer), cancelled);
    let reversed = |mut place: [bool; 6]| {
        place[5] = true;
        place
    };
    assert_eq!(places(RemedyState::Reversed, Purse::Payer), reversed(executed));
    assert_eq!(places(RemedyState::Reversed, Purse::Platform), reversed(advanced));
}

#[test]
fn pauses_grow_and_differ() {
    let first = std::time::Duration::from_secs(5);
    let of = |times| pause(first, times, Uuid::from_u128(7)).as_secs();
    assert!((5..=6).contains(&of(1)) && (15..=17).contains(&of(2)) && (1_800..=1_980).contains(&of(100)));
    let apart: std::collections::BTreeSet<_> = (0..50).map(|n| pause(first, 3, Uuid::from_u128(n))).collect();
    assert!(apart.len() > 45);
}

/// Whatever is heard, in whatever order, moves a remedy as the service moves it.
fn moved(one: &mut Remedy, step: u8, failures: &mut u32) {
    let heard = match step % 7 {
        0 => Heard::NotStarted,
        1 => Heard::Pending,
        2 => Heard::Done(Told { amount: one.terms.amount, ..told(1) }),
        3 => Heard::Done(told(1)),
        4 => Heard::Failed("no".into()),
        5 => Heard::Reversed(Told { amount: one.terms.amount, ..told(1) }),
        _ => Heard::Open,
    };
    if one.is_done() {
        if let Verdict::TakenBack(_) = taken_back(one, &heard, step > 100, now(*failures)) {
            one.become_state(RemedyState::Reversed, "", at(1));
        }
        return;
    }
    if one.state == RemedyState::Failed {
        let _ = one.advance(at(1));
        return;
    }
    if one.is_settled() {
        return;
    }
    match carried_out(one, &heard, step > 100, now(*failures)) {
        Verdict::Settled(proof) => one.settle(proof, at(1)),
        Verdict::Unfit(reason) => one.become_state(RemedyState::Parked, reason, at(1)),
        Verdict::Unknown => one.become_state(RemedyState::Parked, "outcome_unknown", at(1)),
        Verdict::Failed(reason) => one.become_state(RemedyState::Failed, &reason, at(1)),
        Verdict::Dropped => one.become_state(RemedyState::Cancelled, "", at(1)),
        Verdict::Wait { failure } => *failures += u32::from(failure),
        Verdict::Proceed | Verdict::TakenBack(_) | Verdict::Kept(_) => {}
    }
}

proptest! {
    #[test]
    fn every_amount_is_somewhere_and_none_in_two_places(
        amounts in prop::collection::vec((1_i64..=1_000_000, prop::sample::select(vec!["CNY", "USD"])), 1..8),
        steps in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..60),
    ) {
        let mut all: Vec<Remedy> = (1_u128..).zip(&amounts).map(|(n, (minor, currency))| {
            let mut one = remedy(n);
            one.terms.amount = Some(Money::new(currency, *minor).unwrap());
            one
        }).collect();
        let mut failures = vec![0; all.len()];
        for (which, step) in steps {
            let place = which.index(all.len());
            moved(&mut all[place], step, &mut failures[place]);
            let lines = lines(&all, &[], &[]);
            for (currency, line) in &lines {
                prop_assert!(line.adds_up(), "{} {:?}", currency, line);
                let ordered: i64 = amounts.iter().filter(|(_, c)| c == currency).map(|(minor, _)| minor).sum();
                prop_assert_eq!(line.ordered, ordered);
            }
        }
    }
}
