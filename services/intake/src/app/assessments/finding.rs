//! What classification tells, read from its messages.

use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::classification::v1::{self as wire, Assessment as Told};
use redress_proto::types::v1::{self as types, Admissibility};

use crate::domain::lifecycle::{Assessment, Fact, is_field_path};

/// What classification tells, as far as the lifecycle is concerned.
#[derive(Debug)]
pub enum Finding {
    /// What the complaint is.
    Assessed(Assessed),
    /// Who has it.
    Assignment(Fact),
}

/// An assessment.
#[derive(Debug)]
pub struct Assessed {
    pub(super) found: Assessment,
    /// Whether a person made it: such an assessment counts whatever stood before.
    pub(super) by_person: bool,
    /// Whether an outside model had the last word: a model takes nothing up (T06).
    pub(super) by_model: bool,
    pub(super) admissibility: Admissibility,
    pub(super) confidence: f64,
    pub(super) needs_human: bool,
    /// What is asked for; what is no path of a field is left out, for it would be published.
    pub(super) missing: Vec<String>,
    /// How many details are said to be missing, fit to be asked for or not.
    pub(super) lacking: usize,
}

impl Finding {
    /// Reads a message by its name; none for what the lifecycle has no use for.
    pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let is = |name: String| event_type == name;
        let finding = if is(wire::AssessmentMade::full_name()) {
            let made = wire::AssessmentMade::decode(payload)?;
            Finding::Assessed(Assessed::read(&made.assessment_id, false, made.assessment)?)
        } else if is(wire::AssessmentOverridden::full_name()) {
            let overridden = wire::AssessmentOverridden::decode(payload)?;
            Finding::Assessed(Assessed::read(&overridden.assessment_id, true, overridden.assessment)?)
        } else if is(wire::AssignmentOffered::full_name()) {
            let to = somebody(wire::AssignmentOffered::decode(payload)?.handler)?;
            Finding::Assignment(Fact::AssignmentOffered { to })
        } else if is(wire::AssignmentAccepted::full_name()) {
            let by = somebody(wire::AssignmentAccepted::decode(payload)?.handler)?;
            Finding::Assignment(Fact::AssignmentAccepted { by })
        } else if is(wire::AssignmentReturned::full_name()) {
            wire::AssignmentReturned::decode(payload)?;
            Finding::Assignment(Fact::AssignmentReturned)
        } else {
            return Ok(None);
        };
        Ok(Some(finding))
    }
}

impl Assessed {
    fn read(id: &str, by_person: bool, told: Option<Told>) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
        let told = told.ok_or_else(|| unfit("assessment"))?;
        Ok(Self {
            found: Assessment {
                id: id.parse().map_err(|_| unfit("assessment_id"))?,
                category: told.category().try_into().map_err(|_| unfit("assessment.category"))?,
                severity: told.severity().try_into().map_err(|_| unfit("assessment.severity"))?,
                urgent: told.urgent,
            },
            by_person,
            by_model: told.decided_by() == types::DecidedBy::Model,
            admissibility: told.admissibility(),
            confidence: told.confidence,
            needs_human: told.needs_human,
            lacking: told.missing.len(),
            // One bad name must not hold back the rest of what is known of the case, nor who gets it.
            missing: told.missing.into_iter().filter(|path| is_field_path(path)).collect(),
        })
    }
}

/// Somebody of the staff, by the subject of their token.
fn somebody(handler: String) -> Result<String, DecodeError> {
    if handler.is_empty() { Err(DecodeError::new("handler is missing")) } else { Ok(handler) }
}
