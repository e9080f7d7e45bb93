//! The registry of rules: publishing a version, reading one, and whether those a decision pins are in force (L22, L24).

use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Principal, Problem, TenantId, Violations, whole_microseconds};
use redress_outbox::{Call, Seen};
use redress_proto::resolution::v1 as wire;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;

use super::Desk;
use super::entitlement::moment;
use super::wire::time;
use crate::domain::rules::{
    Draft, RuleVersion, in_force, require_after_decisions, require_in_force as holding, shipped, until,
};
use crate::domain::terms::{ChargeBasis, RemedyTerms};
use crate::domain::text::parse_rule_ref;
use crate::error::Error;
use crate::store::rule;

/// Whether every one of `rules` (rule@version) is in force at `now`; otherwise the refusal names the first that is not.
pub async fn require_in_force(
    conn: &mut PgConnection,
    tenant: &TenantId,
    rules: &[String],
    now: Timestamp,
) -> Result<(), Error> {
    if rules.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rules.iter().filter_map(|rule| Some(parse_rule_ref(rule)?.0)).collect();
    let mut known = rule::versions(conn, tenant, &ids, false).await?;
    known.extend(shipped().iter().filter(|rule| ids.contains(&rule.id.as_str())).cloned());
    Ok(holding(rules, &known, now)?)
}

/// The rules by which terms charge a merchant for a refund whose goods stay (L28) are in force at `now`.
pub async fn require_charges(
    conn: &mut PgConnection,
    tenant: &TenantId,
    terms: &[RemedyTerms],
    now: Timestamp,
) -> Result<(), Error> {
    let by_rule = terms.iter().filter(|terms| terms.charge_basis == Some(ChargeBasis::Rule));
    let rules: Vec<String> = by_rule.map(|terms| terms.charge_rule.clone()).collect();
    require_in_force(conn, tenant, &rules, now).await
}

/// `PublishRule`: the next version of a rule, once and for ever.
pub async fn publish(
    desk: &Desk,
    caller: &Principal,
    message: wire::PublishRuleRequest,
) -> Result<wire::PublishRuleResponse, Error> {
    let content = wire::PublishRuleRequest { request_id: String::new(), ..message.clone() };
    let mut hash = Sha256::new_with_prefix(wire::PublishRuleRequest::full_name());
    hash.update([0]);
    hash.update(content.encode_to_vec());
    let call = Call::new(caller, &message.request_id, hash.finalize().into())?;
    let draft = draft(message.rule.unwrap_or_default())?;
    let now = desk.now();
    let work = Arc::new((caller.clone(), call, draft.clone(), now));
    desk.db
        .run_tx("publish_rule", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { write(conn, &work.0, &work.1, &work.2, work.3).await })
        })
        .await?;
    let mut conn = desk.db.pool().acquire().await?;
    let versions = rule::versions(&mut conn, &caller.tenant, &[&draft.id], true).await?;
    let rule = if let Some(made) = versions.iter().find(|rule| rule.version == draft.version) {
        told(made, &versions)
    } else {
        let next = draft.follow(versions.last(), now)?;
        wire::RuleVersion { awaiting_second: true, ..told(&next, &versions) }
    };
    Ok(wire::PublishRuleResponse { rule: Some(rule) })
}

async fn write(
    conn: &mut PgConnection,
    caller: &Principal,
    call: &Call,
    draft: &Draft,
    now: Timestamp,
) -> Result<(), Error> {
    rule::lock(conn, &caller.tenant, &draft.id).await?;
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    let versions = rule::versions(conn, &caller.tenant, &[&draft.id], false).await?;
    let next = draft.clone().follow(versions.last(), now)?;
    if !versions.is_empty() && next.effective_at <= now {
        let decided_at = rule::last_decision(conn, &caller.tenant, &draft.id).await?;
        require_after_decisions(&next, decided_at)?;
    }
    let by = caller.subject.as_str();
    if draft.needs_second(now) {
        match rule::take_awaiting(conn, &caller.tenant, &draft.id, (by, &draft.sha256())).await? {
            Some(first) => rule::insert(conn, &caller.tenant, &next, (&first, by), now).await?,
            None => rule::await_second(conn, &caller.tenant, &draft.id, (by, &draft.sha256()), now).await?,
        }
    } else {
        rule::insert(conn, &caller.tenant, &next, (by, ""), now).await?;
    }
    Ok(call.record(conn, "", now).await?)
}

fn draft(told: wire::RuleVersion) -> Result<Draft, Problem> {
    let mut found = Violations::default();
    let mut at = |field, told| moment(&mut found, field, told).map(whole_microseconds);
    let published_at = at("rule.publishedAt", told.published_at.as_ref());
    let effective_at = at("rule.effectiveAt", told.effective_at.as_ref());
    if told.until.is_some() {
        found.add("rule.until", "NOT_ALLOWED", "a version holds until the next one does");
    }
    if !told.sha256.is_empty() {
        found.add("rule.sha256", "NOT_ALLOWED", "the hash is made here");
    }
    if told.awaiting_second {
        found.add("rule.awaitingSecond", "NOT_ALLOWED", "whether it waits is told by the service");
    }
    if !found.is_empty() {
        return Err(Problem::invalid(found));
    }
    Ok(Draft {
        id: told.rule_id,
        version: told.version,
        title: told.title,
        text: told.text,
        published_at,
        effective_at,
        large_change: told.large_change,
        law: told.law,
    })
}

/// `GetRuleVersion`: by its number, or the one in force on a day; with the rule's whole history.
pub async fn version(
    desk: &Desk,
    caller: &Principal,
    message: wire::GetRuleVersionRequest,
) -> Result<wire::GetRuleVersionResponse, Error> {
    let mut found = Violations::default();
    let at = moment(&mut found, "at", message.at.as_ref()).unwrap_or_else(|| desk.now());
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let mut versions: Vec<_> = shipped().iter().filter(|rule| rule.id == message.rule_id).cloned().collect();
    if versions.is_empty() {
        let mut conn = desk.db.pool().acquire().await?;
        versions = rule::versions(&mut conn, &caller.tenant, &[&message.rule_id], true).await?;
    }
    let rule = match message.version {
        0 => in_force(&versions, at),
        number => versions.iter().find(|rule| rule.version == number),
    };
    let rule = told(rule.ok_or_else(Problem::not_found)?, &versions);
    let without_text = |version| wire::RuleVersion { text: String::new(), ..told(version, &versions) };
    Ok(wire::GetRuleVersionResponse {
        rule: Some(rule),
        history: versions.iter().rev().map(without_text).collect(),
    })
}

fn told(rule: &RuleVersion, versions: &[RuleVersion]) -> wire::RuleVersion {
    wire::RuleVersion {
        rule_id: rule.id.clone(),
        version: rule.version,
        title: rule.title.clone(),
        text: rule.text.clone(),
        published_at: time(rule.published_at),
        effective_at: time(rule.effective_at),
        until: until(versions, rule.version).and_then(time),
        large_change: rule.large_change,
        law: rule.law,
        sha256: rule.sha256(),
        awaiting_second: false,
    }
}
