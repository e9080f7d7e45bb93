//! What queues, counts and tables keep of an assessment.

use redress_domain::DecidedBy;
use redress_proto::classification::v1::Assessment;

use crate::error::Error;
use crate::store::complaint::Labels;

/// The labels of an assessment of ours; one that lacks them is a defect on this side.
pub fn of(assessment: &Assessment) -> Result<Labels, Error> {
    let broken = |_| Error::unlabelled();
    Ok(Labels {
        category: assessment.category().try_into().map_err(broken)?,
        sub_category: assessment.sub_category.clone(),
        severity: assessment.severity().try_into().map_err(broken)?,
        language: assessment.language.clone(),
        urgent: assessment.urgent,
    })
}

/// What kind of decider made it; a rule unless it says otherwise.
pub fn decided_by(assessment: &Assessment) -> DecidedBy {
    assessment.decided_by().try_into().unwrap_or(DecidedBy::Rule)
}
