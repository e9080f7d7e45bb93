//! Clocks are a function of what was heard: all topics read again from their beginning, by a service that knows nothing,
//! give the same ones.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::notification::v1 as notification;
use redress_proto::types::v1 as types;
use redress_sla::topics::{INVESTIGATION, LIFECYCLE, NOTICES};
use redress_testkit::{EventStream, Told, wait_until};
use uuid::Uuid;

use crate::load::now;
use crate::world::{SOON, TENANT, World};

const CASES: u128 = 48;

/// A case with all that moves its clocks, on three topics.
struct Case {
    start: Timestamp,
    streams: [EventStream; 3],
}

impl Case {
    fn new(n: u128, start: Timestamp) -> Self {
        let id = Uuid::from_u128(0x5E71_A000 + n);
        Self {
            start,
            streams: [LIFECYCLE, INVESTIGATION, NOTICES].map(|topic| EventStream::new(topic, TENANT, id)),
        }
    }

    fn tell<M: Message + Name>(&mut self, stream: usize, minutes: i64, message: &M) {
        self.streams[stream].tell(self.start + SignedDuration::from_mins(minutes), message);
    }

    /// One of every sort, in turn: what is done in time, late, or never; what stands still meanwhile; what is over.
    fn of_sort(n: u128, start: Timestamp) -> Self {
        const HOUR: i64 = 60;
        let mut case = Self::new(n, start);
        let submission = types::Submission { channel: types::Channel::App.into(), ..Default::default() };
        let registered = intake::ComplaintRegistered {
            received_at: Some(to_wire_time(start)),
            acknowledge_by: Some(to_wire_time(start + SignedDuration::from_hours(1))),
            submission: Some(submission),
            ..Default::default()
        };
        case.tell(0, 0, &registered);
        let sort = n % 6;
        if sort == 0 {
            case.tell(0, 30, &intake::ComplaintWithdrawn::default());
            return case;
        }
        let kind = notification::NoticeKind::N01Receipt.into();
        let late = if sort == 1 { 3 * HOUR } else { 1 };
        case.tell(2, late, &notification::NoticeSent { kind, ..Default::default() });
        if sort == 2 {
            return case;
        }
        case.tell(0, 5 * HOUR, &intake::ComplaintAccepted::default());
        let request_id = Uuid::from_u128(0xE0 + n).to_string();
        let asked = investigation::EvidenceRequested {
            request_id: request_id.clone(),
            party: types::AwaitedParty::Respondent.into(),
            due_at: Some(to_wire_time(start + SignedDuration::from_hours(54))),
            ..Default::default()
        };
        case.tell(1, 6 * HOUR, &asked);
        let test_id = Uuid::from_u128(0x7E57 + n).to_string();
        case.tell(
            1,
            7 * HOUR,
            &investigation::TestOrdered { test_id: test_id.clone(), ..Default::default() },
        );
        let submitted = investigation::EvidenceSubmitted {
            evidence_id: Uuid::from_u128(7).to_string(),
            request_id,
            request_settled: true,
            party: types::AwaitedParty::Respondent.into(),
            ..Default::default()
        };
        match sort {
            3 => case.tell(1, 50 * HOUR, &submitted),
            4 => case.tell(1, 70 * HOUR, &submitted),
            _ => {}
        }
        case.tell(1, 90 * HOUR, &investigation::TestReported { test_id, ..Default::default() });
        case
    }

    /// Recorded when it happened, as the services record it.
    fn events(self) -> Vec<Told> {
        let mut events: Vec<Told> = self.streams.into_iter().flat_map(|stream| stream.events).collect();
        for told in &mut events {
            told.meta.recorded_at = Some(told.meta.occurred_at);
        }
        events
    }
}

/// All that is kept of clocks, but for how often one was set anew, which shares were warned of one by one, and for when:
/// that depends on when what was heard. A share of which somebody was warned keeps its instant, also if a pause that is
/// read later moves it.
async fn clocks(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT concat_ws(' ', tenant, complaint_id, clock_id, definition, subject_id, state, reason, started_at, due_at,
                          breach_at, calendar_id, calendar_version, told - 'generation' - 'thresholds' - 'next_at',
                          (SELECT json_agg((t ->> 'percent') || ' ' || (t ->> 'at'))
                           FROM jsonb_array_elements(told -> 'thresholds') AS t WHERE t ->> 'mark' = 'waiting'))
         FROM clock WHERE reason <> 'superseded' ORDER BY tenant, clock_id",
    )
    .fetch_all(&world.database)
    .await
    .unwrap()
}

/// Serves until everything was heard and everything due was told; what is kept then.
async fn served(world: &World, events: i64) -> Vec<String> {
    let sla = world.serve(0, &[]).await;
    wait_until("all is heard and told", SOON, async || {
        let open: (i64, i64) = sqlx::query_as(
            "SELECT (SELECT coalesce(sum(next_offset), 0)::bigint FROM progress),
                    (SELECT count(*) FROM clock WHERE warn_at <= now() OR breach_at <= now())",
        )
        .fetch_one(&world.database)
        .await
        .ok()?;
        (open == (events, 0)).then_some(())
    })
    .await;
    assert!(sla.terminate(Duration::from_secs(30)).await.unwrap().success());
    assert_eq!(world.parked().await, 0);
    clocks(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_topics_read_again_into_an_empty_database_give_the_same_clocks_row_for_row() {
    let world = World::shared().await;
    // Half of them months ago, so that all is over or breached; half a few minutes ago, so that all runs.
    let (long_ago, just_now) =
        ("2026-03-02T02:00:00Z".parse().unwrap(), now() - SignedDuration::from_mins(5));
    let cases = (0..CASES).map(|n| Case::of_sort(n, if n < CASES / 2 { long_ago } else { just_now }));
    let mut events: Vec<Told> = cases.flat_map(Case::events).collect();
    // Of the recent ones only what has happened.
    events.retain(|told| told.meta.occurred_at <= now());
    let pending: Vec<_> =
        events.iter().map(|told| world.producer.enqueue(&told.outgoing()).unwrap()).collect();
    for pending in pending {
        pending.outcome().await.unwrap();
    }
    let count = i64::try_from(events.len()).unwrap();

    let first = served(&world, count).await;
    for state in ["running", "met", "cancelled", "breached"] {
        let padded = format!(" {state} ");
        assert!(first.iter().any(|line| line.contains(&padded)), "some are {state}");
    }
    let other = World::beside(&world).await;
    let second = served(&other, count).await;
    let only = |one: &[String], other: &[String]| {
        one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(&first, &second), only(&second, &first));
    assert_eq!(first.len(), second.len());
    other.end().await;
    world.end().await;
}
