//! The service's own `OpenAPI` document, and whether an answer keeps to it.
//!
//! The document is generated from the messages' descriptors and the answers by another generator, so the two may differ.
//! A check of names, types and mandatory members finds that; a whole validator of JSON Schema would find no more here.

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// What the document promises.
#[derive(Debug)]
pub struct Contract {
    document: Value,
}

impl Contract {
    /// Takes the document that the service offers.
    pub fn new(document: Value) -> anyhow::Result<Self> {
        ensure!(document["openapi"] == "3.1.0", "the document is no OpenAPI 3.1: {}", document["openapi"]);
        Ok(Self { document })
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Whether the answer of a call is one that the document names.
    pub fn check(
        &self,
        method: &str,
        path: &str,
        status: u16,
        content_type: &str,
        body: &Value,
    ) -> anyhow::Result<()> {
        let told = || format!("{method} {path} was answered {status} {content_type} {body}");
        if status >= 400 {
            ensure!(content_type == PROBLEM, "no problem: {}", told());
            return self.fits(body, &self.document["components"]["schemas"]["Problem"]).with_context(told);
        }
        let operation = self.operation(method, path).with_context(told)?;
        let answer = &operation["responses"][status.to_string()]["content"];
        ensure!(content_type == JSON, "not JSON: {}", told());
        self.fits(body, schema(answer, JSON)?).with_context(told)
    }

    /// Whether the data of a server-sent event fit what the document says of its stream.
    pub fn check_event(&self, path: &str, data: &Value) -> anyhow::Result<()> {
        let content = &self.operation("GET", path)?["responses"]["200"]["content"];
        self.fits(data, schema(content, "text/event-stream")?).with_context(|| format!("{path}: {data}"))
    }

    /// The operation of the most special path that fits.
    fn operation(&self, method: &str, path: &str) -> anyhow::Result<&Value> {
        let paths = self.document["paths"].as_object().context("no paths")?;
        let method = method.to_lowercase();
        paths
            .iter()
            .filter(|(template, operations)| matches(template, path) && operations.get(&method).is_some())
            .max_by_key(|(template, _)| template.len())
            .map(|(_, operations)| &operations[&method])
            .with_context(|| format!("the document has no {method} {path}"))
    }

    fn fits(&self, value: &Value, schema: &Value) -> anyhow::Result<()> {
        let schema = self.resolved(schema)?;
        ensure!(has_type(value, &schema["type"]), "{value} is not of type {}", schema["type"]);
        if let Some(allowed) = schema["enum"].as_array() {
            ensure!(allowed.contains(value), "{value} is no value of the enumeration");
        }
        match value {
            Value::Object(members) => self.members_fit(members, schema),
            Value::Array(items) => items.iter().try_for_each(|item| self.fits(item, &schema["items"])),
            _ => Ok(()),
        }
    }

    fn members_fit(&self, members: &Map<String, Value>, schema: &Value) -> anyhow::Result<()> {
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap_or_default();
            ensure!(members.contains_key(name), "the member {name} is missing");
        }
        // A schema without properties is that of a free object.
        let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
        for (name, member) in members {
            let property =
                properties.get(name).with_context(|| format!("the document knows no member {name}"))?;
            self.fits(member, property).with_context(|| name.clone())?;
        }
        Ok(())
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> anyhow::Result<&'a Value> {
        match schema["$ref"].as_str() {
            None => Ok(schema),
            Some(reference) => self
                .document
                .pointer(reference.trim_start_matches('#'))
                .with_context(|| format!("{reference} leads nowhere")),
        }
    }
}

fn schema<'a>(content: &'a Value, media_type: &str) -> anyhow::Result<&'a Value> {
    content.get(media_type).map(|media| &media["schema"]).context("the document names no such answer")
}

/// Whether `path` is one of `template`, which has at most one parameter, of at least one character.
fn matches(template: &str, path: &str) -> bool {
    let Some((before, rest)) = template.split_once('{') else { return template == path };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let parameter = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    parameter.is_some_and(|parameter| !parameter.is_empty() && !parameter.contains('/'))
}

fn has_type(value: &Value, told: &Value) -> bool {
    let of = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => false,
    };
    match told {
        Value::String(name) => of(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(of),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contract() -> Contract {
        let answer = |schema: &str| json!({"responses": {"200": {"content": {JSON: {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}}}});
        Contract::new(json!({
            "openapi": "3.1.0",
            "paths": {"/a/{id}": {"get": answer("A")}, "/a/{id}:verb": {"get": answer("B")}},
            "components": {"schemas": {
                "A": {"type": "object", "required": ["n"], "properties": {
                    "n": {"type": ["string", "integer"]},
                    "state": {"$ref": "#/components/schemas/State"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
                    "free": {"type": "object"},
                }},
                "B": {"type": "object", "properties": {}},
                "State": {"type": "string", "enum": ["OPEN"]},
                "Problem": {"type": "object", "required": ["reason"], "properties": {"reason": {"type": "string"}}},
            }},
        }))
        .unwrap()
    }

    fn told(path: &str, body: &Value) -> Result<(), String> {
        contract().check("GET", path, 200, JSON, body).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_answer_with_an_unknown_member_a_wrong_type_or_without_a_mandatory_one_is_found() {
        told("/a/1", &json!({"n": "1", "state": "OPEN", "parts": [{"n": 2}], "free": {"x": 1}})).unwrap();
        for (body, problem) in [
            (json!({"n": 1, "colour": 1}), "no member colour"),
            (json!({"n": 1, "parts": [{"n": 1, "colour": 1}]}), "no member colour"),
            (json!({"n": true}), "not of type"),
            (json!({"n": 1, "state": "SHUT"}), "no value of the enumeration"),
            (json!({}), "n is missing"),
        ] {
            let error = told("/a/1", &body).unwrap_err();
            assert!(error.contains(problem), "{problem} in {error}");
        }
    }

    #[test]
    fn the_path_that_says_most_counts() {
        told("/a/1:verb", &json!({})).unwrap();
        assert!(told("/a/1/2", &json!({"n": 1})).is_err());
        assert!(told("/a/", &json!({"n": 1})).is_err());
    }

    #[test]
    fn what_is_refused_is_a_problem_also_where_no_path_fits() {
        let check = |content_type| contract().check("GET", "/x", 404, content_type, &json!({"reason": "R"}));
        check(PROBLEM).unwrap();
        assert!(check(JSON).is_err());
    }
}
