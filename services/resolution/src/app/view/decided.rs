//! What was determined, settled, ruled, appealed and reported. Latest first.

use prost::Message as _;
use redress_domain::mask;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::DecidedBy;

use super::Seen;
use crate::app::wire as to_wire;
use crate::app::words;
use crate::domain::appeal::{Appeal, AppealState};
use crate::domain::hearing::Reply;
use crate::domain::liability::{Determination, Share};
use crate::domain::party::SideRole;
use crate::domain::report::{Report, ReportKind};
use crate::domain::ruling::Ruling;
use crate::domain::settlement::{DecisionState, Settlement};
use crate::error::Error;

/// Parties read who answers once something was sent or decided on it.
pub(super) fn liability(seen: &Seen<'_>) -> Result<Vec<wire::Liability>, Error> {
    let told = seen.inside()
        || seen.case.course.outcome.is_some()
        || seen
            .case
            .proposals
            .iter()
            .any(|p| p.revisions.iter().any(|r| r.sent_at.is_some() && r.offered_by.is_none()));
    if !told {
        return Ok(Vec::new());
    }
    seen.case.liability.iter().rev().map(|one| determination(seen, one)).collect()
}

fn determination(seen: &Seen<'_>, one: &Determination) -> Result<wire::Liability, Error> {
    let share = |share: &Share| wire::LiabilityShare {
        party: Some(to_wire::party_ref(&share.party)),
        basis_points: share.basis_points,
    };
    let basis = if seen.inside() { seen.words.text(&words::liability(one.id))? } else { String::new() };
    Ok(wire::Liability {
        determination_id: one.id.to_string(),
        shares: one.shares.iter().map(share).collect(),
        cause: one.cause.code().to_owned(),
        rules: one.rules.clone(),
        basis,
        decided_by_subject: seen.staff(&one.decider),
        decided_by: DecidedBy::from(one.decided_by).into(),
        determined_at: to_wire::time(one.determined_at),
    })
}

/// What was agreed is both parties' to read.
pub(super) fn settlements(seen: &Seen<'_>) -> Vec<wire::Settlement> {
    let told = |one: &Settlement| wire::Settlement {
        settlement_id: one.id.to_string(),
        proposal_id: one.proposal.to_string(),
        revision: one.revision,
        option: one.option,
        terms: to_wire::all_terms(&one.terms),
        state: to_wire::decision_state(one.state).into(),
        agreed_at: to_wire::time(one.agreed_at),
        void_reason: one.void_reason.clone(),
        option_sha256: one.option_sha256.clone(),
    };
    seen.case.settlements.iter().rev().filter(|one| seen.concerned_by(one.proposal)).map(told).collect()
}

/// Parties read a ruling once it is in effect: before that it may still be void.
pub(super) fn rulings(seen: &Seen<'_>) -> Result<Vec<wire::Ruling>, Error> {
    let visible = |one: &&Ruling| {
        seen.inside() || matches!(one.state, DecisionState::Effective | DecisionState::Replaced)
    };
    seen.case.rulings.iter().rev().filter(visible).map(|one| ruling(seen, one)).collect()
}

fn ruling(seen: &Seen<'_>, one: &Ruling) -> Result<wire::Ruling, Error> {
    Ok(wire::Ruling {
        ruling_id: one.id.to_string(),
        terms: to_wire::all_terms(&one.terms),
        outcome: one.outcome.code().to_owned(),
        determination_id: one.determination.to_string(),
        text: seen.words.text(&words::ruling(one.id))?,
        decider: seen.staff(&one.decider),
        seconded_by: seen.staff(&one.seconded_by),
        state: to_wire::decision_state(one.state).into(),
        issued_at: to_wire::time(one.issued_at),
        appeal_until: to_wire::time(one.appeal_until),
        void_reason: one.void_reason.clone(),
    })
}

/// The appellant reads grounds and answers as they are. So does the other party, which has to know what is held against
/// the decision, but without what identifies somebody in the grounds, and without the evidence, which investigation shows.
pub(super) fn appeals(seen: &Seen<'_>) -> Result<Vec<wire::Appeal>, Error> {
    seen.case.appeals.iter().rev().map(|one| appeal(seen, one)).collect()
}

