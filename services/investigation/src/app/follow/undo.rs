//! What hangs on the cases of a batch, as far as the lifecycle ends it or refuses it.
//!
//! Intake names a refused fact by its event (`ce_causation`), so that exactly the request, test or consultation that it
//! announced is undone. The lifecycle never took it and need not hear of it; that a request is taken back is told all the
//! same, for its clock runs and its party was asked. Intake may refuse that too, which changes nothing.

use jiff::Timestamp;
use redress_domain::{TenantId, event_id};
use redress_messaging::EventMeta;
use redress_outbox::Delivery;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Happened, Step};
use crate::app::requests::take_back;
use crate::app::telling::Telling;
use crate::domain::case::{ComplaintState, State};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{consultation, goods_test, request};
use crate::topics::CASES;

/// Requests, tests and consultations of the cases that need them.
#[derive(Default)]
pub(super) struct Attached {
    requests: Vec<(request::Kept, bool)>,
    tests: Vec<(goods_test::Kept, bool)>,
    consultations: Vec<(consultation::Kept, bool)>,
}

impl Attached {
    /// Reads what hangs on the cases that end, or of which something is refused.
    pub(super) async fn load(conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<Self, Error> {
        let concerned = |happened: &Happened| match happened {
            Happened::Moved { to, .. } => to.is_over(),
            Happened::Refused { .. } => true,
            _ => false,
        };
        let cases: Vec<(TenantId, Uuid)> = batch
            .iter()
            .filter(|delivery| concerned(&delivery.event))
            .map(|delivery| (delivery.meta.tenant.clone(), delivery.meta.subject))
            .collect();
        let unchanged = |kept| (kept, false);
        Ok(Self {
            requests: request::of_cases(conn, &cases).await?.into_iter().map(unchanged).collect(),
            tests: goods_test::of_cases(conn, &cases).await?.into_iter().map(|kept| (kept, false)).collect(),
            consultations: consultation::of_cases(conn, &cases)
                .await?
                .into_iter()
                .map(|kept| (kept, false))
                .collect(),
        })
    }

    /// Nothing is asked any more.
    pub(super) fn cancel_all(&mut self, tenant: &TenantId, complaint: Uuid, now: Timestamp) {
        for (kept, changed) in &mut self.requests {
            if (&kept.tenant, kept.complaint) == (tenant, complaint) {
                *changed |= kept.request.cancel(now);
            }
        }
        for ((of, id, test), changed) in &mut self.tests {
            if (&*of, *id) == (tenant, complaint) {
                *changed |= test.abandon("case_over", now).is_ok();
            }
        }
        for ((of, id, consultation), changed) in &mut self.consultations {
            if (&*of, *id) == (tenant, complaint) {
                *changed |= consultation.cancel(now);
            }
        }
    }

    pub(super) async fn save(self, conn: &mut PgConnection, now: Timestamp) -> Result<(), Error> {
        let requests: Vec<&request::Kept> =
            self.requests.iter().filter(|(_, changed)| *changed).map(|(kept, _)| kept).collect();
        request::save(conn, &requests).await?;
        // Few: tests and consultations are rare, and a case ends once.
        for ((tenant, complaint, test), _) in self.tests.iter().filter(|(_, changed)| *changed) {
            goods_test::save(conn, (tenant, *complaint), test, now).await?;
        }
        for ((tenant, complaint, consultation), _) in
            self.consultations.iter().filter(|(_, changed)| *changed)
        {
            consultation::save(conn, tenant, *complaint, consultation).await?;
        }
        Ok(())
    }
}

impl Step<'_> {
    /// Undoes a fact that intake could not take.
    pub(super) fn undo(
        &mut self,
        telling: &mut Telling,
        meta: &EventMeta,
        fact: &str,
        state: ComplaintState,
    ) {
        telling.file.case.complaint_state = state;
        let id = telling.file.id;
        let announced = |version: i64| {
            let event = event_id(CASES, id, version).to_string();
            meta.causation.as_deref() == Some(event.as_str())
        };
        let now = self.now;
        match fact {
            "InvestigationOpened" if state != ComplaintState::Investigating => {
                self.end(telling, "refused_by_lifecycle");
            }
            "EvidenceRequested" => {
                for (kept, changed) in &mut self.attached.requests {
                    if kept.complaint == id && announced(kept.request.announced) {
                        // Told, for others have heard of the request: its clock runs, and a notice of it went out.
                        *changed |= take_back(telling, kept);
                    }
                }
            }
            "TestOrdered" => {
                for ((_, complaint, test), changed) in &mut self.attached.tests {
                    if *complaint == id && announced(test.announced) {
                        *changed |= test.abandon("refused_by_lifecycle", now).is_ok();
                    }
                }
            }
            "ConsultationRequested" => {
                for ((_, complaint, consultation), changed) in &mut self.attached.consultations {
                    if *complaint == id && announced(consultation.announced) {
                        *changed |= consultation.cancel(now);
                    }
                }
            }
            "InvestigationConcluded" if announced(telling.file.concluded_version) => {
                self.reopen(telling, state);
            }
            // An answer or a lapse that came too late to matter: what is settled stays settled.
            _ => return,
        }
        telling.enter("fact_refused", None, Visibility::Staff);
    }

    /// A conclusion that was not taken: facts are still being found, or nothing is.
    fn reopen(&mut self, telling: &mut Telling, state: ComplaintState) {
        let case = &mut telling.file.case;
        if case.state != State::Concluded {
            return;
        }
        case.state = State::Open;
        case.concluded_at = None;
        case.concluded_by.clear();
        telling.file.conclusion = Vec::new();
        telling.file.concluded_version = 0;
        if !matches!(state, ComplaintState::Investigating | ComplaintState::Suspended) {
            self.end(telling, "refused_by_lifecycle");
        }
    }
}
