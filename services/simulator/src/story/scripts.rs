//! The scripts: what the parties and the staff do with a case, and how it ends.

use anyhow::Context as _;
use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as res;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;

use super::agreement::amount;
use super::patience::{Patience, insist};
use super::steps::{Answers, Case};
use crate::plan::Script;

impl Case<'_> {
    pub(super) async fn play(&self, script: Script) -> anyhow::Result<()> {
        match script {
            Script::Settle | Script::MissingDetails => self.settles(Answers::AtOnce).await,
            Script::EvidenceLate => self.settles(Answers::Late).await,
            Script::EvidenceNever => self.settles(Answers::Never).await,
            Script::Ruling => self.is_ruled().await,
            Script::FailedRefund => self.is_advanced().await,
            Script::Appeal => self.is_appealed().await,
            Script::Withdraw => self.is_withdrawn().await,
            Script::Abusive => self.is_refused().await,
            Script::Regulator => self.is_handed_back().await,
            Script::Penalty => self.is_penalised().await,
            Script::Spike => self.is_one_of_many().await,
        }
    }

    async fn settles(&self, answers: Answers) -> anyhow::Result<()> {
        self.agree(answers).await?;
        self.is_content().await
    }

    /// Up to the agreement of both.
    async fn agree(&self, answers: Answers) -> anyhow::Result<()> {
        let (owed, proposal) = self.propose(answers).await?;
        self.accept(&owed, &proposal, true).await
    }

    /// The result was told: it is reported in writing, and the complainant is content with it.
    pub(super) async fn is_content(&self) -> anyhow::Result<()> {
        self.report().await?;
        let content = res::RespondToResultRequest {
            request_id: format!("content-{}", self.id),
            complaint_id: self.id.clone(),
            accept: true,
            ..Default::default()
        };
        insist!(
            self.stage,
            "accept the result",
            self.complainant.resolution().respond_to_result(content.clone())
        );
        self.ends(State::Closed).await
    }

    async fn report(&self) -> anyhow::Result<()> {
        self.until(State::ResultNotified).await?;
        let report = res::IssueHandlingReportRequest {
            request_id: format!("report-{}", self.id),
            complaint_id: self.id.clone(),
            parts: Some(res::HandlingReportParts {
                overview: "您投诉商品与所述不符，要求退还部分货款。".into(),
                process: "我们向对方调取了说明并核实。".into(),
                result: "由责任方退还一半货款。".into(),
                improvement: "责任方已更正说明。".into(),
                survey: "请对本次处理作出评价。".into(),
                contact: format!("负责人员：{}。", super::HANDLER),
                apology_and_thanks: "给您带来不便，深表歉意，感谢您的反馈。".into(),
            }),
            language: "zh-Hans".into(),
            ..Default::default()
        };
        let handler = &self.staff.handler;
        insist!(self.stage, "issue the report", handler.resolution().issue_handling_report(report.clone()));
        Ok(())
    }

    async fn is_ruled(&self) -> anyhow::Result<()> {
        let (owed, proposal) = self.propose(Answers::AtOnce).await?;
        self.respond(&self.complainant, "decline", &proposal, res::OfferAction::Declined).await?;
        self.keeps("C18");
        self.terminate("").await?;
        let ruling = res::IssueRulingRequest {
            request_id: format!("ruling-{}", self.id),
            complaint_id: self.id.clone(),
            terms: vec![owed.terms.clone()],
            outcome: "partly_upheld".into(),
            text: "商品与所述不符，退还一半货款。".into(),
            ..Default::default()
        };
        let adjudicator = &self.staff.adjudicator;
        insist!(self.stage, "rule", adjudicator.resolution().issue_ruling(ruling.clone()));
        self.note(|course| course.owed_minor = amount(&owed));
        self.is_content().await
    }

    async fn terminate(&self, referred_to: &str) -> anyhow::Result<()> {
        let terminate = res::TerminateMediationRequest {
            request_id: format!("terminated-{}", self.id),
            complaint_id: self.id.clone(),
            reason: res::TerminationReason::NoAgreement.into(),
            referred_to: referred_to.into(),
            ..Default::default()
        };
        let mediator = &self.staff.mediator;
        insist!(
            self.stage,
            "end the mediation",
            mediator.resolution().terminate_mediation(terminate.clone())
        );
        Ok(())
    }

    /// The payer has no money: what failed is seen by the mediator, and the platform pays first.
    async fn is_advanced(&self) -> anyhow::Result<()> {
        self.agree(Answers::AtOnce).await?;
        let remedy = self.failed_remedy().await?;
        let advance = res::AdvancePaymentRequest {
            request_id: format!("advance-{}", self.id),
            complaint_id: self.id.clone(),
            remedy_id: remedy,
            reason: "payer_cannot_pay".into(),
            ..Default::default()
        };
        let reviewer = &self.staff.reviewer;
        insist!(self.stage, "pay first", reviewer.resolution().advance_payment(advance.clone()));
        self.is_content().await
    }

    async fn failed_remedy(&self) -> anyhow::Result<String> {
        let mut patience = Patience::new("see the refund fail", self.stage.patience);
        let request = res::GetResolutionRequest { complaint_id: self.id.clone() };
        let mediator = &self.staff.mediator;
        loop {
            let seen = insist!(
                self.stage,
                "look at the remedies",
                mediator.resolution().get_resolution(request.clone())
            );
            let remedies = seen.resolution.map(|resolution| resolution.remedies).unwrap_or_default();
            if let Some(failed) = remedies.iter().find(|one| one.state() == res::RemedyState::Failed) {
                return Ok(failed.remedy_id.clone());
            }
            patience.look_again(&remedies.len()).await?;
        }
    }

    /// After the report the complainant appeals; the respondent is heard on it, and somebody outside the line upholds what
    /// was decided.
    async fn is_appealed(&self) -> anyhow::Result<()> {
        self.agree(Answers::AtOnce).await?;
        self.report().await?;
        let appeal = res::FileAppealRequest {
            request_id: format!("appeal-{}", self.id),
            complaint_id: self.id.clone(),
            grounds: vec![res::AppealGround {
                code: "amount".into(),
                text: "退一半不够。".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        insist!(self.stage, "appeal", self.complainant.resolution().file_appeal(appeal.clone()));
        self.until(State::UnderAppeal).await?;
        let appeal_id = self.reply_to_appeal().await?;
        let adjudicator = &self.staff.adjudicator;
        let uphold = res::DecideAppealRequest {
            request_id: format!("upheld-{}", self.id),
            complaint_id: self.id.clone(),
            appeal_id,
            outcome: res::AppealOutcome::Uphold.into(),
            answers: vec![res::AppealGround {
                ground: 1,
                answer: "双方已就金额达成一致，维持原结果。".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        insist!(self.stage, "decide the appeal", adjudicator.resolution().decide_appeal(uphold.clone()));
        self.keeps("C28");
        self.ends(State::Closed).await
    }

    /// The respondent reads the appeal. Every other one argues against it, the rest have nothing to add. Gives the appeal.
    async fn reply_to_appeal(&self) -> anyhow::Result<String> {
        let request = res::GetResolutionRequest { complaint_id: self.id.clone() };
        let seen = insist!(
            self.stage,
            "look at the appeal",
            self.respondent.resolution().get_resolution(request.clone())
        );
        let appeals = seen.resolution.map(|resolution| resolution.appeals).unwrap_or_default();
        let appeal_id = appeals.first().context("no appeal")?.appeal_id.clone();
        let argues = self.parties.paid_minor / 100 % 2 == 0;
        let reply = res::ReplyToAppealRequest {
            request_id: format!("replied-{}", self.id),
            complaint_id: self.id.clone(),
            appeal_id: appeal_id.clone(),
            text: if argues {
                "已按约定退还一半货款，不同意再退。".into()
            } else {
                String::new()
            },
            nothing_to_add: !argues,
            ..Default::default()
        };
        insist!(
            self.stage,
            "reply to the appeal",
            self.respondent.resolution().reply_to_appeal(reply.clone())
        );
        Ok(appeal_id)
    }

    /// Before a handler has done anything, also if it is urgent: a clock that waits for them ends with the case.
    async fn is_withdrawn(&self) -> anyhow::Result<()> {
        self.take_up().await?;
        let withdraw = intake::WithdrawComplaintRequest {
            request_id: format!("withdrawn-{}", self.id),
            complaint_id: self.id.clone(),
            reason: "已与商家自行解决。".into(),
            ..Default::default()
        };
        insist!(self.stage, "withdraw", self.complainant.intake().withdraw_complaint(withdraw.clone()));
        self.ends(State::Withdrawn).await
    }

    /// A machine never refuses, and of abuse a supervisor decides.
    async fn is_refused(&self) -> anyhow::Result<()> {
        let refuse = intake::DecideAdmissibilityRequest {
            request_id: format!("refused-{}", self.id),
            complaint_id: self.id.clone(),
            decision: types::Admissibility::No.into(),
            category: types::Category::Cq09.into(),
            refusal_reason: intake::RefusalReason::AbuseOrSpam.into(),
            facts: "只有辱骂，没有任何诉求。".into(),
            rule: "platform.complaints@1".into(),
            ..Default::default()
        };
        let reviewer = &self.staff.reviewer;
        insist!(self.stage, "refuse", reviewer.intake().decide_admissibility(refuse.clone()));
        self.ends(State::NotAccepted).await
    }

    async fn is_handed_back(&self) -> anyhow::Result<()> {
        let (_, proposal) = self.propose(Answers::AtOnce).await?;
        self.respond(&self.complainant, "decline", &proposal, res::OfferAction::Declined).await?;
        self.keeps("C18");
        self.terminate("regulator").await?;
        self.ends(State::Referred).await
    }

    /// The platform is the respondent: whoever imposed the penalty is named and kept out.
    async fn is_penalised(&self) -> anyhow::Result<()> {
        self.take_up().await?;
        self.contain().await?;
        let name = res::NameContestedDecidersRequest {
            request_id: format!("deciders-{}", self.id),
            complaint_id: self.id.clone(),
            subjects: vec!["sim-rule-officer-1".into()],
            ..Default::default()
        };
        let mediator = &self.staff.mediator;
        insist!(self.stage, "name who decided", mediator.resolution().name_contested_deciders(name.clone()));
        let evidence = self.states_own().await?;
        self.find_out(&evidence).await?;
        let payer = res::PartyRef { party: res::LiableParty::Platform.into(), ..Default::default() };
        let payee = res::PartyRef {
            party: res::LiableParty::Merchant.into(),
            reference: self.parties.complainant.clone(),
        };
        let owed = self.owed(res::RemedyType::FeeReturn, payer, payee);
        self.determine(&owed).await?;
        let proposal = self.draft(&owed).await?;
        self.review_and_send(&proposal).await?;
        self.accept(&owed, &proposal, false).await?;
        self.is_content().await
    }
}
