//! What investigation and resolution tell: each fact its letters, once the lifecycle has taken it.

use std::time::Duration;

use jiff::SignedDuration;
use prost::Message as _;
use redress_domain::{Clock as _, ComplaintId};
use redress_notification::app::hear::Fact;
use redress_notification::topics::{INVESTIGATION, RESOLUTION};
use redress_outbox::{BatchHandler as _, Delivery};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::notification::v1::{Notice, NoticeKind};
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{AwaitedParty, Money, Sealed};

use crate::bench::Bench;
use crate::mediated;
use crate::people::{MAIL, by_mail, handler};

pub(crate) fn in_hours(bench: &Bench, hours: i64) -> pbjson_types::Timestamp {
    to_wire_time(bench.clock.now() + SignedDuration::from_hours(hours))
}

pub(crate) fn advanced(fact: &str) -> intake::ComplaintAdvanced {
    intake::ComplaintAdvanced { fact: fact.into(), ..Default::default() }
}

pub(crate) fn refund() -> resolution::RemedyTerms {
    resolution::RemedyTerms {
        r#type: resolution::RemedyType::ReturnAndRefund.into(),
        amount: Some(Money { currency: "CNY".into(), amount_minor: 29_900 }),
        payer: Some(merchant()),
        ..Default::default()
    }
}

pub(crate) fn merchant() -> resolution::PartyRef {
    resolution::PartyRef { party: resolution::LiableParty::Merchant.into(), reference: "shop-1".into() }
}

/// Whom a notice of this kind went to.
pub(crate) async fn told(bench: &Bench, id: ComplaintId, kind: NoticeKind) -> Vec<String> {
    let notices = bench.notices(id).await.into_iter().filter(|notice| notice.kind() == kind);
    let mut roles: Vec<_> = notices.map(|notice| notice.addressee.unwrap().role).collect();
    roles.sort();
    roles
}

pub(crate) const BOTH: [&str; 2] = ["complainant", "respondent"];

/// The letter of this kind to a side.
pub(crate) async fn letter(bench: &Bench, id: ComplaintId, kind: NoticeKind, role: &str) -> Notice {
    bench.send_all().await;
    let notices = bench.notices(id).await;
    let found = notices
        .into_iter()
        .find(|notice| notice.kind() == kind && notice.addressee.as_ref().unwrap().role == role)
        .unwrap();
    bench.queries.get(&handler(), &found.notice_id).await.unwrap()
}

pub(crate) fn text(notice: &Notice) -> &str {
    notice.body.as_deref().unwrap()
}

/// The notices as rows, without what sealing makes new each time.
async fn rows(bench: &Bench) -> Vec<String> {
    let sql = "SELECT (to_jsonb(t) - 'sealed_letter' - 'parts')::text FROM notice t ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(bench.db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_mediated_case_is_told_step_by_step_and_each_letter_says_what_it_must() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let mut version = 1;
    for (fact, answer) in mediated::facts(&bench, id).await {
        bench.hear(std::slice::from_ref(&fact)).await.unwrap();
        if let Some(name) = answer {
            version += 1;
            let cause = Some(fact.meta.event_id);
            bench.apply(&[bench.caused(id, version, &advanced(name), cause)]).await.unwrap();
        }
    }
    for kind in [NoticeKind::N10Proposal, NoticeKind::N11Settlement, NoticeKind::N17Execution] {
        assert_eq!(told(&bench, id, kind).await, BOTH, "{kind:?}");
    }
    assert_eq!(told(&bench, id, NoticeKind::N12Result).await, ["complainant"]);

    let proposal = letter(&bench, id, NoticeKind::N10Proposal, "respondent").await;
    for part in ["退货退款 人民币 299.00 元", "标签与直播所说不符", "商家", "2026年11月27日（星期五）12:00"]
    {
        assert!(text(&proposal).contains(part), "{part} in {}", text(&proposal));
    }
    let settlement = letter(&bench, id, NoticeKind::N11Settlement, "complainant").await;
    for part in ["s-1", "投诉方 aaaa1111", "被投诉方 bbbb2222", "退货退款 人民币 299.00 元"] {
        assert!(text(&settlement).contains(part), "{part} in {}", text(&settlement));
    }
    let execution = letter(&bench, id, NoticeKind::N17Execution, "respondent").await;
    assert!(text(&execution).contains("PAY-0001") && text(&execution).contains("人民币 299.00 元"));
    let result = letter(&bench, id, NoticeKind::N12Result, "complainant").await;
    for part in [
        "围巾与宣传不符",
        "客服部与质量部",
        "下架整改",
        "请告诉我们您的意见",
        "0042",
        "抱歉并感谢",
        "商家 100 %",
        // Resolution's window, to the end of its last day.
        "2026年12月26日（星期六）00:00",
        "7 日内没有提出异议",
    ] {
        assert!(text(&result).contains(part), "{part} in {}", text(&result));
    }
    assert!(!text(&result).contains('\u{202e}'), "what turns the direction is left out");
    let plain = "SELECT count(*) FROM notice t WHERE t::text LIKE '%围巾与宣传不符%'";
    assert_eq!(bench.count(plain).await, 0, "what was sealed stays sealed");
}

