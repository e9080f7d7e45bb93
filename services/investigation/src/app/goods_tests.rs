//! Tests by independent laboratories: who bears the fee is agreed first (F028, L07).

use async_trait::async_trait;
use redress_domain::{Money, Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command, Target};
use super::{Desk, code, fits, id, made_id, text};
use crate::domain::Refusal;
use crate::domain::evidence::EvidenceType;
use crate::domain::goods_test::{Custody, GoodsTest, TestState, agreed};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{cited, goods_test};

/// Proofs of one agreement.
const PROOFS: usize = 10;
/// The number of a seal.
const SEAL: usize = 64;

type Shown = (wire::TestOrder, u32);

/// What a call does with a test.
enum Step {
    Agree(Box<GoodsTest>),
    Order,
    HandOver { holder: String, seal_no: String, at_lab: bool },
    Report(Uuid),
    Abandon(String),
}

struct Test {
    id: Uuid,
    step: Step,
}

/// Records that laboratory and fee are agreed.
pub async fn agree(
    desk: &Desk,
    principal: &Principal,
    request: wire::AgreeTestRequest,
) -> Result<Shown, Error> {
    let test = read_agreement(principal, &request)?;
    let content = wire::AgreeTestRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    run(desk, principal, target, Test { id: test.id, step: Step::Agree(Box::new(test)) }).await
}

fn read_agreement(principal: &Principal, request: &wire::AgreeTestRequest) -> Result<GoodsTest, Problem> {
    let mut found = Violations::default();
    code(&mut found, "lab", &request.lab);
    code(&mut found, "subject", &request.subject);
    let fee = request.fee.clone().unwrap_or_default();
    let fee = Money::new(&fee.currency, fee.amount_minor);
    if fee.is_err() {
        found.add("fee", "MALFORMED", "an amount of 0 or more in a currency is expected");
    }
    let fee_bearer = super::wire::read_fee_bearer(request.fee_bearer());
    if fee_bearer.is_none() {
        found.add("feeBearer", "REQUIRED", "it is said first who bears the fee");
    }
    if request.agreement_evidence_ids.len() > PROOFS {
        found.add("agreementEvidenceIds", "TOO_MANY", format!("at most {PROOFS}"));
    }
    let proofs = request.agreement_evidence_ids.iter().take(PROOFS).map(|proof| id(proof));
    let agreement = proofs.collect::<Result<Vec<_>, _>>()?;
    let (Ok(fee), Some(fee_bearer), true) = (fee, fee_bearer, found.is_empty()) else {
        return Err(Problem::invalid(found));
    };
    Ok(GoodsTest {
        id: made_id("goods-test", principal, &request.request_id),
        round: 0,
        state: TestState::Agreed,
        lab: request.lab.clone(),
        subject: request.subject.clone(),
        fee,
        fee_bearer,
        agreement,
        custody: Vec::new(),
        report: None,
        abandoned_reason: String::new(),
        ordered_at: None,
        ended_at: None,
        announced: 0,
    })
}

/// Orders a test.
pub async fn order(
    desk: &Desk,
    principal: &Principal,
    request: wire::OrderTestRequest,
) -> Result<Shown, Error> {
    let test = id(&request.test_id)?;
    let content = wire::OrderTestRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    run(desk, principal, target, Test { id: test, step: Step::Order }).await
}

/// Records that the sample changed hands.
pub async fn hand_over(
    desk: &Desk,
    principal: &Principal,
    request: wire::RecordSampleRequest,
) -> Result<Shown, Error> {
    let mut found = Violations::default();
    code(&mut found, "holder", &request.holder);
    text(&mut found, "sealNo", &request.seal_no, SEAL, false);
    fits(found)?;
    let test = id(&request.test_id)?;
    let content = wire::RecordSampleRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let step = Step::HandOver { holder: request.holder, seal_no: request.seal_no, at_lab: request.at_lab };
    run(desk, principal, target, Test { id: test, step }).await
}

