use std::path::Path;

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use redress_domain::{Role, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a token says. The fields are open, so that a test can spoil one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// Until when it is valid, seconds since 1970.
    pub exp: i64,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// The caller, a pseudonym.
    pub sub: String,
    /// The caller's tenant.
    pub tenant: String,
    /// The codes of the caller's roles.
    pub roles: Vec<String>,
}

impl Claims {
    /// The same, over an hour before it was issued.
    #[must_use]
    pub fn expired(self) -> Self {
        Self { exp: self.iat - 3_600, ..self }
    }

    /// The same for somebody else.
    #[must_use]
    pub fn for_audience(self, audience: &str) -> Self {
        Self { aud: audience.to_owned(), ..self }
    }

    /// The same, valid for `lifetime` from its issue.
    #[must_use]
    pub fn valid_for(self, lifetime: SignedDuration) -> Self {
        Self { exp: self.iat + lifetime.as_secs(), ..self }
    }
}

/// Issues tokens as an identity provider would, with an ES256 key of its own.
pub struct TokenIssuer {
    issuer: String,
    audience: String,
    key: EncodingKey,
    jwk: Jwk,
}

impl TokenIssuer {
    /// An issuer with a fresh key.
    pub fn generate(issuer: &str, audience: &str) -> anyhow::Result<Self> {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .context("cannot generate a key")?;
        let key = EncodingKey::from_ec_der(pkcs8.as_ref());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).context("cannot describe the key")?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
        Ok(Self { issuer: issuer.to_owned(), audience: audience.to_owned(), key, jwk })
    }

    /// The issuer's name, `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// For whom the tokens are, `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The key's public half, as a set of one (RFC 7517).
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.jwk.clone()] }
    }

    /// Writes [`jwks`](Self::jwks) to a file.
    pub fn write_jwks(&self, file: &Path) -> anyhow::Result<()> {
        std::fs::write(file, serde_json::to_vec(&self.jwks())?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Proper claims of a caller, valid for an hour from `now`.
    pub fn claims(&self, tenant: &TenantId, subject: &str, roles: &[Role], now: Timestamp) -> Claims {
        Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            exp: now.as_second() + 3_600,
            iat: now.as_second(),
            sub: subject.to_owned(),
            tenant: tenant.to_string(),
            roles: roles.iter().map(|role| role.code().to_owned()).collect(),
        }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Claims) -> anyhow::Result<String> {
        Ok(jsonwebtoken::encode(&self.header(), claims, &self.key)?)
    }

    /// A token that names this issuer's key and is signed by another's: a forgery.
    pub fn sign_with_wrong_key(&self, claims: &Claims) -> anyhow::Result<String> {
        let stranger = Self::generate(&self.issuer, &self.audience)?;
        Ok(jsonwebtoken::encode(&self.header(), claims, &stranger.key)?)
    }

    /// A token with `alg` = `none` and no signature: another forgery.
    pub fn unsigned(&self, claims: &Claims) -> anyhow::Result<String> {
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.jwk.common.key_id });
        let part = |value: Vec<u8>| URL_SAFE_NO_PAD.encode(value);
        Ok(format!("{}.{}.", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(claims)?)))
    }

    fn header(&self) -> Header {
        Header { kid: self.jwk.common.key_id.clone(), ..Header::new(Algorithm::ES256) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, TokenData, Validation, decode, decode_header};

    fn issuer() -> TokenIssuer {
        TokenIssuer::generate("https://issuer.invalid", "redress").unwrap()
    }

    /// Verifies as a service does: by the key of the set that the token names.
    fn verify(issuer: &TokenIssuer, token: &str) -> jsonwebtoken::errors::Result<TokenData<Claims>> {
        let kid = decode_header(token)?.kid.unwrap();
        let set = issuer.jwks();
        let key = DecodingKey::from_jwk(set.find(&kid).unwrap())?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&["redress"]);
        validation.set_issuer(&["https://issuer.invalid"]);
        decode(token, &key, &validation)
    }

    fn claims(issuer: &TokenIssuer) -> Claims {
        // The library's verification reads the wall clock.
        let far = "2999-01-01T00:00:00Z".parse().unwrap();
        issuer.claims(&"acme".parse().unwrap(), "s-1", &[Role::Handler, Role::IntakeOfficer], far)
    }

    #[test]
    fn a_token_verifies_by_the_published_key_and_carries_the_caller() {
        let issuer = issuer();
        let claims = claims(&issuer);
        let verified = verify(&issuer, &issuer.sign(&claims).unwrap()).unwrap();
        assert_eq!(verified.claims, claims);
        assert_eq!(claims.roles, ["handler", "intake_officer"]);
        assert_eq!(claims.exp - claims.iat, 3_600);
        assert_eq!(claims.clone().valid_for(SignedDuration::from_hours(24)).exp - claims.iat, 86_400);
    }

    #[test]
    fn each_bad_token_is_refused_for_its_own_reason() {
        use jsonwebtoken::errors::ErrorKind;
        let issuer = issuer();
        let now: Timestamp = "2026-11-25T20:00:00Z".parse().unwrap();
        let old =
            issuer.claims(&"acme".parse().unwrap(), "s-1", &[], now - SignedDuration::from_hours(87_600));
        let refused = |token: String| verify(&issuer, &token).unwrap_err().into_kind();

        assert_eq!(refused(issuer.sign(&old.expired()).unwrap()), ErrorKind::ExpiredSignature);
        let elsewhere = claims(&issuer).for_audience("elsewhere");
        assert_eq!(refused(issuer.sign(&elsewhere).unwrap()), ErrorKind::InvalidAudience);
        let forged = issuer.sign_with_wrong_key(&claims(&issuer)).unwrap();
        assert_eq!(refused(forged), ErrorKind::InvalidSignature);
        let unsigned = issuer.unsigned(&claims(&issuer)).unwrap();
        assert!(unsigned.ends_with('.'));
        assert!(decode_header(&unsigned).is_err(), "the library knows no `none`");
    }

    #[test]
    fn the_file_holds_the_public_key_only() {
        let issuer = issuer();
        let file = std::env::temp_dir().join(crate::unique_name("jwks"));
        issuer.write_jwks(&file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(serde_json::from_str::<JwkSet>(&text).unwrap(), issuer.jwks());
        let key = &serde_json::from_str::<serde_json::Value>(&text).unwrap()["keys"][0];
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
        assert!(key.get("d").is_none());
    }
}
