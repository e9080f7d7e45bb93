//! `GET /openapi.json`: OpenAPI 3.1 of the edge. Paths are told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::openapi::{call, query};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_value().to_string());

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

const DEFINITIONS: &str = "redress.analytics.v1.ListMetricDefinitionsResponse";
const QUESTION: &str = "redress.analytics.v1.QueryMetricsRequest";
const NUMBERS: &str = "redress.analytics.v1.QueryMetricsResponse";
const DRILLED: &str = "redress.analytics.v1.DrillDownRequest";
const CASES: &str = "redress.analytics.v1.DrillDownResponse";
const FACTS: &str = "redress.analytics.v1.CaseFacts";
const EXPORT: &str = "redress.analytics.v1.ExportDatasetRequest";

fn document_value() -> Value {
    let paths = json!({
        "/v1/metrics": {
            "get": call("queryMetrics", "Returns a metric by windows and dimensions", &query(QUESTION), None, ("200", NUMBERS)),
        },
        "/v1/metrics/definitions": {
            "get": call("listMetricDefinitions", "Returns the dictionary of metrics", &[], None, ("200", DEFINITIONS)),
        },
        "/v1/metrics/cases": {
            "get": call("drillDown", "Returns the complaints behind a number", &query(DRILLED), None, ("200", CASES)),
        },
        "/v1/facts/{complaintId}": {
            "get": call("getCaseFacts", "Returns what is counted of a complaint", &[id()], None, ("200", FACTS)),
        },
        "/v1/facts.csv": {"get": export()},
    });
    redress_proto::openapi::document(
        "redress analytics",
        "Counts: metrics by windows and dimensions, and the complaints they are made of.",
        env!("CARGO_PKG_VERSION"),
        &[DEFINITIONS, QUESTION, NUMBERS, DRILLED, CASES, FACTS, EXPORT],
        &paths,
    )
}

fn export() -> Value {
    json!({
        "operationId": "exportDataset",
        "summary": "Returns facts as CSV (RFC 4180) with a header line",
        "parameters": query(EXPORT),
        "responses": {
            "200": {
                "description": "The file.",
                "content": {"text/csv": {"schema": {"type": "string"}}},
            },
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn id() -> Value {
    json!({
        "name": "complaintId",
        "in": "path",
        "required": true,
        "description": "The complaint's id.",
        "schema": {"type": "string"},
    })
}
