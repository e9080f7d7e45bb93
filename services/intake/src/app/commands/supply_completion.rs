//! T03: the complainant supplies what was missing.

use prost::Message;
use redress_domain::{Principal, Problem, Violations, derived_id};
use redress_proto::intake::v1 as wire;
use redress_proto::personal::{self, Halves};
use redress_proto::types::v1::{Sealed, SealedField, Submission};

use super::{Commands, Effects, Situation, Target, content, erased};
use crate::app::accept::{name_of_call, validate};
use crate::domain::lifecycle::{Command, State};
use crate::error::Error;
use crate::store::note::Kind;
use crate::store::register::NewSubmission;
use crate::store::submission::{Disposition, completion_names};

impl Commands {
    /// Supplies missing details. `found` holds what was wrong with the request before its rules were checked.
    pub async fn supply_completion(
        &self,
        caller: &Principal,
        request: wire::SupplyCompletionRequest,
        mut found: Violations,
    ) -> Result<wire::Complaint, Error> {
        name_of_call(&request.request_id, &mut found);
        validate::completion(&request.text, &request.attachments, self.clock.now(), &mut found);
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let content =
            content(&wire::SupplyCompletionRequest { request_id: String::new(), ..request.clone() });
        let fingerprint = self.vault.fingerprint(&caller.tenant, &content).await?;
        let target = Target {
            request_id: &request.request_id,
            complaint_id: &request.complaint_id,
            expected_version: request.expected_version,
            content,
        };
        let (text, attachments) = (request.text.clone(), request.attachments.clone());
        let decide = move |situation: &Situation<'_>| {
            let supplied = match situation.complaint.lifecycle.state() {
                State::AwaitingCompletion { missing, .. } => missing.clone(),
                _ => Vec::new(),
            };
            let files = Submission { attachments: attachments.clone(), ..Submission::default() };
            Ok(Effects {
                steps: vec![Command::SupplyCompletion {
                    sender_is_party: situation.standing.is_party(),
                    supplied,
                }],
                note: Some((Kind::Completion, text.clone())),
                submission: Some(kept(situation, files, fingerprint)?),
            })
        };
        self.run(caller, target, Box::new(decide)).await
    }
}

/// The files of the completion as a submission of their own; their names are sealed under the complaint's key.
fn kept(situation: &Situation<'_>, files: Submission, fingerprint: [u8; 32]) -> Result<NewSubmission, Error> {
    let sealer = situation.sealer.ok_or_else(erased)?;
    // The same answer may be given twice to two requests; the version tells them apart.
    let version = situation.complaint.stream_version.to_be_bytes();
    let id = derived_id("redress/completion/1", &[&fingerprint, &version]);
    let place = completion_names(id);
    let Halves { public, personal } = personal::split(files);
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
        fingerprint: fingerprint.to_vec(),
        received_at: situation.now,
        body: Some(public.encode_to_vec()),
        sealed: Some(sealed.encode_to_vec()),
        // The complaint's key opens it.
        wrapped_key: None,
    })
}
