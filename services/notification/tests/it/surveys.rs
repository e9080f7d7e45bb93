//! Answers to the survey that follows a closing.

use jiff::SignedDuration;
use prost::Message as _;
use redress_domain::{ErrorKind, Principal, Problem, Role};
use redress_notification::Error;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::NoticeKind;

use crate::bench::Bench;
use crate::people::{MAIL, by_mail, caller, handler, platform};

/// A closed complaint; the notices that ask its complainant and its respondent.
async fn asked(bench: &Bench) -> [String; 2] {
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let closed = intake::ComplaintClosed { outcome: "upheld".into(), cause: "live_wording".into() };
    bench.apply(&[bench.event(id, 2, &closed)]).await.unwrap();
    let notices = bench.notices(id).await;
    ["complainant", "respondent"].map(|role| {
        let survey = notices.iter().find(|notice| {
            notice.kind() == NoticeKind::N18Survey && notice.addressee.as_ref().unwrap().role == role
        });
        survey.unwrap().notice_id.clone()
    })
}

fn answer(notice_id: &str, request_id: &str, satisfaction: u32, process: u32) -> wire::SubmitSurveyRequest {
    wire::SubmitSurveyRequest {
        request_id: request_id.into(),
        notice_id: notice_id.into(),
        satisfaction,
        process,
    }
}

async fn submitted(bench: &Bench, by: &Principal, request: wire::SubmitSurveyRequest) -> Result<(), Problem> {
    bench.surveys.submit(by, request).await.map_err(Error::into_problem)
}

/// What was told of answers, with who acted.
async fn told(bench: &Bench) -> Vec<(wire::SurveyAnswered, String)> {
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT payload, (SELECT h ->> 1 FROM json_array_elements(headers) AS h WHERE h ->> 0 = 'ce_actor')
         FROM outbox WHERE headers::text LIKE '%.SurveyAnswered%' ORDER BY id",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    rows.into_iter().map(|(payload, by)| (wire::SurveyAnswered::decode(&*payload).unwrap(), by)).collect()
}

#[tokio::test]
async fn an_answer_is_told_once_and_the_last_one_counts() {
    let bench = Bench::new().await;
    let [own, theirs] = asked(&bench).await;
    let complainant = caller("tenant-a", "app", Role::Complainant);
    for _ in 0..2 {
        submitted(&bench, &complainant, answer(&own, "r1", 2, 4)).await.unwrap();
    }
    submitted(&bench, &complainant, answer(&own, "r2", 5, 0)).await.unwrap();
    submitted(&bench, &caller("tenant-a", "shop-1", Role::Respondent), answer(&theirs, "r1", 3, 3))
        .await
        .unwrap();
    submitted(&bench, &platform(), answer(&theirs, "r1", 1, 1)).await.unwrap();
    let told: Vec<_> = told(&bench)
        .await
        .into_iter()
        .map(|(a, by)| (a.addressee.unwrap().role, a.satisfaction, a.process, by))
        .collect();
    let row =
        |role: &str, satisfaction, process, by: &str| (role.to_owned(), satisfaction, process, by.to_owned());
    assert_eq!(
        told,
        [
            row("complainant", 2, 4, "complainant"),
            row("complainant", 5, 0, "complainant"),
            row("respondent", 3, 3, "respondent"),
            row("respondent", 1, 1, "platform"),
        ]
    );
    let kept: Vec<(i16, Option<i16>)> =
        sqlx::query_as("SELECT satisfaction, process FROM survey_answer ORDER BY satisfaction DESC")
            .fetch_all(bench.db.pool())
            .await
            .unwrap();
    assert_eq!(kept, [(5, None), (1, Some(1))]);
    let versions: Vec<i64> = sqlx::query_scalar("SELECT aggregate_version FROM outbox ORDER BY id")
        .fetch_all(bench.db.pool())
        .await
        .unwrap();
    let without_holes: Vec<i64> = (1..).take(versions.len()).collect();
    assert_eq!(versions, without_holes);
}

#[tokio::test]
async fn a_letter_leads_to_a_page_that_knows_which_notice_asks() {
    let bench = Bench::new().await;
    let [own, theirs] = asked(&bench).await;
    bench.send_all().await;
    for id in [own, theirs] {
        let body = bench.queries.get(&handler(), &id).await.unwrap().body.unwrap();
        for aspect in ["outcome", "process"] {
            let link =
                format!("https://survey.invalid/{aspect}?complaint=20261125-TESTTESTTES-T&notice={id}");
            assert!(body.contains(&link), "{body}");
        }
    }
}

#[tokio::test]
async fn nobody_answers_for_somebody_else_nor_what_was_not_asked_nor_too_late() {
    let bench = Bench::new().await;
    let [own, theirs] = asked(&bench).await;
    let complainant = caller("tenant-a", "app", Role::Complainant);
    let shop = caller("tenant-a", "shop-1", Role::Respondent);
    for (by, notice) in [(&complainant, &theirs), (&shop, &own), (&handler(), &own)] {
        let refused = submitted(&bench, by, answer(notice, "r1", 5, 5)).await.unwrap_err();
        assert_eq!(refused.reason, "NOT_FOUND", "{}", by.subject);
    }
    let refused = submitted(&bench, &complainant, answer(&own, "r1", 6, 9)).await.unwrap_err();
    let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["satisfaction", "process"]);
    let receipt: String = sqlx::query_scalar("SELECT notice_id::text FROM notice WHERE kind = 'n01_receipt'")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    let refused = submitted(&bench, &complainant, answer(&receipt, "r1", 5, 5)).await.unwrap_err();
    assert_eq!(refused.violations[0].reason, "NO_SURVEY");
    bench.clock.advance(SignedDuration::from_hours(24 * 15));
    let refused = submitted(&bench, &complainant, answer(&own, "r1", 5, 5)).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (ErrorKind::FailedPrecondition, "SURVEY_OVER"));
    assert_eq!(told(&bench).await.len(), 0);
    assert_eq!(bench.count("SELECT count(*) FROM survey_answer").await, 0);
}
