//! Reading and verifying a trail part by part.

use redress_domain::{ErrorKind, Principal, Role};
use redress_intake::domain::audit::CHAINS;
use redress_proto::intake::v1::{QueryAuditRequest, VerifyAuditChainRequest, VerifyAuditChainResponse};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bench::{Bench, caller, complainant, submission};

fn auditor() -> Principal {
    caller("tenant-a", "auditor-1", &[Role::Auditor])
}

/// A chain with one entry more than is recomputed by one statement.
async fn with_a_long_chain() -> (Bench, i64) {
    let bench = Bench::new().await;
    let mut batch = Vec::new();
    for _ in 0..1_001 {
        batch.push(bench.attempt(&complainant("c1"), "k1", submission("a")).await);
    }
    bench.apply(&batch).await.unwrap();
    (bench, 1_001)
}

/// Verifies with no time at all, call after call, as often as the answers say.
async fn parts(bench: &Bench) -> Vec<VerifyAuditChainResponse> {
    let mut parts: Vec<VerifyAuditChainResponse> = Vec::new();
    loop {
        let page_token = parts.last().map(|last| last.next_page_token.clone()).unwrap_or_default();
        let request = VerifyAuditChainRequest { page_token, ..Default::default() };
        let part = bench.audit.verify(&auditor(), request, Some(Instant::now())).await.unwrap();
        let is_last = part.next_page_token.is_empty();
        parts.push(part);
        if is_last {
            return parts;
        }
    }
}

#[tokio::test]
async fn a_verification_without_time_goes_on_where_it_stood_and_comes_to_the_end() {
    let (bench, entries) = with_a_long_chain().await;
    let whole = bench.audit.verify(&auditor(), VerifyAuditChainRequest::default(), None).await.unwrap();
    assert_eq!((whole.intact, whole.entries, whole.next_page_token.as_str()), (true, entries, ""));
    let parts = parts(&bench).await;
    // Every chain takes a call, and the long one two.
    assert_eq!(parts.len(), usize::try_from(CHAINS).unwrap() + 1);
    assert!(parts.iter().all(|part| part.intact));
    assert_eq!(parts.iter().map(|part| part.entries).sum::<i64>(), entries);
    assert_eq!(parts.into_iter().flat_map(|part| part.heads).collect::<Vec<_>>(), whole.heads);
}

#[tokio::test]
async fn a_tenant_verifies_once_at_a_time_and_so_keeps_no_other_from_it() {
    let bench = Bench::new().await;
    let mut tx = bench.db.pool().begin().await.unwrap();
    sqlx::query("LOCK TABLE audit_head, audit_entry").execute(&mut *tx).await.unwrap();
    let mut calls = JoinSet::new();
    let verify = |tenant: &str| {
        let (audit, auditor) = (bench.audit.clone(), caller(tenant, "auditor-1", &[Role::Auditor]));
        async move { audit.verify(&auditor, VerifyAuditChainRequest::default(), None).await }
    };
    for _ in 0..3 {
        calls.spawn(verify("tenant-a"));
    }
    for _ in 0..2 {
        let problem = calls.join_next().await.unwrap().unwrap().unwrap_err().into_problem();
        assert_eq!((problem.kind, problem.reason), (ErrorKind::ResourceExhausted, "VERIFICATIONS_RUNNING"));
        assert!(problem.retry_after.is_some());
    }
    // The first of the tenant waits for the lock still. Each keeps a connection of the register's, so few are run in all.
    calls.spawn(verify("tenant-b"));
    calls.spawn(verify("tenant-b"));
    calls.join_next().await.unwrap().unwrap().unwrap_err();
    verify("tenant-c").await.unwrap_err();
    tx.rollback().await.unwrap();
    let verified = calls.join_all().await;
    assert_eq!(verified.len(), 2, "one of each tenant");
    assert!(verified.into_iter().all(|verified| verified.unwrap().intact));
    let after = bench.audit.verify(&auditor(), VerifyAuditChainRequest::default(), None).await;
    assert!(after.unwrap().intact, "there is room again");
}

#[tokio::test]
async fn a_break_behind_the_first_part_of_a_chain_is_named() {
    let (bench, _) = with_a_long_chain().await;
    let mut tx = bench.db.pool().begin().await.unwrap();
    for statement in [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "UPDATE audit_entry SET actor = 'somebody-else' WHERE seq = 1001",
    ] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let parts = parts(&bench).await;
    let last = parts.last().unwrap();
    let found = last.first_break.as_ref().unwrap();
    assert_eq!((last.intact, found.seq, found.cause.as_str()), (false, 1001, "ALTERED"));
}

#[tokio::test]
async fn a_token_is_bound_to_what_it_was_given_for_and_all_that_does_not_fit_is_told() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await.to_string();
    let other = bench.registered(&complainant("c2"), "k1").await.to_string();
    let of = |complaint_id: &str, page_token: String| QueryAuditRequest {
        complaint_id: complaint_id.to_owned(),
        page_size: 1,
        page_token,
        ..Default::default()
    };
    let token = bench.audit.query(&auditor(), of(&id, String::new())).await.unwrap().next_page_token;
    assert!(bench.audit.query(&auditor(), of(&id, token.clone())).await.unwrap().entries.is_empty());
    let refused = bench.audit.query(&auditor(), of(&other, token.clone())).await.unwrap_err().into_problem();
    assert_eq!(refused.violations[0].field, "pageToken");

    let time = Some(pbjson_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    let nonsense =
        QueryAuditRequest { recorded_from: time, recorded_until: time, page_size: -1, ..of("", token) };
    let refused = bench.audit.query(&auditor(), nonsense).await.unwrap_err().into_problem();
    let fields: Vec<_> = refused.violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["recordedFrom", "recordedUntil", "pageSize"]);
}

#[tokio::test]
async fn whoever_reads_an_entry_can_recompute_its_hash_from_what_it_shows() {
    use sha2::{Digest as _, Sha256};
    let bench = Bench::new().await;
    bench.registered(&complainant("c1"), "k1").await;
    let page = bench.audit.query(&auditor(), QueryAuditRequest::default()).await.unwrap();
    let entry = &page.entries[0];
    let micros = |time: &Option<pbjson_types::Timestamp>| {
        let time = time.as_ref().unwrap();
        time.seconds * 1_000_000 + i64::from(time.nanos / 1_000)
    };
    let mut hash = Sha256::new();
    hash.update(b"redress/audit/1");
    hash.update([0; 32]);
    for number in [
        i64::from(entry.chain),
        i64::try_from(entry.seq).unwrap(),
        entry.state_version.map_or(-1, i64::from),
        micros(&entry.happened_at),
        micros(&entry.recorded_at),
    ] {
        hash.update(number.to_be_bytes());
    }
    hash.update(entry.complaint_id.parse::<uuid::Uuid>().unwrap().as_bytes());
    let texts =
        ["tenant-a", &entry.state, &entry.action, &entry.actor, &entry.decided_by, &entry.detail_json];
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    assert_eq!(hash.finalize().to_vec(), entry.hash);
}
