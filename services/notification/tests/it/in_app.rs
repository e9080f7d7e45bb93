use jiff::SignedDuration;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_runtime::grpc::ClientTls;
use redress_testkit::{HeardCalls, make_traces};
use tonic::Status;

use crate::bench::Bench;
use crate::mailbox::Mailbox;
use crate::people::by_mail;
use crate::settings::Channels;

async fn sent(answer: impl FnOnce(&Mailbox)) -> (Bench, Mailbox, redress_domain::ComplaintId) {
    let mailbox = Mailbox::start().await;
    answer(&mailbox);
    let bench = Bench::with(Channels { in_app_url: mailbox.url.clone(), ..Channels::default() }).await;
    let id = bench.complaint("k1", by_mail("unused@example.invalid")).await;
    bench.send_all().await;
    (bench, mailbox, id)
}

#[tokio::test]
async fn a_box_that_reports_delivery_at_once_is_believed() {
    let (bench, _, id) = sent(|mailbox| mailbox.answers("delivered", "")).await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Delivered);
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent", "3 NoticeDelivered"]);
    let [sent] = <[_; 1]>::try_from(bench.sent().await).unwrap();
    assert!(sent.receipts_expected, "the message box reports what becomes of its messages");
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_nothing_that_is_no_code() {
    for (told, kept) in [("USER_CLOSED", "USER_CLOSED"), ("user 00000000000 left", "ADDRESSEE_REFUSED")] {
        let (bench, _, id) = sent(|mailbox| mailbox.answers("refused", told)).await;
        let notice = bench.notice(id, NoticeKind::N01Receipt).await;
        assert_eq!((notice.state(), notice.attempts[0].reason.as_str()), (NoticeState::Undeliverable, kept));
    }
}

#[tokio::test]
async fn an_adapter_that_is_away_is_asked_again() {
    let (bench, mailbox, id) = sent(|mailbox| mailbox.fails(Status::unavailable("away"))).await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Queued);
    mailbox.answers("accepted", "");
    bench.clock.advance(SignedDuration::from_secs(6));
    bench.send_all().await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Sent);
    let ids: Vec<String> = mailbox.delivered().into_iter().map(|request| request.notice_id).collect();
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failure() {
    let (bench, _, id) = sent(|mailbox| mailbox.answers("perhaps", "")).await;
    let notice = bench.notice(id, NoticeKind::N01Receipt).await;
    assert_eq!(
        (notice.state(), notice.attempts[0].reason.as_str()),
        (NoticeState::Queued, "ADAPTER_ANSWER_UNKNOWN")
    );
}

#[tokio::test]
async fn an_adapter_behind_tls_is_believed_by_its_authority_and_name_and_by_nothing_else() {
    let (mailbox, authority) = Mailbox::start_with_tls("box.platform.invalid").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let known =
        ClientTls { ca_file: Some(file), domain_name: "box.platform.invalid".into(), ..ClientTls::default() };
    let nameless = ClientTls { domain_name: String::new(), ..known.clone() };
    let unknown = ClientTls { ca_file: None, ..known.clone() };
    for (in_app_tls, state) in
        [(nameless, NoticeState::Queued), (unknown, NoticeState::Queued), (known, NoticeState::Sent)]
    {
        let in_app_url = mailbox.url.clone();
        let bench = Bench::with(Channels { in_app_url, in_app_tls, ..Channels::default() }).await;
        let id = bench.complaint("k1", by_mail("unused@example.invalid")).await;
        bench.send_all().await;
        assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), state);
    }
    assert_eq!(mailbox.delivered().len(), 1);
}

#[tokio::test]
async fn a_message_goes_to_the_box_within_a_trace() {
    make_traces();
    let adapter = HeardCalls::start().await.unwrap();
    let bench = Bench::with(Channels { in_app_url: adapter.url.clone(), ..Channels::default() }).await;
    bench.complaint("k1", by_mail("unused@example.invalid")).await;
    bench.send_all().await;
    let headers = adapter.headers_of("/Deliver", std::time::Duration::from_secs(20)).await;
    assert!(headers.contains_key("traceparent"), "{headers:?}");
}
