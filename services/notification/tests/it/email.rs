use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use redress_domain::{Clock as _, ContactType as Way};
use redress_notification::app::dispatch::{Dispatch, Turns};
use redress_notification::store::delivery::Lane;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_proto::types::v1::{Complainant, ContactType};
use redress_testkit::{FixedClock, MailServer, wait_until};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::bench::Bench;
use crate::mailbox::Mailbox;
use crate::people::{MAIL, by_mail, contact};
use crate::settings::Channels;

async fn bench(smtp: &MailServer) -> Bench {
    Bench::with(Channels { smtp_port: smtp.port, ..Channels::default() }).await
}

#[tokio::test]
async fn a_letter_arrives_as_it_is_kept_under_the_notices_own_name() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;

    let notice = bench.notice(id, NoticeKind::N01Receipt).await;
    assert_eq!(notice.state(), NoticeState::Sent);
    assert!(notice.template.starts_with("n01_receipt/zh-Hans@"));
    let (subject, body) = (notice.subject.unwrap(), notice.body.unwrap());
    assert!(body.starts_with("尊敬的测试甲："), "{body}");
    assert!(body.contains("2026年11月25日（星期三）12:00（北京时间，UTC+8）"), "{body}");
    assert!(body.contains(&notice.plain.unwrap()));
    let hash = Sha256::digest(format!("{subject}\n\n{body}"));
    assert_eq!(notice.content_sha256, hex::encode(hash));

    let [mail] = <[_; 1]>::try_from(smtp.mails()).unwrap();
    assert_eq!(mail.to, MAIL);
    assert_eq!(mail.header("Message-ID"), format!("<{}@platform.invalid>", notice.notice_id));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Content-Language"), "zh-Hans");
    assert_eq!(mail.header("Date"), "Wed, 25 Nov 2026 04:00:00 +0000");
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent"]);
    let [sent] = <[_; 1]>::try_from(bench.sent().await).unwrap();
    assert_eq!(sent.addressee.unwrap().role, "complainant");
    assert!(!sent.receipts_expected, "a mail server's yes is its last word");
    let attempts: Vec<_> = notice.attempts.iter().map(|a| (a.channel(), a.outcome.as_str())).collect();
    assert_eq!(attempts, [(ContactType::Email, "accepted")]);
}

#[tokio::test]
async fn while_the_server_is_away_or_busy_a_letter_waits_and_then_goes_out_once() {
    let smtp = MailServer::start().await.unwrap();
    let away = Bench::with(Channels { smtp_port: 1, ..Channels::default() }).await;
    let id = away.complaint("k1", by_mail(MAIL)).await;
    away.send_all().await;
    let reason = async |bench: &Bench| {
        let notice = bench.notice(id, NoticeKind::N01Receipt).await;
        assert_eq!(notice.state(), NoticeState::Queued);
        notice.attempts.last().unwrap().reason.clone()
    };
    assert_eq!(reason(&away).await, "CONNECTION");

    let bench = bench(&smtp).await;
    bench.complaint("k1", by_mail(MAIL)).await;
    smtp.busy(true);
    bench.send_all().await;
    assert_eq!(reason(&bench).await, "PROVIDER_BUSY");
    bench.send_all().await;
    assert_eq!(bench.count("SELECT count(*) FROM attempt").await, 1, "not before its time");
    smtp.busy(false);
    bench.clock.advance(SignedDuration::from_secs(6));
    bench.send_all().await;
    bench.clock.advance(SignedDuration::from_hours(1));
    bench.send_all().await;
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Sent);
}

#[tokio::test]
async fn a_relay_that_does_not_let_the_installation_in_is_tried_until_it_does_and_nobodys_address_is_blamed()
{
    for answer in ["554 5.7.1 Relay access denied", "550 5.7.26 This mail is unauthenticated"] {
        let smtp = MailServer::start().await.unwrap();
        let bench = bench(&smtp).await;
        smtp.answer(Some(answer));
        let id = bench.complaint("k1", by_mail(MAIL)).await;
        bench.send_all().await;
        let notice = bench.notice(id, NoticeKind::N01Receipt).await;
        let attempts: Vec<_> =
            notice.attempts.iter().map(|a| (a.outcome.as_str(), a.reason.as_str())).collect();
        assert_eq!(attempts, [("failed", "PROVIDER_REFUSED")], "{answer}");
        assert_eq!(notice.state(), NoticeState::Queued);
        smtp.answer(None);
        for _ in 0..2 {
            bench.clock.advance(SignedDuration::from_mins(1));
            bench.send_all().await;
        }
        assert_eq!(smtp.mails().len(), 1, "once it lets the mail in it goes out, and once");
        assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Sent);
        assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent"]);
    }
}

