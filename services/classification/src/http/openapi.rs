//! `GET /openapi.json`: OpenAPI 3.1 of the edge. The path is told here, schemas come from the messages themselves.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use redress_proto::openapi::call;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_value().to_string());

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

const SUBMISSION: &str = "redress.types.v1.Submission";
const ASSESSMENT: &str = "redress.classification.v1.Assessment";

fn document_value() -> Value {
    let summary = "Assesses a submission as a dry run; nothing is kept";
    let paths = json!({"/v1/assessments:preview": {
        "post": call("previewAssessment", summary, &[], Some(SUBMISSION), ("200", ASSESSMENT)),
    }});
    let description = "Tells what a complaint is about, how grave and urgent it is, and why.";
    let version = env!("CARGO_PKG_VERSION");
    redress_proto::openapi::document(
        "redress classification",
        description,
        version,
        &[SUBMISSION, ASSESSMENT],
        &paths,
    )
}
