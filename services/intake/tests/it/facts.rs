//! What investigation and resolution report moves the lifecycle, or is refused on the record.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_domain::{Clock, ComplaintId};
use redress_intake::app::facts::{TakeFacts, Teller, Told};
use redress_intake::domain::lifecycle::Policy;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, Delivery};
use redress_proto::intake::v1::{Complaint, DecideAdmissibilityRequest, FactRefused};
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{Admissibility, AwaitedParty, Category, ComplaintState};
use redress_testkit::record;

use crate::assessments::{handler, made, meta, plain};
use crate::bench::{Bench, NOON, complainant, officer};

/// What a service says, with who did it.
pub(crate) struct Word {
    teller: Teller,
    meta: EventMeta,
    payload: Vec<u8>,
}

pub(crate) fn word<M: Message + Name>(id: ComplaintId, actor: &str, message: &M) -> Word {
    let name = M::full_name();
    let teller = match name.split('.').nth(1) {
        Some("investigation") => Teller::Investigation,
        Some("sla") => Teller::Sla,
        _ => Teller::Resolution,
    };
    let meta = EventMeta { actor: Some(actor.into()), ..meta::<M>(id, 1) };
    Word { teller, meta, payload: message.encode_to_vec() }
}

impl Word {
    pub(crate) fn at(mut self, at: Timestamp) -> Self {
        self.meta.occurred_at = at;
        self
    }

    /// Whether it means anything to the lifecycle.
    pub(crate) fn is_read(&self, bench: &Bench) -> bool {
        takes(bench, self.teller).decode(&self.meta, &self.payload).unwrap().is_some()
    }

    /// When it was told, however long after it happened.
    pub(crate) fn told(mut self, at: Timestamp) -> Self {
        self.meta.recorded_at = Some(at);
        self
    }
}

fn takes(bench: &Bench, teller: Teller) -> TakeFacts {
    let clock: Arc<dyn Clock> = bench.clock.clone();
    TakeFacts { teller, clock, policy: Arc::new(Policy::default()) }
}

/// Applies it as the kit does, and shows the complaint.
pub(crate) async fn tell(bench: &Bench, word: Word) -> Complaint {
    let handler = takes(bench, word.teller);
    let id = ComplaintId::from_uuid(word.meta.subject);
    let event: Told = handler.decode(&word.meta, &word.payload).unwrap().expect("it moves something");
    let record = record("redress.any.cases.v1", word.payload);
    let delivery = Delivery { event: Arc::new(event), meta: Arc::new(word.meta), record: Arc::new(record) };
    let mut tx = bench.db.pool().begin().await.unwrap();
    handler.apply(&mut tx, &[delivery]).await.unwrap();
    tx.commit().await.unwrap();
    bench.view(id).await
}

pub(crate) async fn accepted(bench: &Bench, key: &str) -> ComplaintId {
    let id = bench.registered(&complainant("c1"), key).await;
    made(bench, &handler(bench, &["*"]), id, plain()).await;
    id
}

fn approved(mediation_refused: bool) -> resolution::PlanApproved {
    resolution::PlanApproved { mediation_refused, ..Default::default() }
}

/// Up to the plan that another person approved.
pub(crate) async fn planned(bench: &Bench, key: &str, mediation_refused: bool) -> ComplaintId {
    let id = accepted(bench, key).await;
    tell(bench, word(id, "staff-1", &investigation::InvestigationOpened::default())).await;
    tell(bench, word(id, "staff-1", &investigation::InvestigationConcluded::default())).await;
    tell(bench, word(id, "staff-2", &approved(mediation_refused))).await;
    id
}

pub(crate) fn result_accepted() -> resolution::ResultAccepted {
    resolution::ResultAccepted { outcome: "upheld".into(), cause: "live_wording".into() }
}

