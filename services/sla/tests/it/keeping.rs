//! How long a complaint is kept, at the edges.

use jiff::{SignedDuration, Timestamp};
use redress_sla::domain::keeping::{Keeping, Story as Kept, keeping};
use redress_sla::domain::telling::{Told, ToldState, compare};

use crate::story::{Story, at};

const DAYS: SignedDuration = SignedDuration::from_hours(24 * 1_100);

fn told() -> Told {
    let story = Story::registered("2022-03-09T10:00").tell("2022-03-10T10:00", "ComplaintWithdrawn", &[]);
    let told = compare(None, &story.clock("C13")).0;
    assert_eq!((told.state, told.to_judge), (ToldState::Cancelled, false));
    told
}

fn heard() -> Timestamp {
    at("2022-03-10T10:00")
}

fn kept(told: &[Told], has_ended: bool, now: Timestamp) -> Keeping {
    keeping(Kept { last_heard: Some(heard()), told, has_ended, is_parked: false }, now, DAYS)
}

#[test]
fn a_complaint_is_kept_for_its_whole_time_after_the_last_that_was_heard_of_it() {
    let told = [told()];
    let over = heard() + DAYS;
    let moment = SignedDuration::from_millis(1);
    assert_eq!(kept(&told, true, over - moment), Keeping::From(heard()));
    assert_eq!(kept(&told, true, over), Keeping::Forgotten);
    let nothing = Kept { last_heard: None, told: &[], has_ended: false, is_parked: false };
    assert_eq!(keeping(nothing, over, DAYS), Keeping::Forgotten);
}

#[test]
fn what_is_still_to_come_keeps_it_for_another_month() {
    let now = heard() + DAYS;
    let again = Keeping::From(heard() + SignedDuration::from_hours(24 * 30));
    let with = |change: fn(&mut Told)| {
        let mut told = told();
        change(&mut told);
        [told]
    };
    let running = with(|told| told.state = ToldState::Running);
    let paused = with(|told| told.state = ToldState::Paused);
    let to_judge = with(|told| told.to_judge = true);
    for waiting in [running, paused, to_judge] {
        assert_eq!(kept(&waiting, true, now), again, "{waiting:?}");
        assert_eq!(kept(&[told(), waiting[0].clone()], true, now), again, "one of several is enough");
    }
    let parked = Kept { last_heard: Some(heard()), told: &[told()], has_ended: true, is_parked: true };
    assert_eq!(keeping(parked, now, DAYS), again);
}

#[test]
fn a_breach_is_owed_until_the_case_has_ended_and_a_window_that_lapsed_is_over() {
    let now = heard() + DAYS;
    let mut breached = told();
    (breached.state, breached.breached_at) = (ToldState::Running, Some(heard()));
    assert!(matches!(kept(&[breached.clone()], false, now), Keeping::From(_)));
    assert_eq!(kept(&[breached.clone()], true, now), Keeping::Forgotten);
    breached.window = true;
    assert_eq!(kept(&[breached], false, now), Keeping::Forgotten);
}