#[tokio::test]
async fn whatever_the_order_of_the_topics_and_whatever_comes_twice_each_party_has_each_notice_once() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let (_, registered) = bench.registered("k1", by_mail(MAIL)).await;
    let facts = mediated::facts(&bench, id).await;
    let answers: Vec<_> = (2_i64..)
        .zip(facts.iter().filter_map(|(fact, answer)| Some((fact.meta.event_id, (*answer)?))))
        .map(|(version, (cause, name))| bench.caused(id, version, &advanced(name), Some(cause)))
        .collect();
    let facts: Vec<_> = facts.into_iter().map(|(fact, _)| fact).collect();

    // Facts first.
    bench.hear(&facts).await.unwrap();
    bench.apply(&answers).await.unwrap();
    let once = rows(&bench).await;
    assert_eq!(once.len(), 1 + 2 + 2 + 2 + 1);
    bench.hear(&facts).await.unwrap();
    bench.apply(&answers).await.unwrap();
    bench.hear(&facts[4..]).await.unwrap();
    assert_eq!(rows(&bench).await, once, "a repetition changes nothing");

    // Answers first; and the registration last of all.
    let (other, last) = (Bench::new().await, Bench::new().await);
    other.apply(std::slice::from_ref(&registered)).await.unwrap();
    other.apply(&answers).await.unwrap();
    for fact in &facts {
        other.hear(std::slice::from_ref(fact)).await.unwrap();
    }
    assert_eq!(rows(&other).await, once);
    last.hear(&facts).await.unwrap();
    assert_eq!(last.count("SELECT count(*) FROM complaint").await, 0, "a place that was taken is given back");
    last.apply(&[vec![registered], answers].concat()).await.unwrap();
    assert_eq!(rows(&last).await, once);
}

/// Waits until somebody waits for a lock in the bench's database, or nobody has to: the complaint is there.
async fn met(bench: &Bench) {
    let waits = "SELECT (SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
                     SELECT pid FROM pg_stat_activity WHERE datname = current_database()))
                 + (SELECT count(*) FROM complaint)";
    let met = async || (bench.count(waits).await > 0).then_some(());
    redress_testkit::wait_until("the two have met", Duration::from_secs(30), met).await;
}

#[tokio::test]
async fn a_registration_and_what_another_topic_tells_at_the_same_instant_do_not_pass_each_other() {
    let source = Bench::new().await;
    let id = source.complaint("k1", by_mail(MAIL)).await;
    let (_, registered) = source.registered("k1", by_mail(MAIL)).await;
    let facts: Vec<_> =
        mediated::facts(&source, id).await.into_iter().take(2).map(|(fact, _)| fact).collect();

    // The fact is written, not yet to be seen, when the registration comes.
    let bench = Bench::new().await;
    let mut open = bench.db.pool().begin().await.unwrap();
    bench.hear_in(&mut open, &facts).await.unwrap();
    let batch = [registered.clone()];
    let commit = async {
        met(&bench).await;
        open.commit().await.unwrap();
    };
    let (applied, ()) = tokio::join!(bench.apply(&batch), commit);
    applied.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N10Proposal).await, BOTH);

    // The other way round.
    let bench = Bench::new().await;
    let mut open = bench.db.pool().begin().await.unwrap();
    bench.react.apply(&mut open, &batch).await.unwrap();
    let commit = async {
        met(&bench).await;
        open.commit().await.unwrap();
    };
    let (heard, ()) = tokio::join!(bench.hear(&facts), commit);
    heard.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N10Proposal).await, BOTH);
}

