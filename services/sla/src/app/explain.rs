//! `ExplainDeadline` and `ExplainPolicy`: why a clock is due when it is, from the facts that are kept.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use redress_domain::{Principal, Problem};
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::book::Book;
use super::recount::{Known, as_before};
use super::wire::{clock::extension, clock::message, deadline};
use crate::domain::course::{Calendars, Clock};
use crate::domain::explain::{Announced, Background, Grant, Language, announced};
use crate::domain::policy::{Condition, Definition, Pattern, Policy, Role, Terms};
use crate::domain::preview::{self, Answer};
use crate::error::Error;
use crate::store::case::Held;
use crate::store::clock::{self, Stored};
use crate::store::extension as extensions;

/// A clock, and everything it follows from.
pub(crate) struct Found {
    pub(crate) stored: Stored,
    pub(crate) computed: Option<Clock>,
    pub(crate) book: std::sync::Arc<Book>,
}

/// The clock `id` of the caller's tenant.
pub(crate) async fn find(
    desk: &Desk,
    conn: &mut PgConnection,
    caller: &Principal,
    id: &str,
) -> Result<Found, Error> {
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found())?;
    let stored = clock::find(conn, &caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let book = desk.books.of(conn, &caller.tenant).await?;
    let held = Held { key: (caller.tenant.clone(), stored.complaint), stream_version: 0, extended: true };
    let known = Known::load(conn, vec![held]).await?.pop();
    let course = known.map(|known| known.course(&book, as_before)).transpose()?.unwrap_or_default();
    let computed = course.into_iter().find(|clock| clock.id == id);
    Ok(Found { stored, computed, book })
}

/// Why the clock is due when it is.
pub async fn deadline(
    desk: &Desk,
    caller: &Principal,
    request: &wire::ExplainDeadlineRequest,
) -> Result<wire::ExplainDeadlineResponse, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let found = find(desk, &mut conn, caller, &request.clock_id).await?;
    let requests = extensions::of_clock(&mut conn, &caller.tenant, found.stored.told.clock_id).await?;
    drop(conn);
    let policy = policy_of(&found);
    let grants = grants(&requests);
    let in_language = |language| match &found.computed {
        Some(Clock { promise: Some(promise), announced: true, limit, due, .. }) => {
            let zone = found.book.get(&policy.1, None).map_or(TimeZone::UTC, |known| known.zone().clone());
            let said = Announced {
                source: &promise.by.topic,
                until: promise.until,
                pauses: &limit.pauses,
                due: due.map(|due| due.at),
            };
            Ok((None, announced(language, said, &zone)))
        }
        Some(clock) => {
            let answer = answer(&found.book, clock, &policy, language, &grants)?;
            let sentences = answer.as_ref().map(|answer| answer.explanation.clone()).unwrap_or_default();
            Ok::<_, Error>((answer, sentences))
        }
        None => Ok((None, Vec::new())),
    };
    let ((zh, explanation_zh), (_, explanation_en)) =
        (in_language(Language::Chinese)?, in_language(Language::English)?);
    let pauses = found.computed.iter().flat_map(|clock| &clock.limit.pauses);
    Ok(wire::ExplainDeadlineResponse {
        clock: Some(message(&found.stored)),
        explanation_zh,
        explanation_en,
        deadline: zh.map(deadline::response),
        policy: Some(policy.0),
        pauses: pauses
            .map(|pause| wire::DeadlinePause {
                from: pause.from.to_string(),
                to: pause.to.map(|to| to.to_string()).unwrap_or_default(),
                reason: pause.reason.clone(),
            })
            .collect(),
        extensions: requests.iter().map(extension).collect(),
    })
}

/// Which rule the clock follows.
pub async fn policy(
    desk: &Desk,
    caller: &Principal,
    request: &wire::ExplainPolicyRequest,
) -> Result<wire::ExplainPolicyResponse, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let found = find(desk, &mut conn, caller, &request.clock_id).await?;
    Ok(wire::ExplainPolicyResponse { policy: Some(policy_of(&found).0) })
}

