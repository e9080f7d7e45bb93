//! `GET /openapi.json`: OpenAPI 3.1 of the edge. Paths are told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::schema::{components, reference};
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
const COMPLETION: &str = "redress.intake.v1.SupplyCompletionRequest";
const DECISION: &str = "redress.intake.v1.DecideAdmissibilityRequest";
const WITHDRAWAL: &str = "redress.intake.v1.WithdrawComplaintRequest";

/// The document.
pub(super) fn document_value() -> Value {
    let mut schemas =
        components(&[SUBMISSION, ACCEPTED, PAGE, ENTRY, QUERY, COMPLETION, DECISION, WITHDRAWAL]);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "redress intake",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Accepts complaints and tells how they stand.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": {
            "/v1/complaints": {
                "post": call("submitComplaint", "Accepts a complaint", &[key()], Some(SUBMISSION), ("202", ACCEPTED)),
                "get": call("listComplaints", "Lists complaints, newest first", &query(), None, ("200", PAGE)),
            },
            "/v1/complaints/{complaintId}": {
                "get": call("getComplaint", "Returns a complaint, by id or number", &[id()], None, ("200", COMPLAINT)),
            },
            "/v1/complaints/{complaintId}/events": {"get": watch()},
            "/v1/complaints/{complaintId}:supplyCompletion": {
                "post": verb("supplyCompletion", "Supplies what a completion request asked for", COMPLETION),
            },
            "/v1/complaints/{complaintId}:decideAdmissibility": {
                "post": verb("decideAdmissibility", "Decides whether a complaint is taken up", DECISION),
            },
            "/v1/complaints/{complaintId}:withdraw": {
                "post": verb("withdrawComplaint", "Withdraws a complaint", WITHDRAWAL),
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {"Problem": {
                "description": "Refused; `reason` says why, in a stable code.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
        },
    })
}

fn verb(operation: &str, summary: &str, body: &str) -> Value {
    call(operation, summary, &[id(), key()], Some(body), ("200", COMPLAINT))
}

fn call(
    operation: &str,
    summary: &str,
    parameters: &[Value],
    body: Option<&str>,
    (status, answer): (&str, &str),
) -> Value {
    let mut call = json!({
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            status: {
                "description": "Done.",
                "content": {"application/json": {"schema": reference(answer)}},
            },
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    });
    if let Some(body) = body {
        call["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": reference(body)}},
        });
    }
    call
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
            "4XX": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn id() -> Value {
    json!({
        "name": "complaintId",
        "in": "path",
        "required": true,
        "description": "The complaint's id; for reading also its number.",
        "schema": {"type": "string"},
    })
}

fn key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": true,
        "description": "The caller's own name for this act: the same key and body again give the same answer, once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    })
}

/// The fields of the list's message, as the query string takes them.
fn query() -> Vec<Value> {
    let schemas = components(&[QUERY]);
    let fields = schemas.get("ListComplaintsRequest").and_then(|schema| schema["properties"].as_object());
    let parameter =
        |(name, schema): (&String, &Value)| json!({"name": name, "in": "query", "schema": schema});
    fields.map(|fields| fields.iter().map(parameter).collect()).unwrap_or_default()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail", "reason"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "A sentence for people."},
            "reason": {"type": "string", "description": "A stable code for programs."},
            "violations": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "reason": {"type": "string"},
                    "description": {"type": "string"},
                },
            }},
            "retryAfterMs": {"type": "integer", "description": "After which time a repetition makes sense."},
            "metadata": {"type": "object"},
        },
    })
}
