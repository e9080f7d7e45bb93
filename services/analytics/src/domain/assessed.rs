//! What a complaint was found to be, as far as it is counted.

use redress_domain::{Category, Severity};

/// An assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessed {
    /// The category.
    pub category: Category,
    /// The severity.
    pub severity: Severity,
    /// Whether it is urgent.
    pub urgent: bool,
}
