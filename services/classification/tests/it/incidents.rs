use std::collections::BTreeMap;

use jiff::SignedDuration;
use redress_classification::app::incidents::{confirm, dissolve, get, list};
use redress_domain::ErrorKind;
use redress_outbox::HandlerError;
use redress_proto::classification::v1 as wire;
use redress_proto::types::v1::Category;
use redress_testkit::{Statements, wait_until};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::bench::{Bench, NOON, Told, from_room, supervisor, told};

const LEATHER: &str = "主播在直播间说这个包是头层牛皮,收到一看是人造革,这是虚假宣传,我要退货退款。";
const PARCEL: &str = "下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。";

fn from(n: u128, text: &str, room: &str, second: i64) -> Told {
    Told {
        submission: from_room(text, room, &format!("TEST-{n:05}")),
        after: SignedDuration::from_secs(second),
        ..told(n, "")
    }
}

/// Applies complaints `from..to` of one room and matter, in batches.
async fn crowd(bench: &Bench, numbers: std::ops::Range<u128>, second: i64) {
    let mut batch = Vec::new();
    for n in numbers {
        batch.push(bench.registered(from(n, LEATHER, "room-1", second)).await);
    }
    for part in batch.chunks(50) {
        bench.apply(part).await.unwrap();
    }
}

async fn all(bench: &Bench) -> Vec<wire::Incident> {
    let request = wire::ListIncidentsRequest::default();
    list(&bench.desk, &supervisor(), &request).await.unwrap().incidents
}