/// The rule, and the id of the calendar whose zone a reader expects.
fn policy_of(found: &Found) -> (wire::PolicyExplanation, String) {
    let told = &found.stored.told;
    let policy = found.book.rules(told);
    let Some(definition) = policy.clock(&told.definition) else {
        let bare = wire::PolicyExplanation { definition: told.definition.clone(), ..Default::default() };
        return (bare, policy.calendar(Role::Always).to_owned());
    };
    let variant = definition.variants.iter().find(|variant| variant.name == told.variant);
    let terms = variant.map_or(&definition.terms, |variant| &variant.terms);
    let chosen_by = variant.map(|variant| variant.when.iter().map(words).collect()).unwrap_or_default();
    let calendar = told.calendar.as_ref().map(|pin| pin.id.clone());
    let calendar = calendar.unwrap_or_else(|| policy.calendar(terms.calendar).to_owned());
    (explained(&policy, definition, terms, &told.variant, chosen_by), calendar)
}

fn explained(
    policy: &Policy,
    definition: &Definition,
    terms: &Terms,
    variant: &str,
    chosen_by: Vec<String>,
) -> wire::PolicyExplanation {
    let events = |patterns: &mut dyn Iterator<Item = &Pattern>| {
        patterns.map(|pattern| pattern.event.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    wire::PolicyExplanation {
        definition: definition.id.clone(),
        name_zh: definition.name_zh.clone(),
        name_en: definition.name_en.clone(),
        sources: definition.source.clone(),
        policy_version: policy.version(),
        variant: variant.to_owned(),
        chosen_by,
        limit: format!("{} {}", terms.amount, terms.unit.code().code()),
        thresholds: terms.thresholds.iter().map(|percent| u32::from(*percent)).collect(),
        started_by: events(&mut definition.start.iter().map(|start| &start.on)),
        stopped_by: events(&mut definition.stop.iter()),
        paused_by: terms
            .pauses
            .iter()
            .cloned()
            .chain(terms.opt_in.iter().filter(|opt_in| opt_in.on).map(|opt_in| opt_in.reason.clone()))
            .collect(),
    }
}

fn words(condition: &Condition) -> String {
    let values: Vec<String> = condition
        .values
        .iter()
        .map(|value| match value {
            crate::domain::fact::Value::Text(text) => text.clone(),
            crate::domain::fact::Value::Int(number) => number.to_string(),
            crate::domain::fact::Value::Bool(truth) => truth.to_string(),
            crate::domain::fact::Value::Time(at) => at.to_string(),
        })
        .collect();
    format!("{}{}{}", condition.field, if condition.none { "!=" } else { "=" }, values.join("|"))
}

/// The deadline as the preview answers it, from the clock's facts: one arithmetic for both.
fn answer(
    book: &Book,
    clock: &Clock,
    (policy, calendar): &(wire::PolicyExplanation, String),
    language: Language,
    grants: &[Grant],
) -> Result<Option<Answer>, Error> {
    let version = clock.calendar.as_ref().map(|pin| pin.version.as_str());
    let Some(calendar) = book.get(calendar, version) else { return Ok(None) };
    let percentages = clock.thresholds.iter().map(|(percent, _)| *percent);
    let name = match language {
        Language::Chinese => &policy.name_zh,
        Language::English => &policy.name_en,
    };
    let background = Background { definition: &policy.definition, name, sources: &policy.sources, grants };
    let answered = preview::answer(&calendar, &clock.limit, percentages, language, background);
    answered.map(Some).map_err(|beyond| Error::Clocks(beyond.into()))
}

/// Who gave the clock more time, in the order in which it was granted.
fn grants(requests: &[extensions::Request]) -> Vec<Grant> {
    let granted = |request: &extensions::Request| {
        let (granted_by, at) = request.decided_by.clone().zip(request.decided_at)?;
        let asked_by = request.requested_by.clone();
        (request.state == "approved").then_some(Grant { amount: request.amount, asked_by, granted_by, at })
    };
    let mut grants: Vec<Grant> = requests.iter().filter_map(granted).collect();
    grants.sort_by_key(|grant| grant.at);
    grants
}
