//! A callback address over time: registered, its secret changed, what it missed sent again, removed.

use jiff::SignedDuration;
use redress_notification::app::webhooks::Webhooks;
use redress_notification::store::delivery::Lane;
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_testkit::CallbackReceiver;

use crate::bench::{Bench, NOON};
use crate::callbacks::registered;
use crate::people::{MAIL, by_mail, platform};

#[tokio::test]
async fn registering_again_under_the_same_name_tells_the_same_secret_and_under_another_another() {
    let bench = Bench::new().await;
    let url = "https://example.com/hook";
    let (one, again) = (registered(&bench, url, &[]).await, registered(&bench, url, &[]).await);
    assert_eq!(one, again);
    let request = wire::RegisterWebhookRequest { request_id: "other".into(), url: url.into(), kinds: vec![] };
    let other = bench.webhooks.register(&platform(), request).await.unwrap();
    assert!(other.webhook_id != one.webhook_id && other.secret != one.secret);
    let in_clear = bench.count("SELECT count(*) FROM webhook WHERE length(sealed_secret) = 32").await;
    assert_eq!(in_clear, 0, "secrets are sealed");
}

#[tokio::test]
async fn a_removed_address_gets_nothing_more_and_holds_up_nothing() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    let hook = registered(&bench, &receiver.url, &[]).await;
    let waiting = bench.complaint("k1", by_mail(MAIL)).await;
    bench.dispatch.pass(Lane::Parties).await.unwrap();
    let remove = |request_id: &str| wire::RemoveWebhookRequest {
        request_id: request_id.into(),
        webhook_id: hook.webhook_id.clone(),
    };
    for _ in 0..2 {
        bench.webhooks.remove(&platform(), remove("remove-1")).await.unwrap();
    }
    bench.complaint("k2", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(bench.count("SELECT count(*) FROM delivery").await, 0);
    assert_eq!(bench.notice(waiting, NoticeKind::N01Receipt).await.state(), NoticeState::Undeliverable);
    assert_eq!(bench.count("SELECT count(*) FROM webhook WHERE sealed_secret IS NOT NULL").await, 0);

    let again = bench.webhooks.remove(&platform(), remove("remove-2")).await.unwrap_err();
    assert_eq!(again.into_problem().reason, "NOT_FOUND");
    let replay = wire::ReplayWebhooksRequest {
        request_id: "replay-1".into(),
        webhook_id: hook.webhook_id.clone(),
        since: Some(to_wire_time(NOON.parse().unwrap())),
    };
    let replayed = bench.webhooks.replay(&platform(), replay).await.unwrap_err();
    assert_eq!(replayed.into_problem().reason, "NOT_FOUND", "it does not come back to life");
}

#[tokio::test]
async fn a_changed_secret_signs_beside_the_former_one_for_as_long_as_was_asked() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    let hook = registered(&bench, &receiver.url, &[]).await;
    let rotate = async |request_id: &str, grace_hours| {
        let request = wire::RotateWebhookSecretRequest {
            request_id: request_id.into(),
            webhook_id: hook.webhook_id.clone(),
            grace_hours,
        };
        bench.webhooks.rotate(&platform(), request).await.map_err(redress_notification::Error::into_problem)
    };
    let signed = async |key: &str| {
        bench.complaint(key, by_mail(MAIL)).await;
        bench.send_all().await;
        receiver.received().pop().unwrap()
    };
    let second = rotate("rotate-1", None).await.unwrap();
    assert_eq!(rotate("rotate-1", None).await.unwrap(), second, "the same call is the same secret");
    assert_ne!(second.secret, hook.secret);
    let within = signed("k1").await;
    assert!(within.is_signed_with(&hook.secret) && within.is_signed_with(&second.secret));
    bench.clock.advance(SignedDuration::from_hours(24));
    let after = signed("k2").await;
    assert!(!after.is_signed_with(&hook.secret) && after.is_signed_with(&second.secret));

    // A secret that others know is of no use at once.
    let third = rotate("rotate-2", Some(0)).await.unwrap();
    let at_once = signed("k3").await;
    assert!(!at_once.is_signed_with(&second.secret) && at_once.is_signed_with(&third.secret));
    assert_eq!(rotate("rotate-1", None).await.unwrap_err().reason, "SECRET_SUPERSEDED");
    assert_eq!(rotate("rotate-3", Some(169)).await.unwrap_err().violations[0].field, "graceHours");
}

#[tokio::test]
async fn a_replay_of_much_is_done_in_parts_and_each_tells_where_to_go_on() {
    let (receiver, bench) = (CallbackReceiver::start().await.unwrap(), Bench::new().await);
    for number in 0..5 {
        bench.complaint(&format!("k{number}"), by_mail(MAIL)).await;
        bench.clock.advance(SignedDuration::from_secs(1));
    }
    let hook = registered(&bench, &receiver.url, &[]).await;
    let webhooks = Webhooks { replay_most: 2, ..bench.webhooks.clone() };
    let (mut since, mut calls) = (Some(to_wire_time(NOON.parse().unwrap())), 0);
    while since.is_some() && calls < 10 {
        let replay = wire::ReplayWebhooksRequest {
            request_id: format!("replay-{calls}"),
            webhook_id: hook.webhook_id.clone(),
            since,
        };
        let answer = webhooks.replay(&platform(), replay.clone()).await.unwrap();
        assert!(answer.queued <= 2);
        assert_eq!(webhooks.replay(&platform(), replay).await.unwrap(), answer);
        bench.send_all().await;
        (since, calls) = (answer.next_since, calls + 1);
    }
    assert_eq!(receiver.received().len(), 5);
    assert!(calls < 10, "it ends");
}
