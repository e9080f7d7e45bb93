//! JSON Schemas of messages, from the same descriptors as the code: the OpenAPI document of an HTTP edge cannot drift
//! from what the edge reads and writes.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::POOL;

/// A reference to the schema of a message, by its full name.
pub fn reference(message: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", short(message))})
}

/// The schemas of `messages` and of everything they consist of, by unqualified name. Unknown names are passed over.
pub fn components(messages: &[&str]) -> Map<String, Value> {
    let mut schemas = Schemas::default();
    for name in messages {
        if let Some(message) = POOL.get_message_by_name(name) {
            schemas.message(&message);
        }
    }
    schemas.0.into_iter().collect()
}

#[derive(Default)]
struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    fn message(&mut self, message: &MessageDescriptor) {
        if self.0.contains_key(message.name()) {
            return;
        }
        // Taken before its fields are walked, so that a message within itself ends.
        self.0.insert(message.name().to_owned(), Value::Null);
        let properties: Map<String, Value> =
            message.fields().map(|field| (field.json_name().to_owned(), self.field(&field))).collect();
        let mut schema = json!({
            "type": "object",
            "description": comment(&message.parent_file(), message.path()),
            "properties": properties,
            "additionalProperties": false,
        });
        let required: Vec<String> =
            message.fields().filter(is_mandatory).map(|field| field.json_name().to_owned()).collect();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        self.0.insert(message.name().to_owned(), schema);
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        let item = self.kind(&field.kind());
        let mut schema = if field.is_list() { json!({"type": "array", "items": item}) } else { item };
        if let Value::Object(members) = &mut schema {
            let description = comment(&field.parent_message().parent_file(), field.path());
            members.insert("description".to_owned(), description.into());
        }
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Double | Kind::Float => json!({"type": "number"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
            // JSON numbers lose digits beyond 53 bits, so these travel as text; both are read.
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                json!({"type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]+$"})
            }
            Kind::Enum(enumeration) => {
                self.enumeration(enumeration);
                reference(enumeration.full_name())
            }
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
                "google.protobuf.Struct" => json!({"type": "object"}),
                name => {
                    self.message(message);
                    reference(name)
                }
            },
        }
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptor) {
        let names: Vec<String> = enumeration.values().map(|value| value.name().to_owned()).collect();
        let description = comment(&enumeration.parent_file(), enumeration.path());
        self.0
            .entry(enumeration.name().to_owned())
            .or_insert_with(|| json!({"type": "string", "description": description, "enum": names}));
    }
}

/// Whether the contract says of a field that it is mandatory, and no more: not "mandatory then", "mandatory if …".
fn is_mandatory(field: &FieldDescriptor) -> bool {
    let words = comment(&field.parent_message().parent_file(), field.path()).to_lowercase();
    words.contains("mandatory.") || words.contains("mandatory,")
}

/// The comment above a definition.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    location
        .map(|location| location.leading_comments().lines().map(str::trim).collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn short(full_name: &str) -> &str {
    full_name.rsplit('.').next().unwrap_or(full_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_described_with_all_it_consists_of_in_the_words_of_its_comments() {
        let schemas = components(&["redress.types.v1.Submission"]);
        assert_eq!(schemas["Submission"]["properties"]["text"]["type"], "string");
        let text = schemas["Submission"]["properties"]["text"]["description"].as_str().unwrap();
        assert!(text.contains("20,000 characters"), "{text}");
        assert_eq!(schemas["Submission"]["properties"]["channel"]["$ref"], "#/components/schemas/Channel");
        assert!(schemas["Channel"]["enum"].as_array().unwrap().contains(&json!("CHANNEL_CHAT")));
        assert_eq!(schemas["LiveRef"]["properties"]["startedAt"]["format"], "date-time");
        assert!(schemas.contains_key("ContactPoint"));
        assert_eq!(schemas["Submission"]["required"], json!(["channel", "text", "complainant"]));
        assert_eq!(schemas["LiveRef"].get("required"), None);
    }
}
