//! A complaint as a caller may see it. What the caller may not see is absent.

use std::sync::Arc;

use prost::Message;
use redress_domain::{Clock, PartyKind, Principal};
use redress_postgres::Db;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_proto::personal::{self, restore};
use redress_proto::types::v1::{self as types, Sealed, Submission};
use redress_vault::{Opener, Purpose, Vault, WrappedKey};
use uuid::Uuid;

use super::accept::index;
use super::publish::state;
use super::sight::{Sight, Standing, sight};
use crate::domain::audit;
use crate::domain::lifecycle::State;
use crate::error::Error;
use crate::store::complaint::{self, Complaint, Key};
use crate::store::note::Note;
use crate::store::submission::{Disposition, Stored};
use crate::store::{access, audit as audit_store, note, submission};

/// Makes views. No connection is held while the vault is asked: a key provider may be a remote service.
#[derive(Clone)]
pub struct Views {
    /// The service's database.
    pub db: Db,
    /// Opens.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What is stored of a complaint beside its row.
struct Content {
    submissions: Vec<Stored>,
    notes: Vec<Note>,
    history: Vec<audit::Entry>,
}

impl Views {
    /// Finds a complaint that `caller` may see, with what of it. A number that two complaints came to leads to the one
    /// registered under it, and whoever may not see that one to the other.
    pub async fn find(&self, caller: &Principal, key: &Key) -> Result<Option<(Complaint, Sight)>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let found = complaint::find(&mut conn, &caller.tenant, key).await?;
        drop(conn);
        if let Some(found) = found {
            let sight = self.sight(caller, &found).await?;
            if sight != Sight::None {
                return Ok(Some((found, sight)));
            }
        }
        let Key::Code(code) = key else { return Ok(None) };
        let mut conn = self.db.pool().acquire().await?;
        let sharing = complaint::sharing(&mut conn, &caller.tenant, code).await?;
        drop(conn);
        for found in sharing {
            let sight = self.sight(caller, &found).await?;
            if sight != Sight::None {
                return Ok(Some((found, sight)));
            }
        }
        Ok(None)
    }

    /// What `caller` may see of `complaint`.
    pub async fn sight(&self, caller: &Principal, complaint: &Complaint) -> Result<Sight, Error> {
        let index = index::of_reference(&self.vault, &caller.tenant, &caller.subject).await?;
        Ok(sight(caller, Standing::of(&caller.subject, &index, complaint)))
    }

    /// The whole view. Opening personal fields is recorded before they are returned.
    pub async fn whole(
        &self,
        caller: &Principal,
        complaint: Complaint,
        sight: Sight,
    ) -> Result<wire::Complaint, Error> {
        let Content { submissions, notes, history } = self.content(&complaint).await?;
        let opener = match (sight, key_of(&submissions)) {
            (Sight::Personal(purpose), Some(key)) => Some(self.opener(&complaint, key, purpose).await?),
            _ => None,
        };
        if let Some(opener) = &opener {
            self.record(caller, &complaint, opener.purpose()).await?;
        }

        let mut view = summary(&complaint);
        if let State::AwaitingCompletion { missing, .. } = complaint.lifecycle.state() {
            view.missing.clone_from(missing);
        }
        if caller.is_staff() {
            view.label = complaint.label.clone().unwrap_or_default();
            view.escalation_level = complaint.lifecycle.regions().escalation.get().number().into();
        }
        view.history = history.iter().map(entry).collect();
        self.fill(&mut view, &complaint, submissions, opener.as_ref(), caller).await?;
        view.notes =
            notes.into_iter().map(|note| shown_note(note, opener.as_ref())).collect::<Result<_, _>>()?;
        Ok(view)
    }

    async fn content(&self, complaint: &Complaint) -> Result<Content, Error> {
        let (tenant, id) = (&complaint.tenant, complaint.id);
        let mut conn = self.db.pool().acquire().await?;
        Ok(Content {
            submissions: submission::with_content(&mut conn, tenant, id).await?,
            notes: note::of(&mut conn, tenant, id).await?,
            history: audit_store::history(&mut conn, tenant, id, 0).await?,
        })
    }

    async fn record(&self, caller: &Principal, complaint: &Complaint, purpose: Purpose) -> Result<(), Error> {
        let mut conn = self.db.pool().acquire().await?;
        let now = self.clock.now();
        access::record(&mut conn, &complaint.tenant, complaint.id, &caller.subject, purpose, now).await
    }

    async fn opener(&self, complaint: &Complaint, key: &[u8], purpose: Purpose) -> Result<Opener, Error> {
        let key = WrappedKey::from_bytes(key)?;
        Ok(self.vault.opener(&complaint.tenant, complaint.id, &key, purpose).await?)
    }