#[tokio::test]
async fn what_the_lifecycle_refuses_or_has_not_answered_sends_nothing() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let facts = mediated::facts(&bench, id).await;
    let settlement = facts[4].0.clone();
    bench.hear(&facts[..5].iter().map(|(fact, _)| fact.clone()).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N11Settlement).await, [""; 0]);
    let refused = intake::FactRefused { fact: "SettlementReached".into(), ..Default::default() };
    bench.apply(&[bench.caused(id, 2, &refused, Some(settlement.meta.event_id))]).await.unwrap();
    bench.hear(&[settlement]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N11Settlement).await, [""; 0]);
    assert_eq!(told(&bench, id, NoticeKind::N10Proposal).await, BOTH, "what nobody is asked about is told");
}

pub(crate) fn asked(
    party: AwaitedParty,
    due_at: Option<pbjson_types::Timestamp>,
    sealed: Option<Sealed>,
) -> investigation::EvidenceRequested {
    investigation::EvidenceRequested {
        request_id: "q-1".into(),
        party: party.into(),
        due_at,
        items: vec![investigation::RequestedItem {
            r#type: investigation::EvidenceType::LiveReplaySegment.into(),
            ..Default::default()
        }],
        consequence: investigation::LapseConsequence::OtherSideBelieved.into(),
        consequence_text: vec![investigation::LocalizedText {
            language: "zh-Hans".into(),
            text: "逾期则以对方所说为准。".into(),
        }],
        sealed,
        ..Default::default()
    }
}

#[tokio::test]
async fn evidence_is_asked_of_the_party_that_is_asked_and_more_time_is_told_with_the_same_items() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let why = bench.sealed(id, "evidence_request.why.q-1", "请提供当晚的回放".as_bytes()).await;
    let request =
        bench.fact(INVESTIGATION, id, 1, &asked(AwaitedParty::Respondent, Some(in_hours(&bench, 48)), why));
    let internal =
        bench.fact(INVESTIGATION, id, 2, &asked(AwaitedParty::Internal, Some(in_hours(&bench, 48)), None));
    let test = bench.fact(INVESTIGATION, id, 3, &investigation::TestOrdered::default());
    bench.hear(&[request.clone(), internal.clone(), test.clone()]).await.unwrap();
    let answer = |version, name, fact: &Delivery<Fact>| {
        bench.caused(id, version, &advanced(name), Some(fact.meta.event_id))
    };
    bench
        .apply(&[
            answer(2, "EvidenceRequested", &request),
            answer(3, "EvidenceRequested", &internal),
            answer(4, "TestOrdered", &test),
        ])
        .await
        .unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N06Evidence).await, ["respondent"]);
    assert_eq!(told(&bench, id, NoticeKind::N08Progress).await, BOTH);
    let first = letter(&bench, id, NoticeKind::N06Evidence, "respondent").await;
    for part in
        ["有关时段的直播回放", "请提供当晚的回放", "2026年11月27日（星期五）12:00", "逾期则以对方所说为准。"]
    {
        assert!(text(&first).contains(part), "{part} in {}", text(&first));
    }

    let longer = investigation::EvidenceRequestExtended {
        request_id: "q-1".into(),
        party: AwaitedParty::Respondent.into(),
        due_at: Some(in_hours(&bench, 96)),
    };
    bench.clock.advance(SignedDuration::from_mins(1));
    bench.hear(&[bench.fact(INVESTIGATION, id, 4, &longer)]).await.unwrap();
    assert_eq!(told(&bench, id, NoticeKind::N06Evidence).await, ["respondent", "respondent"]);
    let second = letter(&bench, id, NoticeKind::N06Evidence, "respondent").await;
    assert!(text(&second).contains("2026年11月29日（星期日）12:00"), "{}", text(&second));
    assert!(text(&second).contains("请提供当晚的回放"));
}