/// Records the report, or that the test was given up.
pub async fn report(
    desk: &Desk,
    principal: &Principal,
    request: wire::RecordTestReportRequest,
) -> Result<Shown, Error> {
    let test = id(&request.test_id)?;
    let step = if request.report_evidence_id.is_empty() {
        let mut found = Violations::default();
        code(&mut found, "abandonedReason", &request.abandoned_reason);
        fits(found)?;
        Step::Abandon(request.abandoned_reason.clone())
    } else {
        Step::Report(id(&request.report_evidence_id)?)
    };
    let content = wire::RecordTestReportRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    run(desk, principal, target, Test { id: test, step }).await
}

async fn run(desk: &Desk, principal: &Principal, target: Target, command: Test) -> Result<Shown, Error> {
    let (complaint, test) = (target.complaint, command.id);
    let caller = desk.caller(principal).await?;
    desk.change(&caller, target, command).await?;
    let (file, _) = desk.look(&caller, complaint).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let tests = goods_test::of_cases(&mut conn, &[(file.tenant.clone(), file.id)]).await?;
    let found = tests.iter().find(|(.., known)| known.id == test).ok_or_else(Problem::not_found)?;
    Ok((super::wire::goods_test(&found.2), super::wire::version(file.stream_version)))
}

#[async_trait]
impl Command for Test {
    const NAME: &'static str = "change_goods_test";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        change.telling.file.case.require_open()?;
        let mut test = match &self.step {
            Step::Agree(test) => GoodsTest { round: change.telling.file.case.round, ..(**test).clone() },
            _ => self.known(conn, change).await?,
        };
        self.apply(conn, change, &mut test).await?;
        goods_test::save(conn, change.place(), &test, change.now).await?;
        Ok(self.id.to_string())
    }
}

impl Test {
    async fn known(&self, conn: &mut PgConnection, change: &Change) -> Result<GoodsTest, Error> {
        let (tenant, complaint) = change.place();
        let tests = goods_test::of_cases(conn, &[(tenant.clone(), complaint)]).await?;
        let found = tests.into_iter().find(|(.., known)| known.id == self.id);
        Ok(found.ok_or_else(Problem::not_found)?.2)
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        change: &mut Change,
        test: &mut GoodsTest,
    ) -> Result<(), Error> {
        let (tenant, complaint) = change.place();
        match &self.step {
            Step::Agree(_) => {
                agreed(test.fee_bearer, &test.agreement)?;
                let known = cited::of_complaint(conn, tenant, complaint, &test.agreement).await?;
                if !test.agreement.iter().all(|proof| known.contains(proof)) {
                    return Err(Refusal::EvidenceUnknown.into());
                }
                change.telling.enter("test_agreed", Some(self.id), Visibility::Everybody);
            }
            Step::Order => {
                test.order(change.now)?;
                let ordered = wire::TestOrdered {
                    test_id: self.id.to_string(),
                    fee_bearer: super::wire::fee_bearer(test.fee_bearer).into(),
                };
                test.announced = change.telling.tell(&ordered);
                change.telling.enter("test_ordered", Some(self.id), Visibility::Everybody);
            }
            Step::HandOver { holder, seal_no, at_lab } => {
                let custody = Custody { holder: holder.clone(), at: change.now, seal_no: seal_no.clone() };
                test.hand_over(custody, *at_lab)?;
                change.telling.enter("sample_handed_over", Some(self.id), Visibility::Everybody);
            }
            Step::Report(report) => {
                let kind = cited::kind(conn, tenant, complaint, *report).await?;
                if kind != Some(EvidenceType::ThirdPartyTestReport) {
                    return Err(Refusal::ReportMissing.into());
                }
                test.report(*report, change.now)?;
                self.ended(change, test);
            }
            Step::Abandon(reason) => {
                let ran = test.is_running();
                test.abandon(reason, change.now)?;
                // A test that was never ordered kept nobody waiting.
                if ran {
                    self.ended(change, test);
                }
            }
        }
        Ok(())
    }

    fn ended(&self, change: &mut Change, test: &GoodsTest) {
        let reported = wire::TestReported {
            test_id: self.id.to_string(),
            report_evidence_id: test.report.map(|id| id.to_string()).unwrap_or_default(),
            abandoned_reason: test.abandoned_reason.clone(),
        };
        change.telling.tell(&reported);
        let code = if test.report.is_some() { "test_reported" } else { "test_abandoned" };
        change.telling.enter(code, Some(self.id), Visibility::Everybody);
    }
}
