use std::sync::Arc;

use redis::{ExistenceCheck, Script, SetExpiry, SetOptions, Value};
use redress_domain::{ComplaintId, TenantId};

use crate::answers::NO_SCRIPT;
use crate::gather::Gather;
use crate::keys::{DEDUPE_TTL, dedupe};
use crate::{Redis, RedisError};

const CONFIRM: &str = include_str!("scripts/confirm.lua");

/// Version of the stored form; `scripts/confirm.lua` knows it too.
const VERSION: u8 = 1;
const PENDING: u8 = 0;
const CONFIRMED: u8 = 1;
/// Version, state, time, fingerprint.
const LENGTH: usize = 1 + 1 + 8 + 32;

/// What the filter remembers of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Keyed hash of the body.
    pub fingerprint: [u8; 32],
    /// When the submission was received first, in milliseconds since 1970 UTC.
    pub received_at_ms: i64,
    /// Whether the broker acknowledged it. Only then may the entry answer for Kafka.
    pub confirmed: bool,
}

/// Recognises repeated submissions before they reach Kafka. A filter and no more: whatever it misses, the register
/// decides by its primary keys.
///
/// An attempt is *pending* before it is sent and *confirmed* once the broker acknowledged it. A pending entry never
/// answers: the send may have failed, and a retry that believed the entry would be the loss of a complaint. It only
/// keeps the time of the first attempt, so that a retry carries the same time and public number. A confirmed entry is
/// never replaced by a pending one, nor by another confirmed one, so that all retries hear the same.
///
/// An accepted submission costs one round trip before Kafka ([`claim`](Self::claim)) and one after
/// ([`confirm`](Self::confirm)).
#[derive(Debug, Clone)]
pub struct DedupeFilter {
    redis: Redis,
    gather: Gather,
    confirm: Arc<Script>,
}

impl DedupeFilter {
    /// A filter in this Redis. To be called inside a tokio runtime.
    pub fn new(redis: Redis) -> Self {
        let confirm = Arc::new(Script::new(CONFIRM));
        Self { gather: Gather::new(redis.clone()), redis, confirm }
    }

    /// What is remembered of the submission.
    pub async fn lookup(
        &self,
        tenant: &TenantId,
        complaint: &ComplaintId,
    ) -> Result<Option<Remembered>, RedisError> {
        let mut get = redis::cmd("GET");
        get.arg(dedupe(tenant, complaint));
        read(self.gather.ask(get).await?)
    }

    /// Looks up and, where nothing is remembered, remembers the attempt as pending, in one atomic step.
    ///
    /// Returns what was remembered before; `None` means that this attempt is the first one known.
    pub async fn claim(
        &self,
        tenant: &TenantId,
        complaint: &ComplaintId,
        fingerprint: [u8; 32],
        received_at_ms: i64,
    ) -> Result<Option<Remembered>, RedisError> {
        let value = encode(&Remembered { fingerprint, received_at_ms, confirmed: false });
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .get(true)
            .with_expiration(SetExpiry::EX(DEDUPE_TTL.as_secs()));
        let mut set = redis::cmd("SET");
        set.arg(dedupe(tenant, complaint)).arg(&value).arg(options);
        read(self.gather.ask(set).await?)
    }

    /// Remembers the submission as confirmed, unless one is confirmed already.
    ///
    /// Returns the submission that was confirmed before; it stays. `None` means that this one is remembered now.
    pub async fn confirm(
        &self,
        tenant: &TenantId,
        complaint: &ComplaintId,
        fingerprint: [u8; 32],
        received_at_ms: i64,
    ) -> Result<Option<Remembered>, RedisError> {
        let value = encode(&Remembered { fingerprint, received_at_ms, confirmed: true });
        let mut run = redis::cmd("EVALSHA");
        run.arg(self.confirm.get_hash()).arg(1).arg(dedupe(tenant, complaint));
        run.arg(&value).arg(DEDUPE_TTL.as_secs());
        let answer = match self.gather.ask(run.clone()).await {
            Err(RedisError::Unexpected(error)) if error.kind() == NO_SCRIPT => {
                self.load().await?;
                self.gather.ask(run).await
            }
            answer => answer,
        };
        read(answer?)
    }

    /// Teaches the script to a server that has been restarted or flushed.
    async fn load(&self) -> Result<(), RedisError> {
        let load = |mut connection| async move {
            redis::cmd("SCRIPT").arg("LOAD").arg(CONFIRM).exec_async(&mut connection).await
        };
        self.redis.call("SCRIPT LOAD", load).await
    }
}

fn encode(entry: &Remembered) -> [u8; LENGTH] {
    let mut value = [0; LENGTH];
    value[0] = VERSION;
    value[1] = if entry.confirmed { CONFIRMED } else { PENDING };
    value[2..10].copy_from_slice(&entry.received_at_ms.to_be_bytes());
    value[10..].copy_from_slice(&entry.fingerprint);
    value
}

fn decode(value: &[u8]) -> Option<Remembered> {
    let [VERSION, state @ (PENDING | CONFIRMED), rest @ ..] = value else { return None };
    let (received_at, fingerprint) = rest.split_first_chunk()?;
    Some(Remembered {
        fingerprint: fingerprint.try_into().ok()?,
        received_at_ms: i64::from_be_bytes(*received_at),
        confirmed: *state == CONFIRMED,
    })
}

fn read(value: Value) -> Result<Option<Remembered>, RedisError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(value) => decode(&value).map(Some).ok_or_else(malformed),
        _ => Err(malformed()),
    }
}

fn malformed() -> RedisError {
    RedisError::Unexpected(
        (redis::ErrorKind::UnexpectedReturnType, "an entry of the duplicate filter has another form").into(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_entry_reads_back(fingerprint: [u8; 32], received_at_ms: i64, confirmed: bool) {
            let entry = Remembered { fingerprint, received_at_ms, confirmed };
            prop_assert_eq!(decode(&encode(&entry)), Some(entry));
        }

        #[test]
        fn any_value_is_read_or_refused(value in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Some(entry) = decode(&value) {
                prop_assert_eq!(encode(&entry).to_vec(), value);
            }
        }
    }
}