#[tokio::test]
async fn a_ruling_and_an_appeal_are_told_to_both_and_the_grounds_to_the_appellant_alone() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let piece = |id: &str, kind: investigation::EvidenceType| investigation::EvidenceSubmitted {
        evidence_id: id.into(),
        r#type: kind.into(),
        ..Default::default()
    };
    let chat = piece("e-1", investigation::EvidenceType::ChatLog);
    let papers = piece("e-2", investigation::EvidenceType::BankRecord);
    let found = resolution::LiabilityDetermined {
        shares: vec![resolution::LiabilityShare { party: Some(merchant()), basis_points: 7_000 }],
        rules: vec!["cn.quality-return@1".into(), "house.colours@4".into()],
        ..Default::default()
    };
    let pieces = [bench.fact(INVESTIGATION, id, 1, &chat), bench.fact(INVESTIGATION, id, 2, &papers)];
    bench.hear(&pieces).await.unwrap();
    let ruling = resolution::RulingIssued {
        ruling_id: "u-1".into(),
        remedy_ordered: true,
        terms: vec![refund()],
        appeal_until: Some(in_hours(&bench, 720)),
        sealed: bench.sealed(id, "ruling.u-1", "回放与标签不符".as_bytes()).await,
        ..Default::default()
    };
    let appeal = |grounds: &str, answer: &str| resolution::Appeal {
        grounds: vec![resolution::AppealGround {
            ground: 1,
            text: grounds.into(),
            answer: answer.into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let filed = resolution::AppealFiled {
        appeal_id: "a-1".into(),
        appellant: Some(resolution::CaseParty {
            role: AwaitedParty::Respondent.into(),
            respondent_ref: "shop-1".into(),
        }),
        sealed: bench.sealed(id, "appeal.a-1", &appeal("标签并无错误", "").encode_to_vec()).await,
        ..Default::default()
    };
    let decided = resolution::AppealDecided {
        appeal_id: "a-1".into(),
        appeal_outcome: resolution::AppealOutcome::Uphold.into(),
        sealed: bench
            .sealed(id, "appeal_answers.a-1.3", &appeal("", "标签已由实验室核对").encode_to_vec())
            .await,
        ..Default::default()
    };
    let ended = resolution::MediationTerminated { reason: 3, referred_to: String::new() };
    let facts = [
        bench.fact(RESOLUTION, id, 1, &ended),
        bench.fact(RESOLUTION, id, 2, &found),
        bench.fact(RESOLUTION, id, 3, &ruling),
        bench.fact(RESOLUTION, id, 4, &filed),
        bench.fact(RESOLUTION, id, 5, &decided),
    ];
    bench.hear(&facts).await.unwrap();
    let answers: Vec<_> = [(2, "MediationTerminated", 0), (3, "RulingIssued", 2), (4, "AppealDecided", 4)]
        .map(|(version, name, place): (i64, &str, usize)| {
            bench.caused(id, version, &advanced(name), Some(facts[place].meta.event_id))
        })
        .into();
    bench.apply(&answers).await.unwrap();
    bench.apply(&[bench.event(id, 5, &intake::ComplaintClosed::default())]).await.unwrap();
    for kind in
        [NoticeKind::N14Termination, NoticeKind::N13Ruling, NoticeKind::N15Appeal, NoticeKind::N18Survey]
    {
        assert_eq!(told(&bench, id, kind).await, BOTH, "{kind:?}");
    }
    let ruling = letter(&bench, id, NoticeKind::N13Ruling, "complainant").await;
    for part in [
        "回放与标签不符",
        "聊天记录",
        "第二十四条）（版本 1）",
        "本平台公示的规则 house.colours（版本 4）",
        "商家 70 %",
        "退货退款 人民币 299.00 元",
        "由工作人员作出",
    ] {
        assert!(text(&ruling).contains(part), "{part} in {}", text(&ruling));
    }
    assert!(!text(&ruling).contains("银行流水"), "that somebody showed their papers is their own matter");
    // Whose law it is.
    let theirs = letter(&bench, id, NoticeKind::N13Ruling, "respondent").await;
    assert!(text(&ruling).contains("请求消费者协会"), "{}", text(&ruling));
    assert!(
        text(&theirs).contains("请求行业协会") && !text(&theirs).contains("消费者协会"),
        "{}",
        text(&theirs)
    );
    let own = letter(&bench, id, NoticeKind::N15Appeal, "respondent").await;
    let theirs = letter(&bench, id, NoticeKind::N15Appeal, "complainant").await;
    assert!(text(&own).contains("1. 标签并无错误") && text(&own).contains("1. 标签已由实验室核对"));
    assert!(!text(&theirs).contains("标签并无错误") && text(&theirs).contains("1. 标签已由实验室核对"));
    assert!(text(&own).contains("维持原决定"));
    let ended = letter(&bench, id, NoticeKind::N14Termination, "complainant").await;
    assert!(text(&ended).contains("双方不能达成一致"));
    let survey = letter(&bench, id, NoticeKind::N18Survey, "complainant").await;
    assert!(text(&survey).contains("https://survey.invalid/process?complaint=20261125-TESTTESTTES-T"));
}
