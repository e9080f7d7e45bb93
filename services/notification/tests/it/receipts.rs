use redress_domain::ComplaintId;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_proto::types::v1::ContactType;

use redress_testkit::MailServer;

use crate::bench::Bench;
use crate::mailbox::Mailbox;
use crate::people::{MAIL, by_mail, contact, platform};
use crate::settings::Channels;

async fn sent() -> (Bench, MailServer, Mailbox, ComplaintId) {
    let (smtp, mailbox) = (MailServer::start().await.unwrap(), Mailbox::start().await);
    let bench = Bench::with(Channels {
        smtp_port: smtp.port,
        in_app_url: mailbox.url.clone(),
        ..Channels::default()
    })
    .await;
    let mut complainant = by_mail(MAIL);
    complainant.contacts.push(contact(ContactType::InApp, "user-1", true));
    let id = bench.complaint("k1", complainant).await;
    bench.send_all().await;
    (bench, smtp, mailbox, id)
}

async fn report(
    bench: &Bench,
    id: ComplaintId,
    request_id: &str,
    channel: ContactType,
    outcome: &str,
) -> Result<NoticeState, redress_domain::Problem> {
    let request = wire::RecordReceiptRequest {
        request_id: request_id.into(),
        notice_id: bench.notice(id, NoticeKind::N01Receipt).await.notice_id,
        channel: channel.into(),
        outcome: outcome.into(),
        at: None,
    };
    let notice = bench.receipts.record(&platform(), request).await;
    notice.map(|notice| notice.state()).map_err(redress_notification::Error::into_problem)
}

#[tokio::test]
async fn reports_move_a_notice_forwards_and_repeating_one_changes_nothing() {
    let (bench, _smtp, _mailbox, id) = sent().await;
    let email = ContactType::Email;
    assert_eq!(report(&bench, id, "r1", email, "read").await, Ok(NoticeState::Read));
    assert_eq!(report(&bench, id, "r1", email, "read").await, Ok(NoticeState::Read));
    assert_eq!(report(&bench, id, "r2", email, "delivered").await, Ok(NoticeState::Read), "old news");
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent", "3 NoticeDelivered"]);
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.attempts.len(), 3);
    let other = report(&bench, id, "r1", email, "bounced").await.unwrap_err();
    assert_eq!(other.reason, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_mail_that_comes_back_goes_out_through_the_next_channel() {
    let (bench, smtp, mailbox, id) = sent().await;
    assert_eq!(report(&bench, id, "r1", ContactType::Email, "bounced").await, Ok(NoticeState::Queued));
    bench.send_all().await;
    assert_eq!((smtp.mails().len(), mailbox.delivered().len()), (1, 1));
    let notice = bench.notice(id, NoticeKind::N01Receipt).await;
    assert_eq!(notice.state(), NoticeState::Sent);
    assert_eq!(
        bench.published().await,
        ["1 NoticeQueued", "2 NoticeSent", "3 NoticeBounced", "4 NoticeSent"]
    );
    // The mail server is late with another report of the same mail: it has gone out elsewhere since.
    assert_eq!(report(&bench, id, "r2", ContactType::Email, "bounced").await, Ok(NoticeState::Sent));
    assert_eq!(report(&bench, id, "r3", ContactType::InApp, "bounced").await, Ok(NoticeState::Queued));
    bench.send_all().await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Undeliverable);
}

#[tokio::test]
async fn a_report_of_a_channel_that_was_never_used_or_of_no_known_outcome_is_refused() {
    let (bench, _smtp, _mailbox, id) = sent().await;
    let problem = report(&bench, id, "r1", ContactType::Phone, "delivered").await.unwrap_err();
    assert_eq!(problem.violations[0].reason, "NEVER_SENT");
    let problem = report(&bench, id, "r1", ContactType::Email, "accepted").await.unwrap_err();
    assert_eq!(problem.violations[0].field, "outcome");
}
