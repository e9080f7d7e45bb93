use std::borrow::Cow;

/// One thing that is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the JSON spelling, for example `complainant.contacts[0].value`; empty for the whole body.
    pub field: String,
    /// Stable code for programs, upper snake case.
    pub reason: &'static str,
    /// A sentence for people. Carries no value of a personal field.
    pub description: Cow<'static, str>,
}

/// More than a caller can mend at once, and what an answer must not grow beyond.
const MOST: usize = 100;

/// Collects everything that is wrong, so that a caller learns it all at once; of a hopeless request the first hundred.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violation {
    /// The name of a field that nobody knows, as it may be repeated in [`field`](Self::field): itself if it has the form
    /// of a field's name, else `?`. A caller's slip may have put anything there, also personal data of any length.
    pub fn shown_name(name: &str) -> &str {
        let has_form = name.len() <= 64
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if has_form { name } else { "?" }
    }
}

impl Violations {
    /// Notes a problem of `field`.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) {
        if self.0.len() < MOST {
            self.0.push(Violation { field: field.into(), reason, description: description.into() });
        }
    }

    /// Notes a problem of `field` unless one of that field, or of a field around it, is noted already.
    pub fn add_unless_known(
        &mut self,
        field: impl Into<String>,
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) {
        let field = field.into();
        let known = self.0.iter().any(|v| {
            field
                .strip_prefix(v.field.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        if !known {
            self.add(field, reason, description);
        }
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// The problems in the order found.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_field_could_have_is_not_repeated() {
        assert_eq!(Violation::shown_name("orderNo"), "orderNo");
        for slip in ["00000000000", "tel 000 0000", "张三", "", "a.b", &"a".repeat(65)] {
            assert_eq!(Violation::shown_name(slip), "?", "{slip}");
        }
    }

    #[test]
    fn a_hopeless_request_is_told_a_hundred_problems() {
        let mut found = Violations::default();
        for index in 0..1_000 {
            found.add(format!("contacts[{index}]"), "UNKNOWN_FIELD", "");
        }
        assert_eq!(found.into_vec().len(), 100);
    }

    #[test]
    fn a_problem_of_a_field_hides_only_problems_inside_it() {
        let mut found = Violations::default();
        found.add("order", "UNKNOWN_FIELD", "");
        found.add_unless_known("order.orderNo", "REQUIRED", "");
        found.add_unless_known("orderNo", "REQUIRED", "");
        assert_eq!(found.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["order", "orderNo"]);
    }
}
