//! What is missing (F125).

use redress_domain::{Matter, PartyKind};

use super::decision::Decision;
use super::{list, tells_something};
use crate::domain::assessment::{Admissibility, Missing};
use crate::domain::case::{Case, Demand};
use crate::domain::normalize::Normalized;
use crate::domain::rules::{Evaluation, Fired, Outcome, SubCategory};

/// What the table asks for and the case does not hold, and what rules found missing.
pub(super) fn missing(
    case: &Case,
    evaluation: &Evaluation<'_>,
    decision: &Decision<'_>,
    row: Option<&SubCategory>,
    matter: Matter,
    late: &[Fired<'_>],
    normal: &Normalized,
) -> Admissibility {
    let mut missing = Vec::new();
    for &need in row.map(|row| row.needs.as_slice()).unwrap_or_default() {
        if is_needed(need, case, matter) && !(is_known(need, case) || evaluation.has(need)) {
            list(&mut missing, need);
        }
    }
    for rule in late {
        if let Outcome::Missing(detail) = rule.outcome {
            list(&mut missing, *detail);
        }
    }
    if !decision.by_rule && !tells_something(normal) {
        list(&mut missing, Missing::Facts);
    }
    let demands = is_known(Missing::Demand, case) || evaluation.has(Missing::Demand);
    if !missing.is_empty() && !demands {
        list(&mut missing, Missing::Demand);
    }
    if missing.is_empty() { Admissibility::Yes } else { Admissibility::NeedsCompletion(missing) }
}

/// Reports by people who bought nothing, and merchants' matters of batches and measures, have no order.
fn is_needed(need: Missing, case: &Case, matter: Matter) -> bool {
    need != Missing::OrderNo || (case.complainant == PartyKind::Consumer && matter != Matter::Report)
}

/// What the case holds beside its text.
fn is_known(need: Missing, case: &Case) -> bool {
    let told = |demand: &Demand| {
        !demand.remedies.is_empty() || demand.text.as_ref().is_some_and(|text| !text.trim().is_empty())
    };
    match need {
        Missing::OrderNo => case.order.is_some(),
        Missing::AccountId => case.writer_is_identified(),
        Missing::Demand => case.demand.as_ref().is_some_and(told),
        Missing::Respondent => case.live.is_some() || !case.respondents.is_empty(),
        Missing::ExactWording => case.live.as_ref().is_some_and(|live| live.quoted_wording.is_some()),
        Missing::DefectDetail
        | Missing::LogisticsDetail
        | Missing::PenaltyRef
        | Missing::Amount
        | Missing::Facts => false,
    }
}
