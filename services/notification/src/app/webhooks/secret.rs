//! Secrets of callback addresses. Each has a data key of its own, bound to the address in the place of a complaint.

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId};
use redress_vault::{Purpose, Vault, WrappedKey};
use uuid::Uuid;

use crate::domain::signature::Secret;
use crate::error::Error;
use crate::store::Corrupt;
use crate::store::webhook::{SealedSecret, Webhook};

/// The name under which secrets are sealed.
const FIELD: &str = "webhook.secret";
/// Bytes of a secret.
const BYTES: usize = 32;

/// A secret that nobody had before.
pub(super) async fn new(vault: &Vault, tenant: &TenantId, webhook: Uuid) -> Result<SealedSecret, Error> {
    let mut secret = vec![0; BYTES];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| redress_vault::VaultError::Library)?;
    let sealer = vault.sealer(tenant, ComplaintId::from_uuid(webhook)).await?;
    Ok(SealedSecret { sealed: sealer.seal(FIELD, &secret)?, wrapped_key: sealer.wrapped_key().to_bytes() })
}

pub(super) async fn open(
    vault: &Vault,
    tenant: &TenantId,
    webhook: Uuid,
    secret: &SealedSecret,
) -> Result<Secret, Error> {
    let key = WrappedKey::from_bytes(&secret.wrapped_key)?;
    let opener = vault.opener(tenant, ComplaintId::from_uuid(webhook), &key, Purpose::Notification).await?;
    let bytes = opener.open(FIELD, &secret.sealed)?;
    let secret = Secret::of_bytes(bytes.to_vec());
    Ok(secret.ok_or_else(|| Corrupt::new("webhook", "sealed_secret", webhook, "no secret"))?)
}

/// What messages to an address are signed with at `now`, the present secret first.
pub(in crate::app) async fn secrets(
    vault: &Vault,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<Vec<Secret>, Error> {
    let mut secrets = vec![open(vault, &webhook.tenant, webhook.id, &webhook.secret).await?];
    if let Some((former, _)) = webhook.former.as_ref().filter(|(_, until)| now < *until) {
        secrets.push(open(vault, &webhook.tenant, webhook.id, former).await?);
    }
    Ok(secrets)
}
