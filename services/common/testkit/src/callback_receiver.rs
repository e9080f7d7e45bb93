use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// This status.
    Status(StatusCode),
    /// A redirect.
    RedirectTo(String),
    /// Nothing, for ever.
    Never,
}

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Callback {
    /// `webhook-id`.
    pub id: String,
    /// `traceparent`; empty if there was none.
    pub traceparent: String,
    /// `tracestate`; empty if there was none.
    pub tracestate: String,
    timestamp: String,
    signature: String,
    body: Bytes,
}

impl Callback {
    /// Its body; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Verifies as the standard tells receivers to: one of the signatures must be right.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let decoded = |text: &str, prefix| STANDARD.decode(text.strip_prefix(prefix)?).ok();
        let Some(key) = decoded(secret, "whsec_") else { return false };
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.body].concat();
        let mut given = self.signature.split(' ').filter_map(|signature| decoded(signature, "v1,"));
        given.any(|given| aws_lc_rs::hmac::verify(&key, &signed, &given).is_ok())
    }
}

/// What it answers, and what it was sent.
type Kept = (CallbackAnswer, Vec<Callback>);

/// A receiver of callbacks on loopback that keeps what it is sent, and answers as it is told. It ends with the runtime.
#[derive(Clone)]
pub struct CallbackReceiver {
    /// Where it receives.
    pub url: String,
    state: Arc<Mutex<Kept>>,
}

impl CallbackReceiver {
    /// On a free port; answers 204.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let state = Arc::new(Mutex::new((CallbackAnswer::Status(StatusCode::NO_CONTENT), Vec::new())));
        let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, state })
    }

    /// Answers so from now on.
    pub fn answers(&self, answer: CallbackAnswer) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = answer;
    }

    /// What has arrived, in its order.
    pub fn received(&self) -> Vec<Callback> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

async fn take(State(state): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let received = Callback {
        id: text("webhook-id"),
        traceparent: text("traceparent"),
        tracestate: text("tracestate"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
    };
    let answer = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.push(received);
        state.0.clone()
    };
    match answer {
        CallbackAnswer::Status(status) => status.into_response(),
        CallbackAnswer::RedirectTo(url) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response()
        }
        CallbackAnswer::Never => std::future::pending().await,
    }
}
