//! The service as a process: events in from Kafka, mails out, kills in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use redress_testkit::wait_until;

use crate::installed::{Installed, LIMIT};

#[tokio::test]
async fn a_registration_becomes_a_mail_and_an_event_says_so() {
    let installed = Installed::new().await;
    let process = installed.serve().await;
    installed.register(0).await;
    installed.mails("the first mail", 1).await;
    installed.register(1).await;
    installed.mails("the second mail", 2).await;
    let told = async || {
        let waiting = installed.bench.count("SELECT count(*) FROM outbox").await;
        let sent = installed.bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await;
        (waiting == 0 && sent == 2).then_some(())
    };
    wait_until("the events are published", LIMIT, told).await;
    let status = process.terminate(Duration::from_secs(15)).await.unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn kills_lose_no_notice_and_make_no_second_one() {
    const COUNT: usize = 120;
    let installed = Installed::new().await;
    let mut process = installed.serve().await;
    for number in 0..COUNT {
        installed.register(number).await;
        if number % 30 == 29 {
            process.kill9().await;
            process = installed.serve().await;
        }
    }
    let mails = installed.mails("a mail to everybody", COUNT).await;
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for mail in &mails {
        ids.entry(&mail.to).or_default().insert(mail.header("Message-ID"));
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "one notice each, whatever was repeated: {ids:?}");
    let settled = async || {
        let open = installed.bench.count("SELECT count(*) FROM delivery").await;
        (open == 0).then_some(())
    };
    wait_until("every delivery is settled", LIMIT, settled).await;
    let count = i64::try_from(COUNT).unwrap();
    assert_eq!(installed.bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await, count);
    assert_eq!(installed.bench.count("SELECT count(*) FROM attempt WHERE outcome = 'accepted'").await, count);
    assert_eq!(installed.bench.count("SELECT count(*) FROM parked_event").await, 0);
}
