//! T30–T39: what can happen to a case whatever its stage, and the ways back.

use super::{closed, outcome, require};
use crate::domain::lifecycle::{
    Act, Capacity, Command, EscalationReason, Event, GroupConsent, GuardReason, Lifecycle, MergeBasis,
    MergeTarget, Policy, ReferralEnd, ReferralResult, Refusal, SafetyLead, State, StateKind,
};

pub(super) fn decide(
    case: &Lifecycle,
    command: &Command,
    act: &Act,
    policy: &Policy,
) -> Result<Vec<Event>, Refusal> {
    let event = match (command, &case.state) {
        (Command::Merge(target), state) if state.kind().is_open() => {
            may_merge(case, target, act)?;
            let unmerge_until = policy.window_end(act.at, policy.unmerge_days);
            Event::ComplaintMerged { into: target.complaint, unmerge_until }
        }
        (Command::Unmerge { reason }, State::Merged { unmerge_until, .. }) => {
            require(act.at <= *unmerge_until, GuardReason::UnmergeWindowOver)?;
            Event::ComplaintUnmerged { reason: reason.clone() }
        }
        (Command::RecordOutcome(result), State::Referred { .. }) => return Ok(conclude(result, act)?),
        (Command::Suspend { reason, second, review_on }, state)
            if state.kind().is_open() && state.kind() != StateKind::Suspended =>
        {
            two_persons(act, second)?;
            let today = act.at.to_zoned(policy.zone.clone()).date();
            require(*review_on > today, GuardReason::ReviewDateNotAhead)?;
            Event::CaseSuspended { reason: *reason, second: second.clone(), review_on: *review_on }
        }
        (Command::Resume { second }, State::Suspended { .. }) => {
            two_persons(act, second)?;
            Event::CaseResumed { second: second.clone() }
        }
        (Command::Reopen { ground, retention_until }, State::Closed { .. }) => {
            require(act.at <= *retention_until, GuardReason::RetentionOver)?;
            Event::ComplaintReopened { ground: *ground }
        }
        (Command::SplitMatter { child, matter, label, own_clocks }, _) => {
            require(!case.is(*child), GuardReason::SplitIntoItself)?;
            let label = label.clone().ok_or(GuardReason::LabelMissing)?;
            require(*own_clocks, GuardReason::ClocksMissing)?;
            Event::MatterSplit { child: *child, matter: *matter, label }
        }
        (_, state) if state.kind().is_open() => open_case(case, command, act)?,
        _ => return Err(case.impossible(command.kind()).into()),
    };
    Ok(vec![event])
}

/// The commands that need nothing but a case that goes on.
fn open_case(case: &Lifecycle, command: &Command, act: &Act) -> Result<Event, Refusal> {
    match command {
        Command::Withdraw { consent, safety_lead } => {
            require(*consent != GroupConsent::Missing, GuardReason::GroupConsentMissing)?;
            require(*safety_lead != SafetyLead::Open, GuardReason::SafetyLeadOpen)?;
            Ok(Event::ComplaintWithdrawn)
        }
        Command::Refer { body, consent_to_share } => {
            require(*consent_to_share, GuardReason::ShareConsentMissing)?;
            Ok(Event::ComplaintReferred { body: body.clone() })
        }
        Command::Transfer { unit, acknowledged, complainant_told } => {
            require(*acknowledged, GuardReason::TransferNotAcknowledged)?;
            require(*complainant_told, GuardReason::ComplainantNotTold)?;
            Ok(Event::ComplaintTransferred { unit: unit.clone() })
        }
        Command::Escalate { reason, to } => {
            let own = act.actor.capacity != Capacity::Complainant || *reason == EscalationReason::OverTheHead;
            require(own, GuardReason::ReasonNotForRole)?;
            let now = *case.regions.escalation.get();
            let level = to.or(now.next()).filter(|level| *level > now).ok_or(GuardReason::HighestLevel)?;
            Ok(Event::ComplaintEscalated { level, reason: *reason })
        }
        _ => Err(case.impossible(command.kind()).into()),
    }
}

fn may_merge(case: &Lifecycle, target: &MergeTarget, act: &Act) -> Result<(), GuardReason> {
    require(act.is_human(), GuardReason::HumanRequired)?;
    require(!case.is(target.complaint), GuardReason::MergeIntoItself)?;
    require(target.basis != MergeBasis::None, GuardReason::MergeConsentMissing)?;
    require(target.labels_compatible, GuardReason::LabelsIncompatible)?;
    require(target.open, GuardReason::MergeTargetNotOpen)
}

fn two_persons(act: &Act, second: &str) -> Result<(), GuardReason> {
    require(act.is_human(), GuardReason::HumanRequired)?;
    let other = !second.is_empty() && second != act.actor.subject;
    require(other, GuardReason::SecondPersonRequired)
}

/// T34. Closing by an outside body needs its outcome as any other does.
fn conclude(result: &ReferralResult, act: &Act) -> Result<Vec<Event>, GuardReason> {
    match result {
        ReferralResult::Remedy => Ok(vec![Event::ReferralConcluded { closed: None }]),
        ReferralResult::Over { closing } => {
            let closing = outcome(closing.as_ref())?;
            let end = ReferralEnd { closing: closing.clone(), closed_at: act.at };
            Ok(vec![Event::ReferralConcluded { closed: Some(end) }, closed(closing)])
        }
    }
}