#[tokio::test]
async fn an_address_that_is_refused_leads_to_the_next_channel_that_the_party_agreed_to() {
    let (smtp, mailbox) = (MailServer::start().await.unwrap(), Mailbox::start().await);
    let bench = Bench::with(Channels {
        smtp_port: smtp.port,
        in_app_url: mailbox.url.clone(),
        ..Channels::default()
    })
    .await;
    let mut complainant = by_mail("gone@example.invalid");
    complainant.contacts.push(contact(ContactType::Email, "never@example.invalid", false));
    complainant.contacts.push(contact(ContactType::Email, "also-gone@example.invalid", true));
    smtp.refuse("gone@example.invalid");
    smtp.refuse("also-gone@example.invalid");
    let id = bench.complaint("k1", complainant).await;
    bench.send_all().await;

    let notice = bench.notice(id, NoticeKind::N01Receipt).await;
    let attempts: Vec<_> =
        notice.attempts.iter().map(|a| (a.channel(), a.outcome.as_str(), a.reason.as_str())).collect();
    assert_eq!(
        attempts,
        [
            (ContactType::Email, "refused", "ADDRESS_REFUSED"),
            (ContactType::Email, "refused", "ADDRESS_REFUSED"),
            (ContactType::InApp, "accepted", ""),
        ]
    );
    let [message] = <[_; 1]>::try_from(mailbox.delivered()).unwrap();
    assert_eq!(message.external_ref, "user-1");
    assert_eq!(message.notice_id, notice.notice_id);
    assert_eq!(Some(&message.body), notice.body.as_ref());
    assert_eq!(notice.state(), NoticeState::Sent);
}

#[tokio::test]
async fn a_notice_that_every_channel_refuses_is_told_to_be_undeliverable() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    smtp.refuse(MAIL);
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.state(), NoticeState::Undeliverable);
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeUndeliverable"]);
    assert_eq!(bench.count("SELECT count(*) FROM delivery").await, 0);
}

#[tokio::test]
async fn a_server_that_falls_silent_holds_up_only_the_letter_it_was_given() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    smtp.fall_silent_at("slow@example.invalid");
    let slow = bench.complaint("slow", by_mail("slow@example.invalid")).await;
    bench.complaint("quick", by_mail(MAIL)).await;
    let pass = tokio::spawn({
        let dispatch = bench.dispatch.clone();
        async move { dispatch.pass(Lane::Parties).await }
    });
    let arrived = async || (!smtp.mails().is_empty()).then_some(());
    wait_until("the other letter", Duration::from_secs(10), arrived).await;
    let told = async || {
        let sent = bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await;
        (sent == 1).then_some(())
    };
    wait_until("its record", Duration::from_secs(10), told).await;
    pass.await.unwrap().unwrap();
    let notice = bench.notice(slow, NoticeKind::N01Receipt).await;
    assert_eq!((notice.state(), notice.attempts[0].reason.as_str()), (NoticeState::Queued, "TIMEOUT"));
}

#[tokio::test]
async fn a_silent_mail_server_with_a_backlog_holds_up_no_letter_of_another_channel() {
    let smtp = MailServer::start().await.unwrap();
    let mailbox = Mailbox::start().await;
    let channels = Channels {
        smtp_port: smtp.port,
        smtp_timeout_ms: 40_000,
        in_app_url: mailbox.url.clone(),
        ..Channels::default()
    };
    let bench = Bench::with(channels).await;
    smtp.fall_silent_at("slow@example.invalid");
    // More mails than all workers have in hand at once, and a letter to the message box behind them.
    for number in 0..100 {
        bench.complaint(&format!("slow-{number}"), by_mail("slow@example.invalid")).await;
    }
    bench.complaint("box", Complainant { contacts: Vec::new(), ..by_mail(MAIL) }).await;
    let lanes = [Lane::Parties, Lane::Channel(Way::Email), Lane::Channel(Way::InApp)];
    let workers: Vec<_> = lanes
        .map(|lane| tokio::spawn(bench.dispatch.clone().run(lane, Turns::default())))
        .into_iter()
        .collect();
    let arrived = async || (!mailbox.delivered().is_empty()).then_some(());
    wait_until("the letter in the message box", Duration::from_secs(20), arrived).await;
    let waiting = bench.count("SELECT count(*) FROM delivery WHERE channel = 'email'").await;
    assert!(waiting > 0, "mails wait apart");
    for worker in workers {
        worker.abort();
    }
}

