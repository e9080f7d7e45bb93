//! The steps of a case up to the plan: taken up, evidence, findings, conclusion. What follows is in `agreement`.

use anyhow::Context as _;
use futures::stream;
use redress_domain::Role;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as inv;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;
use sha2::{Digest as _, Sha256};

use super::patience::{Patience, insist};
use super::{Bearer, HANDLER, Person, Staff, Stage};
use crate::ledger::{Complaint, Course};
use crate::plan::{Parties, Planned};

/// A case, its parties and its staff.
pub(super) struct Case<'a> {
    pub(super) stage: &'a Stage,
    pub(super) staff: &'a Staff,
    pub(super) complaint: &'a Complaint,
    pub(super) id: String,
    pub(super) parties: &'a Parties,
    pub(super) complainant: Person,
    pub(super) respondent: Person,
}

/// How the respondent answers a request for evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    AtOnce,
    /// After it got more time.
    Late,
    Never,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        complaint: &'a Complaint,
        planned: &'a Planned,
    ) -> anyhow::Result<Self> {
        let (tenant, id) = complaint;
        let staff = stage.staff.get(tenant).with_context(|| format!("nobody works for {tenant}"))?;
        let parties = &planned.parties;
        let person = |subject: &str, role| {
            let bearer = Bearer::new(&stage.issuing, &staff.tenant, subject, role)?;
            anyhow::Ok(Person::new(&stage.channels, bearer))
        };
        let complainant = person(&parties.complainant, Role::Complainant)?;
        let respondent = person(&parties.respondent, Role::Respondent)?;
        Ok(Self { stage, staff, complaint, id: id.to_string(), parties, complainant, respondent })
    }

    pub(super) fn note(&self, entry: impl FnOnce(&mut Course)) {
        self.stage.ledger.course(self.complaint, entry);
    }

    /// A deadline of this definition was kept.
    pub(super) fn keeps(&self, definition: &'static str) {
        self.note(|course| course.keeps(definition));
    }

    /// Where the complainant sees the case stand.
    async fn state(&self) -> anyhow::Result<State> {
        let request = intake::GetComplaintRequest { complaint_id: self.id.clone(), ..Default::default() };
        let answer = insist!(
            self.stage,
            "look at the complaint",
            self.complainant.intake().get_complaint(request.clone())
        );
        Ok(answer.complaint.context("an answer without a complaint")?.state())
    }

    /// Waits until the complainant sees the case stand in `wanted`.
    pub(super) async fn until(&self, wanted: State) -> anyhow::Result<()> {
        let mut patience = Patience::new(&format!("wait for {wanted:?}"), self.stage.patience);
        loop {
            let state = self.state().await?;
            if state == wanted {
                self.note(|course| course.state = state);
                return Ok(());
            }
            patience.look_again(&state).await?;
        }
    }

    /// The script comes to its end, in `state`; who has a closed case revisits it before.
    pub(super) async fn ends(&self, state: State) -> anyhow::Result<()> {
        self.until(state).await?;
        if state == State::Closed {
            self.revisit().await?;
        }
        self.note(|course| course.over = true);
        Ok(())
    }

    /// Until the case is investigated: what is asked for is brought in, and an officer takes it up unless a machine has.
    pub(super) async fn take_up(&self) -> anyhow::Result<()> {
        let mut patience = Patience::new("take the case up", self.stage.patience);
        let mut completions = 0;
        loop {
            let state = self.state().await?;
            match state {
                State::Investigating => break,
                State::AwaitingCompletion => {
                    completions += 1;
                    self.complete(completions).await?;
                }
                State::AdmissibilityReview => self.admit().await,
                _ => {}
            }
            patience.look_again(&state).await?;
        }
        self.note(|course| (course.admitted, course.state) = (true, State::Investigating));
        Ok(())
    }

    /// An answer that comes too late, since the case has moved on, is none.
    async fn complete(&self, count: u32) -> anyhow::Result<()> {
        let supply = intake::SupplyCompletionRequest {
            request_id: format!("supply-{count}-{}", self.id),
            complaint_id: self.id.clone(),
            text: "订单号 SIM00000000，商品与描述不符，附上说明：开箱当天就发现，要求退还部分货款。"
                .to_owned(),
            ..Default::default()
        };
        match self.complainant.intake().supply_completion(supply).await {
            Ok(_) => self.stage.ledger.note(|book| book.completions += 1),
            Err(refusal) => Patience::new("bring in details", self.stage.patience).after(&refusal).await?,
        }
        Ok(())
    }

    /// A refusal is looked into by the caller's next look: a machine may have been faster.
    async fn admit(&self) {
        let decision = intake::DecideAdmissibilityRequest {
            request_id: format!("taken-up-{}", self.id),
            complaint_id: self.id.clone(),
            decision: types::Admissibility::Yes.into(),
            severity: types::Severity::General.into(),
            handler: HANDLER.into(),
            ..Default::default()
        };
        let _ = self.staff.officer.intake().decide_admissibility(decision).await;
    }

    /// A request to the respondent, and what comes of it; gives the evidence that findings rest on.
    pub(super) async fn gather(&self, answers: Answers) -> anyhow::Result<String> {
        let asked = inv::RequestEvidenceRequest {
            request_id: format!("ask-{}", self.id),
            complaint_id: self.id.clone(),
            party: types::AwaitedParty::Respondent.into(),
            respondent_ref: self.parties.respondent.clone(),
            items: vec![inv::RequestedItem {
                r#type: inv::EvidenceType::MerchantStatement.into(),
                mandatory: true,
                ..Default::default()
            }],
            consequence: inv::LapseConsequence::OtherSideBelieved.into(),
            why: "所售商品与所述是否相符".into(),
            mandatory: true,
            ..Default::default()
        };
        let handler = &self.staff.handler;
        let answer =
            insist!(self.stage, "ask for evidence", handler.investigation().request_evidence(asked.clone()));
        let asked = answer.evidence_request.context("an answer without a request")?;
        let request = asked.evidence_request_id.clone();
        match answers {
            Answers::AtOnce => {}
            Answers::Late => {
                let more = inv::ExtendEvidenceRequestRequest {
                    request_id: format!("more-time-{}", self.id),
                    complaint_id: self.id.clone(),
                    evidence_request_id: request.clone(),
                };
                insist!(
                    self.stage,
                    "ask for more time",
                    self.respondent.investigation().extend_evidence_request(more.clone())
                );
            }
            Answers::Never => {
                self.waits_in_vain(&asked).await?;
                return self.states_own().await;
            }
        }
        let kind = inv::EvidenceType::MerchantStatement;
        let own =
            self.states(&self.respondent, &request, kind, "该批次商品与页面描述有出入，已下架核查。").await?;
        self.keeps("C11");
        self.show(own, inv::Audience::Complainant).await
    }

    /// What the complainant brings in unasked.
    pub(super) async fn states_own(&self) -> anyhow::Result<String> {
        let kind = inv::EvidenceType::Other;
        let own = self.states(&self.complainant, "", kind, "开箱时的情况说明，与描述不符。").await?;
        self.show(own, inv::Audience::Respondent).await
    }

    /// The other side is shown a copy: what it could not see would not count. Gives the piece.
    async fn show(&self, evidence: String, audience: inv::Audience) -> anyhow::Result<String> {
        let copy = inv::ProduceRenditionRequest {
            request_id: format!("shown-{evidence}"),
            complaint_id: self.id.clone(),
            evidence_id: evidence.clone(),
            audience: audience.into(),
            ..Default::default()
        };
        let handler = &self.staff.handler;
        insist!(
            self.stage,
            "show evidence to the other side",
            handler.investigation().produce_rendition(copy.clone())
        );
        Ok(evidence)
    }

    async fn states(
        &self,
        who: &Person,
        request: &str,
        kind: inv::EvidenceType,
        text: &str,
    ) -> anyhow::Result<String> {
        // With the hash a repetition is recognised as one, also after the request is settled by the first.
        let header = inv::EvidenceHeader {
            request_id: format!("statement-{kind:?}-{}", self.id),
            sha256: hex::encode(Sha256::digest(text)),
            complaint_id: self.id.clone(),
            r#type: kind.into(),
            media_type: "text/plain".into(),
            evidence_request_id: request.into(),
            ..Default::default()
        };
        let part = |part| inv::SubmitEvidenceRequest { part: Some(part) };
        let parts = [
            part(inv::submit_evidence_request::Part::Header(header)),
            part(inv::submit_evidence_request::Part::Chunk(text.as_bytes().to_vec())),
        ];
        let answer = insist!(
            self.stage,
            "bring evidence in",
            who.investigation().submit_evidence(stream::iter(parts.clone()))
        );
        Ok(answer.evidence.context("an answer without evidence")?.evidence_id)
    }

    /// A finding for each issue, unless those of an incident are there, and the conclusion.
    pub(super) async fn find_out(&self, evidence: &str) -> anyhow::Result<()> {
        let handler = &self.staff.handler;
        let request = inv::GetInvestigationRequest { complaint_id: self.id.clone() };
        let seen = insist!(
            self.stage,
            "look at the investigation",
            handler.investigation().get_investigation(request.clone())
        );
        let investigation = seen.investigation.context("an answer without an investigation")?;
        for issue in &investigation.issues {
            let finding = inv::RecordFindingRequest {
                request_id: format!("found-{issue}-{}", self.id),
                complaint_id: self.id.clone(),
                issue: issue.clone(),
                fact: "商品与所述不符".into(),
                evidence: vec![inv::EvidenceMark {
                    evidence_id: evidence.into(),
                    bearing: inv::Bearing::Supports.into(),
                    ..Default::default()
                }],
                result: inv::FindingResult::Established.into(),
                standard: inv::StandardOfProof::Balance.into(),
                ..Default::default()
            };
            insist!(self.stage, "record a finding", handler.investigation().record_finding(finding.clone()));
        }
        let conclude = inv::ConcludeInvestigationRequest {
            request_id: format!("concluded-{}", self.id),
            complaint_id: self.id.clone(),
            conclusion: "商品与所述不符".into(),
            ..Default::default()
        };
        insist!(
            self.stage,
            "conclude the investigation",
            handler.investigation().conclude_investigation(conclude.clone())
        );
        Ok(())
    }
}
