//! What the messages of commands have in common: codes, members of closed lists, references, ids.

use std::str::FromStr;

use redress_domain::{ComplaintId, Problem, Violations};

use crate::domain::lifecycle::{Code, is_staff_reference};
use crate::error::Error;

/// A member of a closed list by its name on the wire; none for the zero value.
pub(super) fn member<T: FromStr>(name: &str, prefix: &str) -> Option<T> {
    name.strip_prefix(prefix)?.to_lowercase().parse().ok()
}

/// Notes a mandatory choice that was not made.
pub(super) fn chosen(field: &str, is: bool, found: &mut Violations) {
    if !is {
        found.add_unless_known(field, "REQUIRED", "the field is mandatory");
    }
}

/// Notes a mandatory entry of a list of the tenant's that is none.
pub(super) fn code(field: &str, text: &str, found: &mut Violations) {
    if text.is_empty() {
        found.add_unless_known(field, "REQUIRED", "the field is mandatory");
    } else if text.parse::<Code>().is_err() {
        let form = "a code of 1 to 64 characters of a-z, 0-9 and _-.@ is expected";
        found.add_unless_known(field, "MALFORMED", form);
    }
}

/// Notes a mandatory subject of a token that is none.
pub(super) fn person(field: &str, text: &str, found: &mut Violations) {
    if text.is_empty() {
        found.add_unless_known(field, "REQUIRED", "the field is mandatory");
    } else if !is_staff_reference(text) {
        let form = "the subject of a token is expected: 1 to 64 ASCII letters, digits and _-.@";
        found.add_unless_known(field, "MALFORMED", form);
    }
}

/// Notes a mandatory id of another complaint that is none.
pub(super) fn complaint(field: &str, text: &str, found: &mut Violations) {
    if text.is_empty() {
        found.add_unless_known(field, "REQUIRED", "the field is mandatory");
    } else if text.parse::<ComplaintId>().is_err() {
        found.add_unless_known(field, "MALFORMED", "the id of a complaint is expected");
    }
}

/// What was checked before reads; else the check has a hole.
pub(super) fn checked<T>(read: Option<T>) -> Result<T, Error> {
    read.ok_or_else(|| Problem::internal().into())
}
