//! What clocks tell: reminders, progress, delays; and facts that lack what their letter must say.

use jiff::SignedDuration;
use redress_notification::topics::{CLOCKS, RESOLUTION};
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as resolution;
use redress_proto::sla::v1 as sla;
use redress_testkit::MailServer;

use crate::bench::Bench;
use crate::hearing::{BOTH, in_hours, letter, text, told};
use crate::mailbox::Mailbox;
use crate::people::{MAIL, by_mail};
use crate::settings::Channels;

#[tokio::test]
async fn a_fact_that_lacks_what_its_letter_must_say_is_refused_and_nothing_is_queued() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let sent = resolution::ProposalSent { due_at: None, ..Default::default() };
    let error = bench.hear(&[bench.fact(RESOLUTION, id, 1, &sent)]).await.unwrap_err();
    assert!(error.to_string().contains("n10_proposal"), "{error}");
    assert_eq!(bench.notices(id).await.len(), 1);

    // One that waits is refused at once too, as is one that comes before the registration, which it does not hold up: it is
    // set aside with its cause, where people see it, and lost in no log.
    let ruling = bench.fact(RESOLUTION, id, 1, &resolution::RulingIssued::default());
    let error = bench.hear(std::slice::from_ref(&ruling)).await.unwrap_err();
    assert!(error.to_string().contains("n13_ruling"), "{error}");
    let (early, registered) = bench.registered("k2", by_mail(MAIL)).await;
    let error = bench.hear(&[bench.fact(RESOLUTION, early, 1, &sent)]).await.unwrap_err();
    assert!(error.to_string().contains("n10_proposal"), "{error}");
    bench.apply(&[registered]).await.unwrap();
    assert_eq!(bench.notices(early).await.len(), 1, "the receipt, and no letter that says nothing");
    // Nor does it hold up what its own topic tells later.
    let paid = resolution::RemedyAdvanced { remedy_id: "r-1".into(), ..Default::default() };
    bench.hear(&[bench.fact(RESOLUTION, early, 2, &paid)]).await.unwrap();
    assert_eq!(told(&bench, early, NoticeKind::N17Execution).await, BOTH);
}

#[tokio::test]
async fn a_fact_that_does_not_read_any_more_holds_up_nothing() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let ordered = bench.fact(RESOLUTION, id, 1, &resolution::RemedyOrdered::default());
    bench.hear(&[ordered]).await.unwrap();
    bench.run("UPDATE fact SET payload = '\\xff', told = false").await;
    let missing = vec!["order_no".into()];
    bench.apply(&[bench.event(id, 2, &intake::CompletionRequested { missing })]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N04Completion).await, ["complainant"]);
}

fn clock(definition: &str) -> sla::ClockRef {
    sla::ClockRef { clock_id: "c-1".into(), definition: definition.into(), ..Default::default() }
}

#[tokio::test]
async fn a_request_for_missing_details_names_its_clocks_due_time_whichever_comes_first() {
    let (clock_last, clock_first) = (Bench::following_clocks().await, Bench::following_clocks().await);
    for (bench, first) in [(&clock_last, false), (&clock_first, true)] {
        let id = bench.complaint("k1", by_mail(MAIL)).await;
        let missing = vec!["order_no".into()];
        let request = bench.event(id, 2, &intake::CompletionRequested { missing });
        let started = sla::ClockStarted {
            clock: Some(clock("C09")),
            due_at: Some(in_hours(bench, 72)),
            ..Default::default()
        };
        let started = bench.fact_of(CLOCKS, id, 1, &started, Some(request.meta.event_id));
        if first {
            bench.hear(&[started]).await.unwrap();
            assert_eq!(told(bench, id, NoticeKind::N04Completion).await, [""; 0]);
            bench.apply(&[request]).await.unwrap();
        } else {
            bench.apply(&[request]).await.unwrap();
            assert_eq!(told(bench, id, NoticeKind::N04Completion).await, [""; 0]);
            bench.hear(&[started]).await.unwrap();
        }
        let asked = letter(bench, id, NoticeKind::N04Completion, "complainant").await;
        assert!(text(&asked).contains("2026年11月28日（星期六）12:00"), "{}", text(&asked));
        let warned =
            sla::ClockWarned { clock: Some(clock("C09")), percent: 50, due_at: Some(in_hours(bench, 72)) };
        bench.hear(&[bench.fact(CLOCKS, id, 2, &warned)]).await.unwrap();
        assert_eq!(told(bench, id, NoticeKind::N04Completion).await.len(), 2, "the reminder");
    }
}

