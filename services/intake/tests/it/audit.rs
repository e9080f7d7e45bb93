use redress_domain::{ComplaintId, Principal, Role};
use redress_intake::store::audit::{Query, chain_of, read};
use redress_proto::intake::v1::{
    AuditBreak, QueryAuditRequest, VerifyAuditChainRequest, VerifyAuditChainResponse,
};

use crate::bench::{Bench, caller, complainant, submission};

fn auditor() -> Principal {
    caller("tenant-a", "auditor-1", &[Role::Auditor])
}

async fn verdict(bench: &Bench) -> VerifyAuditChainResponse {
    bench.audit.verify(&auditor(), VerifyAuditChainRequest::default(), None).await.unwrap()
}

/// A bench whose chain of the returned number has five entries.
async fn with_five_entries() -> (Bench, u32) {
    let bench = Bench::new().await;
    let who = complainant("c1");
    let first = bench.attempt(&who, "k1", submission("a")).await;
    let chain = chain_of(&ComplaintId::from_uuid(first.meta.subject));
    let mut batch = vec![first];
    for _ in 0..4 {
        batch.push(bench.attempt(&who, "k1", submission("a")).await);
    }
    bench.apply(&batch).await.unwrap();
    (bench, chain)
}

/// As somebody with every right would.
async fn tamper(bench: &Bench, sql: &'static str) {
    let mut tx = bench.db.pool().begin().await.unwrap();
    for statement in
        ["ALTER TABLE audit_entry DISABLE TRIGGER ALL", "GRANT ALL ON audit_entry TO CURRENT_USER", sql]
    {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn at(chain: u32, seq: u64, cause: &str) -> AuditBreak {
    AuditBreak { chain, seq, cause: cause.into() }
}

#[tokio::test]
async fn an_untouched_trail_is_intact_and_can_be_read() {
    let (bench, chain) = with_five_entries().await;
    let found = verdict(&bench).await;
    assert!(found.intact);
    assert_eq!(found.entries, 5);
    assert_eq!(found.heads.len(), 1);
    assert_eq!((found.heads[0].chain, found.heads[0].seq), (chain, 5));

    let mut actions = Vec::new();
    let mut token = String::new();
    loop {
        let request = QueryAuditRequest { page_size: 2, page_token: token, ..Default::default() };
        let page = bench.audit.query(&auditor(), request).await.unwrap();
        actions.extend(page.entries.into_iter().map(|entry| entry.action));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(actions[0], "ComplaintRegistered");
    assert_eq!(actions[1..], ["SubmissionDeduplicated"; 4]);
    let other = caller("tenant-b", "auditor-1", &[Role::Auditor]);
    assert!(bench.audit.query(&other, QueryAuditRequest::default()).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn nobody_changes_an_entry_by_an_ordinary_statement() {
    let (bench, _) = with_five_entries().await;
    for sql in ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"] {
        let refused = sqlx::query(sql).execute(bench.db.pool()).await.unwrap_err();
        assert!(
            refused.to_string().contains("refused") || refused.to_string().contains("permission"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_edited_entry_is_named() {
    let (bench, chain) = with_five_entries().await;
    tamper(&bench, "UPDATE audit_entry SET actor = 'somebody-else' WHERE seq = 3").await;
    assert_eq!(verdict(&bench).await.first_break.unwrap(), at(chain, 3, "ALTERED"));
}

#[tokio::test]
async fn one_flipped_byte_of_a_hash_is_named() {
    let (bench, chain) = with_five_entries().await;
    tamper(&bench, "UPDATE audit_entry SET hash = set_byte(hash, 7, get_byte(hash, 7) # 1) WHERE seq = 2")
        .await;
    assert_eq!(verdict(&bench).await.first_break.unwrap(), at(chain, 2, "ALTERED"));
}

#[tokio::test]
async fn two_entries_in_another_order_are_named() {
    let (bench, chain) = with_five_entries().await;
    tamper(&bench, "UPDATE audit_entry SET seq = CASE seq WHEN 3 THEN 104 ELSE 103 END WHERE seq IN (3, 4)")
        .await;
    tamper(&bench, "UPDATE audit_entry SET seq = seq - 100 WHERE seq > 100").await;
    assert_eq!(verdict(&bench).await.first_break.unwrap(), at(chain, 3, "ALTERED"));
}

#[tokio::test]
async fn a_missing_entry_is_named() {
    let (bench, chain) = with_five_entries().await;
    tamper(&bench, "DELETE FROM audit_entry WHERE seq = 2").await;
    assert_eq!(verdict(&bench).await.first_break.unwrap(), at(chain, 2, "MISSING"));
}

#[tokio::test]
async fn a_trail_cut_at_its_end_shows_also_if_the_recorded_end_was_cut_with_it() {
    let (bench, chain) = with_five_entries().await;
    let kept = verdict(&bench).await.heads;
    tamper(&bench, "DELETE FROM audit_entry WHERE seq > 3").await;
    assert_eq!(verdict(&bench).await.first_break.unwrap(), at(chain, 4, "CUT_SHORT"));

    tamper(&bench, "UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit_entry WHERE seq = 3)")
        .await;
    assert!(verdict(&bench).await.intact, "within the database nothing can be seen");
    let request = VerifyAuditChainRequest { known_heads: kept, ..Default::default() };
    let found = bench.audit.verify(&auditor(), request, None).await.unwrap();
    assert_eq!(found.first_break.unwrap(), at(chain, 4, "CUT_SHORT"));
}

#[tokio::test]
async fn the_trail_of_one_complaint_is_found_by_its_index_however_often_it_is_asked_for() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let tenant = auditor().tenant;
    let query =
        Query { tenant: &tenant, complaint: Some(id), from: None, until: None, after: (0, 0), limit: 100 };
    let mut tx = bench.db.pool().begin().await.unwrap();
    // As after some calls on a table that has grown: no plan for one set of values.
    let grown = "INSERT INTO audit_entry SELECT tenant, chain, n, gen_random_uuid(), 1, state, action, actor, decided_by,
                                                happened_at, recorded_at, detail, hash
                 FROM audit_entry, generate_series(1001, 11000) AS n";
    for statement in [grown, "ANALYZE audit_entry", "SET LOCAL plan_cache_mode = force_generic_plan"] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    assert_eq!(read(&mut tx, &query).await.unwrap().len(), 1);
    let scans = "SELECT pg_stat_get_xact_numscans('audit_entry_complaint_idx'::regclass)";
    let scans: i64 = sqlx::query_scalar(scans).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(scans, 1);
}
