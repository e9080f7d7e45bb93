//! Ctrl-C at any moment: nothing runs any more, and no file is left outside the build's folder.

use serde_json::Value;

use crate::called::{Called, xtask};

/// What says that the services are built: without it the command builds them itself.
const BUILT: &str = "REDRESS_XTASK_BUILT";

/// Interrupts the command when it says `line`.
async fn interrupted_at(command: &[&str], line: &str) {
    let mut called = Called::begin(xtask(command)).await;
    called.says(line);
    called.has_started_something().await;
    called.interrupt();
    let (status, said) = called.leaves_nothing().await;
    assert!(!status.success(), "{}", said.join("\n"));
    assert!(said.iter().any(|line| line.contains("interrupted; everything that was started has ended")));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_servers_start() {
    interrupted_at(&["demo"], "starting PostgreSQL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_services_start() {
    interrupted_at(&["demo"], "starting resolution").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_the_cases() {
    interrupted_at(&["demo", "--complaints", "60", "--rate", "1"], "under way").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_anything_was_started_and_while_the_services_are_built() {
    let called = Called::begin(xtask(&["demo"])).await;
    called.runs().await;
    called.interrupt();
    let (status, _) = called.leaves_nothing().await;
    assert!(!status.success());
    let mut builds = xtask(&["demo"]);
    builds.env_remove(BUILT);
    let mut called = Called::begin(builds).await;
    called.says("building the services");
    called.interrupt();
    let (status, _) = called.leaves_nothing().await;
    assert!(!status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_installation_that_stayed_is_being_ended() {
    let mut called = Called::begin(xtask(&["up"])).await;
    called.says("Ctrl-C ends all of it");
    called.has_started_something().await;
    called.interrupt();
    called.says("ending");
    // Impatient people press it twice.
    called.interrupt();
    called.leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_demo_ends_which_has_told_its_numbers_all_the_same() {
    let asked = ["demo", "--complaints", "30", "--rate", "10", "--json", "--keep"];
    let mut called = Called::begin(xtask(&asked)).await;
    called.says("Ctrl-C ends all of it");
    called.interrupt();
    called.says("ending");
    called.interrupt();
    let (_, said) = called.leaves_nothing().await;
    let last = said.iter().find(|line| line.starts_with("{\"summary\"")).unwrap();
    let summary: Value = serde_json::from_str(last).unwrap();
    let number = |name: &str| summary["summary"][name].as_u64().unwrap();
    let names = [
        "accepted",
        "registered",
        "assessed",
        "admitted",
        "refused",
        "closed",
        "withdrawn",
        "open",
        "incidents",
        "notices_sent",
        "remedies_paid",
        "deadlines_met",
        "deadlines_missed",
        "parked",
        "lost",
        "duplicated",
    ];
    assert_eq!(summary["summary"].as_object().unwrap().len(), names.len());
    for name in names {
        number(name);
    }
    assert_eq!((number("accepted"), number("registered"), number("assessed")), (30, 30, 30));
    assert_eq!(number("refused") + number("closed") + number("withdrawn") + number("open"), 30);
    assert_eq!((number("lost"), number("duplicated"), number("parked")), (0, 0, 0));
    assert!(number("notices_sent") >= 30 && number("remedies_paid") > 0 && number("deadlines_met") > 0);
}
