use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Serves a key set on loopback, as an identity provider does. Ends when dropped.
#[derive(Debug)]
pub struct JwksServer {
    url: String,
    published: Arc<Published>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Published {
    keys: Mutex<JwkSet>,
    requests: AtomicUsize,
}

impl JwksServer {
    /// Serves `keys` on a free port.
    pub async fn start(keys: JwkSet) -> anyhow::Result<Self> {
        let published = Arc::new(Published { keys: Mutex::new(keys), requests: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on loopback")?;
        let url = format!("http://{}/jwks.json", listener.local_addr()?);
        let router = Router::new().route("/jwks.json", get(answer)).with_state(Arc::clone(&published));
        let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { url, published, task })
    }

    /// Where the set is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves other keys from now on, as after a rotation.
    pub fn publish(&self, keys: JwkSet) {
        *self.published.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// How often the set was asked for: whoever caches asks seldom.
    pub fn requests(&self) -> usize {
        self.published.requests.load(Ordering::Relaxed)
    }
}

async fn answer(State(published): State<Arc<Published>>) -> Json<JwkSet> {
    published.requests.fetch_add(1, Ordering::Relaxed);
    Json(published.keys.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

impl Drop for JwksServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TokenIssuer, wait_until};
    use std::time::Duration;

    #[tokio::test]
    async fn the_set_is_served_replaced_and_counted() {
        let [old, new] = [(), ()].map(|()| TokenIssuer::generate("issuer", "redress").unwrap());
        let server = JwksServer::start(old.jwks()).await.unwrap();
        let ask = async || reqwest::get(server.url()).await.unwrap().json::<JwkSet>().await.unwrap();
        assert_eq!(ask().await, old.jwks());
        server.publish(new.jwks());
        assert_eq!(ask().await, new.jwks());
        assert_eq!(server.requests(), 2);

        let url = server.url().to_owned();
        drop(server);
        let refused = async || reqwest::get(&url).await.is_err().then_some(());
        wait_until("the server is gone", Duration::from_secs(20), refused).await;
    }
}
