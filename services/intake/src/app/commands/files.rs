//! Files that come with what a complainant says later.

use prost::Message;
use redress_domain::derived_id;
use redress_proto::personal::{self, Halves};
use redress_proto::types::v1::{Attachment, Sealed, SealedField, Submission};

use super::Situation;
use super::work::erased;
use crate::error::Error;
use crate::store::register::NewSubmission;
use crate::store::submission::{Disposition, completion_names};

/// The files as a submission of their own; their names are sealed under the complaint's key.
pub(super) fn kept(situation: &Situation<'_>, files: &[Attachment]) -> Result<NewSubmission, Error> {
    let sealer = situation.sealer.ok_or_else(erased)?;
    // The same answer may be given twice to two requests; the version tells them apart.
    let version = situation.complaint.stream_version.to_be_bytes();
    let id = derived_id("redress/completion/1", &[&situation.fingerprint, &version]);
    let place = completion_names(id);
    let Halves { public, personal } =
        personal::split(Submission { attachments: files.to_vec(), ..Submission::default() });
    let names = personal.into_iter().filter(|(field, _)| *field == personal::NAMES);
    let fields = names
        .map(|(_, plain)| Ok(SealedField { name: place.clone(), value: sealer.seal(&place, &plain)? }))
        .collect::<Result<_, Error>>()?;
    let sealed = Sealed { wrapped_key: Vec::new(), fields };
    Ok(NewSubmission {
        tenant: situation.complaint.tenant.clone(),
        complaint: situation.complaint.id,
        id,
        disposition: Disposition::Completion,
        fingerprint: situation.fingerprint.to_vec(),
        received_at: situation.now,
        body: Some(public.encode_to_vec()),
        sealed: Some(sealed.encode_to_vec()),
        // The complaint's key opens it.
        wrapped_key: None,
    })
}
