use std::sync::OnceLock;

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId, whole_microseconds};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1::ComplaintRegistered;
use redress_proto::personal::{self, DEMAND_TEXT, QUOTED_WORDING, TEXT, restore};
use redress_proto::types::v1::{PartyKind, Sealed, SealedField, Submission};
use redress_vault::{Opener, Purpose, Vault, WrappedKey};
use uuid::Uuid;

use super::super::assessor::{Names, Told};
use super::super::engine::Understood;
use crate::domain::incident::Subjects;
use crate::error::Error;

/// What classification opens: the words, and nobody's name.
const READ: [&str; 3] = [TEXT, QUOTED_WORDING, DEMAND_TEXT];
/// What it opens beside them where an outside model is asked, so that it can be taken out of the words.
const NAMES: [&str; 2] = [personal::COMPLAINANT, personal::NAMES];

/// A registered complaint.
#[derive(Debug)]
pub struct Registered {
    /// When it was received.
    pub received_at: Timestamp,
    /// The public half of what was brought in.
    pub submission: Submission,
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// What its text came to, once it was read.
    pub(super) understood: OnceLock<Understood>,
    /// Complaints that the index of similar texts names.
    pub(super) near: OnceLock<Vec<Uuid>>,
    sealed: Sealed,
}

impl Registered {
    /// Checks a message of intake's.
    pub fn read(message: ComplaintRegistered) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| move || DecodeError::new(format!("{field} does not fit"));
        let received_at = message.received_at.ok_or_else(unfit("received_at"))?;
        let received_at = from_wire_time(&received_at).map_err(|_| unfit("received_at")())?;
        Ok(Self {
            received_at: whole_microseconds(received_at),
            submission: message.submission.ok_or_else(unfit("submission"))?,
            complainant_index: message.complainant_index,
            understood: OnceLock::new(),
            near: OnceLock::new(),
            sealed: message.sealed.ok_or_else(unfit("sealed"))?,
        })
    }

    /// The submission with the words in place that classification reads; the names stay sealed.
    pub(super) async fn open(
        &self,
        vault: &Vault,
        tenant: &TenantId,
        complaint: ComplaintId,
    ) -> Result<Told, Error> {
        let key = WrappedKey::from_bytes(&self.sealed.wrapped_key)?;
        let opener = vault.opener(tenant, complaint, &key, Purpose::Classification).await?;
        let mut whole = self.submission.clone();
        let mut names = Vec::new();
        for field in &self.sealed.fields {
            if READ.contains(&field.name.as_str()) {
                restore(&mut whole, &field.name, &opener.open(&field.name, &field.value)?)?;
            } else if NAMES.contains(&field.name.as_str()) {
                names.push(field.clone());
            }
        }
        let names = Names::Sealed(Beside { opener, fields: names });
        Ok(Told { tenant: tenant.clone(), submission: whole, names })
    }
}

/// Names and contacts that came beside a registered complaint's words, sealed.
#[derive(Debug)]
pub struct Beside {
    opener: Opener,
    fields: Vec<SealedField>,
}

impl Beside {
    /// The submission with names and contacts in place.
    pub fn put_into(&self, mut submission: Submission) -> Result<Submission, Error> {
        for field in &self.fields {
            restore(&mut submission, &field.name, &self.opener.open(&field.name, &field.value)?)?;
        }
        Ok(submission)
    }
}

/// The order; empty if none was named.
pub(super) fn order_no(submission: &Submission) -> &str {
    submission.order.as_ref().map_or("", |order| &order.order_no)
}

/// Whom and what a submission names, as far as it may be the cause of many complaints.
pub(super) fn subjects(submission: &Submission) -> Subjects {
    let respondent = |kind: PartyKind| {
        let named = submission.respondents.iter().find(|r| r.kind() == kind && !r.external_ref.is_empty());
        named.map(|r| r.external_ref.clone()).unwrap_or_default()
    };
    let live = submission.live.as_ref();
    let anchor = live.map(|live| live.anchor_id.clone()).filter(|anchor| !anchor.is_empty());
    Subjects {
        live_room: live.map(|live| live.room_id.clone()).unwrap_or_default(),
        anchor: anchor.unwrap_or_else(|| respondent(PartyKind::Anchor)),
        sku: submission.order.as_ref().map(|order| order.sku.clone()).unwrap_or_default(),
        merchant: respondent(PartyKind::Merchant),
        carrier: respondent(PartyKind::Carrier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_proto::types::v1::{LiveRef, OrderRef, Respondent};

    #[test]
    fn a_submission_names_its_subjects_by_session_order_and_respondents() {
        let respondent = |kind: PartyKind, reference: &str| Respondent {
            kind: kind.into(),
            external_ref: reference.into(),
            name: None,
        };
        let submission = Submission {
            live: Some(LiveRef { room_id: "room-1".into(), ..LiveRef::default() }),
            order: Some(OrderRef { order_no: "TEST-1".into(), sku: "sku-1".into(), ..OrderRef::default() }),
            respondents: vec![
                respondent(PartyKind::Merchant, ""),
                respondent(PartyKind::Merchant, "shop-1"),
                respondent(PartyKind::Anchor, "anchor-1"),
            ],
            ..Submission::default()
        };
        let named = subjects(&submission);
        let named: Vec<&str> = named.named().map(|(_, subject)| subject).collect();
        assert_eq!(named, ["room-1", "anchor-1", "sku-1", "shop-1"]);
        assert_eq!((order_no(&submission), order_no(&Submission::default())), ("TEST-1", ""));
    }
}
