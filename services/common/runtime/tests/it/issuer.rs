//! An issuer of tokens with keys of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";

pub(crate) struct Issuer {
    key: EncodingKey,
    id: &'static str,
}

impl Issuer {
    pub(crate) fn new(id: &'static str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self { key: EncodingKey::from_ec_der(pkcs8.as_ref()), id }
    }

    pub(crate) fn jwks(&self) -> String {
        let mut key = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        key.common.key_id = Some(self.id.to_owned());
        serde_json::to_string(&JwkSet { keys: vec![key] }).unwrap()
    }

    /// A good token of the tenant `acme` with these roles.
    pub(crate) fn token(&self, roles: &[&str]) -> String {
        self.signed(&claims(roles))
    }

    pub(crate) fn signed(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).unwrap()
    }
}

pub(crate) fn claims(roles: &[&str]) -> Value {
    let now = now();
    json!({
        "iss": ISSUER, "aud": "redress", "sub": "subject-1", "tenant": "acme", "roles": roles,
        "iat": now, "exp": now + 600,
    })
}

#[expect(clippy::disallowed_methods, reason = "tokens for a real process carry real times")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A server of key sets whose set can be changed and which can be switched off.
#[derive(Clone)]
pub(crate) struct KeyServer {
    pub(crate) url: String,
    keys: Arc<std::sync::Mutex<String>>,
    down: Arc<AtomicBool>,
}

impl KeyServer {
    pub(crate) async fn start(jwks: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let server = Self { url, keys: Arc::new(jwks.into()), down: Arc::default() };
        let routes = axum::Router::new().route("/keys", get(serve)).with_state(server.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        server
    }

    pub(crate) fn publish(&self, jwks: String) {
        *self.keys.lock().unwrap() = jwks;
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }
}

async fn serve(State(server): State<KeyServer>) -> Result<String, StatusCode> {
    if server.down.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(server.keys.lock().unwrap().clone())
}
