//! A complainant supplied what was missing: the complaint has another assessment, and a person looks.
//!
//! The words that were supplied are sealed and do not travel, and those of the complaint itself are forgotten once they
//! were read. So the labels stay what they were, nothing is missing any more on the complainant's word, and no machine
//! takes that for granted: the assessment asks for a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use redress_domain::{DecidedBy, TenantId, whole_microseconds};
use redress_outbox::{Delivery, OutboxEvent};
use redress_proto::classification::v1::{Assessment, AssessmentMade, AssessmentReason};
use redress_proto::types::v1 as types;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::super::publish::Origin;
use super::{Happened, assessment_id};
use crate::error::Error;
use crate::store::assessment::{self, Stored};
use crate::store::complaint;
use crate::topics::ASSESSMENTS;

/// Why such an assessment superseded the one before.
const SUPPLIED: &str = "completion_supplied";

/// Assesses the complaints of a batch anew whose complainants supplied what was missing.
pub(super) async fn assess(
    conn: &mut PgConnection,
    batch: &[Delivery<Happened>],
    now: Timestamp,
) -> Result<Vec<OutboxEvent>, Error> {
    let mut by_tenant: BTreeMap<&TenantId, Vec<&Delivery<Happened>>> = BTreeMap::new();
    for delivery in batch.iter().filter(|delivery| matches!(*delivery.event, Happened::Completed)) {
        by_tenant.entry(&delivery.meta.tenant).or_default().push(delivery);
    }
    let mut events = Vec::new();
    for (tenant, deliveries) in by_tenant {
        events.extend(of_tenant(conn, tenant, &deliveries, now).await?);
    }
    Ok(events)
}

async fn of_tenant(
    conn: &mut PgConnection,
    tenant: &TenantId,
    deliveries: &[&Delivery<Happened>],
    now: Timestamp,
) -> Result<Vec<OutboxEvent>, Error> {
    let ids: BTreeSet<Uuid> = deliveries.iter().map(|delivery| delivery.meta.subject).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut versions: BTreeMap<Uuid, i64> =
        complaint::lock_all(conn, tenant, &ids).await?.into_iter().collect();
    // After the lock, so that nobody's assessment comes between.
    let mut latest: BTreeMap<Uuid, Stored> = BTreeMap::new();
    let mut seen: BTreeSet<(Uuid, Timestamp)> = BTreeSet::new();
    for stored in assessment::of_complaints(conn, tenant, &ids).await? {
        if stored.reason == SUPPLIED {
            seen.insert((stored.complaint, stored.made_at));
        }
        latest.insert(stored.complaint, stored);
    }
    let (mut made, mut events) = (Vec::new(), Vec::new());
    for delivery in deliveries {
        let (id, at) = (delivery.meta.subject, whole_microseconds(delivery.meta.occurred_at));
        let (Some(before), Some(version)) = (latest.get(&id), versions.get_mut(&id)) else { continue };
        // A kit that lost its memory brings again what was assessed.
        if !seen.insert((id, at)) {
            continue;
        }
        let new = anew(before, at);
        *version += 1;
        let origin = Origin::machine(&delivery.meta, DecidedBy::Rule, at, now);
        let told =
            AssessmentMade { assessment_id: new.id.to_string(), assessment: Some(new.content.clone()) };
        events.push(origin.event(ASSESSMENTS, tenant, id, *version, &told));
        latest.insert(id, new.clone());
        made.push(new);
    }
    if !made.is_empty() {
        assessment::insert(conn, &made).await?;
        let changed: BTreeSet<Uuid> = made.iter().map(|stored| stored.complaint).collect();
        let to: Vec<(Uuid, i32, i64)> = changed
            .into_iter()
            .filter_map(|id| Some((id, latest.get(&id)?.ordinal, *versions.get(&id)?)))
            .collect();
        complaint::reassessed(conn, tenant, &to).await?;
    }
    Ok(events)
}

/// The assessment that follows `before`.
fn anew(before: &Stored, at: Timestamp) -> Stored {
    let ordinal = before.ordinal + 1;
    Stored {
        tenant: before.tenant.clone(),
        complaint: before.complaint,
        ordinal,
        id: assessment_id(&before.tenant, before.complaint, ordinal),
        supersedes: Some(before.id),
        content: supplied(before.content.clone()),
        decided_by: DecidedBy::Rule,
        actor: crate::SOURCE.to_owned(),
        reason: SUPPLIED.to_owned(),
        made_at: at,
    }
}

/// A proposed refusal stays proposed; what was missing is not any more, and a person has to see whether that is so.
fn supplied(before: Assessment) -> Assessment {
    let completed = before.admissibility() == types::Admissibility::NeedsCompletion;
    let mut after = Assessment {
        missing: Vec::new(),
        needs_human: true,
        decided_by: types::DecidedBy::Rule.into(),
        reasons: vec![AssessmentReason {
            rule_id: SUPPLIED.to_owned(),
            label: "needs_human".to_owned(),
            score: 1.0,
            explanation: "the complainant supplied what was missing; its words are sealed and were not read"
                .to_owned(),
            spans: Vec::new(),
        }],
        ..before
    };
    if completed {
        after.admissibility = types::Admissibility::Yes.into();
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_missing_any_more_and_a_person_looks() {
        let before = Assessment {
            category: types::Category::Cq01.into(),
            admissibility: types::Admissibility::NeedsCompletion.into(),
            missing: vec!["order_no".into()],
            confidence: 0.97,
            ..Assessment::default()
        };
        let after = supplied(before);
        assert_eq!(
            (after.category(), after.admissibility()),
            (types::Category::Cq01, types::Admissibility::Yes)
        );
        assert!(after.missing.is_empty() && after.needs_human);
        let refused = Assessment { admissibility: types::Admissibility::No.into(), ..Assessment::default() };
        assert_eq!(supplied(refused).admissibility(), types::Admissibility::No);
    }
}