fn appeal(seen: &Seen<'_>, one: &Appeal) -> Result<wire::Appeal, Error> {
    let own = seen.inside() || seen.side().as_ref() == Some(&one.appellant);
    let told = |field: &str| -> Result<wire::Appeal, Error> {
        let plain = seen.words.bytes(field)?.unwrap_or_default();
        Ok(wire::Appeal::decode(plain.as_slice()).unwrap_or_default())
    };
    let grounds = told(&words::appeal(one.id))?;
    let readable = |text: String| if own { text } else { mask(&text, &[]) };
    // The latest answers that were written; none before the decision, and for staff those that wait for a second person.
    let written = one.decided_at.is_some() || (seen.inside() && one.state == AppealState::AwaitingSecond);
    let answers = match (written, answers_field(seen, one)) {
        (true, Some(field)) => told(&field)?,
        _ => wire::Appeal::default(),
    };
    let ground = |ground: &crate::domain::appeal::Ground| wire::AppealGround {
        ground: ground.number,
        code: ground.code.clone(),
        text: readable(text_of(&grounds, ground.number, |told| &told.text)),
        evidence_ids: if own { ground.evidence.clone() } else { Vec::new() },
        answer: text_of(&answers, ground.number, |told| &told.answer),
    };
    // What waits for a second person is nobody's decision yet, and no matter of the parties.
    let drafted = one.state == AppealState::AwaitingSecond && !seen.inside();
    let state = if drafted { AppealState::UnderReview } else { one.state };
    let outcome = one.outcome.filter(|_| !drafted);
    Ok(wire::Appeal {
        appeal_id: one.id.to_string(),
        appellant: Some(to_wire::side(&one.appellant)),
        grounds: one.grounds.iter().map(ground).collect(),
        human_required: one.human_required,
        state: to_wire::appeal_state(state).into(),
        filed_at: to_wire::time(one.filed_at),
        reviewer: seen.staff(&one.reviewer),
        outcome: outcome.map(to_wire::appeal_outcome).unwrap_or_default().into(),
        decided_at: one.decided_at.and_then(to_wire::time),
        terms: if drafted { Vec::new() } else { to_wire::all_terms(&one.terms) },
        void_reason: one.void_reason.clone(),
        seconded_by: seen.staff(&one.seconded_by),
        reply_until: one.reply_until.and_then(to_wire::time),
        replies: (1..).zip(&one.replies).map(|told| reply(seen, one, told)).collect::<Result<_, _>>()?,
    })
}

/// Replies are read as grounds are: by their author as they are, by the other parties without what identifies somebody.
fn reply(
    seen: &Seen<'_>,
    appeal: &Appeal,
    (number, one): (usize, &Reply),
) -> Result<wire::AppealReply, Error> {
    let own = seen.inside() || seen.side().as_ref() == Some(&one.side);
    let text = seen.words.text(&words::appeal_reply(appeal.id, number))?;
    Ok(wire::AppealReply {
        party: Some(to_wire::side(&one.side)),
        nothing_to_add: one.nothing_to_add,
        text: if own { text } else { mask(&text, &[]) },
        evidence_ids: if own { one.evidence.clone() } else { Vec::new() },
        replied_at: to_wire::time(one.at),
    })
}

fn answers_field(seen: &Seen<'_>, one: &Appeal) -> Option<String> {
    let prefix = format!("{}.", words::appeal_answers(one.id));
    let number = |field: &&String| field.strip_prefix(&prefix).and_then(|n| n.parse::<i64>().ok());
    seen.words.texts.keys().filter(|field| field.starts_with(&prefix)).max_by_key(number).cloned()
}

fn text_of(told: &wire::Appeal, number: u32, field: impl Fn(&wire::AppealGround) -> &String) -> String {
    told.grounds.iter().find(|ground| ground.ground == number).map(|g| field(g).clone()).unwrap_or_default()
}

/// The handling report is the complainant's; the closing report stays in the file.
pub(super) fn reports(seen: &Seen<'_>) -> Result<Vec<wire::CaseReport>, Error> {
    let complainant = seen.side().is_some_and(|side| side.role == SideRole::Complainant);
    let visible = |one: &&Report| seen.inside() || (complainant && one.kind == ReportKind::Handling);
    seen.case.reports.iter().rev().filter(visible).map(|one| report(seen, one)).collect()
}

fn report(seen: &Seen<'_>, one: &Report) -> Result<wire::CaseReport, Error> {
    let plain = seen.words.bytes(&words::report(one.id))?.unwrap_or_default();
    let parts = wire::CaseReport::decode(plain.as_slice()).unwrap_or_default().parts;
    let text = parts.as_ref().map(|parts| super::printed::text(seen, one, parts)).unwrap_or_default();
    Ok(wire::CaseReport {
        report_id: one.id.to_string(),
        filing_no: one.filing_no.clone(),
        issued_at: to_wire::time(one.issued_at),
        issued_by: seen.staff(&one.issued_by),
        sha256: one.sha256.clone(),
        language: one.language.clone(),
        text,
        parts,
    })
}

/// Recommendations are for staff: whoever they are against is told by the measure's own notice (L25).
pub(super) fn sanctions(seen: &Seen<'_>) -> Result<Vec<wire::Sanction>, Error> {
    if !seen.inside() {
        return Ok(Vec::new());
    }
    let told = |one: &crate::domain::sanction::Sanction| -> Result<wire::Sanction, Error> {
        Ok(wire::Sanction {
            sanction_id: one.id.to_string(),
            subject: Some(to_wire::party_ref(&one.subject)),
            measure: to_wire::sanction_measure(one.measure).into(),
            term_days: one.term_days,
            rules: one.rules.clone(),
            basis: seen.words.text(&words::sanction(one.id))?,
            recommended_at: to_wire::time(one.recommended_at),
            recommended_by: one.recommended_by.clone(),
        })
    };
    seen.case.sanctions.iter().rev().map(told).collect()
}
