//! `GET /openapi.json`: OpenAPI 3.1 of the edge. Paths are told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::openapi::{call, idempotency_key as key, query, told_elsewhere};
use redress_proto::schema::reference;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_value().to_string());

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

const SUBMISSION: &str = "redress.types.v1.Submission";
const ACCEPTED: &str = "redress.intake.v1.SubmitComplaintResponse";
const COMPLAINT: &str = "redress.intake.v1.Complaint";
const PAGE: &str = "redress.intake.v1.ListComplaintsResponse";
const ENTRY: &str = "redress.intake.v1.HistoryEntry";
const QUERY: &str = "redress.intake.v1.ListComplaintsRequest";

/// The verbs on one complaint: verb, operation, summary, name of the body's message.
const VERBS: &[(&str, &str, &str, &str)] = &[
    (
        "supplyCompletion",
        "supplyCompletion",
        "Supplies what a completion request asked for",
        "SupplyCompletionRequest",
    ),
    (
        "decideAdmissibility",
        "decideAdmissibility",
        "Decides whether a complaint is taken up",
        "DecideAdmissibilityRequest",
    ),
    ("withdraw", "withdrawComplaint", "Withdraws a complaint", "WithdrawComplaintRequest"),
    (
        "requestReview",
        "requestRefusalReview",
        "Asks that somebody else look at a refusal",
        "RequestRefusalReviewRequest",
    ),
    ("merge", "mergeComplaints", "Lets a complaint be handled within another", "MergeComplaintsRequest"),
    ("unmerge", "unmergeComplaint", "Undoes a merge", "UnmergeComplaintRequest"),
    ("refer", "referExternally", "Hands a case to an outside body", "ReferExternallyRequest"),
    (
        "recordOutcome",
        "recordReferralOutcome",
        "Records what an outside body made of a case",
        "RecordReferralOutcomeRequest",
    ),
    ("suspend", "suspendCase", "Lets a case stand still", "SuspendCaseRequest"),
    ("resume", "resumeCase", "Lets a case go on", "ResumeCaseRequest"),
    ("reopen", "reopenComplaint", "Opens a closed complaint again", "ReopenComplaintRequest"),
    ("transfer", "transferComplaint", "Hands a complaint to another unit", "TransferComplaintRequest"),
    ("escalate", "escalateComplaint", "Calls the next higher level in", "EscalateComplaintRequest"),
    (
        "splitMatter",
        "splitMatter",
        "Notes that a matter goes on as a complaint of its own",
        "SplitMatterRequest",
    ),
];

fn message(name: &str) -> String {
    format!("redress.intake.v1.{name}")
}

/// The document.
pub(super) fn document_value() -> Value {
    let bodies: Vec<String> = VERBS.iter().map(|(.., body)| message(body)).collect();
    let own = [SUBMISSION, ACCEPTED, PAGE, ENTRY, QUERY];
    let messages: Vec<&str> = own.into_iter().chain(bodies.iter().map(String::as_str)).collect();
    let mut paths = json!({
        "/v1/complaints": {
            "post": call("submitComplaint", "Accepts a complaint", &[key()], Some(SUBMISSION), ("202", ACCEPTED)),
            "get": call("listComplaints", "Lists complaints, newest first", &query(QUERY), None, ("200", PAGE)),
        },
        "/v1/complaints/{complaintId}": {
            "get": call("getComplaint", "Returns a complaint", &[id_or_number()], None, ("200", COMPLAINT)),
        },
        "/v1/complaints/{complaintId}/events": {"get": watch()},
    });
    for (name, operation, summary, body) in VERBS {
        paths[format!("/v1/complaints/{{complaintId}}:{name}")] =
            json!({"post": verb(operation, summary, &message(body))});
    }
    let description = "Accepts complaints and tells how they stand.";
    let version = env!("CARGO_PKG_VERSION");
    let mut document =
        redress_proto::openapi::document("redress intake", description, version, &messages, &paths);
    for (.., body) in VERBS {
        told_elsewhere(&mut document, body, &["requestId", "complaintId"]);
    }
    document
}

fn verb(operation: &str, summary: &str, body: &str) -> Value {
    call(operation, summary, &[id(), key()], Some(body), ("200", COMPLAINT))
}

fn watch() -> Value {
    json!({
        "operationId": "watchComplaint",
        "summary": "Streams the changes of a complaint as server-sent events; `id` is the state version",
        "parameters": [id(), {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The state version seen last; the stream goes on after it.",
            "schema": {"type": "integer", "minimum": 0},
        }],
        "responses": {
            "200": {
                "description": "The stream; `data` of each event is a HistoryEntry.",
                "content": {"text/event-stream": {"schema": reference(ENTRY)}},
            },
            "204": {"description": "The complaint is over and nothing is to come; a browser does not connect again."},
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn id() -> Value {
    named("The complaint's id.")
}

fn id_or_number() -> Value {
    named("The complaint's id, or its number.")
}

fn named(description: &str) -> Value {
    json!({
        "name": "complaintId",
        "in": "path",
        "required": true,
        "description": description,
        "schema": {"type": "string"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_it_must_hold_and_names_nothing_that_path_or_header_tell() {
        let document = document_value();
        let schema = |name: &str| document["components"]["schemas"][name].clone();
        assert_eq!(schema("Submission")["required"], json!(["channel", "text", "complainant"]));
        assert_eq!(schema("SupplyCompletionRequest")["required"], json!(["text"]));
        assert_eq!(schema("DecideAdmissibilityRequest")["required"], json!(["decision"]));
        assert_eq!(schema("WithdrawComplaintRequest")["required"], json!([]));
        assert_eq!(schema("RequestRefusalReviewRequest")["required"], json!(["text"]));
        assert_eq!(schema("SuspendCaseRequest")["required"], json!(["reason", "second", "reviewOn"]));
        assert_eq!(schema("RecordReferralOutcomeRequest")["required"], json!(["outcome"]));
        for (.., body) in VERBS {
            let properties = schema(body)["properties"].clone();
            assert!(properties["expectedVersion"].is_object());
            assert!(
                properties.get("requestId").is_none() && properties.get("complaintId").is_none(),
                "{body}"
            );
        }
    }
}
