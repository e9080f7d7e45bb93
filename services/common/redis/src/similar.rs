use std::sync::Arc;

use redis::Script;
use redress_domain::{ComplaintId, TenantId};
use uuid::Uuid;

use crate::keys::{SIMILAR_TTL, similar};
use crate::{Redis, RedisError};

/// Texts of one call, so that a script is short: others wait for it.
const AT_ONCE: usize = 32;
/// Texts that a band's list keeps. A band of a crowd that copies one text holds that crowd only; what it pushes out is
/// found by other bands, or by the database.
const KEPT: usize = 32;

/// A text by what it is found.
#[derive(Debug, Clone)]
pub struct SimilarText<const BANDS: usize> {
    /// Its complaint.
    pub complaint: ComplaintId,
    /// Hash of who wrote it; zero if unknown.
    pub person: [u8; 16],
    /// Hash of the order it names; zero if none.
    pub order: [u8; 8],
    /// Bands of its similarity hash, each with its place: texts that differ little share one.
    pub bands: [u32; BANDS],
}

/// Recent texts by the bands of their similarity hashes: near texts of one person or about one order are found without
/// comparing with all that the person has written.
///
/// An index and no more. What it misses, because it was flushed or a list was full, is found among the latest complaints
/// of the person and the order, which the database knows.
#[derive(Debug, Clone)]
pub struct SimilarTexts {
    redis: Redis,
    script: Arc<Script>,
}

impl SimilarTexts {
    /// An index in this Redis; one of its own, for its calls take longer than others should wait.
    pub fn new(redis: Redis) -> Self {
        Self { redis, script: Arc::new(Script::new(include_str!("scripts/similar.lua"))) }
    }

    /// Finds earlier texts that share a band and the person or order with each of `texts`, and remembers these. Safe to
    /// repeat: a text that is remembered finds what came before it.
    pub async fn look_up<const BANDS: usize>(
        &self,
        tenant: &TenantId,
        texts: &[SimilarText<BANDS>],
    ) -> Result<Vec<Vec<Uuid>>, RedisError> {
        let mut found = Vec::with_capacity(texts.len());
        for texts in texts.chunks(AT_ONCE) {
            let mut invocation = self.script.prepare_invoke();
            for band in texts.iter().flat_map(|text| text.bands) {
                invocation.key(similar(tenant, band));
            }
            invocation.arg(BANDS).arg(KEPT).arg(SIMILAR_TTL.as_secs());
            for text in texts {
                invocation.arg(&entry(text)[..]);
            }
            let call =
                self.redis.call("EVALSHA", |mut c| async move { invocation.invoke_async(&mut c).await });
            let ids: Vec<Vec<u8>> = call.await?;
            found.extend(ids.iter().map(|ids| read(ids)));
        }
        Ok(found)
    }
}

fn entry<const BANDS: usize>(text: &SimilarText<BANDS>) -> [u8; 40] {
    let mut entry = [0; 40];
    entry[..16].copy_from_slice(text.complaint.as_uuid().as_bytes());
    entry[16..32].copy_from_slice(&text.person);
    entry[32..].copy_from_slice(&text.order);
    entry
}

fn read(ids: &[u8]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.as_chunks::<16>().0.iter().map(|id| Uuid::from_bytes(*id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
