//! A complainant supplied what was missing: the complaint has another assessment.
//!
//! What was supplied is read for its purpose like the complaint itself, whose own words are forgotten by then. So the matter
//! stays what it was, and of the new words it is asked whether they hold what was missing, and whether the case is graver or
//! more urgent than was known. Where something is still not seen, a person looks; nobody is asked twice by a machine. Where
//! the words did not come, as from an older release, nothing is missing any more on the complainant's word, and a person
//! looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::Timestamp;
use redress_domain::{Category, ComplaintId, DecidedBy, TenantId, whole_microseconds};
use redress_outbox::{Delivery, OutboxEvent};
use redress_proto::classification::v1::{Assessment, AssessmentMade, AssessmentReason};
use redress_proto::intake::v1::CompletionSupplied;
use redress_proto::types::v1 as types;
use redress_vault::{Purpose, Vault, WrappedKey};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::super::engine::{Engine, Engines};
use super::super::labels;
use super::super::publish::Origin;
use super::{Happened, assessment_id};
use crate::error::Error;
use crate::store::assessment::{self, Stored};
use crate::store::{access, assignment, complaint};
use crate::topics::ASSESSMENTS;

/// Why such an assessment superseded the one before.
const SUPPLIED: &str = "completion_supplied";

/// What was supplied.
pub struct Supplied {
    sealed: Option<types::Sealed>,
    /// The words, once they were opened; in memory alone.
    text: OnceLock<String>,
}

impl Supplied {
    pub(super) fn of(message: CompletionSupplied) -> Self {
        Self { sealed: message.sealed, text: OnceLock::new() }
    }

    /// Opens the words, if there are any and nobody has.
    pub(super) async fn open(
        &self,
        vault: &Vault,
        tenant: &TenantId,
        complaint: ComplaintId,
    ) -> Result<(), Error> {
        let Some(sealed) = self.sealed.as_ref().filter(|_| self.text.get().is_none()) else { return Ok(()) };
        let Some(field) = sealed.fields.first() else { return Ok(()) };
        let key = WrappedKey::from_bytes(&sealed.wrapped_key)?;
        let opener = vault.opener(tenant, complaint, &key, Purpose::Classification).await?;
        let plain = opener.open(&field.name, &field.value)?;
        let _first = self.text.set(String::from_utf8_lossy(&plain).into_owned());
        Ok(())
    }
}

impl std::fmt::Debug for Supplied {
    /// Without a word of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supplied").field("opened", &self.text.get().is_some()).finish_non_exhaustive()
    }
}

/// Assesses the complaints of a batch anew whose complainants supplied what was missing.
pub(super) async fn assess(
    conn: &mut PgConnection,
    batch: &[Delivery<Happened>],
    engines: &Engines,
    now: Timestamp,
) -> Result<Vec<OutboxEvent>, Error> {
    let mut by_tenant: BTreeMap<&TenantId, Vec<Completed<'_>>> = BTreeMap::new();
    let mut opened = Vec::new();
    for delivery in batch {
        let Happened::Completed(supplied) = &*delivery.event else { continue };
        if supplied.text.get().is_some() {
            opened.push((delivery.meta.tenant.clone(), delivery.meta.subject));
        }
        by_tenant.entry(&delivery.meta.tenant).or_default().push((delivery, &**supplied));
    }
    if !opened.is_empty() {
        access::record(conn, &opened, crate::SOURCE, Purpose::Classification, now).await?;
    }
    let mut events = Vec::new();
    for (tenant, completed) in by_tenant {
        let engine = engines.current(tenant);
        events.extend(of_tenant(conn, tenant, &completed, &engine, now).await?);
    }
    Ok(events)
}

type Completed<'a> = (&'a Delivery<Happened>, &'a Supplied);

