//! By what the same complainant is recognised without being known.

use redress_domain::TenantId;
use redress_proto::types::v1::{ContactType, Submission};
use redress_vault::{IndexKind, Vault, normalise_email, normalise_phone};

use crate::error::Error;

/// Keyed hash of the complainant's reference or, without one, of the first telephone number or e-mail address; empty
/// if there is neither.
pub async fn of_complainant(
    vault: &Vault,
    tenant: &TenantId,
    submission: &Submission,
) -> Result<Vec<u8>, Error> {
    let Some(complainant) = &submission.complainant else { return Ok(Vec::new()) };
    if let Some(reference) = complainant.external_ref.as_deref().filter(|reference| !reference.is_empty()) {
        return of_reference(vault, tenant, reference).await;
    }
    let contact = complainant.contacts.iter().find_map(|contact| match contact.r#type() {
        ContactType::Phone => normalise_phone(&contact.value).map(|phone| (IndexKind::Phone, phone)),
        ContactType::Email => normalise_email(&contact.value).map(|email| (IndexKind::Email, email)),
        _ => None,
    });
    match contact {
        Some((kind, value)) => Ok(vault.blind_index(tenant, kind, &value).await?.to_vec()),
        None => Ok(Vec::new()),
    }
}

/// Keyed hash of a platform's own identifier of a party. A token's subject is such an identifier.
pub async fn of_reference(vault: &Vault, tenant: &TenantId, reference: &str) -> Result<Vec<u8>, Error> {
    Ok(vault.blind_index(tenant, IndexKind::PartyReference, reference).await?.to_vec())
}