    /// Puts the submitted fields into the view, opened where they may be.
    async fn fill(
        &self,
        view: &mut wire::Complaint,
        complaint: &Complaint,
        submissions: Vec<Stored>,
        opener: Option<&Opener>,
        caller: &Principal,
    ) -> Result<(), Error> {
        for stored in submissions {
            let Stored { id, disposition, received_at, mut public, sealed, wrapped_key } = stored;
            match disposition {
                Disposition::Registered => {
                    open(&mut public, &sealed, opener)?;
                    take(view, public, opener.is_some());
                }
                Disposition::Completion => {
                    open_names(&mut public, &sealed, opener, id)?;
                    view.attachments.append(&mut public.attachments);
                }
                // Somebody else's words under the complainant's key are for staff alone.
                Disposition::Conflicting if caller.is_staff() => {
                    let opener = match (opener, wrapped_key) {
                        (Some(opener), Some(key)) => {
                            Some(self.opener(complaint, &key, opener.purpose()).await?)
                        }
                        _ => None,
                    };
                    open(&mut public, &sealed, opener.as_ref())?;
                    view.conflicts.push(wire::ConflictingSubmission {
                        received_at: Some(to_wire_time(received_at)),
                        channel: public.channel,
                        text: opener.is_some().then_some(public.text),
                    });
                }
                Disposition::Conflicting | Disposition::Repeated => {}
            }
        }
        Ok(())
    }
}

/// The key of the complaint itself; none once its subject was erased.
fn key_of(submissions: &[Stored]) -> Option<&[u8]> {
    submissions.iter().find(|s| s.disposition == Disposition::Registered)?.wrapped_key.as_deref()
}

/// A complaint in a list: no personal fields, no history.
pub fn summary(complaint: &Complaint) -> wire::Complaint {
    wire::Complaint {
        complaint_id: complaint.id.to_string(),
        complaint_no: complaint.complaint_no.clone(),
        state: state(complaint.lifecycle.state().kind()).into(),
        state_version: complaint.lifecycle.version(),
        channel: types::Channel::from(complaint.channel).into(),
        origin: types::Origin::from(complaint.origin).into(),
        received_at: Some(to_wire_time(complaint.received_at)),
        registered_at: Some(to_wire_time(complaint.registered_at)),
        submitted_at: complaint.submitted_at.map(to_wire_time),
        acknowledge_by: Some(to_wire_time(complaint.acknowledge_by)),
        category: complaint.category.map_or(types::Category::Unspecified, Into::into).into(),
        severity: complaint.severity.map_or(types::Severity::Unspecified, Into::into).into(),
        urgent: complaint.urgent,
        language: complaint.language.clone().unwrap_or_default(),
        complainant: Some(types::Complainant {
            kind: types::PartyKind::from(complaint.complainant_kind).into(),
            ..types::Complainant::default()
        }),
        ..wire::Complaint::default()
    }
}

/// Respondents as a list shows them.
pub fn respondent(kind: PartyKind, reference: String) -> types::Respondent {
    types::Respondent { kind: types::PartyKind::from(kind).into(), external_ref: reference, name: None }
}

/// One entry of the history. The facts of an event are JSON of this service's own making.
pub fn entry(entry: &audit::Entry) -> wire::HistoryEntry {
    let state = entry.state.parse().map_or(types::ComplaintState::Unspecified, state);
    let decided_by = entry.decided_by.parse::<redress_domain::DecidedBy>();
    wire::HistoryEntry {
        state: state.into(),
        at: Some(to_wire_time(entry.happened_at)),
        event: entry.action.clone(),
        actor: entry.actor.clone(),
        decided_by: decided_by.map_or(types::DecidedBy::Unspecified, Into::into).into(),
        version: entry.state_version.and_then(|v| u32::try_from(v).ok()).unwrap_or_default(),
        detail: serde_json::from_str(&entry.detail).ok(),
    }
}

fn open(public: &mut Submission, sealed: &Sealed, opener: Option<&Opener>) -> Result<(), Error> {
    let Some(opener) = opener else { return Ok(()) };
    for field in &sealed.fields {
        restore(public, &field.name, &opener.open(&field.name, &field.value)?)?;
    }
    Ok(())
}

/// The names of a completion's files. The place they were sealed for follows from the row, not from what it says.
fn open_names(
    public: &mut Submission,
    sealed: &Sealed,
    opener: Option<&Opener>,
    submission: Uuid,
) -> Result<(), Error> {
    if let (Some(opener), Some(field)) = (opener, sealed.fields.first()) {
        let place = submission::completion_names(submission);
        restore(public, personal::NAMES, &opener.open(&place, &field.value)?)?;
    }
    Ok(())
}

fn take(view: &mut wire::Complaint, submission: Submission, opened: bool) {
    view.respondents = submission.respondents;
    view.order = submission.order;
    view.live = submission.live;
    view.demand = submission.demand;
    view.attachments.splice(0..0, submission.attachments);
    if opened {
        view.text = Some(submission.text);
        view.complainant = submission.complainant;
    }
}

fn shown_note(note: Note, opener: Option<&Opener>) -> Result<wire::Note, Error> {
    let text = match opener {
        None => None,
        Some(opener) => {
            let sealed = Sealed::decode(note.sealed.as_slice()).unwrap_or_default();
            let name = note::field(&note.kind, note.state_version);
            let field = sealed.fields.first();
            field
                .map(|field| opener.open(&name, &field.value))
                .transpose()?
                .map(|plain| String::from_utf8_lossy(&plain).into_owned())
        }
    };
    Ok(wire::Note { version: note.state_version.unsigned_abs(), kind: note.kind, text })
}
