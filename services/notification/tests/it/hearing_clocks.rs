//! What clocks tell: reminders, progress, delays; and facts that lack what their letter must say.

use redress_notification::topics::{CLOCKS, RESOLUTION};
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as resolution;
use redress_proto::sla::v1 as sla;

use crate::bench::{Bench, MAIL, by_mail};
use crate::hearing::{BOTH, in_hours, letter, text, told};

#[tokio::test]
async fn a_fact_that_lacks_what_its_letter_must_say_is_refused_and_nothing_is_queued() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let sent = resolution::ProposalSent { due_at: None, ..Default::default() };
    let error = bench.hear(&[bench.fact(RESOLUTION, id, 1, &sent)]).await.unwrap_err();
    assert!(error.to_string().contains("n10_proposal"), "{error}");
    assert_eq!(bench.notices(id).await.len(), 1);
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
async fn a_case_that_nears_its_limit_is_told_of_and_a_delay_once_it_is_approved() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let warned =
        |percent| sla::ClockWarned { clock: Some(clock("C13")), percent, due_at: Some(in_hours(&bench, 72)) };
    let longest = sla::ClockStarted {
        clock: Some(clock("C14")),
        due_at: Some(in_hours(&bench, 720)),
        ..Default::default()
    };
    bench.hear(&[bench.fact(CLOCKS, id, 1, &longest), bench.fact(CLOCKS, id, 2, &warned(60))]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, [""; 0]);
    bench.hear(&[bench.fact(CLOCKS, id, 3, &warned(80))]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, BOTH);
    let approved = sla::ExtensionApproved {
        clock: Some(clock("C13")),
        new_due_at: Some(in_hours(&bench, 240)),
        reason: "lab".into(),
        ..Default::default()
    };
    bench.hear(&[bench.fact(CLOCKS, id, 4, &approved)]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N09Delay).await, BOTH);
    let delay = letter(&bench, id, NoticeKind::N09Delay, "complainant").await;
    for part in [
        "supervisor-7",
        "2026年12月5日（星期六）12:00",
        "2026年12月25日（星期五）12:00",
        "延长处理时间已经批准",
    ] {
        assert!(text(&delay).contains(part), "{part} in {}", text(&delay));
    }
}
