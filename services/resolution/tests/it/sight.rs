//! What each may see: what a reader may not see is absent, and words are opened for a purpose that is on record.

use redress_domain::{Problem, Role};
use redress_proto::resolution::v1 as wire;

use crate::bench::{Bench, caller, complainant, handler, merchant};
use crate::steps::accept;

#[tokio::test]
async fn parties_read_what_was_sent_and_their_own_words_and_no_names_of_staff() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    let said = wire::RespondToOfferRequest {
        action: wire::OfferAction::Declined.into(),
        comment: "只属于投诉人的话".into(),
        ..accept(id, &proposal, 1, 0)
    };
    bench.act(&complainant(), said).await.unwrap();
    let other = format!("{:?}", bench.get(&merchant(), id).await);
    for hidden in ["只属于投诉人的话", "h-1", "s-1", "依据消费者权益保护法第二十四条", "主播称真皮"]
    {
        assert!(!other.contains(hidden), "{hidden}");
    }
    assert!(other.contains("商品与描述不符"), "the plain reason was sent to both");
    let own = format!("{:?}", bench.get(&complainant(), id).await);
    assert!(own.contains("只属于投诉人的话") && !own.contains("h-1"));
    let staff = format!("{:?}", bench.get(&handler("h-1"), id).await);
    assert!(staff.contains("只属于投诉人的话") && staff.contains("依据消费者权益保护法第二十四条"));
    let auditor = caller("tenant-a", "au-1", &[Role::Auditor]);
    let record = format!("{:?}", bench.get(&auditor, id).await);
    assert!(record.contains("h-1") && !record.contains("商品与描述不符"), "the record, without words");
}

#[tokio::test]
async fn a_plan_under_review_and_another_tenants_case_are_as_if_they_were_not_there() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, redress_proto::types::v1::Severity::General).await;
    bench.approved(id).await;
    let seen = bench.get(&merchant(), id).await;
    assert!(seen.proposals.is_empty() && seen.liability.is_empty());
    for stranger in [
        caller("tenant-b", "h-1", &[Role::Handler, Role::Supervisor]),
        caller("tenant-a", "person-2", &[Role::Complainant]),
        caller("tenant-a", "m-2", &[Role::Respondent]),
    ] {
        let told = bench.commands.queries.get(&stranger, &id.to_string()).await;
        assert_eq!(told.unwrap_err().into_problem(), Problem::not_found());
    }
}

#[tokio::test]
async fn opening_words_is_recorded_and_nothing_personal_stands_in_a_table_or_event() {
    let bench = Bench::new().await;
    let (id, _) = bench.to_mediating(1).await;
    let before = bench.count("SELECT count(*) FROM access_record").await;
    bench.get(&complainant(), id).await;
    assert_eq!(bench.count("SELECT count(*) FROM access_record").await, before + 1);
    let mut everything = String::new();
    for table in ["case_file", "case_record", "offer_link", "sealed_text", "moment"] {
        let sql = format!("SELECT t::text FROM {table} t");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(bench.db.pool()).await.unwrap();
        everything.extend(rows);
    }
    let events: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM outbox").fetch_all(bench.db.pool()).await.unwrap();
    everything.extend(events.iter().map(|payload| String::from_utf8_lossy(payload).into_owned()));
    for word in ["张三", "person-1", "商品与描述不符", "主播称真皮", "依据消费者"] {
        assert!(!everything.contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_respondent_reads_nothing_of_an_offer_that_asks_nothing_of_it() {
    let bench = Bench::new().await;
    let (id, proposal) = bench.to_mediating(1).await;
    bench.act(&complainant(), accept(id, &proposal, 1, 1)).await.unwrap();
    bench.act(&merchant(), accept(id, &proposal, 1, 1)).await.unwrap();
    let anchor = caller("tenant-a", "a-1", &[Role::Respondent]);
    let seen = bench.get(&anchor, id).await;
    assert!(seen.proposals.is_empty() && seen.offers.is_empty() && seen.settlements.is_empty());
    assert_eq!(seen.liability.len(), 1, "but who answers, and for how much of it");
    assert_eq!(bench.get(&merchant(), id).await.settlements.len(), 1);
}
