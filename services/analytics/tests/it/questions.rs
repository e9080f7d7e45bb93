//! What can be asked beside totals: the complaints behind them, single facts, deadlines; and what comes late.

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use redress_analytics::domain::item::ItemState;
use redress_analytics::domain::metric::Unit;
use redress_analytics::domain::selection::{Dimension, Span};
use redress_analytics::store::item::{self, Judged};
use redress_analytics::topics::{INCIDENTS, RESOLUTION};
use redress_domain::ErrorKind;
use redress_proto::analytics::v1 as wire;
use redress_proto::classification::v1 as classification;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{ComplaintState, Money};
use redress_testkit::EventStream;
use uuid::Uuid;

use crate::bench::{Bench, supervisor};
use crate::history::{Case, History, begin};
use crate::order::{span, wire_dimension};
use crate::single::{TENANT, acknowledgement, complaint, question, registration};

async fn facts(bench: &Bench, case: &Case) -> wire::CaseFacts {
    let request = wire::GetCaseFactsRequest { complaint_id: case.id.to_string() };
    bench.questions.case(&supervisor(case.tenant), &request).await.unwrap()
}

async fn number(bench: &Bench, metric: &str) -> Option<(f64, i64)> {
    let answer = bench.questions.query(&supervisor(TENANT), question(metric)).await.unwrap();
    answer.rows.first().map(|row| (row.value, row.population))
}

