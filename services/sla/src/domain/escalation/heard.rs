//! What calls somebody: clocks as they fire, and facts as they are heard.

use jiff::Timestamp;
use uuid::Uuid;

use super::Trigger;
use crate::domain::fact::{Fact, FactRef, Value};
use crate::domain::telling::{Breach, Told, Warning};

/// A cause to call somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it is.
    pub trigger: Trigger,
    /// The definition of the clock; empty without one.
    pub definition: String,
    /// The clock.
    pub clock: Option<Uuid>,
    /// The share of the clock, in percent.
    pub percent: Option<u8>,
    /// The level that is called at the least.
    pub level: Option<u8>,
    /// When it arose.
    pub at: Timestamp,
    /// The event that it follows from.
    pub cause: Option<FactRef>,
}

impl Call {
    /// A share of a clock has passed.
    pub fn warned(told: &Told, warning: &Warning) -> Self {
        Self { percent: Some(warning.percent), ..Self::of_clock(Trigger::Percent, told, warning.at) }
    }

    /// A clock was breached.
    pub fn breached(told: &Told, breach: &Breach) -> Self {
        Self::of_clock(Trigger::Breach, told, breach.due_at)
    }

    /// Why, as a code of the lifecycle's.
    pub fn reason(&self) -> String {
        match self.trigger {
            Trigger::Percent => "clock_warned",
            Trigger::Breach => "clock_breached",
            Trigger::Incident => "cluster",
            other => other.code(),
        }
        .to_owned()
    }

    fn of_clock(trigger: Trigger, told: &Told, at: Timestamp) -> Self {
        Self {
            trigger,
            definition: told.definition.clone(),
            clock: Some(told.clock_id),
            percent: None,
            level: None,
            at,
            cause: None,
        }
    }

    fn of_fact(trigger: Trigger, fact: &Fact) -> Self {
        Self {
            trigger,
            definition: String::new(),
            clock: None,
            percent: None,
            level: None,
            at: fact.at,
            cause: Some(fact.reference()),
        }
    }
}

/// What the facts of a case, in the order of time, call for. Clocks call by themselves, so a lifecycle's escalation
/// that was told because of one calls nobody twice.
pub fn heard(facts: &[&Fact]) -> Vec<Call> {
    let mut calls = Vec::new();
    let (mut urgent, mut incident) = (false, false);
    for (index, fact) in facts.iter().enumerate() {
        let trigger = match fact.event.as_str() {
            "AdmissibilityReviewStarted" | "AssessmentApplied" => {
                let now = fact.fields.get("urgent") == Some(&Value::Bool(true));
                let began = now && !urgent;
                urgent = now;
                began.then_some(Trigger::Urgent)
            }
            "InvestigationOpened" if !fact.text("incident_id").is_empty() && !incident => {
                incident = true;
                Some(Trigger::Incident)
            }
            "AssignmentStranded" => Some(Trigger::Stranded),
            "RemedyFailed" => {
                let id = fact.text("remedy_id");
                let failed = |other: &&&Fact| other.event == "RemedyFailed" && other.text("remedy_id") == id;
                (facts[..index].iter().filter(failed).count() == 1).then_some(Trigger::RemedyFailedTwice)
            }
            "ComplaintEscalated" => match fact.text("reason") {
                "over_the_head" => Some(Trigger::OverTheHead),
                "repeat_complaint" => Some(Trigger::RepeatComplaint),
                "repeat_visits" => Some(Trigger::RepeatVisits),
                "public_spread" => Some(Trigger::PublicSpread),
                "cluster" if !incident => {
                    incident = true;
                    Some(Trigger::Incident)
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(trigger) = trigger {
            let level = match fact.fields.get("level") {
                Some(Value::Int(level)) => u8::try_from(*level).ok(),
                _ => None,
            };
            calls.push(Call { level, ..Call::of_fact(trigger, fact) });
        }
    }
    calls
}
