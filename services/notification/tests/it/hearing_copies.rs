//! What was brought against a side lies before it, and it is told so and until when it is waited for (F003, F025).

use jiff::SignedDuration;
use redress_domain::ComplaintId;
use redress_notification::topics::INVESTIGATION;
use redress_proto::investigation::v1::{Audience, RenditionProduced};
use redress_proto::notification::v1::NoticeKind;

use crate::bench::Bench;
use crate::hearing::{in_hours, letter, text, told};
use crate::people::{MAIL, by_mail};

impl Bench {
    async fn shows(&self, id: ComplaintId, version: i64, audience: Audience, hours: Option<i64>) {
        let copy = RenditionProduced {
            audience: audience.into(),
            answer_until: hours.map(|hours| in_hours(self, hours)),
            ..RenditionProduced::default()
        };
        self.hear(&[self.fact(INVESTIGATION, id, version, &copy)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_side_is_told_of_what_lies_before_it_once_while_its_time_to_answer_runs() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.shows(id, 1, Audience::Respondent, Some(24)).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["respondent"], "the other side brought it");
    let first = letter(&bench, id, NoticeKind::N08Progress, "respondent").await;
    for part in ["已向您出示", "我们不会依据该证据作出结论", "2026年11月26日（星期四）12:00"]
    {
        assert!(text(&first).contains(part), "{part} in {}", text(&first));
    }
    bench.clock.advance(SignedDuration::from_hours(1));
    bench.shows(id, 2, Audience::Respondent, Some(24)).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["respondent"], "it is looking already");
    bench.shows(id, 3, Audience::Complainant, Some(24)).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["complainant", "respondent"]);
    bench.clock.advance(SignedDuration::from_hours(23));
    bench.shows(id, 4, Audience::Respondent, Some(24)).await;
    assert_eq!(
        told(&bench, id, NoticeKind::N08Progress).await,
        ["complainant", "respondent", "respondent"],
        "the time that the first letter named is over"
    );
}

#[tokio::test]
async fn nobody_is_written_to_of_a_copy_that_nobody_is_waited_for() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.shows(id, 1, Audience::Respondent, None).await;
    bench.shows(id, 2, Audience::Respondent, Some(0)).await;
    bench.shows(id, 3, Audience::Expert, Some(24)).await;
    assert!(told(&bench, id, NoticeKind::N08Progress).await.is_empty());
    bench.shows(id, 4, Audience::Respondent, Some(24)).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["respondent"], "these were no letters");
}
