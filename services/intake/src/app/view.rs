//! A complaint as a caller may see it. What the caller may not see is absent.

use std::sync::Arc;

use prost::Message;
use redress_domain::{Clock, ComplaintId, PartyKind, Principal, Role, TenantId};
use redress_postgres::Db;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{self as types, Sealed, Submission};
use redress_vault::{Opener, Purpose, Vault, WrappedKey};
use sqlx::postgres::PgConnection;

use super::accept::index;
use super::personal::restore;
use super::publish::state;
use crate::domain::audit;
use crate::domain::lifecycle::State;
use crate::error::Error;
use crate::store::complaint::{self, Complaint, Key};
use crate::store::note::Note;
use crate::store::submission::{Disposition, Stored};
use crate::store::{access, audit as audit_store, note, submission};

/// What a caller may see of a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Nothing: for the caller it does not exist.
    None,
    /// Everything but personal fields.
    Public,
    /// Everything, for this purpose.
    Personal(Purpose),
}

/// What `caller` may see of a complaint that was submitted by `submitted_by` for the complainant of `index`.
/// `own_index` is the keyed hash of the caller's subject.
pub fn sight(caller: &Principal, own_index: &[u8], submitted_by: &str, index: &[u8]) -> Sight {
    if caller.has_any(&[Role::IntakeOfficer, Role::Handler, Role::Supervisor]) {
        return Sight::Personal(Purpose::CaseHandling);
    }
    if caller.has_any(&[Role::Auditor]) {
        return Sight::Public;
    }
    let own = caller.subject == submitted_by || (!index.is_empty() && index == own_index);
    if own && caller.has_any(&[Role::Complainant, Role::Service]) {
        return Sight::Personal(Purpose::OwnData);
    }
    Sight::None
}

/// Makes views.
#[derive(Clone)]
pub struct Views {
    /// The service's database.
    pub db: Db,
    /// Opens.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Views {
    /// Finds a complaint that `caller` may see, with what of it.
    pub async fn find(&self, caller: &Principal, key: &Key) -> Result<Option<(Complaint, Sight)>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let Some(found) = complaint::find(&mut conn, &caller.tenant, key).await? else { return Ok(None) };
        let sight = self.sight(caller, &found).await?;
        Ok((sight != Sight::None).then_some((found, sight)))
    }

    /// What `caller` may see of `complaint`.
    pub async fn sight(&self, caller: &Principal, complaint: &Complaint) -> Result<Sight, Error> {
        let own_index = index::of_reference(&self.vault, &caller.tenant, &caller.subject).await?;
        Ok(sight(caller, &own_index, &complaint.submitted_by, &complaint.complainant_index))
    }

    /// The whole view. Opening personal fields is recorded before they are returned.
    pub async fn whole(
        &self,
        caller: &Principal,
        complaint: Complaint,
        sight: Sight,
    ) -> Result<wire::Complaint, Error> {
        let (tenant, id) = (complaint.tenant.clone(), complaint.id);
        let mut conn = self.db.pool().acquire().await?;
        let stored = submission::with_content(&mut conn, &tenant, id).await?;
        let notes = note::of(&mut conn, &tenant, id).await?;
        let history = audit_store::history(&mut conn, &tenant, id, 0).await?;
        let opened = match sight {
            Sight::Personal(purpose) => {
                let opener = self.opener(&mut conn, &tenant, id, purpose).await?;
                if opener.is_some() {
                    access::record(&mut conn, &tenant, id, &caller.subject, purpose, self.clock.now())
                        .await?;
                }
                opener
            }
            _ => None,
        };
        drop(conn);

        let mut view = summary(&complaint);
        if let State::AwaitingCompletion { missing, .. } = complaint.lifecycle.state() {
            view.missing.clone_from(missing);
        }
        view.history = history.iter().map(entry).collect();
        self.fill(&mut view, &complaint, stored, opened.as_ref(), caller).await?;
        view.notes =
            notes.into_iter().map(|note| shown_note(note, opened.as_ref())).collect::<Result<_, _>>()?;
        Ok(view)
    }

    async fn opener(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        id: ComplaintId,
        purpose: Purpose,
    ) -> Result<Option<Opener>, Error> {
        let Some(key) = submission::wrapped_key(conn, tenant, id).await? else { return Ok(None) };
        Ok(Some(self.vault.opener(tenant, id, &WrappedKey::from_bytes(&key)?, purpose).await?))
    }

    /// Puts the submitted fields into the view, opened where they may be.
    async fn fill(
        &self,
        view: &mut wire::Complaint,
        complaint: &Complaint,
        stored: Vec<Stored>,
        opener: Option<&Opener>,
        caller: &Principal,
    ) -> Result<(), Error> {
        for stored in stored {
            let Stored { disposition, received_at, mut public, sealed } = stored;
            match disposition {
                Disposition::Registered => {
                    open(&mut public, &sealed, opener)?;
                    take(view, public, opener.is_some());
                }
                Disposition::Completion => {
                    open(&mut public, &sealed, opener)?;
                    view.attachments.append(&mut public.attachments);
                }
                // Somebody else's words under the complainant's key are for staff alone.
                Disposition::Conflicting if caller.is_staff() => {
                    let opener = match opener.map(Opener::purpose) {
                        None => None,
                        Some(purpose) => {
                            let key = WrappedKey::from_bytes(&sealed.wrapped_key)?;
                            Some(self.vault.opener(&complaint.tenant, complaint.id, &key, purpose).await?)
                        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: &str, roles: &[Role]) -> Principal {
        Principal { tenant: "acme".parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
    }

    #[test]
    fn a_complainant_sees_what_they_sent_or_what_was_sent_for_them_and_nothing_else() {
        let own = Sight::Personal(Purpose::OwnData);
        let complainant = caller("c1", &[Role::Complainant]);
        assert_eq!(sight(&complainant, b"i1", "c1", b""), own);
        assert_eq!(sight(&complainant, b"i1", "app", b"i1"), own);
        assert_eq!(sight(&complainant, b"i1", "c2", b"i2"), Sight::None);
        assert_eq!(
            sight(&complainant, b"", "c2", b""),
            Sight::None,
            "two unknown complainants are not the same"
        );
    }

    #[test]
    fn staff_see_cases_auditors_see_no_personal_fields_and_administrators_see_no_case() {
        let of = |role| sight(&caller("x", &[role]), b"", "c1", b"i1");
        assert_eq!(of(Role::Handler), Sight::Personal(Purpose::CaseHandling));
        assert_eq!(of(Role::Auditor), Sight::Public);
        assert_eq!(of(Role::Admin), Sight::None);
        assert_eq!(of(Role::Respondent), Sight::None);
    }
}
