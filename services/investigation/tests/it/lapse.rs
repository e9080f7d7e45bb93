//! A party that does not answer in time lapses by sla's clock, once, and only for the deadline that counts.

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_domain::{event_id, whole_milliseconds};
use redress_investigation::app::publish::Origin;
use redress_investigation::app::requests;
use redress_investigation::app::telling::Telling;
use redress_investigation::domain::evidence::EvidenceType;
use redress_investigation::store::case;
use redress_investigation::topics::CASES;
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_proto::investigation::v1 as wire;
use redress_proto::notification::v1 as notification;
use redress_proto::sla::v1 as sla;
use redress_proto::types::v1 as types;
use uuid::Uuid;

use crate::bench::{Bench, Happening, NOON, id, meta, reason, shop, staff};

/// sla's clock of `request` came due: to the millisecond, as sla tells it.
pub(crate) fn breached(
    n: u128,
    version: i64,
    definition: &str,
    request: &str,
    due_at: Timestamp,
) -> Happening {
    let clock = sla::ClockRef {
        definition: definition.into(),
        subject_id: request.into(),
        ..sla::ClockRef::default()
    };
    let due_at = whole_milliseconds(due_at);
    let message = sla::ClockBreached {
        clock: Some(clock),
        due_at: Some(to_wire_time(due_at)),
        ..sla::ClockBreached::default()
    };
    let meta = meta::<sla::ClockBreached>("redress.sla.clocks.v1", n, version, due_at);
    Happening { meta, payload: message.encode_to_vec() }
}

/// What notification tells of the notice that a case's latest request led to.
pub(crate) async fn notice<M: Message + Name>(
    bench: &Bench,
    n: u128,
    version: i64,
    at: Timestamp,
    message: &M,
) -> Happening {
    let told = bench.told(n).await;
    let (asked, _) = told.iter().rev().find(|(_, name)| name == "EvidenceRequested").unwrap();
    let mut meta = meta::<M>("redress.notification.notices.v1", n, version, at);
    meta.causation = Some(event_id(CASES, Uuid::from_u128(n), *asked).to_string());
    Happening { meta, payload: message.encode_to_vec() }
}

/// It went out.
pub(crate) fn sent() -> notification::NoticeSent {
    let kind = notification::NoticeKind::N06Evidence.into();
    notification::NoticeSent { kind, ..notification::NoticeSent::default() }
}

/// The party was told what it is asked, at once.
async fn tell(bench: &Bench, n: u128, version: i64) {
    let told = notice(bench, n, version, bench.desk.now(), &sent()).await;
    bench.follow_notices(&[told]).await;
}

pub(crate) fn due(request: &wire::EvidenceRequest) -> Timestamp {
    from_wire_time(&request.due_at.unwrap()).unwrap()
}

/// Brings what was asked for; whether it was taken.
async fn bring(bench: &Bench, request: &str) -> bool {
    let mut tx = bench.db.pool().begin().await.unwrap();
    let file = case::lock(&mut tx, &"tenant-a".parse().unwrap(), Uuid::from_u128(1)).await.unwrap().unwrap();
    let telling = Telling::new(file, Origin::service(bench.desk.now()));
    let answered =
        requests::take_answer(&mut tx, &telling, request.parse().unwrap(), EvidenceType::QcReport).await;
    if answered.is_ok() {
        tx.commit().await.unwrap();
    }
    answered.is_ok()
}

#[tokio::test]
async fn a_request_lapses_once_with_the_announced_consequence_and_no_longer_holds_the_case_up() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    // Nobody asks on the whole millisecond.
    bench.clock.advance(SignedDuration::from_micros(123_868));
    bench.opened(1).await;
    let asked = bench.ask(&handler, 1, "ask-1").await.unwrap();
    assert_eq!(due(&asked), whole_milliseconds(due(&asked)), "what the party reads is what the clock counts");
    tell(&bench, 1, 1).await;
    let clock = breached(1, 1, "C11", &asked.evidence_request_id, due(&asked));
    bench.clock.advance(SignedDuration::from_hours(49));
    bench.follow_clocks(&[clock.clone(), breached(1, 2, "C13", "", due(&asked))]).await;
    let version = bench.view(1).await.version;
    bench.follow_clocks(&[clock]).await;
    let view = bench.view(1).await;
    assert_eq!(view.version, version, "a repetition changes nothing");
    assert_eq!(view.evidence_requests[0].state(), wire::EvidenceRequestState::Lapsed);
    let told: wire::EvidenceRequestLapsed = bench.last(1).await;
    assert_eq!(told.party(), types::AwaitedParty::Respondent);
    assert_eq!(told.consequence(), wire::LapseConsequence::OtherSideBelieved);
    assert!(!bring(&bench, &asked.evidence_request_id).await, "what comes afterwards is told so");

    bench.find_all(&handler, 1).await.unwrap();
    bench.conclude(&handler, 1).await.unwrap();
    let concluded: wire::InvestigationConcluded = bench.last(1).await;
    assert_eq!(concluded.lapsed, [told]);
}

#[tokio::test]
async fn the_clock_of_before_an_extension_lapses_nothing() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let asked = bench.ask(&handler, 1, "ask-1").await.unwrap();
    tell(&bench, 1, 1).await;
    let request = wire::ExtendEvidenceRequestRequest {
        request_id: "more".into(),
        complaint_id: id(1),
        evidence_request_id: asked.evidence_request_id.clone(),
    };
    let extended = requests::extend(&bench.desk, &shop(), request).await.unwrap().evidence_request.unwrap();
    let lapse = |version, due_at| breached(1, version, "C11", &asked.evidence_request_id, due_at);
    bench.follow_clocks(&[lapse(1, due(&asked))]).await;
    assert_eq!(bench.view(1).await.evidence_requests[0].state(), wire::EvidenceRequestState::Extended);
    bench.follow_clocks(&[lapse(2, due(&extended))]).await;
    assert_eq!(bench.view(1).await.evidence_requests[0].state(), wire::EvidenceRequestState::Lapsed);
}

