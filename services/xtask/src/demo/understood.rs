//! What classification made of the complaints: some assessments with their reasons, and the incident of the live room.

use redress_domain::Role;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_proto::classification::v1::{
    Assessment, ExplainAssessmentRequest, Incident, IncidentEvidence, ListIncidentsRequest,
};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::asking::Asking;
use crate::launch::Launched;

/// How many assessments are shown.
const SHOWN: i64 = 3;

pub(super) struct Understood {
    /// Complaints that were assessed.
    pub(super) assessed: u64,
    /// Of them marked for a person.
    pub(super) urgent: u64,
    /// Lines for people.
    pub(super) told: Vec<String>,
}

async fn connect(launched: &Launched) -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect(&launched.service("classification")?.installation.database_url).await?)
}

impl Understood {
    pub(super) async fn look(launched: &Launched) -> anyhow::Result<Self> {
        let mut stores = connect(launched).await?;
        let (assessed, urgent): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE urgent) FROM complaint WHERE assessments > 0",
        )
        .fetch_one(&mut stores)
        .await?;
        // One of each of some categories, so that the reasons differ.
        let examples: Vec<(String, Uuid)> = sqlx::query_as(
            "SELECT tenant, id FROM
                 (SELECT DISTINCT ON (category) tenant, complaint_id AS id, category FROM complaint
                  WHERE tenant = $1 AND language = 'zh-Hans' ORDER BY category, complaint_id) AS one
             ORDER BY category LIMIT $2",
        )
        .bind(launched.tenants[0].as_str())
        .bind(SHOWN)
        .fetch_all(&mut stores)
        .await?;
        let mut client = ClassificationServiceClient::new(Asking::channel(launched, "classification").await?);
        let mut told = vec!["assessments, and why:".to_owned()];
        let handler = Asking::of(launched, &launched.tenants[0], &[Role::Handler])?;
        for (_, complaint) in examples {
            let question = ExplainAssessmentRequest { complaint_id: complaint.to_string() };
            let answer = client.explain_assessment(handler.request(question)).await?.into_inner();
            // The latest comes first, and is the one that counts.
            told.extend(
                answer
                    .assessments
                    .first()
                    .and_then(|stored| stored.assessment.as_ref())
                    .map(explained)
                    .into_iter()
                    .flatten(),
            );
        }
        for tenant in &launched.tenants {
            let handler = Asking::of(launched, tenant, &[Role::Handler])?;
            let question = ListIncidentsRequest { page_size: 100, ..ListIncidentsRequest::default() };
            let found = client.list_incidents(handler.request(question)).await?.into_inner().incidents;
            if !found.is_empty() {
                told.push(format!("incidents of {tenant}, and the evidence for them:"));
            }
            told.extend(found.iter().map(gathered));
        }
        Ok(Self { assessed: assessed.unsigned_abs(), urgent: urgent.unsigned_abs(), told })
    }
}

/// A line for what it is, and one for each reason.
fn explained(assessment: &Assessment) -> Vec<String> {
    let category = assessment.category().as_str_name().trim_start_matches("CATEGORY_");
    let severity = assessment.severity().as_str_name().trim_start_matches("SEVERITY_").to_lowercase();
    let person = if assessment.needs_human { ", a person looks at it" } else { "" };
    let urgent = if assessment.urgent { ", urgent" } else { "" };
    let first = format!(
        "  {category} {} ({severity}{urgent}, confidence {:.2}{person})",
        assessment.sub_category, assessment.confidence
    );
    let reasons =
        assessment.reasons.iter().take(3).map(|reason| {
            format!("      {:<28} {:+.1}  {}", reason.rule_id, reason.score, reason.explanation)
        });
    std::iter::once(first).chain(reasons).collect()
}

fn gathered(incident: &Incident) -> String {
    let evidence = incident.evidence.clone().unwrap_or_default();
    let IncidentEvidence { window_count, window_seconds, baseline, common_terms, .. } = evidence;
    let dimension =
        incident.dimension().as_str_name().trim_start_matches("INCIDENT_DIMENSION_").to_lowercase();
    let category = incident.category().as_str_name().trim_start_matches("CATEGORY_");
    let state = incident.state().as_str_name().trim_start_matches("INCIDENT_STATE_").to_lowercase();
    format!(
        "  {state}: {dimension} {}, {category} {}: {} members; {window_count} in {window_seconds} s where {baseline:.1} \
         were usual; in common: {}",
        incident.subject,
        incident.sub_category,
        incident.members,
        common_terms.join(", ")
    )
}
