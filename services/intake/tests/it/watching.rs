use std::time::Duration;

use futures::StreamExt as _;
use redress_domain::{ComplaintId, ErrorKind};
use redress_intake::app::watch::Watch;
use redress_intake::app::watchers::Limits;
use redress_proto::intake::v1::{WatchComplaintRequest, WithdrawComplaintRequest};
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, complainant};

/// A stream tells this soon, or never.
const SOON: Duration = Duration::from_mins(1);

fn watch(bench: &Bench, limit: usize) -> (Watch, CancellationToken) {
    let draining = CancellationToken::new();
    let limits = Limits { process: limit, tenant: limit };
    (Watch::new(bench.queries.views.clone(), limits, draining.clone()), draining)
}

fn after(id: ComplaintId, after_version: u32) -> WatchComplaintRequest {
    WatchComplaintRequest { complaint_id: id.to_string(), after_version }
}

#[tokio::test]
async fn a_withdrawn_complaint_has_no_stream_after_its_last_version_and_one_that_ends_before_it() {
    let bench = Bench::new().await;
    let who = complainant("c1");
    let id = bench.registered(&who, "k1").await;
    let (watch, _) = watch(&bench, 10);
    assert!(watch.watch(&who, after(id, 99)).await.unwrap().is_some(), "a later version may come");
    let request = WithdrawComplaintRequest {
        request_id: "w-1".into(),
        complaint_id: id.to_string(),
        ..Default::default()
    };
    let version = bench.run(&who, request).await.unwrap().state_version;

    assert!(watch.watch(&who, after(id, version)).await.unwrap().is_none());
    let stream = watch.watch(&who, after(id, version - 1)).await.unwrap().unwrap();
    let told = tokio::time::timeout(SOON, stream.collect::<Vec<_>>()).await.expect("it ends");
    assert_eq!(told.into_iter().map(|entry| entry.unwrap().version).collect::<Vec<_>>(), [version]);
}

#[tokio::test]
async fn a_process_that_leaves_ends_its_streams_with_an_error_and_a_delay() {
    let bench = Bench::new().await;
    let who = complainant("c1");
    let id = bench.registered(&who, "k1").await;
    let (watch, draining) = watch(&bench, 10);
    let stream = watch.watch(&who, after(id, 1)).await.unwrap().unwrap();
    draining.cancel();
    let mut told = tokio::time::timeout(SOON, stream.collect::<Vec<_>>()).await.expect("it ends");
    let left = told.pop().unwrap().unwrap_err().into_problem();
    assert_eq!((left.kind, told.len()), (ErrorKind::Unavailable, 0));
    assert!(left.retry_after.is_some());
}

#[tokio::test]
async fn a_stream_too_many_is_refused_until_another_one_ends() {
    let bench = Bench::new().await;
    let who = complainant("c1");
    let id = bench.registered(&who, "k1").await;
    let (watch, _) = watch(&bench, 1);
    let open = watch.watch(&who, after(id, 0)).await.unwrap();
    let refused = watch.watch(&who, after(id, 0)).await.err().unwrap().into_problem();
    assert_eq!((refused.kind, refused.reason), (ErrorKind::ResourceExhausted, "TOO_MANY_STREAMS"));
    drop(open);
    assert!(watch.watch(&who, after(id, 0)).await.is_ok());
}