#[tokio::test]
async fn of_a_lapse_and_a_submission_at_the_same_instant_one_wins_and_the_other_is_told() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let (mut lapsed, mut answered) = (0_usize, 0_usize);
    for turn in 0..20 {
        let asked = bench.ask(&handler, 1, &format!("ask-{turn}")).await.unwrap();
        tell(&bench, 1, turn + 1).await;
        let request = &asked.evidence_request_id;
        let clock = [breached(1, turn + 1, "C11", request, due(&asked))];
        // Both begin at once; which of them is polled first alternates.
        let taken = if turn % 2 == 0 {
            tokio::join!(bring(&bench, request), bench.follow_clocks(&clock)).0
        } else {
            tokio::join!(bench.follow_clocks(&clock), bring(&bench, request)).1
        };
        let view = bench.view(1).await;
        let now = view.evidence_requests.iter().find(|known| known.evidence_request_id == *request).unwrap();
        let expected =
            if taken { wire::EvidenceRequestState::Answered } else { wire::EvidenceRequestState::Lapsed };
        assert_eq!(now.state(), expected);
        *(if taken { &mut answered } else { &mut lapsed }) += 1;
    }
    assert_eq!(answered + lapsed, 20);
    let told = bench.told(1).await.iter().filter(|(_, name)| name == "EvidenceRequestLapsed").count();
    assert_eq!(told, lapsed);
}

/// A request of case `n` whose clock ran out without any proof of its notice.
async fn overdue(bench: &Bench, n: u128) -> wire::EvidenceRequest {
    bench.opened(n).await;
    let asked = bench.ask(&staff("handler-1"), n, &format!("ask-{n}")).await.unwrap();
    bench.clock.advance(SignedDuration::from_hours(49));
    bench.follow_clocks(&[breached(n, 1, "C11", &asked.evidence_request_id, due(&asked))]).await;
    assert_eq!(bench.view(n).await.evidence_requests[0].state(), wire::EvidenceRequestState::Issued);
    assert_eq!(reason(bench.conclude(&staff("handler-1"), n).await), "MANDATORY_REQUEST_OPEN");
    asked
}

#[tokio::test]
async fn nobody_lapses_who_is_not_proved_to_have_been_told() {
    let bench = Bench::new().await;
    let asked = overdue(&bench, 1).await;
    let page = wire::GetTimelineRequest { complaint_id: id(1), ..Default::default() };
    let handler = staff("handler-1");
    let of_staff = redress_investigation::app::timeline::get(&bench.desk, &handler, &page).await.unwrap();
    assert!(of_staff.entries.iter().any(|entry| entry.code == "evidence_request_unproved"));
    let of_shop = redress_investigation::app::timeline::get(&bench.desk, &shop(), &page).await.unwrap();
    assert!(of_shop.entries.iter().all(|entry| entry.code != "evidence_request_unproved"));

    // The proof is late, the notice was not.
    let early = due(&asked).saturating_sub(SignedDuration::from_hours(40)).unwrap();
    let told = notice(&bench, 1, 1, early, &sent()).await;
    bench.follow_notices(std::slice::from_ref(&told)).await;
    assert_eq!(bench.view(1).await.evidence_requests[0].state(), wire::EvidenceRequestState::Lapsed);
    let lapsed: wire::EvidenceRequestLapsed = bench.last(1).await;
    assert_eq!(lapsed.request_id, asked.evidence_request_id);
    let version = bench.view(1).await.version;
    bench.follow_notices(&[told]).await;
    assert_eq!(bench.view(1).await.version, version, "once");
}

#[tokio::test]
async fn a_notice_that_came_after_the_time_or_came_back_or_is_another_proves_nothing() {
    let bench = Bench::new().await;
    for n in 1..=3 {
        overdue(&bench, n).await;
    }
    let late = notice(&bench, 1, 1, bench.desk.now(), &sent()).await;
    let mut other = notice(&bench, 2, 1, NOON.parse().unwrap(), &sent()).await;
    other.meta.causation = Some(event_id(CASES, Uuid::from_u128(2), 1).to_string());
    let result = notification::NoticeSent { kind: notification::NoticeKind::N12Result.into(), ..sent() };
    let of_another_kind = notice(&bench, 3, 1, NOON.parse().unwrap(), &result).await;
    bench.follow_notices(&[late, other, of_another_kind]).await;
    for n in 1..=3 {
        assert_eq!(
            bench.view(n).await.evidence_requests[0].state(),
            wire::EvidenceRequestState::Issued,
            "{n}"
        );
    }

    bench.opened(4).await;
    let asked = bench.ask(&staff("handler-1"), 4, "ask-4").await.unwrap();
    tell(&bench, 4, 1).await;
    let back = notification::NoticeBounced {
        kind: notification::NoticeKind::N06Evidence.into(),
        ..notification::NoticeBounced::default()
    };
    let back = notice(&bench, 4, 2, bench.desk.now(), &back).await;
    bench.follow_notices(&[back]).await;
    bench.follow_clocks(&[breached(4, 1, "C11", &asked.evidence_request_id, due(&asked))]).await;
    assert_eq!(bench.view(4).await.evidence_requests[0].state(), wire::EvidenceRequestState::Issued);
}
