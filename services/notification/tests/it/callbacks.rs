//! What a callback address gets, and what becomes of one that does not take it.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::SignedDuration;
use redress_domain::ComplaintId;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::{NoticeKind, NoticeState};

use redress_notification::app::dispatch::Dispatch;
use redress_notification::channel::Outlets;
use redress_notification::channel::callback::{CallbackConfig, Callbacks};
use redress_notification::store::delivery::Lane;
use redress_testkit::{CallbackAnswer, CallbackReceiver, MailServer, make_traces};

use crate::bench::{Bench, NOON};
use crate::people::{MAIL, by_mail, platform};
use crate::settings::Channels;

pub(crate) async fn registered(
    bench: &Bench,
    url: &str,
    kinds: &[NoticeKind],
) -> wire::RegisterWebhookResponse {
    let request = wire::RegisterWebhookRequest {
        request_id: format!("register {url}").replace(' ', "-"),
        url: url.to_owned(),
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
    };
    bench.webhooks.register(&platform(), request).await.unwrap()
}

/// A complaint that was taken up: notices to both sides.
async fn taken_up(bench: &Bench, key: &str) -> ComplaintId {
    let id = bench.complaint(key, by_mail(MAIL)).await;
    let accepted = intake::ComplaintAccepted { handler: "staff-0042".into() };
    bench.apply(&[bench.event(id, 2, &accepted)]).await.unwrap();
    id
}

fn ids(receiver: &CallbackReceiver) -> Vec<String> {
    receiver.received().into_iter().map(|received| received.id).collect()
}

#[tokio::test]
async fn a_callback_has_the_notice_signed_and_under_its_own_id() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    let hook = registered(&bench, &receiver.url, &[NoticeKind::N05Respondent]).await;
    let id = taken_up(&bench, "k1").await;
    bench.send_all().await;

    let [received] = <[_; 1]>::try_from(receiver.received()).unwrap();
    let notice = bench.notice(id, NoticeKind::N05Respondent).await;
    assert!(received.is_signed_with(&hook.secret));
    assert_eq!(received.id, notice.notice_id);
    let json = received.json();
    assert_eq!(json["type"], "notice.n05_respondent");
    assert_eq!(json["timestamp"], NOON);
    assert_eq!(json["data"]["kind"], "NOTICE_KIND_N05_RESPONDENT");
    assert_eq!(json["data"]["addressee"]["externalRef"], "shop-1");
    assert_eq!(json["data"]["body"].as_str().map(str::to_owned), notice.body);

    assert_eq!(notice.state(), NoticeState::Sent, "it stands in for a channel of the respondent's own");
    assert_eq!(notice.attempts[0].webhook_id, hook.webhook_id);
    let other = bench.notice(id, NoticeKind::N02Acceptance).await;
    assert_eq!(other.state(), NoticeState::Undeliverable, "which nobody else has for the complainant");
}

#[tokio::test]
async fn a_callback_is_a_copy_where_the_addressee_has_a_channel() {
    let (receiver, smtp) = (CallbackReceiver::start().await.unwrap(), MailServer::start().await.unwrap());
    let bench = Bench::with(Channels { smtp_port: smtp.port, ..Channels::default() }).await;
    registered(&bench, &receiver.url, &[]).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!((smtp.mails().len(), receiver.received().len()), (1, 1));
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent"]);
    let mail = bench.notice(id, NoticeKind::N01Receipt).await;
    assert_eq!(mail.attempts.len(), 2);
}

#[tokio::test]
async fn a_failure_is_repeated_by_the_schedule_and_ends_with_the_first_success() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    registered(&bench, &receiver.url, &[]).await;
    receiver.answers(CallbackAnswer::Status(StatusCode::INTERNAL_SERVER_ERROR));
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    let reasons = async || {
        let notice = bench.notice(id, NoticeKind::N01Receipt).await;
        notice.attempts.into_iter().map(|attempt| attempt.reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons().await, ["STATUS_500"]);
    assert_eq!(
        bench.notice(id, NoticeKind::N01Receipt).await.state(),
        NoticeState::Queued,
        "it may still come"
    );

    bench.clock.advance(SignedDuration::from_secs(14));
    bench.send_all().await;
    assert_eq!(receiver.received().len(), 1, "not before its time");
    for answer in [CallbackAnswer::Never, CallbackAnswer::Status(StatusCode::NO_CONTENT)] {
        receiver.answers(answer);
        bench.clock.advance(SignedDuration::from_secs(20));
        bench.send_all().await;
    }
    bench.clock.advance(SignedDuration::from_hours(30));
    bench.send_all().await;
    assert_eq!(reasons().await, ["STATUS_500", "TIMEOUT", ""]);
    let ids = ids(&receiver);
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "one id, whatever is repeated: {ids:?}");
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent"]);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_followed_nowhere() {
    let (receiver, inner, bench) = (
        CallbackReceiver::start().await.unwrap(),
        CallbackReceiver::start().await.unwrap(),
        Bench::new().await,
    );
    registered(&bench, &receiver.url, &[]).await;
    receiver.answers(CallbackAnswer::RedirectTo(inner.url.clone()));
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.attempts[0].reason, "REDIRECTED");
    assert_eq!(inner.received().len(), 0);
}