async fn drilled(bench: &Bench, metric: &str, dimension: Dimension, value: &str) -> Vec<String> {
    let (from, until) = span();
    let mut request = wire::DrillDownRequest {
        metric: metric.into(),
        from: Some(to_wire_time(from)),
        until: Some(to_wire_time(until)),
        dimension: wire_dimension(dimension),
        value: value.into(),
        page_size: 7,
        page_token: String::new(),
    };
    let mut found = Vec::new();
    loop {
        let page = bench.questions.drill_down(&supervisor(TENANT), request.clone()).await.unwrap();
        found.extend(page.cases.into_iter().map(|case| case.complaint_id));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_leads_to_as_many_complaints_as_it_is_made_of_each_once() {
    let bench = Bench::new().await;
    bench.counted_through(begin() + SignedDuration::from_hours(60)).await;
    bench.apply_all(History::of(4, 150).streams).await;
    let entries = bench.questions.dictionary.entries().iter();
    for metric in entries.filter(|metric| metric.unit != Unit::MinorUnits) {
        for dimension in [Dimension::Channel, Dimension::Category, Dimension::Merchant, Dimension::State] {
            let asked =
                wire::QueryMetricsRequest { dimension: wire_dimension(dimension), ..question(&metric.name) };
            for row in bench.questions.query(&supervisor(TENANT), asked).await.unwrap().rows {
                let mut found = drilled(&bench, &metric.name, dimension, &row.key).await;
                found.sort();
                found.dedup();
                let counted = usize::try_from(row.population).unwrap();
                assert_eq!(found.len(), counted, "{} of {dimension} `{}`", metric.name, row.key);
            }
        }
    }
}

#[tokio::test]
async fn an_acknowledgement_is_overdue_only_once_the_notices_are_counted_up_to_its_deadline() {
    let bench = Bench::new().await;
    let case = complaint(1, begin() + SignedDuration::from_hours(24));
    bench.apply_all([registration(&case)]).await;
    assert_eq!(number(&bench, "acknowledged_in_time").await, None, "nothing is known of notices");
    bench.counted_through(case.acknowledge_by - SignedDuration::from_secs(1)).await;
    assert_eq!(number(&bench, "acknowledged_in_time").await, None, "they may still bring it");
    bench.counted_through(case.acknowledge_by).await;
    assert_eq!(number(&bench, "acknowledged_in_time").await, Some((0.0, 1)));
    // It had been sent in time, and its event comes late.
    bench.apply_all([acknowledgement(&case, case.acknowledge_by)]).await;
    assert_eq!(number(&bench, "acknowledged_in_time").await, Some((1.0, 1)));
}

#[tokio::test]
async fn an_earlier_complaint_that_comes_late_makes_the_later_one_a_repetition() {
    let bench = Bench::new().await;
    let later = complaint(1, begin() + SignedDuration::from_hours(48));
    let earlier = complaint(2, begin() + SignedDuration::from_hours(24));
    let too_early = Case { complainant: Some(2), ..complaint(3, earlier.received_at) };
    bench.apply_all([registration(&later), registration(&too_early)]).await;
    assert!(!facts(&bench, &later).await.repeated);
    bench.apply_all([registration(&earlier)]).await;
    assert!(facts(&bench, &later).await.repeated);
    assert!(!facts(&bench, &earlier).await.repeated);
    assert_eq!(number(&bench, "repeat_rate").await, Some((1.0 / 3.0, 3)));
}

#[tokio::test]
async fn a_complaint_of_several_incidents_counts_to_the_first_that_is_not_dissolved() {
    let bench = Bench::new().await;
    let case = complaint(1, begin() + SignedDuration::from_hours(24));
    let incident = |number: u128, at: Timestamp, dissolved: bool| {
        let mut stream = EventStream::new(INCIDENTS, TENANT, Uuid::from_u128(number));
        stream.tell(at, &classification::IncidentSuspected::default());
        stream.tell(at, &classification::IncidentMemberAdded { complaint_id: case.id.to_string() });
        if dissolved {
            stream.tell(at, &classification::IncidentDissolved::default());
        }
        stream
    };
    let at = |minute| case.received_at + SignedDuration::from_mins(minute);
    let incidents = [incident(10, at(3), false), incident(11, at(2), false), incident(12, at(1), true)];
    bench.apply_all(incidents.into_iter().chain([registration(&case)])).await;
    assert_eq!(facts(&bench, &case).await.incident_id, Uuid::from_u128(11).to_string());
    assert_eq!(number(&bench, "incidents").await, Some((1.0, 1)));
}

#[tokio::test]
async fn an_incident_that_is_over_stays_counted_and_one_that_never_was_does_not() {
    type Ends = fn(&mut EventStream, Timestamp);
    let ends: [(Ends, f64); 4] = [
        // Nobody has joined it for two hours, a confirmed one for a day; a person says that it is over.
        (|s, at| s.tell(at, &classification::IncidentDissolved { reason: "quiet".into() }), 1.0),
        (|s, at| s.tell(at, &classification::IncidentHandled { reason: "quiet".into() }), 1.0),
        (|s, at| s.tell(at, &classification::IncidentDissolved { reason: "over".into() }), 1.0),
        (|s, at| s.tell(at, &classification::IncidentDissolved { reason: "campaign_day".into() }), 0.0),
    ];
    for (end, counted) in ends {
        let bench = Bench::new().await;
        let case = complaint(1, begin() + SignedDuration::from_hours(24));
        let mut stream = EventStream::new(INCIDENTS, TENANT, Uuid::from_u128(10));
        let added = classification::IncidentMemberAdded { complaint_id: case.id.to_string() };
        stream.tell(case.received_at, &classification::IncidentSuspected::default());
        stream.tell(case.received_at, &added);
        end(&mut stream, case.received_at);
        bench.apply_all([stream, registration(&case)]).await;
        let told = number(&bench, "incidents").await.map_or(0.0, |(value, _)| value);
        assert!((told - counted).abs() < f64::EPSILON, "{told} for {counted}");
    }
}

#[tokio::test]
async fn rows_that_are_left_out_are_told() {
    let bench = Bench::new().await;
    let cases = [(1, 24), (2, 48), (3, 72)]
        .map(|(number, hours)| complaint(number, begin() + SignedDuration::from_hours(hours)));
    bench.apply_all(cases.iter().map(registration)).await;
    let (from, until) = span();
    for (limit, truncated) in [(2, true), (3, false)] {
        let request = wire::QueryMetricsRequest {
            metric: "complaints".into(),
            from: Some(to_wire_time(from)),
            until: Some(to_wire_time(until)),
            window_seconds: 3_600,
            limit,
            ..Default::default()
        };
        let answer = bench.questions.query(&supervisor(TENANT), request).await.unwrap();
        assert_eq!((answer.rows.len(), answer.truncated), (usize::try_from(limit).unwrap(), truncated));
    }
}

#[tokio::test]
async fn the_facts_of_a_complaint_are_told_with_all_that_was_counted_of_it() {
    let bench = Bench::new().await;
    let case = complaint(1, begin() + SignedDuration::from_hours(24));
    let mut lifecycle = registration(&case);
    let repeated_at = Some(to_wire_time(case.received_at));
    lifecycle.tell(case.received_at, &intake::SubmissionDeduplicated { received_at: repeated_at });
    let withdrawn_at = case.received_at + SignedDuration::from_hours(2);
    lifecycle.tell(withdrawn_at, &intake::ComplaintWithdrawn {});
    let answered_at = case.received_at + SignedDuration::from_mins(1);
    bench.apply_all([lifecycle, acknowledgement(&case, answered_at)]).await;
    let facts = facts(&bench, &case).await;
    assert_eq!(facts.state(), ComplaintState::Withdrawn);
    assert_eq!((facts.outcome.as_str(), facts.resubmissions), ("withdrawn", 1));
    assert_eq!(facts.ended_at, Some(to_wire_time(withdrawn_at)));
    assert_eq!(facts.first_response_at, Some(to_wire_time(answered_at)));
    assert_eq!((facts.decided_at, facts.result_at), (None, None));

    let unknown = wire::GetCaseFactsRequest { complaint_id: "no-uuid".into() };
    let refused = bench.questions.case(&supervisor(TENANT), &unknown).await.unwrap_err().into_problem();
    assert_eq!((refused.kind, refused.reason), (ErrorKind::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadlines_listed_are_those_that_the_share_is_made_of() {
    let bench = Bench::new().await;
    bench.counted_through(begin() + SignedDuration::from_hours(60)).await;
    bench.apply_all(History::of(5, 150).streams).await;
    let (from, until) = span();
    let request =
        wire::ListSlaFactsRequest { from: Some(to_wire_time(from)), until: Some(to_wire_time(until)) };
    let listed = bench.questions.sla_facts(&supervisor(TENANT), request).await.unwrap();
    let listed: Vec<wire::ListSlaFactsResponse> = listed.try_collect().await.unwrap();
    let (listed, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|fact| fact.clock == "C05");
    let met = listed.iter().filter(|fact| fact.met).count();
    assert!(met > 0 && met < listed.len());
    let float = |count: usize| f64::from(u32::try_from(count).unwrap());
    let by_hand = (float(met) / float(listed.len()), i64::try_from(listed.len()).unwrap());
    assert_eq!(number(&bench, "acknowledged_in_time").await, Some(by_hand));
    assert!(listed.iter().all(|fact| fact.met_at.is_some() || !fact.met));

    // The clocks of sla, each once.
    let met = others.iter().filter(|fact| fact.met).count();
    let (share, _) = number(&bench, "deadlines_met").await.unwrap();
    assert!((share - float(met) / float(others.len())).abs() < 1e-9, "{share} of {}", others.len());
    assert!(others.iter().any(|fact| !fact.met && fact.met_at.is_some()), "one was met late");
}

#[tokio::test]
async fn amounts_of_money_are_told_by_currency_alone() {
    let bench = Bench::new().await;
    let asked = bench.questions.query(&supervisor(TENANT), question("amount_ordered")).await;
    let problem = asked.unwrap_err().into_problem();
    assert_eq!(problem.violations[0].reason, "CURRENCY_REQUIRED");
    let by_currency = wire::QueryMetricsRequest {
        dimension: wire_dimension(Dimension::Currency),
        ..question("amount_ordered")
    };
    let rows = async || bench.questions.query(&supervisor(TENANT), by_currency.clone()).await.unwrap().rows;
    assert_eq!(rows().await, []);

    // A case in one currency, and one that has two nonetheless: they have no sum.
    let at = begin() + SignedDuration::from_hours(24);
    for (number, currencies) in [(1, ["CNY", "CNY"]), (2, ["CNY", "USD"])] {
        let case = complaint(number, at);
        let mut remedies = EventStream::new(RESOLUTION, TENANT, case.id);
        for (remedy, currency) in (1..).zip(currencies) {
            remedies.tell(
                at,
                &resolution::RemedyOrdered {
                    remedy_id: Uuid::from_u128(number * 10 + remedy).to_string(),
                    amount: Some(Money { currency: currency.into(), amount_minor: 100 }),
                    ..Default::default()
                },
            );
        }
        bench.apply_all([registration(&case), remedies]).await;
    }
    let told: Vec<_> = rows().await.into_iter().map(|row| (row.key, row.value)).collect();
    assert_eq!(told, [("CNY".to_owned(), 200.0), (String::new(), 0.0)]);
}

#[tokio::test]
async fn windows_come_in_their_order_the_largest_first_within_one_and_no_more_than_asked_for() {
    let bench = Bench::new().await;
    bench.apply_all(History::of(6, 200).streams).await;
    let by_state = wire::QueryMetricsRequest {
        dimension: wire_dimension(Dimension::State),
        window_seconds: 86_400,
        limit: 9,
        ..question("complaints")
    };
    let rows = bench.questions.query(&supervisor(TENANT), by_state).await.unwrap().rows;
    assert_eq!(rows.len(), 9);
    let order = |row: &wire::MetricRow| (row.window_start.unwrap().seconds, -row.population);
    assert!(rows.is_sorted_by_key(order));
    let one = wire::QueryMetricsRequest {
        dimension: wire_dimension(Dimension::State),
        value: "closed".into(),
        ..question("complaints")
    };
    let rows = bench.questions.query(&supervisor(TENANT), one).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["closed"]);
}

/// Rows of facts that were read so far, by this connection's account too.
async fn rows_read(conn: &mut sqlx::PgConnection) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(&mut *conn).await.unwrap();
    let sql = "SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'complaint_fact')
                      + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = 'complaint_fact')";
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

#[tokio::test]
async fn a_late_page_of_clocks_reads_what_it_shows_and_not_all_that_came_before() {
    const CASES: i64 = 5_000;
    let bench = Bench::new().await;
    let at = begin();
    bench.apply_all([registration(&complaint(1, at))]).await;
    let mut conn = bench.db.pool().acquire().await.unwrap();
    for sql in [
        "INSERT INTO complaint_fact SELECT (jsonb_populate_record(f, jsonb_build_object(
             'complaint_id', md5(n::text)::uuid, 'received_at', f.received_at + n * interval '1 second'))).*
         FROM complaint_fact AS f, generate_series(1, $1::bigint) AS n",
        "INSERT INTO case_item (tenant, complaint_id, kind, item_id, what, state, due_at, ended_at)
         SELECT tenant, complaint_id, 'clock', complaint_id, 'C13', 'met', received_at, received_at
         FROM complaint_fact WHERE $1::bigint > 0",
    ] {
        sqlx::query(sql).bind(CASES).execute(&mut *conn).await.unwrap();
    }
    for sql in ["VACUUM ANALYZE complaint_fact", "VACUUM ANALYZE case_item"] {
        sqlx::raw_sql(sql).execute(&mut *conn).await.unwrap();
    }
    let span = Span { from: at, until: at + SignedDuration::from_hours(24) };
    let last = Judged {
        received_at: at + SignedDuration::from_secs(CASES - 50),
        complaint: Uuid::nil(),
        id: Uuid::nil(),
        definition: String::new(),
        due_at: None,
        state: ItemState::Met,
        ended_at: None,
    };
    let before = rows_read(&mut conn).await;
    let page = item::judged(&mut conn, &TENANT.parse().unwrap(), span, Some(&last), 10).await.unwrap();
    assert_eq!(page.len(), 10);
    let read = rows_read(&mut conn).await - before;
    assert!(read < 1_000, "{read} rows for {} clocks", page.len());
}