#[tokio::test]
async fn a_row_that_does_not_read_holds_up_nothing_that_was_claimed_with_it() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    let strange = bench.complaint("strange", by_mail("strange@example.invalid")).await;
    let foreign = bench.complaint("foreign", by_mail("foreign@example.invalid")).await;
    bench.complaint("well", by_mail(MAIL)).await;
    // As a newer version writes them, which was rolled back.
    let rows = [
        ("UPDATE notice SET kind = 'n99_news' WHERE complaint_id = $1", strange),
        ("UPDATE complaint SET channel = 'telepathy' WHERE complaint_id = $1", foreign),
    ];
    for (sql, id) in rows {
        sqlx::query(sql).bind(id.as_uuid()).execute(bench.db.pool()).await.unwrap();
    }
    bench.send_all().await;
    let to: Vec<String> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [MAIL]);
    assert_eq!(bench.count("SELECT count(*) FROM delivery WHERE held_until IS NULL").await, 2, "they wait");
    for sql in ["UPDATE notice SET kind = 'n01_receipt'", "UPDATE complaint SET channel = 'app'"] {
        bench.run(sql).await;
    }
    bench.clock.advance(SignedDuration::from_mins(11));
    bench.send_all().await;
    assert_eq!(smtp.mails().len(), 3, "once they read they go out");
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing_when_it_comes_back() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let gate = smtp.gate_next();
    let stopped = tokio::spawn({
        let dispatch = bench.dispatch.clone();
        async move { dispatch.pass(Lane::Parties).await }
    });
    let arrived = async || (smtp.mails().len() == 1).then_some(());
    wait_until("the first mail", Duration::from_secs(10), arrived).await;
    bench.clock.advance(SignedDuration::from_mins(2));
    bench.run("UPDATE delivery SET held_until = now()").await;
    bench.send_all().await;
    gate.notify_one();
    stopped.await.unwrap().unwrap();

    let mails = smtp.mails();
    assert_eq!(mails.len(), 2, "towards a channel it is at least once");
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].message, mails[1].message.replace("04:02:00", "04:00:00"), "the same letter");
    assert_eq!(bench.notice(id, NoticeKind::N01Receipt).await.attempts.len(), 1);
    assert_eq!(bench.published().await, ["1 NoticeQueued", "2 NoticeSent"]);
}

