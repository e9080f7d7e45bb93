//! TOML documents that people write: strictly read, and every refusal names its field.

use redress_domain::{Violation, Violations};
use serde::de::DeserializeOwned;

/// What `text` states, nothing checked yet; fields that nobody knows are told, and so is the first that is of a wrong
/// type, with which the reading ends.
pub(super) fn read<T: DeserializeOwned>(text: &str, found: &mut Violations) -> Option<T> {
    let Ok(document) = toml::Deserializer::parse(text) else {
        found.add("", "MALFORMED_TOML", "the text is not a TOML document");
        return None;
    };
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(document, &mut track);
    let mut unknown = Vec::new();
    let read = serde_ignored::deserialize(tracked, |path| unknown.push(field(&path.to_string())));
    for field in unknown {
        found.add(field, "UNKNOWN_FIELD", "there is no such field");
    }
    if read.is_err() {
        found.add(field(&track.path().to_string()), "WRONG_TYPE", "cannot be read as its type");
    }
    read.ok()
}

/// `clock.0.start` as `clock[0].start`.
fn field(path: &str) -> String {
    path.split('.').filter(|part| !matches!(*part, "?" | "")).fold(String::new(), |field, part| {
        if part.len() <= 5 && part.parse::<usize>().is_ok() {
            return format!("{field}[{part}]");
        }
        // serde_path_to_error writes places in brackets itself.
        let (name, place) = part.split_once('[').map_or((part, None), |(name, place)| (name, Some(place)));
        let name = Violation::shown_name(name);
        let place = place.map(|place| format!("[{place}")).unwrap_or_default();
        if field.is_empty() { format!("{name}{place}") } else { format!("{field}.{name}{place}") }
    })
}
