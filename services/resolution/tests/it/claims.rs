//! How remedies that are due are found: by the next one, when something begins, and seldom by looking.

use std::time::Duration;

use redress_outbox::Wake;
use redress_proto::resolution::v1::RemedyState;
use redress_proto::types::v1::ComplaintState as State;
use redress_resolution::app::remedy::dispatch::Dispatch;
use redress_resolution::app::remedy::executor::Executor;
use redress_resolution::store::remedy;
use redress_testkit::wait_until;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::money_executor::Mood;
use crate::money_steps::Till;

/// Rows of the list of work that a look for what is due reads.
async fn rows_read(till: &Till) -> i64 {
    const READ: &str = "SELECT pg_stat_get_xact_tuples_returned(c) + pg_stat_get_xact_tuples_fetched(c)
                        FROM (SELECT 'remedy_work'::regclass::oid AS c) AS t";
    let mut tx = till.bench.db.pool().begin().await.unwrap();
    // A table so small would be read whole.
    sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await.unwrap();
    let before: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    let term = Duration::from_secs(1);
    let look = remedy::claim(&mut tx, Uuid::nil(), till.bench.now(), term, 16, true).await.unwrap();
    assert!(look.claimed.is_empty() && !look.more);
    remedy::next_due(&mut tx).await.unwrap();
    let after: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    after - before
}

/// So many more errands of every case, `days` later.
async fn many(till: &Till, days: i32) {
    sqlx::query(
        "INSERT INTO remedy_work (tenant, complaint_id, remedy_id, errand, due_at)
         SELECT tenant, complaint_id, gen_random_uuid(), 'execute', due_at + make_interval(days => $1)
         FROM remedy_work, generate_series(1, 300) WHERE errand = 'execute'",
    )
    .bind(days)
    .execute(till.bench.db.pool())
    .await
    .unwrap();
}

const HELD: &str = "SELECT count(*) FROM remedy_work WHERE held";

#[tokio::test]
async fn what_may_not_begin_yet_is_read_once_and_comes_back_when_its_case_moves() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    till.bench.advance(id, State::Executing, State::UnderAppeal, "AppealFiled").await;
    many(&till, 0).await;
    assert_eq!(till.dispatch.pass().await.unwrap(), 0);
    assert_eq!(till.bench.count(HELD).await, 301);
    let read = rows_read(&till).await;
    assert!(read <= 2, "{read} rows");
    till.bench.advance(id, State::UnderAppeal, State::Executing, "AppealDecided").await;
    assert_eq!(till.bench.count(HELD).await, 0);
    while till.states(id).await[0].0 != RemedyState::Confirmed {
        assert!(till.dispatch.pass().await.unwrap() > 0);
    }
}

#[tokio::test]
async fn what_is_due_later_is_not_read() {
    let till = Till::new().await;
    till.bench.to_executing(1).await;
    many(&till, 1).await;
    assert_eq!(till.dispatch.pass().await.unwrap(), 1);
    let read = rows_read(&till).await;
    assert!(read <= 4, "{read} rows");
}

#[tokio::test]
async fn what_was_held_in_the_instant_in_which_its_case_moved_is_let_go_by_the_sweep() {
    let till = Till::new().await;
    let id = till.bench.to_executing(1).await;
    sqlx::query("UPDATE remedy_work SET held = true").execute(till.bench.db.pool()).await.unwrap();
    assert_eq!(till.dispatch.pass().await.unwrap(), 0);
    let stop = CancellationToken::new();
    let sweeping = till.dispatch.clone().sweeping_every(Duration::from_millis(50));
    let running = tokio::spawn(sweeping.run(stop.clone()));
    let paid = async || (till.states(id).await[0].0 == RemedyState::Confirmed).then_some(());
    wait_until("it is paid", Duration::from_mins(1), paid).await;
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_begins_is_carried_out_at_once_and_not_at_the_next_sweep() {
    let till = Till::new().await;
    let begun = Wake::default();
    let wake = Wake::default().and(&begun);
    let never = Duration::from_hours(24);
    let dispatch = Dispatch::new(till.bench.commands.desk.clone(), Some(till.payments.client()), "woken");
    let stop = CancellationToken::new();
    let running = tokio::spawn(dispatch.woken_by(begun).sweeping_every(never).run(stop.clone()));
    let id = till.bench.to_executing(1).await;
    // As the kit does after the commit of a batch.
    wake.wake();
    let paid = async || (till.states(id).await[0].0 == RemedyState::Confirmed).then_some(());
    wait_until("it is paid", Duration::from_mins(1), paid).await;
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_that_is_long_in_coming_holds_up_nobody_else() {
    let till = Till::new().await;
    let begun = Wake::default();
    let wake = Wake::default().and(&begun);
    // Longer than anybody here waits.
    let patient = Executor::new(till.payments.url.parse().unwrap(), Duration::from_mins(10));
    let dispatch = Dispatch::new(till.bench.commands.desk.clone(), Some(patient), "beside").woken_by(begun);
    let stop = CancellationToken::new();
    let running = tokio::spawn(dispatch.run_beside(stop.clone()));
    till.payments.will([Mood::Hangs]);
    let held_up = till.bench.to_executing(1).await;
    wake.wake();
    let asked = async || (till.payments.moved().len() == 1).then_some(());
    wait_until("the first is asked for", Duration::from_mins(1), asked).await;
    let other = till.bench.to_executing(2).await;
    wake.wake();
    let paid = async || (till.states(other).await[0].0 == RemedyState::Confirmed).then_some(());
    wait_until("the other is paid", Duration::from_mins(1), paid).await;
    assert_ne!(till.states(held_up).await[0].0, RemedyState::Confirmed);
    running.abort();
}
