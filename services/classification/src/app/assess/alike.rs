//! Which complaints of a batch look the same as others, older ones and such of the same batch.
//!
//! Compared are the latest of the same complainant and of the same order, by the database; the index of similar texts
//! names older ones of whoever complains so much that those are not all. A double click is two complaints in the same
//! instant, in two partitions: batches that share a person or an order take turns.

use std::collections::{BTreeMap, HashMap};

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{New, registered};
use crate::domain::duplicate::{Traits, compare};
use crate::error::Error;
use crate::store::candidate::{self, Asked};
use crate::store::duplicate::NewLink;

/// Pairs that are kept of one complaint; somebody who complains a hundred times over is seen by the first ones too.
const KEPT: usize = 10;

/// The pairs of each complaint of the batch, the best first.
pub(super) async fn pairs(conn: &mut PgConnection, new: &[New<'_>]) -> Result<Vec<Vec<NewLink>>, Error> {
    let asked: Vec<Asked<'_>> = new
        .iter()
        .map(|new| Asked {
            tenant: &new.meta.tenant,
            traits: traits(new),
            received_at: new.registered.received_at,
        })
        .collect();
    let near: Vec<(&TenantId, usize, Uuid)> = new
        .iter()
        .enumerate()
        .flat_map(|(at, new)| {
            let near = new.registered.near.get().map_or(&[][..], Vec::as_slice);
            near.iter().map(move |&id| (&new.meta.tenant, at, id))
        })
        .collect();
    // Whoever else compares complaints of the same person or order waits here, and then sees these.
    candidate::compare_alone(conn, &asked).await?;
    let mut candidates = candidate::alike(conn, &asked).await?;
    candidates.extend(candidate::named(conn, &near).await?);
    let mut found: Vec<BTreeMap<Uuid, NewLink>> = new.iter().map(|_| BTreeMap::new()).collect();
    for candidate in candidates {
        let other = Traits {
            complainant: &candidate.complainant_index,
            order: &candidate.order_no,
            text_hash: candidate.text_hash,
        };
        if let (Some(new), Some(found)) = (new.get(candidate.of), found.get_mut(candidate.of)) {
            note(found, new, candidate.id, &other);
        }
    }
    within(new, &mut found);
    Ok(found.into_iter().map(best).collect())
}

/// Compares the complaints of the batch with those before them that name the same complainant or order.
fn within(new: &[New<'_>], found: &mut [BTreeMap<Uuid, NewLink>]) {
    let mut before: HashMap<(&TenantId, &[u8]), Vec<usize>> = HashMap::new();
    for (at, one) in new.iter().enumerate() {
        let traits = traits(one);
        for shared in [traits.complainant, traits.order.as_bytes()] {
            if shared.is_empty() {
                continue;
            }
            let earlier = before.entry((&one.meta.tenant, shared)).or_default();
            for &other in &*earlier {
                note(&mut found[at], one, new[other].meta.subject, &self::traits(&new[other]));
            }
            earlier.push(at);
        }
    }
}

fn traits<'a>(new: &'a New<'_>) -> Traits<'a> {
    Traits {
        complainant: &new.registered.complainant_index,
        order: registered::order_no(&new.registered.submission),
        text_hash: new.understood.text_hash,
    }
}

fn note(found: &mut BTreeMap<Uuid, NewLink>, new: &New<'_>, other: Uuid, traits: &Traits<'_>) {
    let Some(likeness) = compare(&self::traits(new), traits) else { return };
    let link = NewLink {
        tenant: new.meta.tenant.clone(),
        complaint: new.meta.subject,
        other,
        score: likeness.score,
        features: likeness.features,
    };
    found.insert(other, link);
}

fn best(found: BTreeMap<Uuid, NewLink>) -> Vec<NewLink> {
    let mut links: Vec<NewLink> = found.into_values().collect();
    links.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.other.cmp(&b.other)));
    links.truncate(KEPT);
    links
}
