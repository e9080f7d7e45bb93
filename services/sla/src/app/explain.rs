//! `ExplainDeadline` and `ExplainPolicy`: why a clock is due when it is, from the facts that are kept.

use std::collections::BTreeSet;

use redress_domain::{ErrorKind, Principal, Problem};
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::book::Book;
use super::recount::{Known, as_before};
use super::wire::{clock::extension, clock::message, deadline};
use crate::domain::course::{Calendars, Clock};
use crate::domain::explain::Language;
use crate::domain::policy::{Condition, Definition, Pattern, Policy, Role, Terms};
use crate::domain::preview::{Answer, CapDraft, PauseDraft, Request, preview};
use crate::domain::time_limit::TimeLimit;
use crate::domain::unit::{DayClose, EventDay, RollForward, Unit};
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
    let (zh, en) = match &found.computed {
        Some(clock) if !clock.announced => (
            answer(&found.book, clock, &policy.1, Language::Chinese)?,
            answer(&found.book, clock, &policy.1, Language::English)?,
        ),
        _ => (None, None),
    };
    let announced = found.computed.as_ref().filter(|clock| clock.announced);
    let sentences = |answer: &Option<Answer>, of_announced: fn(&Clock) -> String| match answer {
        Some(answer) => answer.explanation.clone(),
        None => announced.map(of_announced).into_iter().collect(),
    };
    let pauses = found.computed.iter().flat_map(|clock| &clock.limit.pauses);
    Ok(wire::ExplainDeadlineResponse {
        clock: Some(message(&found.stored)),
        explanation_zh: sentences(&zh, announced_zh),
        explanation_en: sentences(&en, announced_en),
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

fn announced_zh(clock: &Clock) -> String {
    let due = clock.due_at().map(|at| at.to_string()).unwrap_or_default();
    format!("期限由事件 {} 告知当事人，截止时刻为 {due}，此处不另行计算。", clock.changed_by.topic)
}

fn announced_en(clock: &Clock) -> String {
    let due = clock.due_at().map(|at| at.to_string()).unwrap_or_default();
    format!(
        "The instant {due} was announced to the party by an event on {}; it is not computed.",
        clock.changed_by.topic
    )
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

/// The deadline as the preview answers it from the clock's facts: one arithmetic for both.
fn answer(book: &Book, clock: &Clock, calendar: &str, language: Language) -> Result<Option<Answer>, Error> {
    let version = clock.calendar.as_ref().map(|pin| pin.version.as_str());
    let Some(calendar) = book.get(calendar, version) else { return Ok(None) };
    let request = question(&clock.limit, calendar.id(), &clock.thresholds);
    let answered = preview(&request, |_| Some(&*calendar), None, language);
    answered.map(Some).map_err(|_| {
        Problem::new(ErrorKind::Internal, "INTERNAL", "an error on this side; it has been logged").into()
    })
}

fn question(limit: &TimeLimit, calendar: &str, thresholds: &[(u8, Option<jiff::Timestamp>)]) -> Request {
    let (close, event_day, roll) = match limit.unit {
        Unit::WorkingDays { close, event_day } => (close, event_day, RollForward::Off),
        Unit::CalendarDays { event_day, roll } => (DayClose::Midnight, event_day, roll),
        Unit::Months { roll } => (DayClose::Midnight, EventDay::Excluded, roll),
        Unit::Business(_) | Unit::Elapsed(_) => (DayClose::BusinessEnd, EventDay::Excluded, RollForward::Off),
    };
    Request {
        calendar_id: calendar.to_owned(),
        calendar: None,
        unit: limit.unit.code().code().to_owned(),
        amount: limit.amount,
        start: limit.start.to_string(),
        close: close.code().to_owned(),
        event_day: event_day.code().to_owned(),
        roll_forward: roll.code().to_owned(),
        pauses: limit
            .pauses
            .iter()
            .map(|pause| PauseDraft {
                from: pause.from.to_string(),
                to: pause.to.map(|to| to.to_string()).unwrap_or_default(),
                reason: pause.reason.clone(),
            })
            .collect(),
        extensions: Some(limit.extension).into_iter().filter(|extension| *extension > 0).collect(),
        cap: limit
            .cap
            .as_ref()
            .map(|cap| CapDraft { amount: cap.amount, pause_reasons: cap.pause_reasons.clone() }),
        thresholds: thresholds.iter().map(|(percent, _)| i64::from(*percent)).collect(),
    }
}