#[tokio::test]
async fn a_claim_lasts_as_the_database_tells_whatever_a_process_thinks_that_it_is_by_now() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    bench.complaint("k1", by_mail(MAIL)).await;
    let gate = smtp.gate_next();
    let first = tokio::spawn({
        let dispatch = bench.dispatch.clone();
        async move { dispatch.pass(Lane::Parties).await }
    });
    let arrived = async || (smtp.mails().len() == 1).then_some(());
    wait_until("the first mail", Duration::from_secs(10), arrived).await;
    let ahead = FixedClock::at(bench.clock.now() + SignedDuration::from_mins(10));
    let mut other = bench.dispatch.clone();
    other.desk.clock = Arc::new(ahead);
    assert_eq!(other.pass(Lane::Parties).await.unwrap(), 0, "it is in another's hand");
    gate.notify_one();
    first.await.unwrap().unwrap();
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn a_try_that_could_outlast_its_claim_or_the_process_is_not_begun_and_does_not_count() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    bench.complaint("k1", by_mail(MAIL)).await;
    let short = Dispatch { lease: Duration::from_millis(400), ..bench.dispatch.clone() };
    let stopped = Dispatch { stop: CancellationToken::new(), ..bench.dispatch.clone() };
    stopped.stop.cancel();
    for dispatch in [short, stopped] {
        assert_eq!(dispatch.pass(Lane::Parties).await.unwrap(), 1);
        assert_eq!(smtp.mails().len(), 0, "a mail takes up to 500 ms here");
        assert_eq!(bench.count("SELECT tries::bigint FROM delivery").await, 0);
        bench.clock.advance(SignedDuration::from_secs(1));
    }
    bench.send_all().await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn a_letter_that_waits_for_a_connection_until_its_claim_is_nearly_over_is_not_sent_under_it() {
    let smtp = MailServer::start().await.unwrap();
    let channels = Channels {
        smtp_port: smtp.port,
        smtp_connections: 1,
        smtp_timeout_ms: 20_000,
        ..Channels::default()
    };
    let bench = Bench::with(channels).await;
    bench.complaint("slow", by_mail("slow@example.invalid")).await;
    let gate = smtp.gate_next();
    let slow = tokio::spawn({
        let dispatch = bench.dispatch.clone();
        async move { dispatch.pass(Lane::Parties).await }
    });
    let arrived = async || (smtp.mails().len() == 1).then_some(());
    wait_until("the slow mail", Duration::from_secs(10), arrived).await;
    bench.complaint("behind", by_mail(MAIL)).await;
    // Two seconds of a claim are the record's, and a mail takes up to twenty: it may begin for a tenth of a second.
    let short = Dispatch { lease: Duration::from_millis(22_100), ..bench.dispatch.clone() };
    assert_eq!(short.pass(Lane::Parties).await.unwrap(), 1);
    assert_eq!(smtp.mails().len(), 1, "it has not begun");
    gate.notify_one();
    slow.await.unwrap().unwrap();
    bench.clock.advance(SignedDuration::from_secs(1));
    bench.send_all().await;
    let to: Vec<String> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["slow@example.invalid", MAIL]);
}

#[tokio::test]
async fn a_record_that_fails_cuts_no_other_try_off() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    smtp.fall_silent_at("slow@example.invalid");
    let slow = bench.complaint("slow", by_mail("slow@example.invalid")).await;
    bench.complaint("quick", by_mail(MAIL)).await;
    bench
        .run(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
             CREATE TRIGGER fail BEFORE INSERT ON attempt FOR EACH ROW WHEN (new.outcome = 'accepted')
             EXECUTE FUNCTION fail()",
        )
        .await;
    bench.dispatch.pass(Lane::Parties).await.unwrap_err();
    let notice = bench.notice(slow, NoticeKind::N01Receipt).await;
    assert_eq!(notice.attempts[0].reason, "TIMEOUT", "it was waited for, and written down");
}

#[tokio::test]
async fn a_key_that_is_missing_holds_up_the_letters_of_its_own_complaint_alone() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    let broken = bench.complaint("broken", by_mail("broken@example.invalid")).await;
    bench.complaint("well", by_mail(MAIL)).await;
    // The name of the key's version stands in clear in a wrapped key: another of the same length is none there is.
    let mut wrapped: Vec<u8> =
        sqlx::query_scalar("SELECT wrapped_key FROM subject_key WHERE complaint_id = $1")
            .bind(broken.as_uuid())
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    wrapped[2] = if wrapped[2] == b'z' { b'y' } else { b'z' };
    sqlx::query("UPDATE subject_key SET wrapped_key = $2 WHERE complaint_id = $1")
        .bind(broken.as_uuid())
        .bind(wrapped)
        .execute(bench.db.pool())
        .await
        .unwrap();
    bench.send_all().await;
    let to: Vec<String> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [MAIL]);
    assert_eq!(bench.notice(broken, NoticeKind::N01Receipt).await.state(), NoticeState::Queued);
}

#[tokio::test]
async fn lanes_that_work_side_by_side_send_each_letter_once() {
    let smtp = MailServer::start().await.unwrap();
    let bench = bench(&smtp).await;
    for number in 0..40 {
        bench.complaint(&format!("k{number}"), by_mail(&format!("u{number}@example.invalid"))).await;
    }
    let lanes = (0..4).map(|_| async { while bench.dispatch.pass(Lane::Parties).await.unwrap() > 0 {} });
    futures::future::join_all(lanes).await;
    let mut to: Vec<String> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), smtp.mails().len()), (40, 40));
    assert_eq!(bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await, 40);
}
