//! The other parties are told of an appeal with its grounds, and until when they can reply to it.

use prost::{Message as _, Name};
use redress_domain::ComplaintId;
use redress_notification::app::hear::Fact;
use redress_notification::topics::RESOLUTION;
use redress_outbox::Delivery;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{AwaitedParty, Sealed};

use crate::bench::Bench;
use crate::hearing::{advanced, in_hours, letter, text, told};
use crate::people::{MAIL, by_mail};

const APPEAL: &str = "a-1";

impl Bench {
    async fn grounds(&self, id: ComplaintId, texts: &[&str]) -> Option<Sealed> {
        let ground = |(ground, text): (u32, &&str)| resolution::AppealGround {
            ground,
            text: (*text).into(),
            ..Default::default()
        };
        let plain =
            resolution::Appeal { grounds: (1..).zip(texts).map(ground).collect(), ..Default::default() };
        self.sealed(id, &format!("appeal.{APPEAL}"), &plain.encode_to_vec()).await
    }

    async fn filed(&self, id: ComplaintId, by: AwaitedParty, texts: &[&str]) -> resolution::AppealFiled {
        let respondent_ref = if by == AwaitedParty::Respondent { "shop-1" } else { "" };
        resolution::AppealFiled {
            appeal_id: APPEAL.into(),
            appellant: Some(resolution::CaseParty { role: by.into(), respondent_ref: respondent_ref.into() }),
            sealed: self.grounds(id, texts).await,
            reply_until: Some(in_hours(self, 48)),
            ..Default::default()
        }
    }

    /// The fact, and the lifecycle's answer to it.
    async fn taken<M: prost::Message + Name>(&self, id: ComplaintId, event: &M) -> Delivery<Fact> {
        let fact = self.fact(RESOLUTION, id, 1, event);
        self.hear(std::slice::from_ref(&fact)).await.unwrap();
        self.apply(&[self.caused(id, 2, &advanced(M::NAME), Some(fact.meta.event_id))]).await.unwrap();
        fact
    }
}

#[tokio::test]
async fn the_other_side_reads_the_grounds_without_what_identifies_somebody_and_its_term() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let filed =
        bench.filed(id, AwaitedParty::Respondent, &["标签并无错误，请打13800138000", "金额过高"]).await;
    let fact = bench.taken(id, &filed).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["complainant"], "the appellant knows");
    let plain = "SELECT count(*) FROM notice t WHERE t::text LIKE '%标签并无错误%'";
    assert_eq!(bench.count(plain).await, 0, "what was sealed stays sealed");
    let announced = letter(&bench, id, NoticeKind::N08Progress, "complainant").await;
    for part in [
        "1. 标签并无错误，请打***********",
        "2. 金额过高",
        "2026年11月27日（星期五）12:00",
        "逾期没有答复的，将依据已有材料决定",
    ] {
        assert!(text(&announced).contains(part), "{part} in {}", text(&announced));
    }
    assert!(announced.subject.unwrap().starts_with("请答复投诉"));
    assert!(!announced.body.unwrap().contains("不需要做任何事"));

    bench.hear(std::slice::from_ref(&fact)).await.unwrap();
    let answer = bench.caused(id, 2, &advanced("AppealFiled"), Some(fact.meta.event_id));
    bench.apply(&[answer]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["complainant"], "redelivered, told once");
}

#[tokio::test]
async fn a_result_that_is_rejected_by_an_appeal_is_announced_to_the_respondent_and_other_rejections_are_not()
{
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let rejected = resolution::ResultRejected {
        appeal: true,
        appeal_id: APPEAL.into(),
        sealed: bench.grounds(id, &["", " "]).await,
        reply_until: Some(in_hours(&bench, 48)),
    };
    bench.taken(id, &rejected).await;
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, ["respondent"]);
    let announced = letter(&bench, id, NoticeKind::N08Progress, "respondent").await;
    assert!(text(&announced).contains("申诉人没有写明理由"), "{}", text(&announced));

    let other = bench.complaint("k2", by_mail(MAIL)).await;
    bench.taken(other, &resolution::ResultRejected::default()).await;
    assert!(told(&bench, other, NoticeKind::N08Progress).await.is_empty());
}

#[tokio::test]
async fn an_appeal_that_the_lifecycle_did_not_take_or_to_which_nobody_replies_is_not_announced() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let filed = bench.filed(id, AwaitedParty::Complainant, &["金额过低"]).await;
    let fact = bench.fact(RESOLUTION, id, 1, &filed);
    bench.hear(std::slice::from_ref(&fact)).await.unwrap();
    assert!(told(&bench, id, NoticeKind::N08Progress).await.is_empty(), "not taken yet");
    let refused = intake::FactRefused { fact: "AppealFiled".into(), ..Default::default() };
    bench.apply(&[bench.caused(id, 2, &refused, Some(fact.meta.event_id))]).await.unwrap();
    assert!(told(&bench, id, NoticeKind::N08Progress).await.is_empty());

    let other = bench.complaint("k2", by_mail(MAIL)).await;
    let nobody = bench.filed(other, AwaitedParty::Complainant, &["金额过低"]).await;
    bench.taken(other, &resolution::AppealFiled { reply_until: None, ..nobody }).await;
    assert!(told(&bench, other, NoticeKind::N08Progress).await.is_empty());
}

#[tokio::test]
async fn long_grounds_are_told_as_far_as_a_letter_holds_them() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let long = "长".repeat(4_000);
    let filed = bench.filed(id, AwaitedParty::Respondent, &[long.as_str(); 20]).await;
    bench.taken(id, &filed).await;
    let announced = letter(&bench, id, NoticeKind::N08Progress, "complainant").await;
    assert!(text(&announced).contains("长长长…"), "the rest stands on the page of the case");
}
