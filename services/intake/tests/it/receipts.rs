//! A call's own name: what it recognises, what it keeps apart, and that it is kept nowhere in clear.

use std::time::Duration;

use redress_domain::{Clock as _, ErrorKind};
use redress_outbox::Call;
use redress_proto::intake::v1::WithdrawComplaintRequest;
use redress_proto::types::v1::ComplaintState;
use redress_testkit::wait_until;

use crate::bench::{Bench, accept, ask, complainant, officer, problem, supply, withdraw};

#[tokio::test]
async fn two_kinds_of_call_with_one_name_and_the_same_words_are_two_calls() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    bench.decide(&officer(), ask(id, "ask")).await.unwrap();
    let mut supplied = supply(id, "a-1");
    supplied.attachments.clear();
    let withdrawn = WithdrawComplaintRequest { reason: supplied.text.clone(), ..withdraw(id, "a-1") };
    bench.supply(&caller, supplied).await.unwrap();
    let refused = problem(bench.withdraw(&caller, withdrawn).await);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(bench.view(id).await.state(), ComplaintState::Received);
}

#[tokio::test]
async fn a_name_that_another_call_takes_at_the_same_instant_is_told_as_used() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let mut other = bench.db.pool().begin().await.unwrap();
    let taken = Call::new(&officer(), "r1", [0; 32]).unwrap();
    taken.record(&mut other, "", bench.clock.now()).await.unwrap();
    let decides = async { problem(bench.decide(&officer(), accept(id, "r1")).await) };
    let commits = async {
        wait_until("the decision waits for the other call", Duration::from_secs(20), async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (bench.count(waiting).await > 0).then_some(())
        })
        .await;
        other.commit().await.unwrap();
    };
    let (refused, ()) = tokio::join!(decides, commits);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(bench.view(id).await.state_version, 1, "nothing was half done");
}

#[tokio::test]
async fn a_name_is_found_in_no_table() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    let names = ["13800000001", "13800000002", "13800000003"];
    bench.decide(&officer(), ask(id, names[0])).await.unwrap();
    bench.supply(&caller, supply(id, names[1])).await.unwrap();
    bench.withdraw(&caller, withdraw(id, names[2])).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    assert!(tables.contains(&"call_receipt".to_owned()));
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(bench.db.pool()).await.unwrap();
        for name in names {
            assert!(!rows.iter().any(|row| row.contains(name)), "{name} in {table}");
        }
    }
}
