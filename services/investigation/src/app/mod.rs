//! What investigation does, one file per use: load → decide → save.

pub mod assignments;
pub mod change;
pub mod checklist;
pub mod clocks;
pub mod conclusion;
pub mod conflicts;
pub mod consultations;
pub mod contested;
pub mod evidence;
pub mod findings;
pub mod follow;
pub mod goods_tests;
mod held;
pub mod incident_findings;
pub mod incidents;
pub mod late_consultations;
pub mod leads;
pub mod notices;
pub mod opening;
pub mod publish;
pub mod records;
pub mod requests;
pub mod standing;
pub mod task_groups;
pub mod telling;
pub mod timeline;
pub mod view;
pub mod wire;
pub mod words;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{Clock, Principal, Problem, Violations, derived_id, whole_microseconds};
use redress_outbox::Wake;
use redress_postgres::Db;
use redress_vault::Vault;
use uuid::Uuid;

use crate::domain::opening::OpeningPolicy;

/// What every use needs.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub db: Db,
    /// Seals and opens.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the relay that something waits.
    pub wake: Wake,
    /// When cases are opened.
    pub opening: Arc<OpeningPolicy>,
    /// How long a party has to answer.
    pub answer_lasts: SignedDuration,
    /// How much more it gets, once.
    pub extension_lasts: SignedDuration,
    /// How long a copy is laid before a side before a conclusion may rest on the piece.
    pub hearing_lasts: SignedDuration,
    /// Whether a side lapses only with proof that it was told (T14).
    pub lapse_needs_notice: bool,
}

impl Desk {
    /// Now, as the database keeps it.
    pub fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }
}

/// An id of a request; what is no id is nobody's.
pub(crate) fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::not_found())
}

/// The id of what a call makes: the same call again makes the same thing.
pub(crate) fn made_id(what: &str, caller: &Principal, request_id: &str) -> Uuid {
    let parts = [caller.tenant.as_str(), &caller.subject, request_id].map(str::as_bytes);
    derived_id(&format!("redress/investigation/{what}/1"), &parts)
}

/// A stable code, for it is published.
pub(crate) fn code(found: &mut Violations, field: impl Into<String>, text: &str) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.@".contains(&byte);
    if text.is_empty() {
        found.add(field, "REQUIRED", "a code is mandatory");
    } else if text.len() > 64 || !text.bytes().all(plain) {
        found.add(field, "MALFORMED", "1 to 64 characters of a-z, 0-9 and _-.@ are expected");
    }
}

/// Somebody's subject.
pub(crate) fn subject(found: &mut Violations, field: impl Into<String>, text: &str) {
    if text.len() > 128 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        found.add(field, "MALFORMED", "a token's subject, up to 128 characters without white space");
    }
}

/// Words that people typed, at most `most` characters.
pub(crate) fn text(found: &mut Violations, field: &'static str, text: &str, most: usize, mandatory: bool) {
    if mandatory && text.trim().is_empty() {
        found.add(field, "REQUIRED", "some words are expected");
    } else if text.chars().count() > most {
        found.add(field, "TOO_LONG", format!("at most {most} characters"));
    }
}

/// Nothing, or all that does not fit.
pub(crate) fn fits(found: Violations) -> Result<(), Problem> {
    if found.is_empty() { Ok(()) } else { Err(Problem::invalid(found)) }
}
