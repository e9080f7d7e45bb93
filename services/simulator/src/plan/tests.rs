use super::*;
use crate::connectors::EMPTY_PURSE;
use crate::texts;
use std::collections::BTreeSet;

fn plan(seed: u64, complaints: u32) -> Plan {
    let shape = Shape { complaints, rate: 5, spike: 40, seed };
    Plan::of(&texts::all().unwrap(), shape, "2026-11-25T02:00:00Z".parse().unwrap())
}

#[test]
fn a_steady_rate_is_followed_by_a_spike_of_one_live_room_of_one_tenant() {
    let plan = plan(1, 300);
    assert_eq!(plan.spike_begins, Duration::from_secs(40));
    assert_eq!(plan.in_spike(), 100);
    let last = plan.planned.last().unwrap();
    assert!(last.at > Duration::from_secs(42) && last.at < Duration::from_secs(43), "{:?}", last.at);
    assert!(plan.planned.is_sorted_by_key(|planned| planned.at));
    for planned in plan.planned.iter().filter(|planned| planned.at >= plan.spike_begins) {
        assert_eq!(planned.body["live"]["roomId"], "sim-room-1");
        assert_eq!((planned.tenant, planned.script), (0, Script::Spike));
    }
    let calm = plan.planned.iter().filter(|planned| planned.script != Script::Spike);
    assert!(calm.clone().all(|planned| planned.body["live"]["roomId"] != "sim-room-1"));
    assert_eq!(calm.map(|planned| planned.tenant).collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn every_script_comes_up_among_thirty_and_the_seed_decides_their_order() {
    let scripts = |seed| plan(seed, 30).planned.iter().map(|planned| planned.script).collect::<Vec<_>>();
    let different: BTreeSet<Script> = scripts(1).into_iter().collect();
    assert_eq!(different.len(), 12, "{different:?}");
    assert_eq!(scripts(1), scripts(1));
    assert_ne!(scripts(1), scripts(2));
}

#[test]
fn every_intention_occurs_and_no_two_complaints_share_a_key_or_a_complainant() {
    let plan = plan(1, 300);
    let count = |wanted| plan.planned.iter().filter(|planned| planned.intention == wanted).count();
    assert_eq!(count(Intention::Nonsense), 6);
    for when in [Again::Soon, Again::AfterRedisForgot] {
        for other_body in [false, true] {
            assert!(count(Intention::ComplainAgain { when, other_body }) >= 4, "{when:?} {other_body}");
        }
    }
    let keys: BTreeSet<&str> = plan.planned.iter().map(|planned| planned.key.as_str()).collect();
    assert_eq!(keys.len(), plan.planned.len());
    let complain = plan.planned.iter().filter(|planned| planned.intention != Intention::Nonsense);
    let people: BTreeSet<&str> = complain.map(|planned| planned.parties.complainant.as_str()).collect();
    assert_eq!(people.len(), 300);
}

#[test]
fn who_cannot_pay_is_asked_for_a_refund_that_fails_and_missing_details_are_an_order() {
    for planned in plan(1, 300).planned {
        assert_eq!(
            planned.parties.respondent.starts_with(EMPTY_PURSE),
            planned.script == Script::FailedRefund
        );
        assert_eq!(planned.body["order"].is_null(), planned.script == Script::MissingDetails);
    }
}

#[test]
fn another_body_differs() {
    let planned = &plan(1, 30).planned[0];
    assert_ne!(other(&planned.body), planned.body);
}
