//! Who is called when a case needs somebody higher up: a ladder of four levels, declared as data (`data/escalation`).
//!
//! Somebody takes a call up, or the next level is called. Nobody is called outside the office's hours (U07) unless the
//! case is urgent. Refused: raising the priority of a case by the passing of time alone (GLPI's auto-bump ignored the
//! calendar, U10): the ladder runs on the same arithmetic as every clock.

mod check;
mod draft;
mod heard;
mod take_up;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use redress_domain::{TenantId, Violations, coded_enum, derived_id};
use uuid::Uuid;

pub use heard::{Call, heard};
pub use take_up::{Caller, Line, Refusal, may_take_up};

use super::calendar::{BeyondHorizon, Calendar};
use super::engine::Reckoning;
use super::policy::{Attributes, Role};
use super::time_limit::TimeLimit;
use super::unit::Unit;

/// The highest level.
pub const HIGHEST: u8 = 4;

coded_enum! {
    /// What calls somebody.
    Trigger {
        /// A share of a clock has passed.
        Percent = "percent",
        /// A clock was breached.
        Breach = "breach",
        /// Several complaints of one person.
        RepeatComplaint = "repeat_complaint",
        /// Several visits of one person.
        RepeatVisits = "repeat_visits",
        /// The complainant went over the handler's head.
        OverTheHead = "over_the_head",
        /// It belongs to an incident.
        Incident = "incident",
        /// It spreads in public.
        PublicSpread = "public_spread",
        /// A remedy failed for the second time.
        RemedyFailedTwice = "remedy_failed_twice",
        /// It goes from offer to offer, and nobody keeps it.
        Stranded = "stranded",
        /// It goes before all others.
        Urgent = "urgent",
    }
}

coded_enum! {
    /// How grave a case is, as the ladder sees it.
    Grade {
        /// General, and what is not assessed yet.
        General = "general",
        /// Major.
        Major = "major",
        /// Urgent, whatever its severity.
        Urgent = "urgent",
    }
}

/// The ladder; always valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    version: u32,
    levels: [Level; HIGHEST as usize],
    acknowledge: BTreeMap<Grade, (Unit, [i64; HIGHEST as usize])>,
    rules: Vec<Rule>,
}

/// Who is called on a level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Level {
    role: String,
    /// In whose hours they are called.
    calendar: Option<Role>,
}

/// What a trigger leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// On what.
    pub on: Trigger,
    /// Of which clocks; empty for all.
    pub clocks: Vec<String>,
    /// At which share, in percent.
    pub percent: Option<u8>,
    /// Which level is called.
    pub level: u8,
    /// Whom instead of the level's own role.
    pub role: Option<String>,
    /// Whether that role is called on the next levels too, if nobody takes it up.
    pub keeps_role: bool,
}

/// Somebody to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its identity: the same cause calls the same level once.
    pub id: Uuid,
    /// The level, 1 to 4.
    pub level: u8,
    /// Why, as a code.
    pub reason: String,
    /// The role that is called.
    pub target_role: String,
    /// The clock, if one is the cause.
    pub clock: Option<Uuid>,
    /// When its cause arose.
    pub raised_at: Timestamp,
    /// From when on the alert may be sent: the recipient's next opening, at once if it is urgent.
    pub not_before: Timestamp,
    /// By when it is to be taken up, else the next level is called; none at the highest.
    pub acknowledge_by: Option<Timestamp>,
}

/// The case that somebody is called to.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which.
    pub complaint_id: Uuid,
    /// What is known of it.
    pub known: &'a Attributes,
}

impl Grade {
    /// How grave the case is.
    pub fn of(known: &Attributes) -> Self {
        match known {
            known if known.urgent => Self::Urgent,
            known if known.severity == "SEVERITY_MAJOR" => Self::Major,
            _ => Self::General,
        }
    }
}