#[tokio::test]
async fn a_case_goes_from_acceptance_to_its_closing_on_what_the_others_report() {
    use ComplaintState as S;
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let asked =
        investigation::EvidenceRequested { party: AwaitedParty::Respondent.into(), ..Default::default() };
    let answered = investigation::EvidenceSubmitted {
        party: AwaitedParty::Respondent.into(),
        request_settled: true,
        ..Default::default()
    };
    let executed = |all| resolution::RemedyExecuted { all, ..Default::default() };
    let way = [
        (word(id, "staff-1", &investigation::InvestigationOpened::default()), S::Investigating),
        (word(id, "staff-1", &asked), S::Investigating),
        (word(id, "shop-7", &answered), S::Investigating),
        (word(id, "staff-1", &investigation::InvestigationConcluded::default()), S::PlanReview),
        (word(id, "staff-2", &resolution::PlanReturned::default()), S::Investigating),
        (word(id, "staff-1", &investigation::InvestigationOpened::default()), S::Investigating),
        (word(id, "staff-1", &investigation::InvestigationConcluded::default()), S::PlanReview),
        (word(id, "staff-2", &approved(false)), S::Mediating),
        (word(id, "shop-7", &resolution::SettlementReached::default()), S::Executing),
        (word(id, "resolution", &executed(false)), S::Executing),
        (word(id, "resolution", &executed(true)), S::ResultNotified),
        (word(id, "c1", &result_accepted()), S::Closed),
    ];
    for (step, (word, state)) in way.into_iter().enumerate() {
        assert_eq!(tell(&bench, word).await.state(), state, "step {step}");
    }
    assert_eq!(bench.count("SELECT count(*) FROM outbox WHERE headers::text LIKE '%FactRefused%'").await, 0);
    assert_eq!(
        bench.count("SELECT count(*) FROM outbox WHERE headers::text LIKE '%ComplaintClosed%'").await,
        1
    );
}

#[tokio::test]
async fn a_fact_that_comes_too_late_or_breaks_a_guard_is_refused_with_its_reason_and_moves_nothing() {
    let bench = Bench::new().await;
    let id = accepted(&bench, "k1").await;
    let settled = tell(&bench, word(id, "shop-7", &resolution::SettlementReached::default())).await;
    assert_eq!(settled.state(), ComplaintState::Accepted);
    tell(&bench, word(id, "staff-1", &investigation::InvestigationOpened::default())).await;
    tell(&bench, word(id, "staff-1", &investigation::InvestigationConcluded::default())).await;
    let own_plan = tell(&bench, word(id, "staff-1", &approved(false))).await;
    assert_eq!(own_plan.state(), ComplaintState::PlanReview);

    let refused: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE headers::text LIKE '%FactRefused%' ORDER BY id")
            .fetch_all(bench.db.pool())
            .await
            .unwrap();
    let refused: Vec<_> = refused
        .iter()
        .map(|payload| FactRefused::decode(payload.as_slice()).unwrap())
        .map(|refused| (refused.fact, refused.reason))
        .collect();
    let expected = [("SettlementReached", "FACT_NOT_IN_STATE"), ("PlanApproved", "REVIEWER_IS_AUTHOR")];
    assert_eq!(refused, expected.map(|(fact, reason)| (fact.to_owned(), reason.to_owned())));
}

#[tokio::test]
async fn a_ruling_an_appeal_and_its_decision_by_somebody_else_lead_where_they_say() {
    let bench = Bench::new().await;
    let id = planned(&bench, "k1", true).await;
    let ruling = resolution::RulingIssued { remedy_ordered: true, ..Default::default() };
    assert_eq!(tell(&bench, word(id, "judge-1", &ruling)).await.state(), ComplaintState::Executing);
    let filed = resolution::AppealFiled::default();
    assert_eq!(tell(&bench, word(id, "shop-7", &filed)).await.state(), ComplaintState::UnderAppeal);
    let decided = resolution::AppealDecided {
        next: resolution::AppealNext::Close.into(),
        outcome: "not_upheld".into(),
        cause: "unknown".into(),
        ..Default::default()
    };
    let by_decider = tell(&bench, word(id, "judge-1", &decided)).await;
    assert_eq!(by_decider.state(), ComplaintState::UnderAppeal);
    assert_eq!(tell(&bench, word(id, "judge-2", &decided)).await.state(), ComplaintState::Closed);
}

