use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, decode_header};
use moka::future::Cache;
use opentelemetry::KeyValue;
use redress_domain::{Backoff, Clock, Principal, Problem};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use super::source::Source;
use super::token::{Proof, Refusal, Verified, verify};
use crate::Condition;
use crate::config::AuthConfig;
use crate::telemetry::TOKENS_REFUSED;

/// Verified tokens that are remembered; about 200 bytes each.
const REMEMBERED: u64 = 20_000;
/// Unknown key ids make the keys be read again, but no more often than this: anyone can send an unknown id.
const ON_DEMAND: Duration = Duration::from_secs(10);
/// Pauses between attempts while there are no keys yet: 100 ms doubling to 5 s.
const FIRST_KEYS: Backoff = Backoff { base: Duration::from_millis(100), max: Duration::from_secs(5) };

/// Verifies tokens against the issuer's keys, which it keeps fresh.
pub struct Authenticator {
    issuer: String,
    audience: String,
    refresh: Duration,
    max_stale: Duration,
    source: Source,
    clock: Arc<dyn Clock>,
    current: RwLock<Option<Current>>,
    remembered: Cache<[u8; 32], Verified>,
    /// When the keys were last read because of an unknown id; held while they are.
    on_demand: Mutex<Option<Instant>>,
}

/// The keys in use.
struct Current {
    keys: Arc<Keys>,
    text: String,
    read_at: Instant,
}

