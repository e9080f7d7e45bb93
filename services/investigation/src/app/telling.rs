//! What becomes of a case while it is locked: its events, with contiguous versions, and the entries of its timeline.

use prost::{Message, Name};
use redress_domain::derived_id;
use redress_outbox::OutboxEvent;
use uuid::Uuid;

use super::publish::Origin;
use crate::domain::timeline::{Entry, Source, Visibility};
use crate::store::case::CaseFile;
use crate::store::timeline::Kept;

/// A case that is locked, with what is told of it.
#[derive(Debug)]
pub struct Telling {
    /// The case.
    pub file: CaseFile,
    /// Who acts, when, and why.
    pub origin: Origin,
    /// The events so far.
    pub events: Vec<OutboxEvent>,
    /// The entries so far.
    pub entries: Vec<Kept>,
}

impl Telling {
    /// Nothing is told yet.
    pub fn new(file: CaseFile, origin: Origin) -> Self {
        Self { file, origin, events: Vec::new(), entries: Vec::new() }
    }

    /// Tells an event and gives its version.
    pub fn tell<M: Message + Name>(&mut self, message: &M) -> i64 {
        self.file.stream_version += 1;
        let (tenant, version) = (&self.file.tenant, self.file.stream_version);
        self.events.push(self.origin.event(tenant, self.file.id, version, message));
        version
    }

    /// Adds an entry of the handling. Entries are numbered per case, so that those of one instant stand in the order of
    /// their coming, and a repetition of the same steps writes the same entries.
    pub fn enter(&mut self, code: &str, about: Option<Uuid>, visibility: Visibility) {
        self.enter_of(self.origin.actor.clone(), code, about, visibility);
    }

    /// The same of what `actor` did elsewhere; empty for nobody in particular.
    pub fn enter_of(&mut self, actor: String, code: &str, about: Option<Uuid>, visibility: Visibility) {
        self.file.entries += 1;
        let entry = Entry {
            at: self.origin.occurred_at,
            id: numbered(&self.file),
            source: Source::Handling,
            code: code.to_owned(),
            about,
            actor,
            visibility,
        };
        self.entries.push((self.file.tenant.clone(), self.file.id, entry));
    }
}

/// The id of a case's latest entry: its number first, so that ids sort by it.
fn numbered(file: &CaseFile) -> Uuid {
    let number = file.entries.to_be_bytes();
    let parts = [file.tenant.as_str().as_bytes(), file.id.as_bytes(), number.as_slice()];
    let mut id = derived_id("redress/timeline-entry/1", &parts).into_bytes();
    // The last six bytes of the number leave version and variant as they are.
    id[..6].copy_from_slice(&number[2..]);
    Uuid::from_bytes(id)
}
