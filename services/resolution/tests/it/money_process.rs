//! The process is killed between the payment and its answer, again and again: paid once.

use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::types::v1::ComplaintState as State;
use redress_resolution::topics::LIFECYCLE;
use redress_testkit::{bearing, wait_until};

use crate::bench::submission;
use crate::money_executor::{Mood, Payments};
use crate::steps::{liability, refund, ruling};
use crate::world::{PATIENCE, Running, World};

const ROUNDS: u128 = 20;

async fn serve(world: &World, payments: &Payments) -> Running {
    world
        .serve(&[
            ("REDRESS__RESOLUTION__EXECUTOR", &payments.url),
            ("REDRESS__RESOLUTION__EXECUTOR_TIMEOUT_MS", "300"),
            ("REDRESS__RESOLUTION__EXECUTOR_RETRY_MS", "50"),
            // A fixed name in the group: a restart does not wait for the session of the one that was killed.
            ("REDRESS__KAFKA__GROUP_INSTANCE_ID", "till"),
        ])
        .await
}

/// A case whose ruling orders a refund; the lifecycle has moved, so it is to be paid.
async fn ruled(world: &World, running: &Running, n: u128) {
    let id = world.register(n, submission()).await;
    let moved = async |version, (from, to): (State, State), fact: &str| {
        let event = intake::ComplaintAdvanced { from: from.into(), to: to.into(), fact: fact.into() };
        world.tell(LIFECYCLE, *id.as_uuid(), version, "intake", &event).await;
    };
    let accepted = intake::ComplaintAccepted { handler: "h-1".into() };
    world.tell(LIFECYCLE, *id.as_uuid(), 2, "intake", &accepted).await;
    moved(3, (State::PlanReview, State::Ruling), "PlanApproved").await;
    world.stands(id, "ruling").await;
    let mut client = ResolutionServiceClient::new(running.grpc.clone());
    let token = world.staff("tenant-a", "h-1");
    let rules = vec!["cn.quality-return@1".to_owned()];
    let determined = wire::DetermineLiabilityRequest { rules, ..liability(id) };
    client.determine_liability(bearing(&token, determined)).await.unwrap();
    client.issue_ruling(bearing(&token, ruling(id, vec![refund(5_000)]))).await.unwrap();
    moved(4, (State::Ruling, State::Executing), "RulingIssued").await;
}

#[tokio::test]
async fn killed_between_payment_and_answer_it_has_paid_once() {
    let world = World::new().await;
    let payments = Payments::start().await;
    let mut running = serve(&world, &payments).await;
    for n in 1..=ROUNDS {
        payments.will([Mood::Hangs]);
        ruled(&world, &running, n).await;
        let paid = usize::try_from(n).unwrap();
        wait_until("the money has moved", PATIENCE, async || (payments.moved().len() >= paid).then_some(()))
            .await;
        // Nobody has heard of it yet.
        running.process.kill9().await;
        running = serve(&world, &payments).await;
    }
    wait_until("all is confirmed", PATIENCE, async || {
        let confirmed = world.count("SELECT count(*) FROM remedy WHERE state = 'confirmed'").await;
        (u128::try_from(confirmed).unwrap() == ROUNDS).then_some(())
    })
    .await;
    assert_eq!(payments.moved(), vec![5_000; usize::try_from(ROUNDS).unwrap()]);
    assert_eq!(payments.most_paid(), 1);
    assert_eq!(world.count("SELECT count(*) FROM money_mismatch").await, 0);
    let told = "SELECT count(*) FROM moment WHERE event = 'RemedyExecuted'";
    wait_until("the lifecycle is told", PATIENCE, async || {
        (u128::try_from(world.count(told).await).unwrap() >= ROUNDS).then_some(())
    })
    .await;
}
