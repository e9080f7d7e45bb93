use std::collections::HashMap;
use std::time::Duration;

use redress_domain::{ComplaintId, Role};
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_proto::types::v1::PartyKind;

use redress_testkit::{MailServer, wait_until};

use crate::bench::Bench;
use crate::people::{MAIL, by_mail, caller, handler};
use crate::settings::Channels;

fn fields(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn progress(id: ComplaintId, request_id: &str) -> wire::SendNoticeRequest {
    wire::SendNoticeRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        kind: NoticeKind::N08Progress.into(),
        addressee: Some(wire::Addressee { role: "complainant".into(), ..Default::default() }),
        fields: fields(&[
            ("done", "已调取直播回放"),
            ("next_step", "请质量部门判断材质"),
            ("expected_at", "2026-11-30T10:00:00Z"),
        ]),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_notice_on_request_goes_out_once_however_often_it_is_asked_for() {
    let smtp = MailServer::start().await.unwrap();
    let bench = Bench::with(Channels { smtp_port: smtp.port, ..Channels::default() }).await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let caller = handler();
    let calls = (0..6).map(|_| bench.send.send(&caller, progress(id, "r1")));
    let sent = futures::future::join_all(calls).await;
    let ids: Vec<String> = sent.into_iter().map(|notice| notice.unwrap().notice_id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    bench.send_all().await;
    assert_eq!(smtp.mails().len(), 2, "with the receipt confirmation");
    let notice = bench.notice(id, NoticeKind::N08Progress).await;
    assert!(notice.body.unwrap().contains("2026年11月30日（星期一）18:00（北京时间，UTC+8）"));

    let other = wire::SendNoticeRequest { locale: "en".into(), ..progress(id, "r1") };
    let problem = bench.send.send(&handler(), other).await.unwrap_err().into_problem();
    assert_eq!(problem.reason, "IDEMPOTENCY_KEY_REUSED");
    let in_clear = bench.count("SELECT count(*) FROM notice WHERE fields::text LIKE '%直播回放%'").await;
    assert_eq!(in_clear, 0, "what a caller gives is sealed");
}

#[tokio::test]
async fn of_two_calls_that_race_under_one_name_the_slower_one_hears_that_the_name_is_taken() {
    let bench = Bench::new().await;
    let (one, other) =
        (bench.complaint("k1", by_mail(MAIL)).await, bench.complaint("k2", by_mail(MAIL)).await);
    // Both look before either has written: the table takes no row for the time being.
    let mut tx = bench.db.pool().begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE call_receipt IN SHARE MODE").execute(&mut *tx).await.unwrap();
    let calls = [one, other].map(|id| {
        let send = bench.send.clone();
        tokio::spawn(async move { send.send(&handler(), progress(id, "r1")).await })
    });
    let waiting = async || {
        // One at the table, the other at the notice that both make.
        let sql = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (bench.count(sql).await == 2).then_some(())
    };
    wait_until("both calls are about to write", Duration::from_secs(4), waiting).await;
    tx.commit().await.unwrap();
    let mut refusals = Vec::new();
    for call in calls {
        refusals.extend(call.await.unwrap().err().map(|error| error.into_problem().reason));
    }
    assert_eq!(refusals, ["IDEMPOTENCY_KEY_REUSED"]);
}

#[tokio::test]
async fn an_alert_to_staff_is_sent_by_nobody() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let alert = wire::SendNoticeRequest { kind: NoticeKind::N24Escalation.into(), ..progress(id, "r1") };
    let problem = bench.send.send(&handler(), alert).await.unwrap_err().into_problem();
    assert_eq!((problem.violations[0].field.as_str(), problem.violations[0].reason), ("kind", "INTERNAL"));
    let addressee = Some(wire::Addressee { role: "staff".into(), ..Default::default() });
    let to_staff = wire::SendNoticeRequest { addressee, ..progress(id, "r2") };
    let problem = bench.send.send(&handler(), to_staff).await.unwrap_err().into_problem();
    assert_eq!(problem.violations[0].field, "addressee.role");
}

#[tokio::test]
async fn a_notice_that_lacks_anything_is_refused_with_all_that_it_lacks() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let result = wire::SendNoticeRequest {
        kind: NoticeKind::N12Result.into(),
        locale: "fr".into(),
        fields: fields(&[("overview", "x"), ("survey", "bell\u{7}"), ("00000000000", "y")]),
        ..progress(id, "r1")
    };
    let problem = bench.send.send(&handler(), result).await.unwrap_err().into_problem();
    let told: Vec<_> = problem.violations.iter().map(|v| (v.field.as_str(), v.reason)).collect();
    assert_eq!(
        told,
        [
            ("locale", "UNSUPPORTED"),
            ("fields.process", "REQUIRED"),
            ("fields.result", "REQUIRED"),
            ("fields.liability", "REQUIRED"),
            ("fields.compensation", "REQUIRED"),
            ("fields.improvement", "REQUIRED"),
            ("fields.person", "REQUIRED"),
            ("fields.appeal_until", "REQUIRED"),
            ("fields.survey", "MALFORMED"),
            ("fields.?", "MALFORMED"),
        ]
    );
    assert_eq!(bench.notices(id).await.len(), 1, "nothing was queued");

    let request =
        wire::ValidateNoticeRequest { kind: NoticeKind::N04Completion.into(), fields: HashMap::new() };
    let answer = bench.preview.validate(request).unwrap();
    assert_eq!(answer.missing, ["missing", "due", "consequence"]);
}

#[tokio::test]
async fn a_notice_goes_to_the_parties_of_its_complaint_and_to_nobody_else() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let to = |reference: &str| wire::SendNoticeRequest {
        addressee: Some(wire::Addressee {
            role: "respondent".into(),
            kind: PartyKind::Merchant.into(),
            external_ref: reference.into(),
        }),
        ..progress(id, reference)
    };
    assert!(bench.send.send(&handler(), to("shop-1")).await.is_ok());
    let problem = bench.send.send(&handler(), to("shop-2")).await.unwrap_err().into_problem();
    assert_eq!(problem.violations[0].reason, "NOT_A_PARTY");
}

