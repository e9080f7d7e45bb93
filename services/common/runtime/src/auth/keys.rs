use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// A public key and the one algorithm that it is good for.
pub(crate) struct Key {
    pub(crate) key: DecodingKey,
    pub(crate) algorithm: Algorithm,
}

/// The keys of an issuer by id. Keys without an id, for another use or for another algorithm are left out.
pub(crate) struct Keys {
    by_id: HashMap<String, Key>,
    /// Which of the sets that were read, counted by their changes: what one proved, another has to prove again.
    pub(crate) generation: u64,
}

impl Keys {
    /// Reads a JWKS, as the first generation. Fails if it is none or holds no key that is usable here.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let set: JwkSet = serde_json::from_str(text)?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(usable).collect();
        anyhow::ensure!(!keys.is_empty(), "the key set holds no key with an id for ES256, RS256 or EdDSA");
        Ok(Self { by_id: keys, generation: 0 })
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        self.by_id.get(id)
    }
}

fn usable(jwk: &Jwk) -> Option<(String, Key)> {
    let id = jwk.common.key_id.clone()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|named| named != name) {
        return None;
    }
    Some((id, Key { key: DecodingKey::from_jwk(jwk).ok()?, algorithm }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_for_other_algorithms_and_uses_are_left_out() {
        let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
        let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
        let set = format!(
            r#"{{"keys":[
                {{"kty":"EC","crv":"P-256","kid":"good","x":"{x}","y":"{y}"}},
                {{"kty":"EC","crv":"P-256","kid":"sealing","use":"enc","x":"{x}","y":"{y}"}},
                {{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}},
                {{"kty":"EC","crv":"P-256","kid":"odd","alg":"ES384","x":"{x}","y":"{y}"}},
                {{"kty":"oct","kid":"shared","k":"c2VjcmV0"}}]}}"#
        );
        let keys = Keys::parse(&set).unwrap();
        assert!(keys.find("good").is_some());
        assert_eq!(keys.by_id.len(), 1);
        assert!(Keys::parse(r#"{"keys":[{"kty":"oct","kid":"shared","k":"c2VjcmV0"}]}"#).is_err());
        assert!(Keys::parse("<html>").is_err());
    }
}
