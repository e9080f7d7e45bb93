use std::collections::BTreeMap;

use redress_domain::{ComplaintId, TenantId};
use redress_outbox::Delivery;
use redress_redis::{SimilarText, SimilarTexts};
use sha2::{Digest, Sha256};

use super::{Happened, Registered, registered};
use crate::domain::simhash::{BANDS, SimHash};

/// Asks the index which earlier complaints may be near. Without an answer the database's own comparison stands alone,
/// which sees the latest thousand of each complainant and order.
pub(super) async fn look_up(index: &SimilarTexts, batch: &[Delivery<Happened>]) {
    let mut asked: BTreeMap<&TenantId, Vec<(&Registered, SimilarText<BANDS>)>> = BTreeMap::new();
    for delivery in batch {
        let Happened::Registered(registered) = &*delivery.event else { continue };
        if registered.near.get().is_none()
            && let Some(text) = text(registered, ComplaintId::from_uuid(delivery.meta.subject))
        {
            asked.entry(&delivery.meta.tenant).or_default().push((registered, text));
        }
    }
    for (tenant, asked) in asked {
        let (registered, texts): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        // The client tells when Redis is away, and when it is back.
        let found = index.look_up(tenant, &texts).await.unwrap_or_default();
        for (registered, near) in registered.into_iter().zip(found) {
            let _first = registered.near.set(near);
        }
    }
}

/// What a text is found by; none for one that names neither a person nor an order, or has no words.
fn text(registered: &Registered, complaint: ComplaintId) -> Option<SimilarText<BANDS>> {
    let hash = registered.understood.get()?.text_hash?;
    let order = registered::order_no(&registered.submission);
    if registered.complainant_index.is_empty() && order.is_empty() {
        return None;
    }
    let person = cut(&registered.complainant_index);
    Some(SimilarText { complaint, person, order: cut(order.as_bytes()), bands: SimHash(hash).bands() })
}

/// A hash of `bytes` as long as the index takes; zero for nothing.
fn cut<const LENGTH: usize>(bytes: &[u8]) -> [u8; LENGTH] {
    let mut cut = [0; LENGTH];
    if !bytes.is_empty() {
        cut.copy_from_slice(&Sha256::digest(bytes)[..LENGTH]);
    }
    cut
}
