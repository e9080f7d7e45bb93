//! A respondent that never answers.

use anyhow::{Context as _, ensure};
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1 as inv;

use super::patience::{Patience, insist};
use super::steps::Case;

impl Case<'_> {
    /// The respondent lets its deadline pass, and what was announced follows. Where no time can be moved the handler gives
    /// the request up instead.
    pub(super) async fn waits_in_vain(&self, asked: &inv::EvidenceRequest) -> anyhow::Result<()> {
        if !self.stage.deadlines.pass() {
            return self.gives_up(&asked.evidence_request_id).await;
        }
        let due = asked.due_at.as_ref().context("a request without a limit")?;
        self.stage.deadlines.wait(from_wire_time(due)?).await?;
        let lapsed = self.lapsed(&asked.evidence_request_id).await?;
        ensure!(
            (lapsed.consequence, &lapsed.consequence_text) == (asked.consequence, &asked.consequence_text),
            "the request lapsed with {:?}, and {:?} was announced",
            lapsed.consequence(),
            asked.consequence()
        );
        self.note(|course| course.lapsed += 1);
        Ok(())
    }

    async fn lapsed(&self, request: &str) -> anyhow::Result<inv::EvidenceRequest> {
        let mut patience = Patience::new("see the request lapse", self.stage.patience);
        let question = inv::GetInvestigationRequest { complaint_id: self.id.clone() };
        loop {
            let seen = insist!(
                self.stage,
                "look at the request",
                self.staff.handler.investigation().get_investigation(question.clone())
            );
            let requests = seen.investigation.map(|found| found.evidence_requests).unwrap_or_default();
            let asked = requests.into_iter().find(|one| one.evidence_request_id == request);
            let asked = asked.context("the request is not in its investigation")?;
            if asked.state() == inv::EvidenceRequestState::Lapsed {
                return Ok(asked);
            }
            patience.look_again(&asked.state()).await?;
        }
    }

    async fn gives_up(&self, request: &str) -> anyhow::Result<()> {
        let cancel = inv::CancelEvidenceRequestRequest {
            request_id: format!("given-up-{}", self.id),
            complaint_id: self.id.clone(),
            evidence_request_id: request.to_owned(),
            ..Default::default()
        };
        insist!(
            self.stage,
            "give a request up",
            self.staff.handler.investigation().cancel_evidence_request(cancel.clone())
        );
        Ok(())
    }
}
