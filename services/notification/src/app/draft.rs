//! A notice that an event sends, ready to be queued.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use redress_domain::PartyKind;
use uuid::Uuid;

use super::{Desk, queue};
use crate::domain::content::{Content, Faults};
use crate::domain::delivery::NoticeState;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::locale::Locale;
use crate::domain::part::Part;
use crate::error::Error;
use crate::store::complaint::Complaint;
use crate::store::notice::{Addressee, Cause, Fields, Notice};

/// Fields by their names.
pub type Texts = BTreeMap<String, String>;

/// What a notice is made from.
pub struct Draft {
    /// The kind.
    pub kind: NoticeKind,
    /// To whom.
    pub addressee: Addressee,
    /// What it says.
    pub content: Content,
    /// What it says that is still sealed.
    pub parts: Vec<Part>,
}

/// A kind of notice with fields that do not make it.
#[derive(Debug)]
pub struct Unmade {
    kind: NoticeKind,
    faults: Faults,
}

impl std::fmt::Display for Unmade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be made: {:?}", self.kind, self.faults)
    }
}

impl Draft {
    /// Checks what a notice says.
    pub fn new(
        kind: NoticeKind,
        addressee: Addressee,
        fields: Texts,
        parts: Vec<Part>,
    ) -> Result<Self, Unmade> {
        let content = Content::check_beside(kind, fields, |name| parts.iter().any(|part| part.field == name));
        let content = content.map_err(|faults| Unmade { kind, faults })?;
        Ok(Self { kind, addressee, content, parts })
    }

    /// The notice about `complaint` that follows from the event `cause`.
    pub fn notice(
        self,
        desk: &Desk,
        complaint: &Complaint,
        (event, cause): (Uuid, Cause),
        now: Timestamp,
    ) -> Result<Notice, Error> {
        let tenant = &complaint.tenant;
        let id = queue::identity(tenant, &[event.as_bytes()], self.kind, &self.addressee);
        let content = self.content.named(self.kind, id);
        let fields = serde_json::to_string(&content).map_err(|_| redress_domain::Problem::internal())?;
        Ok(Notice {
            tenant: tenant.clone(),
            id,
            complaint: complaint.id,
            kind: self.kind,
            locale: locale(desk, complaint, self.addressee.role),
            state: NoticeState::Queued,
            urgent: complaint.urgent,
            fields: Fields::Public(fields),
            delay: content.delay(self.kind),
            parts: self.parts,
            template: None,
            content_sha256: None,
            stations: Vec::new(),
            queued_at: now,
            not_before: queue::not_before(desk, tenant, self.kind, &content, complaint.urgent, now),
            addressee: self.addressee,
            cause,
        })
    }
}

/// The language of letters to a side.
pub fn locale(desk: &Desk, complaint: &Complaint, role: Role) -> Locale {
    let own = desk.profiles.of(&complaint.tenant).locale;
    match role {
        Role::Complainant => complaint.locale.unwrap_or(own),
        Role::Respondent | Role::Staff => own,
    }
}

/// Those of a side; every respondent for the other. Whom of the staff an alert calls, its event tells.
pub fn addressees(complaint: &Complaint, role: Role) -> Vec<Addressee> {
    let one = |kind: PartyKind, reference: String| Addressee { role, kind, reference };
    match role {
        Role::Complainant => vec![one(complaint.complainant_kind, String::new())],
        Role::Respondent => {
            complaint.respondents.iter().map(|(kind, reference)| one(*kind, reference.clone())).collect()
        }
        Role::Staff => Vec::new(),
    }
}

/// Pairs of names and texts as fields.
pub fn fields<const N: usize>(pairs: [(&str, String); N]) -> Texts {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A minute before midnight of the day that lies `days` after that of `at`: the day of the event does not count (L14).
pub fn end_of_day(at: Timestamp, zone: &TimeZone, days: u16) -> Timestamp {
    let day = at.to_zoned(zone.clone()).date().saturating_add(i64::from(days).days());
    day.at(23, 59, 0, 0).to_zoned(zone.clone()).map_or(at, |end| end.timestamp())
}
