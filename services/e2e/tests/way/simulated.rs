//! A mix of the simulator's scripts over all services: every account agrees in the end.

use std::sync::Arc;

use redress_proto::types::v1::ComplaintState as State;
use redress_simulator::plan::{Script, Shape};

use crate::installation::Way;
use crate::played::Played;

/// Two decks of scripts and some, and so many of a live room that they are an incident.
const SHAPE: Shape = Shape { complaints: 75, rate: 4, spike: 50, seed: 7 };

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_cases_goes_the_whole_way_and_the_stores_agree_with_what_the_outside_saw() {
    let mut way = Way::prepare().await;
    let time = way.has_its_own_time();
    let way = Arc::new(way);
    let begun = time.now();
    let _processes = way.serve_all().await;
    let (book, stores) = Played::begin(&way, SHAPE).ends().await;

    let of = |script| book.courses.values().filter(move |course| course.script == script);
    let count = |script| of(script).count() as u64;
    assert_eq!(
        (stores.refused, stores.withdrawn, stores.open),
        (count(Script::Abusive), count(Script::Withdraw), count(Script::Regulator))
    );
    assert!([stores.refused, stores.withdrawn, stores.open].iter().all(|ended| *ended > 0));
    assert_eq!(stores.closed, 75 - stores.refused - stores.withdrawn - stores.open);
    // All but those that were refused, withdrawn or handed back have paid something, once.
    assert_eq!(stores.remedies_paid, stores.closed);

    // What was missing was asked for, and came.
    assert!(book.completions > 0);
    // One room, one incident, and one plan for those of it.
    assert_eq!((book.incidents_confirmed.len(), stores.incidents), (1, 1));
    assert!(book.planned_together > 0);

    // What is urgent was contained, and whoever had a case that was closed has looked into it again.
    assert!(stores.met.get("C17").is_some_and(|contained| *contained > 0), "{:?}", stores.met);
    assert_eq!(stores.met["C29"], stores.closed);

    // Who never answers lets a deadline of days pass, which is missed, and with what was announced the case goes on.
    let silent = count(Script::EvidenceNever);
    assert!(silent > 0 && of(Script::EvidenceNever).all(|course| course.lapsed == 1));
    assert!(of(Script::EvidenceNever).all(|course| course.state == State::Closed));
    assert_eq!((stores.deadlines_missed, stores.missed["C11"]), (silent, silent));
    assert!(time.now().duration_since(begun).as_hours() >= 48);
}
