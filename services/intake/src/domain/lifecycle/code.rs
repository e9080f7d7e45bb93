//! The form of code that events carry instead of free text, beside enumerations.
//!
//! A closed list is an enumeration whose members have a stable text (`coded_enum!`); a list that belongs to a tenant (units, causes,
//! outside bodies) is a [`Code`]. Free text is refused on purpose: people write names and numbers into it, and events
//! carry no personal data.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An entry of a list that the tenant keeps: 1 to 64 characters of `a-z`, `0-9`, `_`, `-`, `.`, `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(Box<str>);

/// The text is no [`Code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a code is 1 to 64 characters of a-z, 0-9, '_', '-', '.' and '@'")]
pub struct CodeError;

impl Code {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.@".contains(&b);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.into())) } else { Err(CodeError) }
    }
}

/// Whether `text` can be the path of a field, as completion requests name what is missing: an ASCII letter, then up to
/// 63 letters, digits, `_`, `.`, `[` and `]`.
pub fn is_field_path(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.[]".contains(&b);
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(allowed)
}

/// Whether `text` can be a staff number or the name of a queue: 1 to 64 ASCII letters, digits, `_`, `-`, `.`, `@`.
pub fn is_staff_reference(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.@".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

impl TryFrom<String> for Code {
    type Error = CodeError;
    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.into()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
