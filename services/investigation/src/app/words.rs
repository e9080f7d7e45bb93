//! What people typed: sealed with the data key of the complaint (or of the incident) before it is kept or published.

use redress_domain::{ComplaintId, TenantId};
use redress_proto::types::v1::{Sealed, SealedField};
use redress_vault::{Opener, Purpose, Vault, WrappedKey};
use uuid::Uuid;

use crate::error::Error;

/// Names under which words are sealed: each binds its text to its place.
pub mod field {
    use uuid::Uuid;

    /// Of the plan.
    pub const PLAN: &str = "investigation.plan";

    /// Of a request.
    pub fn why(request: Uuid) -> String {
        format!("evidence_request.why.{request}")
    }

    /// Of a consultation's question.
    pub fn question(consultation: Uuid) -> String {
        format!("consultation.question.{consultation}")
    }

    /// Of its answer.
    pub fn answer(consultation: Uuid) -> String {
        format!("consultation.answer.{consultation}")
    }

    /// Of a finding.
    pub fn fact(finding: Uuid) -> String {
        format!("finding.fact.{finding}")
    }

    /// Of a conclusion.
    pub fn conclusion(investigation: Uuid) -> String {
        format!("conclusion.{investigation}")
    }

    /// Of a lead.
    pub fn lead(lead: Uuid) -> String {
        format!("violation_lead.{lead}")
    }
}

/// Seals words; no words stay none. Asks the key provider, so outside of transactions.
pub async fn seal(
    vault: &Vault,
    (tenant, file): (&TenantId, Uuid),
    wrapped: &[u8],
    name: &str,
    plain: &[u8],
) -> Result<Vec<u8>, Error> {
    if plain.is_empty() {
        return Ok(Vec::new());
    }
    let key = WrappedKey::from_bytes(wrapped)?;
    let sealer = vault.sealer_from(tenant, ComplaintId::from_uuid(file), &key).await?;
    Ok(sealer.seal(name, plain)?)
}

/// What events carry of sealed words; none if there are none.
pub fn sealed(wrapped: &[u8], name: String, value: &[u8]) -> Option<Sealed> {
    (!value.is_empty()).then(|| Sealed {
        wrapped_key: wrapped.to_vec(),
        fields: vec![SealedField { name, value: value.to_vec() }],
    })
}

/// Opens words of one file.
pub struct Words {
    opener: Option<Opener>,
}

impl Words {
    /// For whoever may read them.
    pub async fn open(
        vault: &Vault,
        (tenant, file): (&TenantId, Uuid),
        wrapped: &[u8],
        purpose: Purpose,
    ) -> Result<Self, Error> {
        if wrapped.is_empty() {
            return Ok(Self::closed());
        }
        let key = WrappedKey::from_bytes(wrapped)?;
        Ok(Self { opener: Some(vault.opener(tenant, ComplaintId::from_uuid(file), &key, purpose).await?) })
    }

    /// For whoever may not.
    pub const fn closed() -> Self {
        Self { opener: None }
    }

    /// The words, or none.
    pub fn read(&self, name: &str, sealed: &[u8]) -> Result<String, Error> {
        let Some(opener) = self.opener.as_ref().filter(|_| !sealed.is_empty()) else {
            return Ok(String::new());
        };
        let plain = opener.open(name, sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| Error::Defect("sealed words are no UTF-8".into()))
    }
}
