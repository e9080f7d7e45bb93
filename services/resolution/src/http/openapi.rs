//! `GET /openapi.json`: OpenAPI 3.1 of the edge. Paths are told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::openapi::{call, idempotency_key as key, told_elsewhere};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_value().to_string());

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

const RESOLUTION: &str = "redress.resolution.v1.Resolution";
/// Verb, message, and what it does.
const VERBS: [(&str, &str, &str); 6] = [
    ("respondToOffer", "RespondToOfferRequest", "Accepts, declines or counters an offer"),
    ("requestIntervention", "RequestInterventionRequest", "Asks the platform into a negotiation"),
    ("respondToResult", "RespondToResultRequest", "Accepts or rejects a result"),
    ("fileAppeal", "FileAppealRequest", "Appeals within the window"),
    ("replyToAppeal", "ReplyToAppealRequest", "Replies to another party's appeal before it is decided"),
    ("requestHumanReview", "RequestHumanReviewRequest", "Asks for a person in the place of a machine"),
];

fn document_value() -> Value {
    let summary = "Returns all that is known of a complaint's resolution, as far as the caller may see it";
    let mut paths = json!({
        "/v1/resolutions/{complaintId}": {
            "get": call("getResolution", summary, &[id()], None, ("200", RESOLUTION)),
        },
    });
    let names = VERBS.map(|(_, message, _)| format!("redress.resolution.v1.{message}"));
    for ((verb, _, summary), message) in VERBS.iter().zip(&names) {
        paths[format!("/v1/resolutions/{{complaintId}}:{verb}")] =
            json!({"post": call(verb, summary, &[id(), key()], Some(message), ("200", RESOLUTION))});
    }
    let messages: Vec<&str> = std::iter::once(RESOLUTION).chain(names.iter().map(String::as_str)).collect();
    let description = "Offers, decisions and results of a complaint, for its parties.";
    let version = env!("CARGO_PKG_VERSION");
    let mut document =
        redress_proto::openapi::document("redress resolution", description, version, &messages, &paths);
    for (_, message, _) in VERBS {
        told_elsewhere(&mut document, message, &["requestId", "complaintId"]);
    }
    document
}

fn id() -> Value {
    json!({"name": "complaintId", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_body_asks_for_what_path_and_header_tell() {
        let document = document_value();
        for (_, message, _) in VERBS {
            let body = &document["components"]["schemas"][message];
            assert!(body["properties"].as_object().is_some_and(|fields| !fields.is_empty()), "{message}");
            assert!(body["properties"].get("complaintId").is_none(), "{message}");
        }
    }
}
