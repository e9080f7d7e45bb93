use std::time::Duration;

use redress_testkit::Addresses;
use tokio::net::TcpListener;

use crate::world::{SOON, World, assert_untroubled};

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_changes_nothing_and_does_not_hold_up_the_end() {
    let world = World::shared().await;
    let at = Addresses::claim();
    // Connections are opened by the kernel; nobody ever reads from them.
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let intake = world.intake("one", &at, &settings).await;
    let load = world.load(&[&at], 50).start().unwrap();
    load.accepts(100, SOON).await;
    let (_connection, _) = tokio::time::timeout(SOON, collector.accept()).await.unwrap().unwrap();
    let sent = load.stop().await.unwrap();
    assert_untroubled(&sent);
    world.all_is_well(&sent).await;
    let status = intake.terminate(Duration::from_secs(10)).await.unwrap();
    assert!(status.success(), "{status}");
}
