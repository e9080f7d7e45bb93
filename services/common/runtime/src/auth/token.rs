use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind as JwtError;
use jsonwebtoken::{Validation, decode};
use redress_domain::{ErrorKind, Principal, Problem, TenantId};
use serde::Deserialize;
use tokio::time::Instant;

use super::keys::Keys;

/// How far clocks of issuer and service may differ, in seconds.
const LEEWAY_SECONDS: f64 = 30.0;
/// A year.
const LONGEST_SECONDS: f64 = 365.0 * 86_400.0;

/// Why a token is refused. The caller learns less than the metric: whether a signature or an audience was wrong is
/// of use to an attacker only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Malformed,
    Algorithm,
    UnknownKey,
    Signature,
    Issuer,
    Audience,
    Expired,
    NotYetValid,
    Claims,
    NoKeys,
}

impl Refusal {
    /// The label of the metric.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Claims => "claims",
            Self::NoKeys => "no_keys",
        }
    }

    /// What the caller is told.
    pub(crate) fn problem(self) -> Problem {
        let refuse = |reason, message| Problem::new(ErrorKind::Unauthenticated, reason, message);
        match self {
            Self::Missing => crate::grpc::unauthenticated(),
            Self::Expired => refuse("TOKEN_EXPIRED", "the token has expired"),
            Self::NoKeys => Problem::unavailable("ISSUER_UNREACHABLE", Duration::from_secs(5)),
            _ => refuse("TOKEN_INVALID", "the token is not valid here"),
        }
    }
}

/// The claims that are read; times in seconds since 1970, possibly with fractions.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant: TenantId,
    #[serde(default)]
    roles: Vec<String>,
    exp: f64,
    nbf: Option<f64>,
}

/// A caller and until when the token proves it, in seconds since 1970.
#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) principal: Arc<Principal>,
    expires_at: f64,
    /// By which of the issuer's key sets.
    generation: u64,
}

/// A caller and until when it is proved, by the monotonic clock: what goes on after the call's answer has begun ends then.
pub(crate) struct Proof {
    pub(crate) principal: Arc<Principal>,
    pub(crate) until: Instant,
}

impl Verified {
    pub(crate) fn proof(&self, now: f64) -> Proof {
        // Any number may stand in a claim; what lies beyond the longest life of a process is as good as never.
        let left = Duration::from_secs_f64((self.expires_at - now).clamp(0.0, LONGEST_SECONDS));
        Proof { principal: Arc::clone(&self.principal), until: Instant::now() + left }
    }

    /// Whether `keys` are those that it was proved by: a key of others may have been withdrawn since.
    pub(crate) const fn is_of(&self, keys: &Keys) -> bool {
        self.generation == keys.generation
    }

    pub(crate) fn has_expired(&self, now: f64) -> bool {
        now > self.expires_at
    }
}

/// Checks a token against the one of `keys` that it names as `id`.
pub(crate) fn verify(
    token: &str,
    (keys, id): (&Keys, &str),
    issuer: &str,
    audience: &str,
    now: f64,
) -> Result<Verified, Refusal> {
    let key = keys.find(id).ok_or(Refusal::UnknownKey)?;
    let mut validation = Validation::new(key.algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    // Time is an argument here, and the machine's clock there.
    validation.validate_exp = false;
    let claims =
        decode::<Claims>(token, &key.key, &validation).map_err(|error| refusal(error.kind()))?.claims;
    let verified = Verified {
        expires_at: claims.exp + LEEWAY_SECONDS,
        generation: keys.generation,
        principal: Arc::new(Principal {
            tenant: claims.tenant,
            subject: claims.sub,
            // A role that this version does not know gives no right.
            roles: claims.roles.iter().filter_map(|role| role.parse().ok()).collect(),
        }),
    };
    if verified.has_expired(now) {
        return Err(Refusal::Expired);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + LEEWAY_SECONDS) {
        return Err(Refusal::NotYetValid);
    }
    if !is_name(&verified.principal.subject) {
        return Err(Refusal::Claims);
    }
    Ok(verified)
}

/// Subjects stand in keys, headers and rows: 1 to 128 characters, none of them a control character.
fn is_name(subject: &str) -> bool {
    (1..=128).contains(&subject.chars().count()) && !subject.chars().any(char::is_control)
}

fn refusal(error: &JwtError) -> Refusal {
    match error {
        JwtError::InvalidAlgorithm => Refusal::Algorithm,
        JwtError::InvalidSignature => Refusal::Signature,
        JwtError::InvalidIssuer => Refusal::Issuer,
        JwtError::InvalidAudience => Refusal::Audience,
        JwtError::MissingRequiredClaim(claim) if claim == "iss" => Refusal::Issuer,
        JwtError::MissingRequiredClaim(claim) if claim == "aud" => Refusal::Audience,
        JwtError::MissingRequiredClaim(_) | JwtError::Json(_) => Refusal::Claims,
        _ => Refusal::Malformed,
    }
}
