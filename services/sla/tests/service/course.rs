//! Clocks as the events of the other services move them.

use jiff::Timestamp;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::notification::v1 as notification;
use redress_proto::types::v1 as types;
use redress_sla::topics::{INVESTIGATION, LIFECYCLE, NOTICES};
use redress_testkit::EventStream;
use uuid::Uuid;

use crate::bench::{Bench, TENANT};

/// A complaint, the three streams that tell of it.
pub(crate) struct Case {
    pub(crate) id: Uuid,
    pub(crate) lifecycle: EventStream,
    pub(crate) investigation: EventStream,
    pub(crate) notices: EventStream,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Case {
    pub(crate) fn new(n: u128) -> Self {
        Self::of(TENANT, n)
    }

    pub(crate) fn of(tenant: &'static str, n: u128) -> Self {
        let id = Uuid::from_u128(0x9000_0000 + n);
        let stream = |topic| EventStream::new(topic, tenant, id);
        Self {
            id,
            lifecycle: stream(LIFECYCLE),
            investigation: stream(INVESTIGATION),
            notices: stream(NOTICES),
        }
    }

    /// Registered by a consumer over the app, to be acknowledged within an hour.
    pub(crate) fn registered(self, when: Timestamp) -> Self {
        self.registered_until(when, when + jiff::SignedDuration::from_hours(1))
    }

    /// The same, to be acknowledged by an instant.
    pub(crate) fn registered_until(mut self, when: Timestamp, acknowledge_by: Timestamp) -> Self {
        let submission = types::Submission { channel: types::Channel::App.into(), ..Default::default() };
        let event = intake::ComplaintRegistered {
            received_at: Some(to_wire_time(when)),
            acknowledge_by: Some(to_wire_time(acknowledge_by)),
            submission: Some(submission),
            ..Default::default()
        };
        self.lifecycle.tell(when, &event);
        self
    }

    /// Assessed as urgent.
    pub(crate) fn urgent(mut self, when: Timestamp) -> Self {
        let event = intake::AdmissibilityReviewStarted { urgent: true, ..Default::default() };
        self.lifecycle.tell(when, &event);
        self
    }

    /// The complainant goes over the handler's head.
    pub(crate) fn over_the_head(mut self, when: Timestamp) -> Self {
        let event = intake::ComplaintEscalated { level: 1, reason: "over_the_head".into() };
        self.lifecycle.tell(when, &event);
        self
    }

    pub(crate) fn accepted(mut self, when: Timestamp) -> Self {
        self.lifecycle.tell(when, &intake::ComplaintAccepted::default());
        self
    }

    pub(crate) fn withdrawn(mut self, when: Timestamp) -> Self {
        self.lifecycle.tell(when, &intake::ComplaintWithdrawn::default());
        self
    }

    /// The respondent is asked for evidence by an instant.
    pub(crate) fn asked(mut self, when: Timestamp, request: Uuid, due: Timestamp) -> Self {
        let event = investigation::EvidenceRequested {
            request_id: request.to_string(),
            party: types::AwaitedParty::Respondent.into(),
            due_at: Some(to_wire_time(due)),
            ..Default::default()
        };
        self.investigation.tell(when, &event);
        self
    }

    /// And gives it.
    pub(crate) fn submitted(mut self, when: Timestamp, request: Uuid) -> Self {
        let event = investigation::EvidenceSubmitted {
            evidence_id: Uuid::from_u128(7).to_string(),
            request_id: request.to_string(),
            request_settled: true,
            party: types::AwaitedParty::Respondent.into(),
            ..Default::default()
        };
        self.investigation.tell(when, &event);
        self
    }

    pub(crate) fn test_ordered(mut self, when: Timestamp) -> Self {
        let test_id = Uuid::from_u128(77).to_string();
        self.investigation.tell(when, &investigation::TestOrdered { test_id, ..Default::default() });
        self
    }

    pub(crate) fn test_reported(mut self, when: Timestamp) -> Self {
        let test_id = Uuid::from_u128(77).to_string();
        self.investigation.tell(when, &investigation::TestReported { test_id, ..Default::default() });
        self
    }

    pub(crate) fn suspended(mut self, when: Timestamp) -> Self {
        self.lifecycle.tell(when, &intake::CaseSuspended::default());
        self
    }

    pub(crate) fn resumed(mut self, when: Timestamp) -> Self {
        self.lifecycle.tell(when, &intake::CaseResumed::default());
        self
    }

    /// The receipt goes out.
    pub(crate) fn acknowledged(mut self, when: Timestamp) -> Self {
        let kind = notification::NoticeKind::N01Receipt.into();
        self.notices.tell(when, &notification::NoticeSent { kind, ..Default::default() });
        self
    }

    pub(crate) async fn heard(&self, bench: &Bench) {
        for stream in [&self.lifecycle, &self.investigation, &self.notices] {
            bench.hear(&stream.events).await;
        }
    }
}

const REQUEST: Uuid = Uuid::from_u128(0xEE);

#[tokio::test]
async fn a_party_is_asked_for_evidence_by_an_announced_instant_and_gives_it_in_time() {
    let bench = Bench::new().await;
    let (asked, due) = (at("2026-03-09T02:00:00Z"), at("2026-03-11T02:00:00Z"));
    let case = Case::new(1).asked(asked, REQUEST, due);
    case.heard(&bench).await;
    assert_eq!(bench.published_of("C11").await, ["ClockStarted due 2026-03-11T02:00:00Z"]);
    let (_, state, stored) = bench.clock_of("C11").await;
    assert_eq!((state.as_str(), stored), ("running", Some(due)));

    // At the due instant is in time (D1), although it is heard long after it.
    let case = case.submitted(due, REQUEST);
    bench.hear(&case.investigation.events[1..]).await;
    assert_eq!(bench.published_of("C11").await[1..], ["ClockMet at 2026-03-11T02:00:00Z"]);
    assert_eq!(bench.clock_of("C11").await.1, "met");
}

#[tokio::test]
async fn a_test_pauses_the_clocks_that_honour_it_and_its_end_gives_them_a_new_deadline() {
    let bench = Bench::new().await;
    // Monday 10:00 in China. 15 working days for the result.
    let case = Case::new(2).registered(at("2026-03-02T02:00:00Z"));
    case.heard(&bench).await;
    assert_eq!(bench.published_of("C13").await, ["ClockStarted due 2026-03-23T10:00:00Z"]);
    let case = case.test_ordered(at("2026-03-10T02:00:00Z"));
    bench.hear(&case.investigation.events).await;
    let case = case.test_reported(at("2026-03-12T02:00:00Z"));
    bench.hear(&case.investigation.events[1..]).await;
    // Tuesday and Wednesday close paused: two days more.
    assert_eq!(
        bench.published_of("C13").await[1..],
        ["ClockPaused lab", "ClockResumed due 2026-03-25T10:00:00Z"]
    );
}

#[tokio::test]
async fn the_end_of_a_case_cancels_all_its_clocks_at_once_and_publishes_it() {
    let bench = Bench::new().await;
    let case = Case::new(3)
        .registered(at("2026-03-02T02:00:00Z"))
        .accepted(at("2026-03-02T03:00:00Z"))
        .asked(at("2026-03-03T02:00:00Z"), REQUEST, at("2026-03-05T02:00:00Z"));
    case.heard(&bench).await;
    let running: i64 = sqlx::query_scalar("SELECT count(*) FROM clock WHERE state IN ('running', 'paused')")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert!(running >= 4, "{running}");
    let before = bench.published().await.len();

    let case = case.withdrawn(at("2026-03-04T02:00:00Z"));
    bench.hear(&case.lifecycle.events[2..]).await;
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT definition FROM clock WHERE state IN ('running', 'paused') ORDER BY definition",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    // Rights outlive the case; of those a withdrawal leaves none that ran.
    let rights: Vec<&str> = open.iter().map(String::as_str).filter(|id| !is_right(id)).collect();
    assert_eq!(rights, [""; 0], "no clock of the case runs on");
    let published = bench.published().await;
    let cancelled = published[before..].iter().filter(|line| line.ends_with("ClockCancelled withdrawn"));
    assert!(cancelled.count() >= 4, "{published:?}");
    assert_eq!(bench.clock_of("C11").await.1, "cancelled");
}

fn is_right(definition: &str) -> bool {
    let policy = redress_sla::domain::policy::Policy::builtin();
    policy.clock(definition).unwrap().scope == redress_sla::domain::policy::Scope::Right
}

#[tokio::test]
async fn events_name_their_cause_and_carry_its_time_and_trace() {
    let bench = Bench::new().await;
    let mut case = Case::new(4).asked(at("2026-03-09T02:00:00Z"), REQUEST, at("2026-03-11T02:00:00Z"));
    let cause = case.investigation.events[0].meta.event_id;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    case.investigation.events[0].meta.traceparent = Some(trace.to_owned());
    case.heard(&bench).await;
    let events = bench.events().await;
    let (meta, _) = events.iter().find(|(meta, _)| meta.event_type.ends_with("ClockStarted")).unwrap();
    assert_eq!(meta.causation.as_deref(), Some(cause.to_string().as_str()));
    assert_eq!(meta.occurred_at, at("2026-03-09T02:00:00Z"));
    assert_eq!(meta.traceparent.as_deref(), Some(trace));
    assert_eq!(meta.decided_by.as_deref(), Some("rule"));
}

#[tokio::test]
async fn the_receipt_meets_its_clock_on_the_notices_topic() {
    let bench = Bench::new().await;
    let case = Case::new(5).registered(at("2026-03-02T02:00:00Z")).acknowledged(at("2026-03-02T02:00:10Z"));
    case.heard(&bench).await;
    assert_eq!(
        bench.published_of("C05").await,
        ["ClockStarted due 2026-03-02T03:00:00Z", "ClockMet at 2026-03-02T02:00:10Z"]
    );
}
