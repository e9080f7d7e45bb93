//! Assessing as a dry run: the same course as for a registered complaint, and nothing is kept.
//!
//! Intake's limits on lengths and counts hold; its mandatory fields do not, for what is left out is assessed as not told. An empty
//! text is a case for a person.

use redress_domain::{Principal, Problem, Violations};
use redress_proto::classification::v1::Assessment;
use redress_proto::types::v1::Submission;

use super::assessor::{Assessor, Names, Told};
use crate::error::Error;

/// Longest texts in characters, as intake takes them.
const TEXT: usize = 20_000;
const QUOTED_WORDING: usize = 2_000;
const DEMAND: usize = 4_000;
/// Most entries of lists, as intake takes them.
const RESPONDENTS: usize = 10;
const ATTACHMENTS: usize = 20;
const CONTACTS: usize = 10;

/// Assesses `submission` of `caller`; `found` holds what was wrong with the request before.
pub async fn preview(
    assessor: &Assessor,
    caller: &Principal,
    submission: Submission,
    mut found: Violations,
) -> Result<Assessment, Error> {
    let quoted = submission.live.as_ref().map_or("", |live| live.quoted_wording());
    let demand = submission.demand.as_ref().map_or("", |demand| demand.text());
    for (field, text, most) in [
        ("text", submission.text.as_str(), TEXT),
        ("live.quotedWording", quoted, QUOTED_WORDING),
        ("demand.text", demand, DEMAND),
    ] {
        if text.chars().nth(most).is_some() {
            found.add_unless_known(field, "TOO_LONG", format!("at most {most} characters"));
        }
    }
    for (field, count, most) in [
        ("respondents", submission.respondents.len(), RESPONDENTS),
        ("attachments", submission.attachments.len(), ATTACHMENTS),
        ("complainant.contacts", submission.complainant.as_ref().map_or(0, |c| c.contacts.len()), CONTACTS),
    ] {
        if count > most {
            found.add_unless_known(field, "TOO_MANY", format!("at most {most} entries"));
        }
    }
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let told = Told { tenant: caller.tenant.clone(), submission, names: Names::InPlace };
    let understood = assessor.understand(vec![told]).await?;
    let [understood] = <[_; 1]>::try_from(understood).map_err(|_| Problem::internal())?;
    Ok(understood.assessment)
}
