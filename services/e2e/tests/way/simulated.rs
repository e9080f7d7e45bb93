//! A small mix of the simulator's scripts over all services: every account agrees in the end.

use std::sync::Arc;

use redress_simulator::plan::Shape;

use crate::installation::Way;
use crate::played::Played;

/// One deck of scripts, and ten of a live room.
const SHAPE: Shape = Shape { complaints: 30, rate: 2, spike: 10, seed: 7 };

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_cases_goes_the_whole_way_and_the_stores_agree_with_what_the_outside_saw() {
    let way = Arc::new(Way::prepare().await);
    let _processes = way.serve_all().await;
    let (_, stores) = Played::begin(&way, SHAPE).ends().await;
    assert_eq!((stores.refused, stores.withdrawn, stores.open), (1, 2, 1));
    assert_eq!(stores.closed, 26);
    // All but those that were refused, withdrawn or handed back have paid something, once.
    assert_eq!(stores.remedies_paid, 26);
    assert_eq!(stores.deadlines_missed, 0);
}