#[tokio::test]
async fn a_delay_is_told_before_the_time_is_over_and_again_once_it_is_approved() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let warned = |definition, percent, hours| sla::ClockWarned {
        clock: Some(clock(definition)),
        percent,
        due_at: Some(in_hours(&bench, hours)),
    };
    let started = |definition, hours| sla::ClockStarted {
        clock: Some(clock(definition)),
        due_at: Some(in_hours(&bench, hours)),
        ..Default::default()
    };
    bench
        .hear(&[
            bench.fact(CLOCKS, id, 1, &started("C14", 720)),
            bench.fact(CLOCKS, id, 2, &started("C13", 72)),
            // What parties are not told: acknowledgement and the longest time are staff's matter, as is a first warning.
            bench.fact(CLOCKS, id, 3, &warned("C05", 80, 1)),
            bench.fact(CLOCKS, id, 4, &warned("C13", 60, 72)),
            bench.fact(CLOCKS, id, 5, &warned("C14", 80, 720)),
        ])
        .await
        .unwrap();
    assert_eq!(bench.notices(id).await.len(), 1, "the receipt");
    // Ten at night: the time is over before the morning, so the night is no reason to wait.
    bench.clock.advance(SignedDuration::from_hours(10));
    bench.hear(&[bench.fact(CLOCKS, id, 6, &warned("C13", 85, 8))]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N09Delay).await, BOTH);
    assert_eq!(
        bench.count("SELECT count(*) FROM notice WHERE kind = 'n09_delay' AND not_before > queued_at").await,
        0
    );
    let delay = letter(&bench, id, NoticeKind::N09Delay, "complainant").await;
    for part in ["2026年12月25日（星期五）12:00", "可能需要更多时间", "最迟到"] {
        assert!(text(&delay).contains(part), "{part} in {}", text(&delay));
    }
    assert!(!text(&delay).contains("批准人"), "nobody has approved anything: {}", text(&delay));
    bench.hear(&[bench.fact(CLOCKS, id, 7, &warned("C13", 95, 8))]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N09Delay).await, BOTH, "once");

    bench.clock.advance(SignedDuration::from_secs(1));
    let approved = sla::ExtensionApproved {
        clock: Some(clock("C13")),
        old_due_at: Some(in_hours(&bench, 8)),
        new_due_at: Some(in_hours(&bench, 240)),
        reason: "lab".into(),
        ..Default::default()
    };
    bench.hear(&[bench.fact(CLOCKS, id, 8, &approved)]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N09Delay).await.len(), 4);
    let delay = letter(&bench, id, NoticeKind::N09Delay, "complainant").await;
    for part in
        ["批准人：投诉主管", "2026年12月5日（星期六）22:00", "2026年12月25日（星期五）12:00", "延期已经批准"]
    {
        assert!(text(&delay).contains(part), "{part} in {}", text(&delay));
    }
    assert!(
        !text(&delay).contains("supervisor-7"),
        "a token's subject is nobody's to know: {}",
        text(&delay)
    );

    let beyond = sla::ExtensionApproved { new_due_at: Some(in_hours(&bench, 721)), ..approved };
    let error = bench.hear(&[bench.fact(CLOCKS, id, 9, &beyond)]).await.unwrap_err();
    assert!(error.to_string().contains("new_due"), "no letter tells a date beyond the longest time: {error}");
}

