//! Calls of the HTTP edge. Every answer is held against the service's own `OpenAPI` document.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::contract::Contract;

/// No call of a test takes longer, but for streams.
const LIMIT: Duration = Duration::from_mins(1);

/// The HTTP edge of a service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
    contract: Arc<Contract>,
}

/// What a call was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

impl Http {
    /// The edge at `address`, `host:port`.
    pub async fn connect(address: &str) -> anyhow::Result<Self> {
        let base = format!("http://{address}");
        let client = reqwest::Client::builder().connect_timeout(LIMIT).build()?;
        let document = client.get(format!("{base}/openapi.json")).timeout(LIMIT).send().await?;
        let contract = Contract::new(document.error_for_status()?.json().await?)?;
        Ok(Self { base, client, contract: Arc::new(contract) })
    }

    /// What the service promises.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// A call to be completed by the test; [`exchange`](Self::exchange) sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).timeout(LIMIT)
    }

    /// Sends a call and checks its answer against the contract.
    pub async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let request = request.build()?;
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.client.execute(request).await.with_context(|| format!("{method} {path}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body =
            serde_json::from_str(&text).with_context(|| format!("{method} {path}: {status} {text}"))?;
        self.contract.check(&method, &path, status, content_type(&headers), &body)?;
        Ok(Answer { status, headers, body })
    }

    /// `GET` as the bearer of `token`.
    pub async fn get(&self, token: &str, path: &str) -> anyhow::Result<Answer> {
        self.exchange(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// `POST` under an idempotency key.
    pub async fn post(&self, token: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path).bearer_auth(token).header("idempotency-key", key);
        self.exchange(request.json(body)).await
    }

    /// The changes of a complaint after `last_event_id`, as server-sent events.
    pub async fn events(
        &self,
        token: &str,
        complaint: &str,
        last_event_id: Option<u32>,
    ) -> anyhow::Result<Events> {
        let path = format!("/v1/complaints/{complaint}/events");
        let mut request = self.client.get(format!("{}{path}", self.base)).bearer_auth(token);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?.error_for_status()?;
        let form = content_type(response.headers());
        ensure!(form == "text/event-stream", "the stream is {form}");
        Ok(Events { path, response, unread: Vec::new(), contract: Arc::clone(&self.contract) })
    }
}

impl Answer {
    /// The reason code of a refusal; empty if it is none.
    pub fn reason(&self) -> &str {
        self.text("reason")
    }

    /// A member of the body that is text; empty if there is none.
    pub fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// Field and reason code of each violation, in the order of the fields.
    pub fn violations(&self) -> Vec<(String, String)> {
        let text =
            |violation: &Value, member: &str| violation[member].as_str().unwrap_or_default().to_owned();
        let told = self.body["violations"].as_array().into_iter().flatten();
        let mut found: Vec<_> = told.map(|v| (text(v, "field"), text(v, "reason"))).collect();
        found.sort();
        found
    }
}

/// A stream of server-sent events.
#[derive(Debug)]
pub struct Events {
    path: String,
    response: Response,
    unread: Vec<u8>,
    contract: Arc<Contract>,
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `id`: the state version.
    pub id: u32,
    /// `event`: what happened.
    pub event: String,
    /// `data`.
    pub data: Value,
}

impl Events {
    /// The next event, or nothing at the end of the stream; checked against the contract.
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(event) = parsed(&String::from_utf8(block)?)? {
                    self.contract.check_event(&self.path, &event.data)?;
                    return Ok(Some(event));
                }
            }
            let chunk =
                tokio::time::timeout(LIMIT, self.response.chunk()).await.context("no event came")??;
            match chunk {
                Some(chunk) => self.unread.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }
}

/// A block without data, a comment that keeps the connection alive, is no event.
fn parsed(block: &str) -> anyhow::Result<Option<Event>> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start().to_owned()))
    };
    let Some(data) = field("data") else { return Ok(None) };
    let id = field("id").context("an event without id")?.parse()?;
    Ok(Some(Event { id, event: field("event").unwrap_or_default(), data: serde_json::from_str(&data)? }))
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