#[tokio::test]
async fn silence_closes_only_after_the_window_with_the_notice_delivered_and_the_report_issued() {
    let bench = Bench::new().await;
    let id = planned(&bench, "k1", true).await;
    let ruling = resolution::RulingIssued { remedy_ordered: false, ..Default::default() };
    assert_eq!(tell(&bench, word(id, "judge-1", &ruling)).await.state(), ComplaintState::ResultNotified);
    let whole = resolution::ObjectionWindowEnded {
        notice_delivered: true,
        report_issued: true,
        outcome: "not_upheld".into(),
        cause: "unknown".into(),
    };
    let noon: Timestamp = NOON.parse().unwrap();
    let after = noon + SignedDuration::from_hours(24 * 9);
    let undelivered = resolution::ObjectionWindowEnded { notice_delivered: false, ..whole.clone() };
    let unreported = resolution::ObjectionWindowEnded { report_issued: false, ..whole.clone() };
    for (what, word) in [
        ("too early", word(id, "sla", &whole).at(noon)),
        ("not delivered", word(id, "sla", &undelivered).at(after)),
        ("no report", word(id, "sla", &unreported).at(after)),
    ] {
        assert_eq!(tell(&bench, word).await.state(), ComplaintState::ResultNotified, "{what}");
    }
    assert_eq!(tell(&bench, word(id, "sla", &whole).at(after)).await.state(), ComplaintState::Closed);
}

#[tokio::test]
async fn a_mediation_that_ends_goes_to_a_ruling_or_to_the_outside_body_it_names() {
    let bench = Bench::new().await;
    let ended = |referred_to: &str| resolution::MediationTerminated {
        reason: resolution::TerminationReason::NoAgreement.into(),
        referred_to: referred_to.into(),
    };
    let ruled = planned(&bench, "k1", false).await;
    assert_eq!(tell(&bench, word(ruled, "staff-3", &ended(""))).await.state(), ComplaintState::Ruling);
    let referred = planned(&bench, "k2", false).await;
    let seen = tell(&bench, word(referred, "staff-3", &ended("12315"))).await;
    assert_eq!(seen.state(), ComplaintState::Referred);
}

#[tokio::test]
async fn a_message_that_does_not_say_what_it_must_is_refused_and_one_that_moves_nothing_is_skipped() {
    let bench = Bench::new().await;
    let id = ComplaintId::from_uuid(uuid::Uuid::from_u128(9));
    let read = |word: Word| takes(&bench, word.teller).decode(&word.meta, &word.payload);
    let nobody = word(id, "x", &investigation::EvidenceRequested::default());
    let reasonless = word(id, "x", &resolution::MediationTerminated::default());
    let nowhere = word(id, "x", &resolution::AppealDecided::default());
    let odd = resolution::ResultAccepted { outcome: "王小样".into(), cause: "x".into() };
    for unfit in [nobody, reasonless, nowhere, word(id, "x", &odd)] {
        assert!(read(unfit).is_err());
    }
    let open_still =
        investigation::EvidenceSubmitted { party: AwaitedParty::Lab.into(), ..Default::default() };
    assert!(read(word(id, "x", &open_still)).unwrap().is_none());
    assert!(read(word(id, "x", &resolution::LiabilityDetermined::default())).unwrap().is_none());
}

#[tokio::test]
async fn a_settlement_after_a_withdrawal_is_refused_so_that_its_owner_undoes_it() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let decision = DecideAdmissibilityRequest {
        request_id: "r1".into(),
        complaint_id: id.to_string(),
        decision: Admissibility::Yes.into(),
        category: Category::Cq01.into(),
        handler: "staff-0042".into(),
        ..Default::default()
    };
    bench.decide(&officer(), decision).await.unwrap();
    let withdrawal = redress_proto::intake::v1::WithdrawComplaintRequest {
        request_id: "w1".into(),
        complaint_id: id.to_string(),
        ..Default::default()
    };
    bench.withdraw(&complainant("c1"), withdrawal).await.unwrap();
    let seen = tell(&bench, word(id, "shop-7", &resolution::SettlementReached::default())).await;
    assert_eq!(seen.state(), ComplaintState::Withdrawn);
    assert_eq!(bench.count("SELECT count(*) FROM outbox WHERE headers::text LIKE '%FactRefused%'").await, 1);
}
