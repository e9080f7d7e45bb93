//! All topics read again from the start: the same tables, and nobody gets a letter twice.

use std::collections::BTreeSet;

use redress_domain::{ComplaintId, Role};
use redress_messaging::LogReader;
use redress_notification::topics::{CLOCKS, INVESTIGATION, NOTICES};
use redress_proto::admin::v1::ReplayFromRequest;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::notification_service_client::NotificationServiceClient;
use redress_proto::sla::v1 as sla;
use redress_proto::types::v1::AwaitedParty;
use redress_testkit::{CallbackReceiver, bearing, wait_until};

use crate::hearing::{advanced, asked, in_hours};
use crate::installed::{Installed, LIMIT, READ};
use crate::mediated;
use crate::people::by_mail;

/// What notification owns.
const OWNED: [&str; 10] = [
    "access_record",
    "attempt",
    "complaint",
    "delivery",
    "fact",
    "notice",
    "party",
    "subject_key",
    "survey_answer",
    "webhook",
];
const COMPLAINTS: usize = 5;

/// What is told of complaints on each topic; how many records.
async fn told(installed: &Installed) -> i64 {
    let bench = &installed.bench;
    let mut records = 0;
    let mut ids: Vec<ComplaintId> = Vec::new();
    for number in 0..COMPLAINTS {
        let complainant = by_mail(&format!("u{number}@example.invalid"));
        let (id, event) = bench.registered(&format!("k{number}"), complainant).await;
        installed.publish(&event).await;
        ids.push(id);
        records += 1;
    }
    installed.mails("a receipt to everybody", COMPLAINTS).await;
    // One is settled step by step.
    let mut version = 1;
    for (fact, answer) in mediated::facts(bench, ids[0]).await {
        installed.publish(&fact).await;
        records += 1;
        if let Some(name) = answer {
            version += 1;
            let cause = Some(fact.meta.event_id);
            installed.publish(&bench.caused(ids[0], version, &advanced(name), cause)).await;
            records += 1;
        }
    }
    // Of another a party's evidence is asked for.
    let request = asked(AwaitedParty::Complainant, Some(in_hours(bench, 48)), None);
    let request = bench.fact(INVESTIGATION, ids[1], 1, &request);
    installed.publish(&request).await;
    let answer = bench.caused(ids[1], 2, &advanced("EvidenceRequested"), Some(request.meta.event_id));
    installed.publish(&answer).await;
    // A third lacks something, which has its clock.
    let missing = intake::CompletionRequested { missing: vec!["order_no".into()] };
    let missing = bench.event(ids[2], 2, &missing);
    installed.publish(&missing).await;
    let clock = sla::ClockRef { clock_id: "c-1".into(), definition: "C09".into(), ..Default::default() };
    let started =
        sla::ClockStarted { clock: Some(clock), due_at: Some(in_hours(bench, 72)), ..Default::default() };
    let started = bench.fact_of(CLOCKS, ids[2], 1, &started, Some(missing.meta.event_id));
    installed.publish(&started).await;
    // A fourth is closed, and both sides are asked what they think of it.
    let closed = intake::ComplaintClosed { outcome: "upheld".into(), cause: "live_wording".into() };
    installed.publish(&bench.event(ids[3], 2, &closed)).await;
    records + 5
}

/// Waits until so many records were read, `replays` times over.
async fn read(installed: &Installed, records: i64, replays: i32) {
    wait_until("everything is read", LIMIT, async || {
        let sql = "SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE replays = $1";
        let read: i64 =
            sqlx::query_scalar(sql).bind(replays).fetch_one(installed.bench.db.pool()).await.unwrap();
        (read == records).then_some(())
    })
    .await;
}

async fn tables(installed: &Installed) -> Vec<(&'static str, Vec<String>)> {
    let mut tables = Vec::new();
    for table in OWNED {
        let sql = format!("SELECT t::text FROM {table} t ORDER BY 1");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(installed.bench.db.pool()).await;
        tables.push((table, rows.unwrap()));
    }
    tables
}

/// Records on the topic of notices.
async fn published(installed: &Installed) -> i64 {
    let reader = LogReader::new(&installed.kafka).unwrap();
    let count = reader.off_the_runtime(|reader| {
        let partitions = reader.partitions(NOTICES)?.unwrap_or_default();
        (0..partitions).map(|p| reader.watermarks(NOTICES, p).map(|(first, end)| end - first)).sum()
    });
    count.await.unwrap()
}

#[tokio::test]
async fn all_topics_read_again_from_the_start_leave_the_same_tables_and_send_nothing() {
    let installed = Installed::new().await;
    let _process = installed.serve().await;
    let receiver = CallbackReceiver::start().await.unwrap();
    let token = installed.token("tenant-a", &[Role::Service]);
    let hook = wire::RegisterWebhookRequest {
        request_id: "hook".into(),
        url: receiver.url.clone(),
        kinds: Vec::new(),
    };
    let mut client = NotificationServiceClient::new(installed.grpc());
    client.register_webhook(bearing(&token, hook)).await.unwrap();

    let records = told(&installed).await;
    read(&installed, records, 0).await;
    installed.settled().await;
    let before = tables(&installed).await;
    let rows = |name| before.iter().find(|(table, _)| *table == name).unwrap().1.len();
    assert_eq!((rows("complaint"), rows("delivery")), (COMPLAINTS, 0));
    let (mails, callbacks) = (installed.smtp.mails().len(), receiver.received().len());
    assert!(mails > COMPLAINTS, "receipts and what came after them: {mails}");
    assert!(rows("notice") > mails, "also letters to those who have no mailbox");
    let copies: BTreeSet<String> = receiver.received().into_iter().map(|callback| callback.id).collect();
    assert_eq!(copies.len(), rows("notice"));
    let events = published(&installed).await;
    assert!(events > 0);

    let operator = installed.token("tenant-a", &[Role::Admin]);
    let mut admin = AdminServiceClient::new(installed.grpc());
    for topic in READ {
        let request = ReplayFromRequest {
            topic: topic.into(),
            from_time: Some(pbjson_types::Timestamp::default()),
            reason: "to see that it changes nothing".into(),
        };
        let positions = admin.replay_from(bearing(&operator, request)).await.unwrap().into_inner().positions;
        assert!(positions.iter().all(|position| position.offset == 0), "{positions:?}");
    }
    read(&installed, records, 1).await;
    installed.settled().await;
    assert_eq!(tables(&installed).await, before);
    assert_eq!((installed.smtp.mails().len(), receiver.received().len()), (mails, callbacks));
    assert_eq!(published(&installed).await, events);
    assert_eq!(installed.bench.count("SELECT count(*) FROM parked_event").await, 0);
}