#[tokio::test]
async fn a_result_that_comes_late_may_come_with_the_whole_and_one_that_cannot_be_later_is_promised() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let started = |definition, hours| sla::ClockStarted {
        clock: Some(clock(definition)),
        due_at: Some(in_hours(&bench, hours)),
        ..Default::default()
    };
    let warned = |definition, hours| sla::ClockWarned {
        clock: Some(clock(definition)),
        percent: 80,
        due_at: Some(in_hours(&bench, hours)),
    };
    // The whole was set anew since it began: by a test that is over.
    let anew = sla::DeadlineRecalculated {
        clock: Some(clock("C13")),
        new_due_at: Some(in_hours(&bench, 240)),
        ..Default::default()
    };
    bench
        .hear(&[
            bench.fact(CLOCKS, id, 1, &started("C13", 72)),
            bench.fact(CLOCKS, id, 2, &anew),
            bench.fact(CLOCKS, id, 3, &warned("C12", 24)),
        ])
        .await
        .unwrap();
    let delay = letter(&bench, id, NoticeKind::N09Delay, "complainant").await;
    assert!(text(&delay).contains("2026年12月5日（星期六）12:00"), "{}", text(&delay));
    bench.hear(&[bench.fact(CLOCKS, id, 4, &warned("C13", 240))]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, BOTH, "there is no later time that is known");
}

#[tokio::test]
async fn that_a_delay_was_told_says_of_which_clock_and_until_when() {
    let smtp = MailServer::start().await.unwrap();
    let bench = Bench::with(Channels { smtp_port: smtp.port, ..Channels::default() }).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let (old, new) = (in_hours(&bench, 8), in_hours(&bench, 240));
    let approved = |definition| sla::ExtensionApproved {
        clock: Some(clock(definition)),
        old_due_at: Some(old),
        new_due_at: Some(new),
        reason: "lab".into(),
        ..Default::default()
    };
    bench.hear(&[bench.fact(CLOCKS, id, 1, &approved("C13"))]).await.unwrap();
    bench.send_all().await;
    let told: Vec<_> =
        bench.sent().await.into_iter().map(|sent| (sent.kind(), sent.clock, sent.new_due_at)).collect();
    assert!(told.contains(&(NoticeKind::N09Delay, "C13".to_owned(), Some(new))), "{told:?}");
    assert!(told.contains(&(NoticeKind::N01Receipt, String::new(), None)), "{told:?}");
}

#[tokio::test]
async fn an_escalation_calls_a_role_of_the_staff_and_tells_nothing_of_anybody() {
    let mailbox = Mailbox::start().await;
    let bench = Bench::with(Channels { in_app_url: mailbox.url.clone(), ..Channels::default() }).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    // At night too: who is on duty is the staff's matter.
    bench.clock.advance(SignedDuration::from_hours(12));
    let raised = sla::EscalationRaised {
        ticket_id: "0190f2c8-0000-7000-8000-000000000009".into(),
        level: 3,
        reason: "clock_breached".into(),
        target_role: "supervisor".into(),
        clock: Some(clock("C13")),
    };
    bench.hear(&[bench.fact(CLOCKS, id, 1, &raised)]).await.unwrap();
    bench.send_all().await;
    let delivered = mailbox.delivered();
    let alert = delivered.iter().find(|message| message.kind() == NoticeKind::N24Escalation).unwrap();
    assert_eq!(alert.external_ref, "role:supervisor");
    for part in [
        "第 3 级",
        "已超过期限",
        "C13",
        "0190f2c8-0000-7000-8000-000000000009",
        "https://console.invalid/complaints/",
    ] {
        assert!(alert.body.contains(part), "{part} in {}", alert.body);
    }
    for personal in [MAIL, "测试甲", "测试店铺", "shop-1", "user-1", "TEST-ORDER-0001", "示例围巾"]
    {
        assert!(!alert.body.contains(personal) && !alert.subject.contains(personal), "{personal}");
    }
    let seen = bench.notices(id).await.into_iter().filter(|n| n.kind() == NoticeKind::N24Escalation).count();
    assert_eq!(seen, 1, "staff see it");
}
