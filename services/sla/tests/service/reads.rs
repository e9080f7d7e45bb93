//! What is asked often reads about as many rows as it answers, however many clocks there are: the server counts what each
//! question has read in its own transaction.

use jiff::SignedDuration;
use jiff_sqlx::ToSqlx as _;
use redress_outbox::HandlerError;
use redress_sla::app::ship::ship;
use redress_sla::store::listed::{self, Conditions};
use redress_sla::store::{due_soon, fact, outdated};
use sqlx::postgres::PgConnection;

use crate::bench::{Bench, TENANT, in_seconds};
use crate::course::Case;
use crate::shipped::release_with_day_off;

/// Clocks of each of two tenants.
const CLOCKS: i64 = 15_000;
const PAGE: i64 = 50;

/// Many clocks of two tenants: few run, most are over, and every definition and state has some.
async fn crowded() -> Bench {
    let bench = Bench::new().await;
    let case = Case::new(1).registered(in_seconds(-60));
    case.heard(&bench).await;
    sqlx::query(
        "INSERT INTO clock (tenant, clock_id, complaint_id, definition, subject_id, state, reason, started_at, due_at,
                            warn_at, breach_at, calendar_id, calendar_version, told, policy_version, notice_owed_at)
         SELECT t.tenant, gen_random_uuid(), gen_random_uuid(), 'C' || lpad((n % 35 + 1)::text, 2, '0'), '', s.state, '',
                now(), s.due, NULL, CASE s.state WHEN 'running' THEN s.due END, 'cn-office', 1, c.told, 1,
                CASE WHEN n % 100 = 0 THEN now() END
         FROM (SELECT told FROM clock WHERE definition = 'C13') AS c, unnest($1::text[]) AS t(tenant),
              generate_series(1, $2) AS n,
              LATERAL (SELECT CASE WHEN n % 50 = 0 THEN 'running' WHEN n % 51 = 0 THEN 'breached' WHEN n % 52 = 0 THEN 'lapsed'
                                   WHEN n % 53 = 0 THEN 'paused' WHEN n % 3 = 0 THEN 'cancelled' ELSE 'met' END AS state,
                              CASE WHEN n % 53 <> 0 THEN now() + (n - 5000) * interval '1 minute' END AS due) AS s",
    )
    .bind([TENANT, "tenant-b"].map(str::to_owned).to_vec())
    .bind(CLOCKS)
    .execute(bench.db.pool())
    .await
    .unwrap();
    sqlx::query("ANALYZE clock").execute(bench.db.pool()).await.unwrap();
    bench
}

/// What a question has read of a table: by going through it, and by an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    through: i64,
    by_index: i64,
}

async fn read_so_far(conn: &mut PgConnection, table: &str) -> Read {
    let (through, by_index) =
        sqlx::query_as("SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = $1")
            .bind(table)
            .fetch_one(conn)
            .await
            .unwrap();
    Read { through, by_index }
}

/// Asserts that `question` reads no more than `most` rows of `table`, by an index.
async fn reads_at_most<T>(
    bench: &Bench,
    table: &str,
    most: i64,
    what: &str,
    question: impl AsyncFnOnce(&mut PgConnection) -> T,
) -> T {
    let mut tx = bench.db.pool().begin().await.unwrap();
    let before = read_so_far(&mut tx, table).await;
    let answer = question(&mut *tx).await;
    let after = read_so_far(&mut tx, table).await;
    let (through, by_index) = (after.through - before.through, after.by_index - before.by_index);
    assert!(
        through == 0 && by_index <= most,
        "{what}: {through} rows by going through, {by_index} by an index"
    );
    answer
}

