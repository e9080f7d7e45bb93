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

/// The full name of a message of this service.
macro_rules! sla {
    ($name:literal) => {
        concat!("redress.sla.v1.", $name)
    };
}

/// Every message that a path refers to.
const MESSAGES: [&str; 16] = [
    sla!("PreviewDeadlineRequest"),
    sla!("PreviewDeadlineResponse"),
    sla!("ListClocksRequest"),
    sla!("ListClocksResponse"),
    sla!("ExplainDeadlineResponse"),
    sla!("ExplainPolicyResponse"),
    sla!("RequestExtensionRequest"),
    sla!("DecideExtensionRequest"),
    sla!("DecideExtensionResponse"),
    sla!("Extension"),
    sla!("Calendar"),
    sla!("PublishCalendarRequest"),
    sla!("PublishClockPolicyRequest"),
    sla!("ClockPolicy"),
    sla!("ListEscalationsResponse"),
    sla!("Escalation"),
];

const CLOCK: &str = sla!("Clock");

fn document_value() -> Value {
    let get = |operation, summary, parameters: &[Value], answer| json!({"get": call(operation, summary, parameters, None, ("200", answer))});
    let act = |operation, summary, place: &[Value], body, answer| {
        let parameters = [place, &[key()]].concat();
        json!({"post": call(operation, summary, &parameters, Some(body), ("200", answer))})
    };
    let preview = "Says when something would be due, and why";
    let paths = json!({
        "/v1/deadlines:preview": {
            "post": call("previewDeadline", preview, &[], Some(MESSAGES[0]), ("200", MESSAGES[1])),
        },
        "/v1/clocks": get("listClocks", "Returns clocks by due time", &query(MESSAGES[2]), MESSAGES[3]),
        "/v1/clocks:watch": {"get": watch()},
        "/v1/clocks/{clockId}/deadline":
            get("explainDeadline", "Says why a clock is due when it is", &[id("clockId")], MESSAGES[4]),
        "/v1/clocks/{clockId}/policy":
            get("explainPolicy", "Says which rule a clock follows", &[id("clockId")], MESSAGES[5]),
        "/v1/clocks/{clockId}/extensions":
            act("requestExtension", "Asks for more time", &[id("clockId")], MESSAGES[6], MESSAGES[9]),
        "/v1/extensions/{extensionId}/decision":
            act("decideExtension", "Grants or refuses more time", &[id("extensionId")], MESSAGES[7], MESSAGES[8]),
        "/v1/milestones": act(
            "recordMilestone",
            "Records what happened elsewhere, and moves clocks by it",
            &[],
            sla!("RecordMilestoneRequest"),
            sla!("Milestone"),
        ),
        "/v1/calendars": act("publishCalendar", "Publishes a version of a calendar", &[], MESSAGES[11], MESSAGES[10]),
        "/v1/calendars/{calendarId}":
            get("getCalendar", "Returns a calendar", &[name("calendarId", "path"), version()], MESSAGES[10]),
        "/v1/clock-policies":
            act("publishClockPolicy", "Publishes the declarations of clocks", &[], MESSAGES[12], MESSAGES[13]),
        "/v1/escalations": get(
            "listEscalations",
            "Returns the escalations of a complaint",
            &query(sla!("ListEscalationsRequest")),
            MESSAGES[14],
        ),
        "/v1/escalations/{ticketId}/acknowledgement": act(
            "acknowledgeEscalation",
            "Takes an escalation up",
            &[id("ticketId")],
            sla!("AcknowledgeEscalationRequest"),
            MESSAGES[15],
        ),
    });
    let others =
        [sla!("AcknowledgeEscalationRequest"), sla!("RecordMilestoneRequest"), sla!("Milestone"), CLOCK];
    let messages = [&MESSAGES[..], &others].concat();
    let mut document = redress_proto::openapi::document(
        "redress sla",
        "Deadlines: which run, when they are due and why; calendars, more time, escalations.",
        env!("CARGO_PKG_VERSION"),
        &messages,
        &paths,
    );
    for message in messages.iter().filter(|name| name.ends_with("Request")) {
        told_elsewhere(&mut document, message, &["requestId", "clockId", "extensionId", "ticketId"]);
    }
    document
}

fn watch() -> Value {
    json!({
        "operationId": "watchDueSoon",
        "summary": "Streams running clocks as they come near their due time, as server-sent events",
        "parameters": query(sla!("WatchDueSoonRequest")),
        "responses": {
            "200": {
                "description": "The stream; `data` of each event is a Clock.",
                "content": {"text/event-stream": {"schema": reference(CLOCK)}},
            },
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn id(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}})
}

fn name(name: &str, place: &str) -> Value {
    json!({"name": name, "in": place, "required": true, "schema": {"type": "string"}})
}

fn version() -> Value {
    json!({"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 0}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_body_asks_for_what_path_and_header_tell() {
        let document = document_value();
        for (message, fields) in [("AcknowledgeEscalationRequest", 0), ("DecideExtensionRequest", 2)] {
            let body = &document["components"]["schemas"][message]["properties"];
            assert_eq!(body.as_object().map(serde_json::Map::len), Some(fields), "{message}");
            assert!(["requestId", "ticketId", "extensionId"].iter().all(|told| body.get(told).is_none()));
        }
    }
}
