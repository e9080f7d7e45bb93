use redress_domain::{Category, Severity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a complaint was found to be.
///
/// Events that carry one are the only way in which category, severity and urgency of a complaint change: so each
/// change has its version, its entry in the audit chain and its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Its identity, by which whoever made it keeps the reasons.
    #[serde(rename = "assessment")]
    pub id: Uuid,
    /// The category.
    pub category: Category,
    /// The severity.
    pub severity: Severity,
    /// Whether it is urgent.
    pub urgent: bool,
}