#[tokio::test]
async fn private_addresses_are_refused_when_they_are_registered_and_when_they_are_used() {
    let bench = Bench::new().await;
    for (url, reason) in [
        ("http://127.0.0.2/hook", "NOT_PUBLIC"),
        ("https://10.0.0.1/hook", "NOT_PUBLIC"),
        ("https://[::1]/hook", "NOT_PUBLIC"),
        ("gopher://example.com/", "MALFORMED"),
    ] {
        let request = wire::RegisterWebhookRequest { request_id: "r".into(), url: url.into(), kinds: vec![] };
        let problem = bench.webhooks.register(&platform(), request).await.unwrap_err().into_problem();
        assert_eq!(problem.violations[0].reason, reason, "{url}");
    }
    // An address that was allowed once; and a name that leads into a network that this installation does not name any more.
    let receiver = CallbackReceiver::start().await.unwrap();
    registered(&bench, &receiver.url, &[]).await;
    let closed = CallbackConfig {
        allow_http: true,
        allow_networks: String::new(),
        per_second: 1_000,
        timeout_ms: 500,
    };
    let outlets = Outlets { callbacks: Callbacks::of(&closed).unwrap(), ..bench.dispatch.outlets.clone() };
    let dispatch = Dispatch { outlets, ..bench.dispatch.clone() };
    for (number, host) in ["127.0.0.1", "localhost"].into_iter().enumerate() {
        sqlx::query("UPDATE webhook SET url = $1, paused_until = NULL")
            .bind(receiver.url.replace("127.0.0.1", host))
            .execute(bench.db.pool())
            .await
            .unwrap();
        bench.clock.advance(SignedDuration::from_hours(1));
        let id = bench.complaint(&format!("k{number}"), by_mail(MAIL)).await;
        dispatch.pass(Lane::Callbacks).await.unwrap();
        let attempts = bench.notice(id, NoticeKind::N01Receipt).await.attempts;
        assert_eq!(attempts[0].reason, "ADDRESS_FORBIDDEN", "{host}");
    }
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn an_address_that_takes_nothing_for_a_day_is_disabled_and_a_replay_brings_it_what_it_missed() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    let hook = registered(&bench, &receiver.url, &[]).await;
    let first = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    receiver.answers(CallbackAnswer::Status(StatusCode::SERVICE_UNAVAILABLE));
    let second = bench.complaint("k2", by_mail(MAIL)).await;
    for _ in 0..40 {
        bench.send_all().await;
        bench.clock.advance(SignedDuration::from_hours(1));
    }
    assert_eq!(bench.count("SELECT count(*) FROM webhook WHERE enabled").await, 0);
    assert_eq!(bench.count("SELECT count(*) FROM delivery").await, 0);
    let notice = bench.notice(second, NoticeKind::N01Receipt).await;
    assert_eq!(notice.state(), NoticeState::Undeliverable, "nobody waits for a disabled address");
    let knocks = receiver.received().len();
    let third = bench.complaint("k3", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!(receiver.received().len(), knocks, "a disabled address is left alone");

    receiver.answers(CallbackAnswer::Status(StatusCode::NO_CONTENT));
    let replay = wire::ReplayWebhooksRequest {
        request_id: "replay-1".into(),
        webhook_id: hook.webhook_id,
        since: Some(to_wire_time(NOON.parse().unwrap())),
    };
    for _ in 0..2 {
        let answer = bench.webhooks.replay(&platform(), replay.clone()).await.unwrap();
        assert_eq!(answer.queued, 2, "what it has taken is not sent again");
    }
    bench.send_all().await;
    let missed: Vec<String> = ids(&receiver).split_off(knocks);
    let mut wanted = Vec::new();
    for id in [second, third] {
        wanted.push(bench.notice(id, NoticeKind::N01Receipt).await.notice_id);
    }
    assert_eq!(missed.len(), 2);
    assert!(wanted.iter().all(|id| missed.contains(id)), "{missed:?} {wanted:?}");
    assert!(!missed.contains(&bench.notice(first, NoticeKind::N01Receipt).await.notice_id));
}

#[tokio::test]
async fn an_address_that_says_it_is_gone_is_disabled_at_once() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    registered(&bench, &receiver.url, &[]).await;
    receiver.answers(CallbackAnswer::Status(StatusCode::GONE));
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!(bench.count("SELECT count(*) FROM webhook WHERE enabled").await, 0);
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Undeliverable);
}

