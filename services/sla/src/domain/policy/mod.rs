//! Which clocks there are, and how events move them: data (`data/policies`), checked as a whole when it is read.
//!
//! A [`Policy`] is always valid: it is only made by [`Policy::parse`]. Refused: code per clock (every tenant's wish would
//! be a release), and variants that win by their place in the file (two that fit equally well are refused instead).

mod check;
mod condition;
mod draft;
mod patterns;
mod select;
mod terms;
mod variants;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use redress_domain::{Violations, coded_enum};

pub use condition::{Condition, Pattern};
pub use select::{Attributes, Selected};

use super::time_limit::Cap;
use super::unit::Unit;

coded_enum! {
    /// Whom a clock belongs to.
    Scope {
        /// The case: it stops when the case ends.
        Case = "case",
        /// A right of somebody: it lives on.
        Right = "right",
    }
}

coded_enum! {
    /// In which hours a clock counts; which calendar that is, the policy says.
    Role {
        /// Office days and hours.
        Office = "office",
        /// Hours in which somebody serves.
        Service = "service",
        /// Day and night.
        Always = "always",
    }
}

/// A set of rules about clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    version: u32,
    profile: String,
    calendars: BTreeMap<Role, String>,
    pauses: Vec<PauseRule>,
    terminal: Vec<Ending>,
    reopening: Vec<Reopening>,
    clocks: Vec<Arc<Definition>>,
}

/// When a clock may stand still: from an event to another of the same subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRule {
    /// Why, as a code.
    pub reason: String,
    /// What begins it.
    pub from: Vec<Pattern>,
    /// What ends it.
    pub to: Vec<Pattern>,
}

/// An event that ends clocks without meeting them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Which event.
    pub on: Pattern,
    /// Why, as a code.
    pub reason: String,
}

/// An event after which clocks run again that an [`Ending`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopening {
    /// Which event.
    pub on: Pattern,
    /// The reasons of the endings that it undoes.
    pub of: Vec<String>,
}

/// An event that starts a clock, sets it anew, or tells that it takes longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which event.
    pub on: Pattern,
    /// The field that holds the due instant which the event itself announced.
    pub announced: Option<String>,
    /// The field that holds the instant from which it counts; none for the event's own time.
    pub counts_from: Option<String>,
}

/// A pause that is off unless a tenant wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptIn {
    /// The pause's reason.
    pub reason: String,
    /// Whether it is honoured.
    pub on: bool,
    /// How many days it can hold at the most.
    pub most_days: u32,
}

/// How long, and what happens on the way: what a variant may replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// In which hours.
    pub calendar: Role,
    /// What is counted.
    pub unit: Unit,
    /// How much of it.
    pub amount: i64,
    /// What no extension passes.
    pub cap: Option<Cap>,
    /// The reasons for which it stands still.
    pub pauses: Vec<String>,
    /// Further reasons, if the tenant wants them.
    pub opt_in: Vec<OptIn>,
    /// Of which shares is warned, in percent, ascending. That of 100 is the breach.
    pub thresholds: Vec<u8>,
    /// Whether it is due by these terms, if that is before an instant that was announced.
    pub tightens: bool,
    /// Whether the pauses put off an instant that was announced, too.
    pub stretches: bool,
}

/// Other terms for some cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// For which cases.
    pub when: Vec<Condition>,
    /// What holds for them.
    pub terms: Terms,
}

/// One clock of the list C01 to C35, or a tenant's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its id, for example `C13`.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// The rules that it comes from, for example `F067`.
    pub source: Vec<String>,
    /// Whom it belongs to.
    pub scope: Scope,
    /// Why it never runs; none for one that does.
    pub dormant: Option<String>,
    /// What starts it.
    pub start: Vec<Start>,
    /// What announces another due instant for the same subject.
    pub moved_by: Vec<Start>,
    /// What meets it.
    pub stop: Vec<Pattern>,
    /// What makes it needless.
    pub cancel: Vec<Ending>,
    /// Whether it is a time in which a party may act and owes nothing: it lapses, and is not breached.
    pub window: bool,
    /// What tells the parties that it takes longer, and until when; empty where that is not owed (F066).
    pub delay_notice: Vec<Start>,
    /// Whether what starts it, while it runs, ends it and starts it anew.
    pub restarts: bool,
    /// Whether more time can be granted.
    pub extendable: bool,
    /// What holds where no variant fits better.
    pub terms: Terms,
    /// Other terms for some cases.
    pub variants: Vec<Variant>,
}

impl Policy {
    /// The policy that is compiled in.
    pub fn builtin() -> Arc<Self> {
        static BUILTIN: LazyLock<Arc<Policy>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the file is compiled in; a test reads it")]
            Policy::parse(include_str!("../../../data/policies/cn.toml"))
                .map(Arc::new)
                .expect("the compiled-in policy is valid")
        });
        Arc::clone(&BUILTIN)
    }

    /// The policy that `text` (TOML) states.
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

    /// The profile that variants may be chosen by.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The id of the calendar in which clocks of `role` count.
    pub fn calendar(&self, role: Role) -> &str {
        self.calendars.get(&role).map_or("", String::as_str)
    }

    /// All clocks, dormant ones too, in the order of the file.
    pub fn clocks(&self) -> &[Arc<Definition>] {
        &self.clocks
    }

    /// The clock of that id.
    pub fn clock(&self, id: &str) -> Option<&Arc<Definition>> {
        self.clocks.iter().find(|clock| clock.id == id)
    }

    /// When clocks may stand still.
    pub fn pauses(&self) -> &[PauseRule] {
        &self.pauses
    }

    /// What ends a case, and with it the clocks of its scope.
    pub fn terminal(&self) -> &[Ending] {
        &self.terminal
    }

    /// What lets ended clocks run again.
    pub fn reopening(&self) -> &[Reopening] {
        &self.reopening
    }
}
