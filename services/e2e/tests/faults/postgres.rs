use std::path::Path;

use redress_devstack::Part;
use redress_testkit::Addresses;
use tokio::process::Command;
use tokio::time::Instant;

use crate::world::{SOON, World, assert_untroubled, figure};

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_under_load_keeps_nobody_from_submitting_and_the_register_goes_on_by_itself() {
    let world = World::alone().await;
    let at = Addresses::claim();
    let intake = world.intake("one", &at, &[]).await;
    let load = world.load(&[&at], 50).start().unwrap();
    load.accepts(50, SOON).await;
    world.registers(20).await;

    world.stack().kill(Part::Postgres).await;
    load.accepts(150, SOON).await;
    world.restart(Part::Postgres).await;
    let returned = Instant::now();
    let before = world.evidence.registered().await.unwrap();
    world.registers(before + 1).await;
    figure("postgres back: registering after", returned);

    load.accepts(50, SOON).await;
    let sent = load.stop().await.unwrap();
    assert_untroubled(&sent);
    world.all_is_well(&sent).await;
    assert!(intake.is_alive());
    assert_eq!(world.evidence.parked().await.unwrap(), 0);
    drop(intake);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_to_an_earlier_state_is_noticed_and_brought_up_to_date_from_the_log() {
    let world = World::alone().await;
    let at = Addresses::claim();
    let intake = world.intake("one", &at, &[]).await;
    let load = world.load(&[&at], 50).start().unwrap();
    load.accepts(50, SOON).await;
    world.registers(30).await;

    let data = world.endpoints.dir.join("postgres");
    let snapshot = world.endpoints.dir.join("snapshot");
    world.stack().kill(Part::Postgres).await;
    copy(&data, &snapshot).await;
    world.restart(Part::Postgres).await;
    let at_snapshot = world.evidence.registered().await.unwrap();
    load.accepts(100, SOON).await;
    world.registers(at_snapshot + 100).await;

    world.stack().kill(Part::Postgres).await;
    std::fs::remove_dir_all(&data).unwrap();
    copy(&snapshot, &data).await;
    world.restart(Part::Postgres).await;
    let returned = Instant::now();
    // As Kubernetes would: a process that ends is started again.
    let status = intake.wait_end(SOON).await.unwrap();
    figure("database restored: noticed after", returned);
    assert_eq!(status.code(), Some(1));
    let intake = world.intake("one", &at, &[]).await;
    world.registers(at_snapshot + 100).await;
    figure("database restored: what was lost is registered again after", returned);

    let sent = load.stop().await.unwrap();
    world.all_is_well(&sent).await;
    assert_eq!(world.evidence.parked().await.unwrap(), 0);
    drop(intake);
    world.end().await;
}

/// With owners and modes: the server refuses a folder that others may read.
async fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").args([from, to]).status().await.unwrap();
    assert!(status.success());
}