impl Authenticator {
    pub(crate) fn new(config: &AuthConfig, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Ok(Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            refresh: Duration::from_millis(config.refresh_ms),
            max_stale: Duration::from_millis(config.max_stale_ms),
            source: Source::new(&config.jwks)?,
            clock,
            current: RwLock::new(None),
            remembered: Cache::new(REMEMBERED),
            on_demand: Mutex::new(None),
        })
    }

    /// The caller that the header `authorization` proves.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Principal>, Problem> {
        Ok(self.proof(headers).await?.principal)
    }

    /// The same with the time until which the caller is proved.
    pub(crate) async fn proof(&self, headers: &HeaderMap) -> Result<Proof, Problem> {
        let token = bearer(headers).ok_or_else(|| refused(Refusal::Missing))?;
        self.check(token).await.map_err(refused)
    }

    /// The caller that `token` proves. UNAUTHENTICATED if it proves none; UNAVAILABLE if the issuer's keys could not
    /// be read for so long that nothing can be proved.
    pub async fn verify(&self, token: &str) -> Result<Arc<Principal>, Problem> {
        Ok(self.check(token).await.map_err(refused)?.principal)
    }

    async fn check(&self, token: &str) -> Result<Proof, Refusal> {
        let keys = self.keys().ok_or(Refusal::NoKeys)?;
        let now = self.clock.now().as_duration().as_secs_f64();
        let hash = hash(token);
        if let Some(known) = self.remembered.get(&hash).await.filter(|known| known.is_of(&keys)) {
            return if known.has_expired(now) { Err(Refusal::Expired) } else { Ok(known.proof(now)) };
        }
        self.prove(token, hash, keys, now).await
    }

    /// Proves a token by `keys`, or by newer ones if they do not hold its key, and remembers it under its hash.
    async fn prove(&self, token: &str, hash: [u8; 32], keys: Arc<Keys>, now: f64) -> Result<Proof, Refusal> {
        // The header is read before anything is proved: from it come the key's id and a first sieve, no more.
        let header = decode_header(token).map_err(|error| match error.kind() {
            // A name outside the library's list, `none` above all.
            jsonwebtoken::errors::ErrorKind::Json(_) => Refusal::Algorithm,
            _ => Refusal::Malformed,
        })?;
        if !matches!(header.alg, Algorithm::ES256 | Algorithm::RS256 | Algorithm::EdDSA) {
            return Err(Refusal::Algorithm);
        }
        let id = header.kid.ok_or(Refusal::UnknownKey)?;
        let keys = if keys.find(&id).is_some() { keys } else { self.keys_with(&id).await? };
        let verified = verify(token, (&keys, &id), &self.issuer, &self.audience, now)?;
        let proof = verified.proof(now);
        self.remembered.insert(hash, verified).await;
        Ok(proof)
    }

    /// Reads the keys again because `id` is unknown, unless someone just has.
    async fn keys_with(&self, id: &str) -> Result<Arc<Keys>, Refusal> {
        let mut last = self.on_demand.lock().await;
        let keys = self.keys().ok_or(Refusal::NoKeys)?;
        if keys.find(id).is_some() {
            return Ok(keys);
        }
        if last.is_some_and(|at| at.elapsed() < ON_DEMAND) {
            return Err(Refusal::UnknownKey);
        }
        *last = Some(Instant::now());
        self.read().await;
        self.keys().ok_or(Refusal::NoKeys)
    }

    /// The keys, unless they are missing or too old.
    fn keys(&self) -> Option<Arc<Keys>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|current| current.read_at.elapsed() <= self.max_stale)
            .map(|c| Arc::clone(&c.keys))
    }

    /// Reads the keys once. Those in use stay in use if that fails.
    async fn read(&self) -> bool {
        let read = self.source.read().await.and_then(|text| Ok((Keys::parse(&text)?, text)));
        match read {
            Ok((mut keys, text)) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(before) = &*current {
                    // A key may have been withdrawn: what it proved is to be proved again, also what is being proved by it
                    // in this moment and is remembered afterwards.
                    keys.generation = before.keys.generation + u64::from(before.text != text);
                }
                *current = Some(Current { keys: Arc::new(keys), text, read_at: Instant::now() });
                true
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the issuer's keys could not be read");
                false
            }
        }
    }

    /// Reads the keys now and then, and says by `condition` whether there are usable ones.
    pub(crate) async fn keep_fresh(
        self: Arc<Self>,
        condition: Condition,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut failures = 0;
        loop {
            failures = if self.read().await { 0 } else { failures + 1 };
            let usable = self.keys().is_some();
            condition.set(usable);
            let pause = if failures > 0 { FIRST_KEYS.delay(failures - 1, u16::MAX) } else { self.refresh };
            tokio::select! {
                () = tokio::time::sleep(pause.min(self.refresh)) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused(refusal: Refusal) -> Problem {
    TOKENS_REFUSED.add(1, &[KeyValue::new("reason", refusal.code())]);
    refusal.problem()
}

/// Tokens are kept as hashes, so that no credential lies in memory for longer than its call.
fn hash(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_testkit::{FixedClock, TokenIssuer};

    #[tokio::test]
    async fn a_token_that_was_being_proved_while_its_key_was_withdrawn_is_not_believed_afterwards() {
        let [old, new] = [(), ()].map(|()| TokenIssuer::generate("issuer", "redress").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        old.write_jwks(&file).unwrap();
        let config = AuthConfig {
            issuer: "issuer".into(),
            audience: "redress".into(),
            jwks: file.display().to_string(),
            refresh_ms: 60_000,
            max_stale_ms: 60_000,
            operator_tenant: None,
        };
        let at: jiff::Timestamp = "2026-11-25T04:00:00Z".parse().unwrap();
        let authenticator = Authenticator::new(&config, Arc::new(FixedClock::at(at))).unwrap();
        assert!(authenticator.read().await);
        let claims = old.claims(&"tenant-a".parse().unwrap(), "c1", &[], at);
        let token = old.sign(&claims).unwrap();
        let keys_of_the_call = authenticator.keys().unwrap();

        new.write_jwks(&file).unwrap();
        assert!(authenticator.read().await);
        // The call that began before ends as it began, and leaves its proof behind.
        let now = at.as_duration().as_secs_f64();
        let proof = authenticator.prove(&token, hash(&token), keys_of_the_call, now).await;
        assert_eq!(proof.map(|proof| proof.principal.subject.clone()).ok().as_deref(), Some("c1"));
        assert_eq!(authenticator.check(&token).await.err(), Some(Refusal::UnknownKey));
    }
}