#[tokio::test]
async fn urgent_notices_do_not_wait_for_the_morning() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.clock.set("2026-11-25T15:00:00Z".parse().unwrap());
    let calm = bench.send.send(&handler(), progress(id, "calm")).await.unwrap();
    assert!(calm.not_before.unwrap().seconds > calm.queued_at.unwrap().seconds);
    let urgent = wire::SendNoticeRequest { urgent: true, ..progress(id, "urgent") };
    let urgent = bench.send.send(&handler(), urgent).await.unwrap();
    assert_eq!(urgent.not_before, urgent.queued_at);
    assert_eq!(urgent.state(), NoticeState::Queued);
}

#[tokio::test]
async fn a_preview_reads_like_the_letter_with_examples_where_nothing_is_given() {
    let bench = Bench::new().await;
    for (locale, wanted) in [("zh-Hans", "举证通知"), ("zh-TW", "舉證通知"), ("en", "Please send evidence")]
    {
        let request = wire::PreviewNoticeRequest {
            kind: NoticeKind::N06Evidence.into(),
            locale: locale.into(),
            fields: fields(&[("due", "2026-12-31T04:00:00Z")]),
        };
        let preview = bench.preview.preview(&handler(), request).unwrap();
        assert!(preview.subject.contains(wanted), "{}", preview.subject);
        assert!(preview.body.contains("12:00") && preview.body.contains(&preview.plain), "{}", preview.body);
        assert!(preview.template.starts_with("n06_evidence/"));
    }
    assert_eq!(bench.count("SELECT count(*) FROM notice").await, 0);
}

#[tokio::test]
async fn pages_of_notices_follow_each_other_and_have_no_letters() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    for number in 0..4 {
        bench.send.send(&handler(), progress(id, &format!("r{number}"))).await.unwrap();
    }
    bench.send_all().await;
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = wire::ListNoticesRequest {
            complaint_id: id.to_string(),
            page_size: 2,
            page_token: page_token.clone(),
        };
        let page = bench.queries.list(&handler(), request).await.unwrap();
        assert!(page.notices.iter().all(|notice| notice.body.is_none()));
        seen.extend(page.notices.into_iter().map(|notice| notice.notice_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_letter_is_shown_to_its_addressee_and_to_staff_each_opening_recorded() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    let notice_id = bench.notices(id).await[0].notice_id.clone();
    let body = async |who| bench.queries.get(&who, &notice_id).await.map(|notice| notice.body.is_some());
    let opened = || bench.count("SELECT count(*) FROM access_record WHERE purpose <> 'notification'");
    let who = |subject: &str, role| caller("tenant-a", subject, role);
    assert!(!body(who("auditor", Role::Auditor)).await.unwrap());
    assert_eq!(opened().await, 0);
    assert!(body(who("app", Role::Complainant)).await.unwrap());
    assert_eq!(opened().await, 1);
    for nobody in [
        who("stranger", Role::Complainant),
        who("shop-1", Role::Respondent),
        caller("tenant-b", "handler-1", Role::Handler),
    ] {
        let problem = body(nobody).await.unwrap_err().into_problem();
        assert_eq!(problem.reason, "NOT_FOUND");
    }
}
