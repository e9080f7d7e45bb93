//! Submits over the HTTP edge, as an app's backend would.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use redress_proto::intake::v1::{SubmitComplaintRequest, SubmitComplaintResponse};

use super::{Answer, CALL_LIMIT, Caller};

#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    url: String,
}

impl Http {
    pub(crate) fn to(address: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(CALL_LIMIT).build()?;
        Ok(Self { client, url: format!("http://{address}/v1/complaints") })
    }

    pub(super) async fn submit(&self, caller: &Caller, message: SubmitComplaintRequest) -> Answer {
        self.answer(caller, message).await.unwrap_or_else(|error| Answer::Unknown(told(&error)))
    }

    async fn answer(&self, caller: &Caller, message: SubmitComplaintRequest) -> reqwest::Result<Answer> {
        let response = self
            .client
            .post(&self.url)
            .header(AUTHORIZATION, &caller.http)
            .header("idempotency-key", message.request_id)
            .header(CONTENT_TYPE, "application/json")
            .json(&message.submission)
            .send()
            .await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Answer::Accepted(response.json::<SubmitComplaintResponse>().await?.complaint_id));
        }
        let told = status.to_string();
        Ok(if status.is_client_error() { Answer::Rejected(told) } else { Answer::Unknown(told) })
    }
}

/// The kind of failure, without the address.
fn told(error: &reqwest::Error) -> String {
    let kind = match () {
        () if error.is_timeout() => "timed out",
        () if error.is_connect() => "cannot connect",
        () if error.is_decode() => "cannot read the answer",
        () => "connection lost",
    };
    kind.to_owned()
}
