//! Forms of texts that are stored or published in clear, and lengths of those that are sealed.

use redress_domain::Violations;

/// Whether `text` is a stable code: 1 to 64 characters of `a-z`, `0-9`, `_`, `-`, `.`, `@`, as intake takes them.
pub fn is_code(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.@".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether `text` names a version of a rule: `id@version`, the version from 1.
pub fn is_rule_ref(text: &str) -> bool {
    parse_rule_ref(text).is_some()
}

/// The rule's id and version of `id@version`.
pub fn parse_rule_ref(text: &str) -> Option<(&str, u32)> {
    let (id, version) = text.rsplit_once('@')?;
    let version: u32 = version.parse().ok()?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(allowed) && version >= 1;
    fits.then_some((id, version))
}

/// Whether `text` can be a reference of the platform's: up to 128 visible ASCII characters.
pub fn is_reference(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Whether `text` is a hexadecimal SHA-256 in lower case.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Notes what is wrong with a text of people's that is mandatory.
pub fn words(found: &mut Violations, field: &str, text: &str, most: usize) {
    if text.trim().is_empty() {
        found.add(field, "REQUIRED", "words are expected");
    } else {
        optional_words(found, field, text, most);
    }
}

/// The same for a text that may be empty.
pub fn optional_words(found: &mut Violations, field: &str, text: &str, most: usize) {
    if text.chars().count() > most {
        found.add(field, "TOO_LONG", format!("at most {most} characters"));
    }
    if text.contains('\0') {
        found.add(field, "MALFORMED", "a character that no text has");
    }
}

/// Notes what is wrong with rules that are named; `most` of them.
pub fn rule_refs(found: &mut Violations, field: &str, rules: &[String], most: usize) {
    if rules.is_empty() {
        found.add(field, "REQUIRED", "a decision names the rules it rests on");
    }
    if rules.len() > most {
        found.add(field, "TOO_MANY", format!("at most {most}"));
    }
    for (index, _) in rules.iter().enumerate().filter(|(_, rule)| !is_rule_ref(rule)) {
        found.add(format!("{field}[{index}]"), "MALFORMED", "rule@version is expected");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_with_its_version() {
        assert_eq!(parse_rule_ref("refund.quality@3"), Some(("refund.quality", 3)));
        for bad in ["refund", "refund@", "refund@0", "@1", "Refund@1", "a@-1", "a b@1"] {
            assert!(!is_rule_ref(bad), "{bad}");
        }
    }
}
