//! What each side should bring (F024, F032).

use redress_domain::Principal;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use super::{Desk, id};
use crate::domain::Refusal;
use crate::domain::checklist::{self, Line};
use crate::error::Error;

/// The checklist of a complaint that the caller may see, or of a category.
pub async fn get(
    desk: &Desk,
    principal: &Principal,
    request: &wire::GetChecklistRequest,
) -> Result<wire::Checklist, Error> {
    let (category, live) = if request.complaint_id.is_empty() {
        let category = request.category().try_into().map_err(|_| super::wire::unknown("category"))?;
        (category, request.live)
    } else {
        let caller = desk.caller(principal).await?;
        let (file, _) = desk.look(&caller, id(&request.complaint_id)?).await?;
        (file.case.category.ok_or(Refusal::NotAccepted)?, file.case.live)
    };
    let found = checklist::of(category, live);
    let issue = |code: &&'static str| wire::ChecklistIssue {
        code: (*code).to_owned(),
        text: super::wire::texts(checklist::issue_text(code)),
    };
    Ok(wire::Checklist {
        category: types::Category::from(category).into(),
        live,
        version: found.version.to_owned(),
        issues: found.issues.iter().map(issue).collect(),
        lines: found.lines.iter().map(|line| told(line)).collect(),
    })
}

fn told(line: &Line) -> wire::ChecklistLine {
    wire::ChecklistLine {
        party: super::wire::party(line.party).into(),
        respondent_kind: line.kind.map_or(types::PartyKind::Unspecified, types::PartyKind::from).into(),
        r#type: super::wire::evidence_type(line.item).into(),
        mandatory: line.mandatory,
        consequence: super::wire::consequence(line.consequence).into(),
        text: super::wire::texts(checklist::item_text(line.item)),
    }
}
