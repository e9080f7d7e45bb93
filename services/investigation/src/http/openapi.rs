//! `GET /openapi.json`: OpenAPI 3.1 of the edge. Paths are told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::openapi::{call, idempotency_key};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_value().to_string());

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

const REQUESTS: &str = "redress.investigation.v1.ListEvidenceRequestsResponse";
const EXTENDED: &str = "redress.investigation.v1.ExtendEvidenceRequestResponse";
const CHECKLIST: &str = "redress.investigation.v1.GetChecklistResponse";
const TIMELINE: &str = "redress.investigation.v1.GetTimelineResponse";

fn document_value() -> Value {
    let complaint = || path("complaintId");
    let page = || [parameter("pageSize", "integer"), parameter("pageToken", "string")];
    let of_complaint = || [vec![complaint()], page().to_vec()].concat();
    let extension = [complaint(), path("evidenceRequestId"), idempotency_key()];
    let paths = json!({
        "/v1/evidence-requests": {
            "get": call("listMyEvidenceRequests", "What is asked of the caller", &page(), None, ("200", REQUESTS)),
        },
        "/v1/complaints/{complaintId}/evidence-requests": {
            "get": call(
                "listEvidenceRequests",
                "What was asked in a complaint, as far as the caller may see it",
                &of_complaint(),
                None,
                ("200", REQUESTS),
            ),
        },
        "/v1/complaints/{complaintId}/evidence-requests/{evidenceRequestId}/extension": {
            "post": call("extendEvidenceRequest", "Asks for more time, once", &extension, None, ("200", EXTENDED)),
        },
        "/v1/complaints/{complaintId}/checklist": {
            "get": call("getChecklist", "What each side should bring", &[complaint()], None, ("200", CHECKLIST)),
        },
        "/v1/complaints/{complaintId}/timeline": {
            "get": call("getTimeline", "The course of events", &of_complaint(), None, ("200", TIMELINE)),
        },
    });
    let messages = [REQUESTS, EXTENDED, CHECKLIST, TIMELINE];
    let description = "Tells the parties of a complaint what is asked of them and what has happened.";
    redress_proto::openapi::document(
        "redress investigation",
        description,
        env!("CARGO_PKG_VERSION"),
        &messages,
        &paths,
    )
}

fn path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}})
}

fn parameter(name: &str, kind: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind}})
}