#[tokio::test]
async fn an_address_that_is_down_is_knocked_at_seldom_and_holds_up_no_other() {
    let (down, up, bench) = (
        CallbackReceiver::start().await.unwrap(),
        CallbackReceiver::start().await.unwrap(),
        Bench::new().await,
    );
    registered(&bench, &down.url, &[]).await;
    registered(&bench, &up.url, &[]).await;
    down.answers(CallbackAnswer::Status(StatusCode::INTERNAL_SERVER_ERROR));
    bench.complaint("first", by_mail(MAIL)).await;
    bench.send_all().await;
    for number in 0..20 {
        bench.complaint(&format!("k{number}"), by_mail(MAIL)).await;
    }
    bench.send_all().await;
    assert_eq!((down.received().len(), up.received().len()), (1, 21));
}

#[tokio::test]
async fn what_is_beyond_an_address_s_rate_is_not_opened() {
    let receiver = CallbackReceiver::start().await.unwrap();
    let bench = Bench::with(Channels { callbacks_per_second: 1, ..Channels::default() }).await;
    registered(&bench, &receiver.url, &[]).await;
    for number in 0..20 {
        bench.complaint(&format!("k{number}"), by_mail(MAIL)).await;
    }
    let opened = async || bench.count("SELECT count(*) FROM access_record").await;
    while bench.dispatch.pass(Lane::Parties).await.unwrap() > 0 {}
    let before = opened().await;
    for _ in 0..10 {
        bench.dispatch.pass(Lane::Callbacks).await.unwrap();
        bench.clock.advance(SignedDuration::from_secs(1));
    }
    let sent = receiver.received().len();
    assert!((1..20).contains(&sent), "{sent}");
    assert_eq!(opened().await - before, i64::try_from(sent).unwrap(), "each was opened as it was sent");
    let untried = bench.count("SELECT count(*) FROM delivery WHERE webhook_id <> $$00000000-0000-0000-0000-000000000000$$ AND tries = 0");
    assert_eq!(untried.await, 20 - i64::try_from(sent).unwrap(), "and the others count no try");
}

#[tokio::test]
async fn an_address_with_a_long_queue_leaves_room_for_the_others() {
    let (long, short, bench) = (
        CallbackReceiver::start().await.unwrap(),
        CallbackReceiver::start().await.unwrap(),
        Bench::new().await,
    );
    registered(&bench, &long.url, &[]).await;
    for number in 0..40 {
        bench.complaint(&format!("k{number}"), by_mail(MAIL)).await;
    }
    bench.clock.advance(SignedDuration::from_secs(1));
    registered(&bench, &short.url, &[]).await;
    bench.complaint("last", by_mail(MAIL)).await;
    bench.dispatch.pass(Lane::Callbacks).await.unwrap();
    assert_eq!(short.received().len(), 1);
    assert!((1..=8).contains(&long.received().len()), "{}", long.received().len());
}

#[tokio::test]
async fn a_callback_names_the_trace_of_its_cause_and_nothing_that_systems_said_of_it() {
    make_traces();
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    registered(&bench, &receiver.url, &[NoticeKind::N05Respondent]).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let mut event = bench.event(id, 2, &intake::ComplaintAccepted { handler: "staff-0042".into() });
    let meta = Arc::make_mut(&mut event.meta);
    meta.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    meta.tracestate = Some("platform=caller-7".to_owned());
    bench.apply(&[event]).await.unwrap();
    bench.send_all().await;

    let [received] = <[_; 1]>::try_from(receiver.received()).unwrap();
    assert!(received.traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{received:?}");
    assert_eq!(received.tracestate, "");
}