impl Ladder {
    /// The ladder that is compiled in.
    pub fn builtin() -> Arc<Self> {
        static BUILTIN: LazyLock<Arc<Ladder>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the file is compiled in; a test reads it")]
            Ladder::parse(include_str!("../../../data/escalation/cn.toml"))
                .map(Arc::new)
                .expect("the compiled-in ladder is valid")
        });
        Arc::clone(&BUILTIN)
    }

    /// The ladder that `text` (TOML) states.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    pub fn parse(text: &str) -> Result<Self, Violations> {
        check::parse(text)
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// In which hours those of a level are called: which calendar that is, the tenant's policy says.
    pub fn calendar(&self, level: u8) -> Role {
        self.of(level).calendar.unwrap_or(Role::Office)
    }

    /// Which level a call reaches; none where nobody is to be called.
    pub fn level(&self, call: &Call) -> Option<u8> {
        let rule = self.rule(call)?;
        Some(rule.level.max(call.level.unwrap_or(rule.level)).min(HIGHEST))
    }

    /// The rule for a call; none where nobody is to be called.
    pub fn rule(&self, call: &Call) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            rule.on == call.trigger
                && rule.percent.is_none_or(|percent| call.percent == Some(percent))
                && (rule.clocks.is_empty() || rule.clocks.contains(&call.definition))
        })
    }

    /// Whom a call reaches; nobody if no rule speaks of it. `office` is the calendar of the [level](Self::level) it reaches.
    ///
    /// # Errors
    /// If the calendar cannot answer.
    pub fn raise(
        &self,
        case: Case<'_>,
        call: &Call,
        office: &Calendar,
    ) -> Result<Option<Ticket>, BeyondHorizon> {
        let (Some(rule), Some(level)) = (self.rule(call), self.level(call)) else { return Ok(None) };
        let role = rule.role.as_deref().unwrap_or(&self.of(level).role);
        self.ticket(case, call, (level, role), call.at, office).map(Some)
    }

    /// The next level, when nobody took `before` up in time; none at the highest, and none before that time. `office` is that
    /// level's calendar.
    ///
    /// A complaint over the handler's head stays with the reviewers, whatever the level: the line above the handler is what
    /// it passes over (F169).
    ///
    /// # Errors
    /// If the calendar cannot answer.
    pub fn next(
        &self,
        case: Case<'_>,
        before: &Ticket,
        call: &Call,
        now: Timestamp,
        office: &Calendar,
    ) -> Result<Option<Ticket>, BeyondHorizon> {
        let Some(by) = before.acknowledge_by.filter(|by| *by <= now && before.level < HIGHEST) else {
            return Ok(None);
        };
        let level = before.level + 1;
        let kept = self.rule(call).filter(|rule| rule.keeps_role).and_then(|rule| rule.role.as_deref());
        self.ticket(case, call, (level, kept.unwrap_or(&self.of(level).role)), by, office).map(Some)
    }

    /// By when a ticket of `level` is to be taken up of which somebody was told at `told_at`; none at the highest.
    ///
    /// It counts from the telling, not from its cause: after an outage everybody who is called has the time that the ladder
    /// gives them, and no level is passed over.
    ///
    /// # Errors
    /// If the calendar cannot answer.
    pub fn acknowledge_by(
        &self,
        case: Case<'_>,
        level: u8,
        told_at: Timestamp,
        office: &Calendar,
    ) -> Result<Option<Timestamp>, BeyondHorizon> {
        let given = self.acknowledge.get(&Grade::of(case.known)).filter(|_| level < HIGHEST);
        let Some((unit, amounts)) = given else { return Ok(None) };
        let limit = TimeLimit {
            start: told_at,
            unit: *unit,
            amount: amounts[usize::from(level) - 1],
            extension: 0,
            cap: None,
            pauses: Vec::new(),
        };
        Ok(Reckoning::new(office, &limit).deadline()?.due.map(|due| due.at))
    }

    fn of(&self, level: u8) -> &Level {
        &self.levels[usize::from(level.clamp(1, HIGHEST)) - 1]
    }

    fn ticket(
        &self,
        case: Case<'_>,
        call: &Call,
        (level, role): (u8, &str),
        at: Timestamp,
        office: &Calendar,
    ) -> Result<Ticket, BeyondHorizon> {
        let grade = Grade::of(case.known);
        let not_before = if grade == Grade::Urgent { at } else { office.next_opening(at)? };
        let acknowledge_by = self.acknowledge_by(case, level, not_before, office)?;
        Ok(Ticket {
            id: id(case, call, level),
            level,
            reason: call.reason(),
            target_role: role.to_owned(),
            clock: call.clock,
            raised_at: at,
            not_before,
            acknowledge_by,
        })
    }
}

fn id(case: Case<'_>, call: &Call, level: u8) -> Uuid {
    let clock = call.clock.unwrap_or_default();
    let (topic, version) = call.cause.as_ref().map_or(("", 0), |cause| (cause.topic.as_str(), cause.version));
    derived_id(
        "redress/escalation/1",
        &[
            case.tenant.as_str().as_bytes(),
            case.complaint_id.as_bytes(),
            call.trigger.code().as_bytes(),
            &[call.percent.unwrap_or_default()],
            clock.as_bytes(),
            topic.as_bytes(),
            &version.to_be_bytes(),
            &[level],
        ],
    )
}
