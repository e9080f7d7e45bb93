//! OpenAPI 3.1 documents of the HTTP edges. A service tells its paths; the frame and the form of calls are the same
//! everywhere, and schemas come from the messages themselves.

use serde_json::{Value, json};

use crate::schema::{components, reference};

/// The document of a service: `paths` refer to `messages` by [`reference()`].
pub fn document(title: &str, description: &str, version: &str, messages: &[&str], paths: &Value) -> Value {
    let mut schemas = components(messages);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
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

/// A call that takes `body`, if any, and answers `answer` as JSON under `status`.
pub fn call(
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

/// The fields of `message`, by its full name, as parameters of a query string.
pub fn query(message: &str) -> Vec<Value> {
    let schemas = components(&[message]);
    let name = message.rsplit('.').next().unwrap_or(message);
    let fields = schemas.get(name).and_then(|schema| schema["properties"].as_object());
    let parameter =
        |(name, schema): (&String, &Value)| json!({"name": name, "in": "query", "schema": schema});
    fields.map(|fields| fields.iter().map(parameter).collect()).unwrap_or_default()
}

/// Takes `fields`, which path and header tell, out of the body `message` of a document; the last part of its name will do.
pub fn told_elsewhere(document: &mut Value, message: &str, fields: &[&str]) {
    let name = message.rsplit('.').next().unwrap_or(message);
    // Not by index: that makes what is missing, as a null that no reader of the document takes.
    let Some(schema) = document.pointer_mut("/components/schemas").and_then(|schemas| schemas.get_mut(name))
    else {
        return;
    };
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !fields.contains(&name.as_str()));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !fields.iter().any(|field| name == field));
    }
}

/// The header that makes a mutating call repeatable.
pub fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": true,
        "description": "The caller's own name for this act: the same key and body again have one effect and name the same thing.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_a_document_leads_to_one_of_its_schemas() {
        let submission = "redress.types.v1.Submission";
        let paths = json!({"/v1/things": {
            "post": call("makeThing", "Makes a thing", &[idempotency_key()], Some(submission), ("201", submission)),
            "get": call("findThing", "Finds a thing", &query(submission), None, ("200", submission)),
        }});
        let document = document("things", "", "1", &[submission], &paths);
        let text = document.to_string();
        let references =
            text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
        for name in references {
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let parameters = document["paths"]["/v1/things"]["get"]["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "submittedAt"));
    }

    #[test]
    fn a_body_does_not_ask_for_what_is_told_elsewhere_and_what_is_missing_is_not_made() {
        let submission = "redress.types.v1.Submission";
        let mut document = document("things", "", "1", &[submission], &json!({}));
        let before = document.clone();
        told_elsewhere(&mut document, "redress.types.v1.Unknown", &["text"]);
        assert_eq!(document, before);
        told_elsewhere(&mut document, submission, &["text"]);
        let schema = &document["components"]["schemas"]["Submission"];
        assert!(schema["properties"].get("text").is_none());
        assert_eq!(schema["required"], json!(["channel", "complainant"]));
        assert!(schema["properties"].get("channel").is_some());
    }
}
