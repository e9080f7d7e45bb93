//! Asks for a deadline as a transport would.

use redress_domain::Violations;
use redress_sla::domain::calendar::known;
use redress_sla::domain::explain::Language;
use redress_sla::domain::preview::{Answer, decode, preview};
use serde_json::Value;

pub(crate) fn ask(request: &Value) -> Result<Answer, Violations> {
    ask_in(request, Language::English)
}

pub(crate) fn ask_in(request: &Value, language: Language) -> Result<Answer, Violations> {
    preview(&decode(request.to_string().as_bytes())?, known, None, language)
}

/// The answer to a request that must be good.
pub(crate) fn answer(request: &Value) -> Answer {
    ask(request).unwrap_or_else(|found| panic!("{request}: {found:?}"))
}

/// `field REASON` of everything that is wrong.
pub(crate) fn faults(request: &Value) -> Vec<String> {
    match ask(request) {
        Ok(answer) => panic!("{request} was answered: {answer:?}"),
        Err(found) => found.iter().map(|v| format!("{} {}", v.field, v.reason)).collect(),
    }
}
