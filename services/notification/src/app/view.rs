//! A notice as a caller may see it: its addressee and staff, nobody else.

use redress_domain::{Principal, Role as CallerRole};
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as wire_notice;
use redress_proto::types::v1 as types;
use redress_vault::{IndexKind, Purpose, Vault};

use super::wire;
use crate::domain::kind::Role;
use crate::domain::letter::Letter;
use crate::error::Error;
use crate::store::attempt::Attempt;
use crate::store::complaint::Complaint;
use crate::store::notice::{Notice, Whose};

/// What a caller may see of the notices of a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whose notices.
    pub whose: Whose,
    /// For which purpose their letters are opened; none if they are not.
    pub letters: Option<Purpose>,
}

impl Sight {
    /// Whether it takes in `notice`.
    pub fn covers(&self, notice: &Notice) -> bool {
        match &self.whose {
            Whose::All => true,
            Whose::Complainant => notice.addressee.role == Role::Complainant,
            Whose::Respondent(reference) => {
                notice.addressee.role == Role::Respondent && &notice.addressee.reference == reference
            }
        }
    }
}

/// What `caller` may see of `complaint`'s notices; none where for the caller it does not exist.
pub(super) async fn sight(
    vault: &Vault,
    caller: &Principal,
    complaint: &Complaint,
) -> Result<Option<Sight>, Error> {
    use CallerRole::{Auditor, Complainant, Handler, IntakeOfficer, Respondent, Service, Supervisor};
    let sight = |whose, letters| Ok(Some(Sight { whose, letters }));
    if caller.has_any(&[IntakeOfficer, Handler, Supervisor]) {
        return sight(Whose::All, Some(Purpose::CaseHandling));
    }
    if caller.has_any(&[Auditor]) {
        return sight(Whose::All, None);
    }
    if caller.has_any(&[Complainant, Service]) && is_complainant(vault, caller, complaint).await? {
        return sight(Whose::Complainant, Some(Purpose::OwnData));
    }
    let is_party = complaint.respondents.iter().any(|(_, reference)| *reference == caller.subject);
    if caller.has_any(&[Respondent]) && is_party {
        return sight(Whose::Respondent(caller.subject.clone()), Some(Purpose::OwnData));
    }
    Ok(None)
}

async fn is_complainant(vault: &Vault, caller: &Principal, complaint: &Complaint) -> Result<bool, Error> {
    if caller.subject == complaint.submitted_by {
        return Ok(true);
    }
    let index = vault.blind_index(&caller.tenant, IndexKind::PartyReference, &caller.subject).await?;
    Ok(complaint.complainant_index == index)
}

/// A notice on the wire, without its letter.
pub(super) fn shown(notice: &Notice, attempts: Vec<Attempt>) -> wire_notice::Notice {
    wire_notice::Notice {
        notice_id: notice.id.to_string(),
        complaint_id: notice.complaint.to_string(),
        kind: wire::kind(notice.kind).into(),
        addressee: Some(wire::addressee(&notice.addressee)),
        state: wire::state(notice.state).into(),
        locale: notice.locale.code().to_owned(),
        template: notice.template.clone().unwrap_or_default(),
        content_sha256: notice.content_sha256.as_deref().map(hex::encode).unwrap_or_default(),
        queued_at: Some(to_wire_time(notice.queued_at)),
        not_before: Some(to_wire_time(notice.not_before)),
        attempts: attempts.into_iter().map(attempt).collect(),
        urgent: notice.urgent,
        ..wire_notice::Notice::default()
    }
}

/// The same with its letter.
pub(super) fn with_letter(mut view: wire_notice::Notice, letter: Letter) -> wire_notice::Notice {
    view.subject = Some(letter.subject);
    view.body = Some(letter.body);
    view.plain = Some(letter.plain);
    view
}

fn attempt(attempt: Attempt) -> wire_notice::DeliveryAttempt {
    let channel = attempt.channel.map_or(types::ContactType::Unspecified, Into::into);
    wire_notice::DeliveryAttempt {
        channel: channel.into(),
        at: Some(to_wire_time(attempt.at)),
        outcome: attempt.outcome.code().to_owned(),
        reason: attempt.reason,
        webhook_id: attempt.webhook.map(|id| id.to_string()).unwrap_or_default(),
    }
}