async fn of_tenant(
    conn: &mut PgConnection,
    tenant: &TenantId,
    completed: &[Completed<'_>],
    engine: &Engine,
    now: Timestamp,
) -> Result<Vec<OutboxEvent>, Error> {
    let ids: BTreeSet<Uuid> = completed.iter().map(|(delivery, _)| delivery.meta.subject).collect();
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
    let first = latest.clone();
    let (mut made, mut events) = (Vec::new(), Vec::new());
    for (delivery, supplied) in completed {
        let (id, at) = (delivery.meta.subject, whole_microseconds(delivery.meta.occurred_at));
        let (Some(before), Some(version)) = (latest.get(&id), versions.get_mut(&id)) else { continue };
        // A kit that lost its memory brings again what was assessed.
        if !seen.insert((id, at)) {
            continue;
        }
        let read = supplied.text.get().and_then(|text| read(engine, &before.content, text));
        let new = anew(before, at, read.as_ref());
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
        relabel(conn, tenant, &first, &latest, &to).await?;
    }
    Ok(events)
}

/// Moves the complaints that are graver or more urgent than was known; few, so each with statements of its own.
async fn relabel(
    conn: &mut PgConnection,
    tenant: &TenantId,
    before: &BTreeMap<Uuid, Stored>,
    after: &BTreeMap<Uuid, Stored>,
    to: &[(Uuid, i32, i64)],
) -> Result<(), Error> {
    for &(id, ordinal, version) in to {
        let (Some(before), Some(after)) = (before.get(&id), after.get(&id)) else { continue };
        let labels = labels::of(&after.content)?;
        if labels != labels::of(&before.content)? {
            complaint::relabel(conn, tenant, id, &labels, ordinal, version).await?;
            assignment::requeue(conn, tenant, id, &labels).await?;
        }
    }
    Ok(())
}

/// What the rules say of the words that were supplied, under the matter that was decided.
fn read(engine: &Engine, before: &Assessment, text: &str) -> Option<Assessment> {
    let category: Category = before.category().try_into().ok()?;
    let sub = Some(before.sub_category.as_str()).filter(|sub| !sub.is_empty());
    let words = types::Submission {
        text: text.to_owned(),
        language: before.language.clone(),
        ..types::Submission::default()
    };
    Some(engine.assess_as(&words, category, sub))
}

/// The assessment that follows `before`.
fn anew(before: &Stored, at: Timestamp, read: Option<&Assessment>) -> Stored {
    let ordinal = before.ordinal + 1;
    Stored {
        tenant: before.tenant.clone(),
        complaint: before.complaint,
        ordinal,
        id: assessment_id(&before.tenant, before.complaint, ordinal),
        supersedes: Some(before.id),
        content: supplied(before.content.clone(), read),
        decided_by: DecidedBy::Rule,
        actor: crate::SOURCE.to_owned(),
        reason: SUPPLIED.to_owned(),
        made_at: at,
    }
}

/// A proposed refusal stays proposed. What was asked for and is not seen in the new words, a person has to look for.
fn supplied(before: Assessment, read: Option<&Assessment>) -> Assessment {
    let completed = before.admissibility() == types::Admissibility::NeedsCompletion;
    let unseen: Vec<&str> = match read {
        Some(read) => {
            before.missing.iter().filter(|d| read.missing.contains(d)).map(String::as_str).collect()
        }
        None => Vec::new(),
    };
    let (needs_human, said) = match read {
        None => (true, "the complainant supplied what was missing; its words were not read".to_owned()),
        Some(_) if unseen.is_empty() => {
            // What an outside model decided is taken up by a person.
            let by_model = before.decided_by() == types::DecidedBy::Model;
            let said = "the complainant supplied what was missing".to_owned();
            (before.needs_human || !completed || by_model, said)
        }
        Some(_) => (true, format!("in what the complainant supplied is not seen: {}", unseen.join(", "))),
    };
    let mut after = Assessment {
        missing: Vec::new(),
        needs_human,
        decided_by: types::DecidedBy::Rule.into(),
        reasons: vec![AssessmentReason {
            rule_id: SUPPLIED.to_owned(),
            label: "missing".to_owned(),
            score: 1.0,
            explanation: said,
            spans: Vec::new(),
        }],
        ..before
    };
    if completed {
        after.admissibility = types::Admissibility::Yes.into();
    }
    if let Some(read) = read {
        after.rule_set.clone_from(&read.rule_set);
        weigh(&mut after, read);
    }
    after
}

/// The new words make a case urgent or grave, and never less so.
fn weigh(after: &mut Assessment, read: &Assessment) {
    let mut labels: Vec<&str> = Vec::new();
    if read.urgent && !after.urgent {
        (after.urgent, after.urgent_reason) = (true, read.urgent_reason);
        labels.push("urgent/");
    }
    if read.severity() == types::Severity::Major && after.severity() != types::Severity::Major {
        after.severity = read.severity;
        labels.push("severity/");
    }
    let why =
        read.reasons.iter().filter(|reason| labels.iter().any(|label| reason.label.starts_with(*label)));
    // Places are those of the complaint's own text, and these words are others.
    after.reasons.extend(why.map(|reason| AssessmentReason { spans: Vec::new(), ..reason.clone() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(missing: &[&str]) -> Assessment {
        Assessment {
            category: types::Category::Cq01.into(),
            admissibility: types::Admissibility::NeedsCompletion.into(),
            severity: types::Severity::General.into(),
            missing: missing.iter().map(|&detail| detail.to_owned()).collect(),
            confidence: 0.97,
            ..Assessment::default()
        }
    }

    #[test]
    fn what_is_seen_is_not_missing_any_more_and_a_person_looks_for_what_is_not() {
        let before = lacking(&["order_no", "defect_detail"]);
        let all = supplied(before.clone(), Some(&lacking(&[])));
        assert_eq!((all.category(), all.admissibility()), (before.category(), types::Admissibility::Yes));
        assert!(all.missing.is_empty() && !all.needs_human);
        let some = supplied(before.clone(), Some(&lacking(&["defect_detail", "facts"])));
        assert!(some.missing.is_empty() && some.needs_human, "a machine asks once");
        assert!(some.reasons[0].explanation.ends_with("not seen: defect_detail"), "{:?}", some.reasons);
        let unread = supplied(before.clone(), None);
        assert!(unread.missing.is_empty() && unread.needs_human);
        let unsure = Assessment { needs_human: true, ..before };
        assert!(
            supplied(unsure, Some(&lacking(&[]))).needs_human,
            "what else a person was to look for stays"
        );
        let by_model = Assessment { decided_by: types::DecidedBy::Model.into(), ..lacking(&["order_no"]) };
        assert!(supplied(by_model, Some(&lacking(&[]))).needs_human);
        let refused = Assessment { admissibility: types::Admissibility::No.into(), ..Assessment::default() };
        let after = supplied(refused, Some(&lacking(&[])));
        assert!(after.admissibility() == types::Admissibility::No && after.needs_human);
    }

    #[test]
    fn the_new_words_make_a_case_graver_and_never_less_so() {
        let grave = Assessment {
            urgent: true,
            urgent_reason: Some(types::UrgentReason::ProductSafety.into()),
            severity: types::Severity::Major.into(),
            reasons: vec![AssessmentReason {
                rule_id: "w-harm".into(),
                label: "severity/major".into(),
                spans: vec![redress_proto::classification::v1::Span::default()],
                ..AssessmentReason::default()
            }],
            ..lacking(&[])
        };
        let after = supplied(lacking(&["order_no"]), Some(&grave));
        assert_eq!((after.severity(), after.urgent_reason()), (grave.severity(), grave.urgent_reason()));
        assert!(after.urgent && after.reasons[1].rule_id == "w-harm" && after.reasons[1].spans.is_empty());
        let stays = supplied(grave.clone(), Some(&lacking(&[])));
        assert_eq!((stays.severity(), stays.urgent), (grave.severity(), true));
    }
}