#[tokio::test]
async fn a_page_of_clocks_reads_a_page_for_each_state_and_no_more() {
    let bench = crowded().await;
    let tenant = TENANT.parse().unwrap();
    let any = Conditions::default;
    let definition = || Some("C13".to_owned());
    let now = in_seconds(0);
    let questions = [
        ("all", 6, any()),
        ("of a state", 1, Conditions { state: Some("breached"), ..any() }),
        ("of the rarest state", 1, Conditions { state: Some("paused"), ..any() }),
        ("of a definition", 6, Conditions { definition: definition(), ..any() }),
        ("of both", 1, Conditions { definition: definition(), state: Some("running"), ..any() }),
        ("of a span", 6, Conditions { due_from: Some(now), due_until: Some(in_seconds(864_000)), ..any() }),
        (
            "of a definition in a span",
            6,
            Conditions { definition: definition(), due_from: Some(now), ..any() },
        ),
        ("of which word is owed", 6, Conditions { notice_owed: true, ..any() }),
    ];
    for (what, states, asked) in questions {
        let found = reads_at_most(&bench, "clock", states * PAGE, what, async |conn| {
            listed::page(conn, &tenant, &asked, None, PAGE).await.unwrap()
        })
        .await;
        assert!(!found.is_empty(), "{what}");
        // A page that begins somewhere in the middle.
        let place = Some((in_seconds(3_600), uuid::Uuid::from_u128(u128::MAX / 2)));
        reads_at_most(&bench, "clock", states * PAGE, what, async |conn| {
            listed::page(conn, &tenant, &asked, place, PAGE).await.unwrap()
        })
        .await;
    }
    let of_complaint = Conditions { complaint: Some(Case::new(1).id), ..any() };
    reads_at_most(&bench, "clock", 100, "of a complaint", async |conn| {
        listed::page(conn, &tenant, &of_complaint, None, PAGE).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_watcher_reads_what_it_was_told_and_what_it_is_told_now() {
    let bench = crowded().await;
    let tenant = TENANT.parse().unwrap();
    let until = in_seconds(0) + SignedDuration::from_hours(24 * 7);
    let all: Vec<(uuid::Uuid, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "SELECT clock_id, due_at FROM clock WHERE tenant = $1 AND state = 'running' AND due_at BETWEEN now() AND $2
         ORDER BY due_at, clock_id LIMIT 40",
    )
    .bind(TENANT)
    .bind(until.to_sqlx())
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(all.len(), 40);
    let (ids, dues): (Vec<_>, Vec<_>) = all.into_iter().map(|(id, due)| (id, due.to_jiff())).unzip();
    let nobody: [String; 0] = [];
    let found = reads_at_most(&bench, "clock", 40 + 10, "of all", async |conn| {
        due_soon::untold(conn, &tenant, until, &nobody, (&ids, &dues), 10).await.unwrap()
    })
    .await;
    assert_eq!(found.len(), 10);
    let two = ["C13".to_owned(), "C20".to_owned()];
    reads_at_most(&bench, "clock", 40 + 2 * 10, "of two definitions", async |conn| {
        due_soon::untold(conn, &tenant, until, &two, (&ids, &dues), 10).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn what_is_to_be_computed_anew_is_found_without_going_through_the_rest() {
    let bench = crowded().await;
    let ask = async |most, what: &str| {
        reads_at_most(&bench, "clock", most, what, async |conn| outdated::some(conn, 50).await.unwrap()).await
    };
    assert_eq!(ask(10, "nothing").await, None);
    ship(&bench.db, release_with_day_off("2026-03-17")).await.unwrap();
    let found = ask(60, "some").await.unwrap();
    // So many clocks, of which the one case that is real has some.
    assert!((40..=50).contains(&found.complaints.len()), "{}", found.complaints.len());
    sqlx::query("UPDATE clock SET calendar_version = 2").execute(bench.db.pool()).await.unwrap();
    sqlx::query("VACUUM ANALYZE clock").execute(bench.db.pool()).await.unwrap();
    assert_eq!(ask(10, "nothing any more").await, None);
}

#[tokio::test]
async fn a_complaint_of_which_too_much_is_heard_is_parked_and_no_other() {
    let bench = Bench::new().await;
    let (crowd, other) = (Case::new(1).registered(in_seconds(-60)), Case::new(2).registered(in_seconds(-60)));
    crowd.heard(&bench).await;
    sqlx::query(
        "INSERT INTO heard (tenant, complaint_id, topic, version, at, event, fields)
         SELECT $1, $2, 'redress.notification.notices.v1', n, now(), 'NoticeDelivered', '{}'
         FROM generate_series(1, $3) AS n",
    )
    .bind(TENANT)
    .bind(crowd.id)
    .bind(i64::try_from(fact::MOST).unwrap() - 2)
    .execute(bench.db.pool())
    .await
    .unwrap();
    let crowd = crowd.accepted(in_seconds(-50)).withdrawn(in_seconds(-40));
    bench.hear(&crowd.lifecycle.events[1..2]).await;
    let refused = bench.try_hear(&crowd.lifecycle.events[2..]).await.unwrap_err();
    assert!(matches!(&refused, HandlerError::Poison(why) if why.contains("facts")), "{refused:?}");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM heard WHERE complaint_id = $1")
        .bind(crowd.id)
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(usize::try_from(kept).unwrap(), fact::MOST, "of what was refused nothing is kept");
    other.heard(&bench).await;
    assert!(bench.clock_of_case("C13", 2).await.is_some());
}