async fn members(bench: &Bench, incident: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let request = wire::GetIncidentRequest {
            incident_id: incident.into(),
            member_page_size: 7,
            member_page_token: token,
        };
        let page = get(&bench.desk, &supervisor(), &request).await.unwrap();
        found.extend(page.member_complaint_ids);
        token = page.next_member_page_token;
        if token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn a_crowd_from_one_room_about_one_matter_is_an_incident_that_explains_itself() {
    let bench = Bench::new().await;
    crowd(&bench, 1..31, 0).await;
    let found = all(&bench).await;
    assert_eq!(found.len(), 1);
    let incident = &found[0];
    assert_eq!(incident.dimension(), wire::IncidentDimension::LiveRoom);
    assert_eq!(incident.state(), wire::IncidentState::Suspected);
    assert_eq!((incident.subject.as_str(), incident.category()), ("room-1", Category::Cq07));
    assert_eq!(incident.members, 30);
    let evidence = incident.evidence.as_ref().unwrap();
    assert_eq!((evidence.window_count, evidence.window_seconds), (20, 300));
    assert!(evidence.ratio >= 5.0 && evidence.baseline < 1.0, "{evidence:?}");
    assert!(evidence.common_terms.iter().any(|term| term == "虚假宣传"), "{evidence:?}");
    let linked = members(&bench, &incident.incident_id).await;
    assert_eq!(linked, (1..31).map(|n| Uuid::from_u128(n).to_string()).collect::<Vec<_>>());

    let id: Uuid = incident.incident_id.parse().unwrap();
    let events: Vec<(i64, String)> =
        bench.published().await.into_iter().filter(|e| e.0 == id).map(|e| (e.1, e.2)).collect();
    assert_eq!(events[0].1, "redress.classification.v1.IncidentSuspected");
    assert!(events[1..].iter().all(|e| e.1 == "redress.classification.v1.IncidentMemberAdded"));
    assert_eq!(events.iter().map(|e| e.0).collect::<Vec<_>>(), (1..=31).collect::<Vec<_>>());
    assert_eq!(i64::from(incident.version), 31);
}

#[tokio::test]
async fn an_incident_of_a_busy_subject_takes_up_its_whole_window() {
    let bench = Bench::new().await;
    crowd(&bench, 1..2, -3_600).await;
    // A subject that draws some 32 complaints in such a window: only many more are news.
    bench.run("UPDATE subject_rate SET baseline = 6.5").await;
    crowd(&bench, 1_000..1_300, 0).await;
    let found = all(&bench).await;
    assert_eq!(found.len(), 1, "what one subject explains is no incident of another: {found:?}");
    let evidence = found[0].evidence.as_ref().unwrap();
    assert!(evidence.window_count > 100, "{evidence:?}");
    assert_eq!(found[0].members, 300, "all of the window, and all that came later");
    let counted: Vec<i64> =
        sqlx::query_scalar("SELECT (SELECT sum(n) FROM unnest(recent) n)::bigint FROM subject_rate")
            .fetch_all(bench.db.pool())
            .await
            .unwrap();
    assert!(counted.iter().all(|&count| count == 0), "what is explained is counted nowhere: {counted:?}");
}

#[tokio::test]
async fn another_matter_of_the_same_room_and_the_same_matter_elsewhere_stay_out() {
    let bench = Bench::new().await;
    crowd(&bench, 1..25, 0).await;
    bench.assessed(from(100, PARCEL, "room-1", 1)).await;
    let mut elsewhere = from(101, PARCEL, "room-2", 1);
    elsewhere.submission.respondents.clear();
    bench.assessed(elsewhere).await;
    let found = all(&bench).await;
    assert_eq!((found.len(), found[0].members), (1, 24));
}

#[tokio::test]
async fn a_few_complaints_are_no_incident() {
    let bench = Bench::new().await;
    crowd(&bench, 1..20, 0).await;
    assert_eq!(all(&bench).await, []);
    // The twentieth comes when the window has passed.
    crowd(&bench, 20..21, 600).await;
    assert_eq!(all(&bench).await, []);
}

#[tokio::test]
async fn so_many_members_confirm_it_without_a_person() {
    let bench = Bench::new().await;
    bench.assessed(from(1_000, PARCEL, "room-9", -86_400)).await;
    crowd(&bench, 1..230, 0).await;
    let found = all(&bench).await;
    assert_eq!((found.len(), found[0].members), (1, 229));
    assert_eq!((found[0].state(), found[0].decided_by.as_str()), (wire::IncidentState::Confirmed, ""));
    let confirmed = bench.published().await.into_iter().filter(|e| e.2.ends_with(".IncidentConfirmed"));
    assert_eq!(confirmed.count(), 1);
}

#[tokio::test]
async fn a_person_confirms_and_dissolves_and_the_same_numbers_make_no_next_one() {
    let bench = Bench::new().await;
    crowd(&bench, 1..25, 0).await;
    let id = all(&bench).await[0].incident_id.clone();
    let confirmation = |request_id: &str, expected_version| wire::ConfirmIncidentRequest {
        request_id: request_id.into(),
        incident_id: id.clone(),
        expected_version,
    };
    let outdated = confirm(&bench.desk, &supervisor(), confirmation("r0", 1)).await.unwrap_err();
    assert_eq!(outdated.into_problem().reason, "VERSION_MISMATCH");
    for _ in 0..2 {
        let confirmed = confirm(&bench.desk, &supervisor(), confirmation("r1", 25)).await.unwrap();
        assert_eq!(confirmed.state(), wire::IncidentState::Confirmed);
        assert_eq!((confirmed.version, confirmed.decided_by.as_str()), (26, "supervisor-1"));
    }
    let again = confirm(&bench.desk, &supervisor(), confirmation("r2", 0)).await.unwrap_err().into_problem();
    assert_eq!((again.kind, again.reason), (ErrorKind::FailedPrecondition, "WRONG_STATE"));
    crowd(&bench, 25..30, 1).await;
    assert_eq!(all(&bench).await[0].members, 29, "a confirmed one takes members up");

    let dissolution = |reason: &str| wire::DissolveIncidentRequest {
        request_id: "r3".into(),
        incident_id: id.clone(),
        expected_version: 0,
        reason: reason.into(),
    };
    let unfit = dissolve(&bench.desk, &supervisor(), dissolution("Not a code!")).await.unwrap_err();
    assert_eq!(unfit.into_problem().violations[0].field, "reason");
    let before = bench.count("SELECT count(*) FROM subject_rate WHERE baseline > 1").await;
    let dissolved = dissolve(&bench.desk, &supervisor(), dissolution("campaign_day")).await.unwrap();
    assert_eq!(dissolved.state(), wire::IncidentState::Dissolved);
    assert_eq!(dissolved.reason, "campaign_day");
    assert!(bench.count("SELECT count(*) FROM subject_rate WHERE baseline > 1").await > before);
    crowd(&bench, 100..125, 2).await;
    let found = all(&bench).await;
    let of_room: Vec<_> =
        found.iter().filter(|i| i.dimension() == wire::IncidentDimension::LiveRoom).collect();
    assert_eq!(of_room.len(), 1, "{of_room:?}");
    assert_eq!(of_room[0].members, 29, "a dissolved one takes nobody up");
}

#[tokio::test]
async fn an_incident_that_a_person_calls_over_makes_nothing_ordinary() {
    let bench = Bench::new().await;
    crowd(&bench, 1..25, 0).await;
    let request = wire::DissolveIncidentRequest {
        request_id: "r1".into(),
        incident_id: all(&bench).await[0].incident_id.clone(),
        expected_version: 0,
        reason: "over".into(),
    };
    dissolve(&bench.desk, &supervisor(), request).await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM subject_rate WHERE baseline > 1").await, 0);
}

#[tokio::test]
async fn incidents_are_listed_page_by_page_and_by_state() {
    let bench = Bench::new().await;
    for room in 0..3_u128 {
        let mut batch = Vec::new();
        for n in 0..20 {
            let mut one = from(1_000 * room + n + 1, LEATHER, &format!("room-{room}"), 60);
            one.submission.respondents.clear();
            one.submission.order = None;
            one.submission.live.as_mut().unwrap().anchor_id.clear();
            batch.push(bench.registered(one).await);
        }
        bench.apply(&batch).await.unwrap();
    }
    let page = |token: String, state: wire::IncidentState| {
        let request = wire::ListIncidentsRequest { state: state.into(), page_size: 2, page_token: token };
        let desk = bench.desk.clone();
        async move { list(&desk, &supervisor(), &request).await }
    };
    let first = page(String::new(), wire::IncidentState::Suspected).await.unwrap();
    assert_eq!(first.incidents.len(), 2);
    let second = page(first.next_page_token.clone(), wire::IncidentState::Suspected).await.unwrap();
    assert_eq!((second.incidents.len(), second.next_page_token.as_str()), (1, ""));
    assert!(page(first.next_page_token, wire::IncidentState::Confirmed).await.is_err());
    let none = page(String::new(), wire::IncidentState::Dissolved).await.unwrap();
    assert_eq!(none.incidents, []);
}

/// What the database does for the next fifty of the crowd: statements that it is asked, and rows that it reads for them by
/// table.
async fn cost(bench: &Bench, from: u128) -> (usize, BTreeMap<String, i64>) {
    let mut batch = Vec::new();
    for n in from..from + 50 {
        batch.push(bench.registered(self::from(n, LEATHER, "room-1", 1)).await);
    }
    let mut tx = bench.db.pool().begin().await.unwrap();
    let before = rows_read(&mut tx).await;
    let statements = Statements::default();
    statements.over(bench.apply_in(&mut tx, &batch)).await.unwrap();
    let mut read = rows_read(&mut tx).await;
    tx.commit().await.unwrap();
    for (table, rows) in &mut read {
        *rows -= before.get(table).copied().unwrap_or_default();
    }
    (statements.all(), read)
}

/// Rows that this connection has read of each table since its last report, whether by a scan or by an index.
async fn rows_read(conn: &mut PgConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT relname::text, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
               FROM pg_stat_xact_user_tables";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(conn).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_crowd_costs_the_same_per_complaint_however_large_it_is() {
    let bench = Bench::new().await;
    crowd(&bench, 1..1_001, 0).await;
    // What a batch reads and locks: a rate per subject, and the incident; both stay as they are while members come.
    let rates = bench.count("SELECT count(*) FROM subject_rate").await;
    let size = bench.count("SELECT max(pg_column_size(r.*))::bigint FROM subject_rate r").await;
    let incident = bench.count("SELECT max(pg_column_size(i.*))::bigint FROM incident i").await;
    let (statements, read) = cost(&bench, 1_001).await;
    assert!(statements > 0 && read["subject_rate"] > 0, "{statements} statements read {read:?}");
    crowd(&bench, 2_000..4_000, 1).await;
    assert_eq!(bench.count("SELECT count(*) FROM subject_rate").await, rates);
    assert_eq!(bench.count("SELECT max(pg_column_size(r.*))::bigint FROM subject_rate r").await, size);
    assert_eq!(bench.count("SELECT max(pg_column_size(i.*))::bigint FROM incident i").await, incident);
    let late = cost(&bench, 4_000).await;
    assert_eq!(late.0, statements, "no statement per member");
    for (table, rows) in &late.1 {
        let before = read.get(table).copied().unwrap_or_default();
        let most = before + before / 10 + 10;
        assert!(*rows <= most, "{rows} rows of {table} where {before} were read for a third of the members");
    }
    assert_eq!(all(&bench).await[0].members, 3_100);
    assert_eq!(bench.count("SELECT count(*) FROM incident").await, 1);
}

#[tokio::test]
async fn in_the_first_day_of_a_tenant_a_person_confirms_and_no_number_does() {
    let bench = Bench::new().await;
    bench.assessed(from(1_000, PARCEL, "room-9", -86_000)).await;
    crowd(&bench, 1..230, 0).await;
    let found = all(&bench).await;
    assert_eq!((found.len(), found[0].members), (1, 229));
    assert_eq!(found[0].state(), wire::IncidentState::Suspected);
}

#[tokio::test]
async fn an_incident_that_nobody_joins_any_more_ends_by_itself() {
    let bench = Bench::new().await;
    crowd(&bench, 1..25, 0).await;
    crowd(&bench, 25..30, 60).await;
    let noon: jiff::Timestamp = NOON.parse().unwrap();
    let minutes = |minutes| noon + SignedDuration::from_mins(minutes);
    assert_eq!(bench.ending().until(minutes(122)).await.unwrap(), 0, "its last member is a minute younger");
    bench.clock.advance(SignedDuration::from_hours(99));
    assert_eq!(bench.ending().round().await.unwrap(), 0, "what the log still holds is not known");
    assert_eq!(bench.ending().until(minutes(124)).await.unwrap(), 1);
    let found = all(&bench).await;
    let incident = &found[0];
    assert_eq!((incident.state(), incident.reason.as_str()), (wire::IncidentState::Dissolved, "quiet"));
    assert_eq!((incident.version, incident.decided_by.as_str()), (31, ""));
    let last =
        bench.published().await.into_iter().rfind(|e| e.0.to_string() == incident.incident_id).unwrap();
    assert_eq!((last.1, last.2.as_str()), (31, "redress.classification.v1.IncidentDissolved"));
    assert_eq!(bench.ending().until(minutes(9_999)).await.unwrap(), 0, "once");
    let raised = bench.count("SELECT count(*) FROM subject_rate WHERE baseline > 0.1").await;
    assert_eq!(raised, 0, "only a person says that such numbers are ordinary");
}

#[tokio::test]
async fn a_confirmed_incident_is_handled_after_a_quiet_day() {
    let bench = Bench::new().await;
    crowd(&bench, 1..25, 0).await;
    let request = wire::ConfirmIncidentRequest {
        request_id: "r1".into(),
        incident_id: all(&bench).await[0].incident_id.clone(),
        expected_version: 0,
    };
    confirm(&bench.desk, &supervisor(), request).await.unwrap();
    let noon: jiff::Timestamp = NOON.parse().unwrap();
    let after = |hours| noon + SignedDuration::from_hours(hours);
    assert_eq!(bench.ending().until(after(24)).await.unwrap(), 0);
    assert_eq!(bench.ending().until(after(25)).await.unwrap(), 1);
    assert_eq!(all(&bench).await[0].state(), wire::IncidentState::Handled);
    let handled = bench.published().await.into_iter().filter(|e| e.2.ends_with(".IncidentHandled")).count();
    assert_eq!(handled, 1);
}

#[tokio::test]
async fn a_complaint_that_comes_late_counts_for_the_time_when_it_was_received() {
    let bench = Bench::new().await;
    crowd(&bench, 1..10, 0).await;
    crowd(&bench, 10..25, 90).await;
    // Of an hour before the incident.
    crowd(&bench, 100..105, -3_600).await;
    assert_eq!(all(&bench).await[0].members, 24);
    let joined: Vec<i64> = sqlx::query_scalar(
        "SELECT count(*) FROM incident_member m JOIN complaint c USING (tenant, complaint_id)
         WHERE m.joined_at <> c.received_at",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(joined, [0]);
    let known = bench.count("SELECT count(*) FROM subject_rate WHERE baseline > 0").await;
    assert!(known > 0, "they are part of what is ordinary");
}

#[tokio::test]
async fn of_two_batches_that_meet_at_a_member_the_second_reads_again() {
    let bench = Bench::new().await;
    let of = |n: u128, room: &str, shop: bool| {
        let mut one = from(n, LEATHER, room, 0);
        one.submission.order = None;
        one.submission.live.as_mut().unwrap().anchor_id.clear();
        if !shop {
            one.submission.respondents.clear();
        }
        if room.is_empty() {
            one.submission.live = None;
        }
        one
    };
    let mut batch = Vec::new();
    for n in 1..20 {
        batch.push(bench.registered(of(n, "room-1", true)).await);
    }
    bench.apply(&batch).await.unwrap();
    let of_room = bench.registered(of(20, "room-1", false)).await;
    let of_shop = [bench.registered(of(21, "", true)).await];
    let mut tx = bench.db.pool().begin().await.unwrap();
    bench.apply_in(&mut tx, &[of_room]).await.unwrap();
    let meeting = async {
        wait_until("the second waits for the first", std::time::Duration::from_secs(30), async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (bench.count(waiting).await > 0).then_some(())
        })
        .await;
        tx.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(bench.apply(&of_shop), meeting);
    assert!(matches!(second, Err(HandlerError::Conflict(_))), "{second:?}");
    bench.apply(&of_shop).await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM incident_member").await, 21);
    assert_eq!(bench.count("SELECT count(DISTINCT complaint_id) FROM incident_member").await, 21);
}
