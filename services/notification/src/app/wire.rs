//! Words of the domain ⇄ words of the contract.

use redress_domain::{PartyKind, Violations};
use redress_proto::notification::v1 as wire;
use redress_proto::types::v1 as types;

use crate::domain::delivery::NoticeState;
use crate::domain::kind::{NoticeKind, Role};
use crate::store::notice::Addressee;

/// A kind's name on the wire.
pub fn kind(kind: NoticeKind) -> wire::NoticeKind {
    use wire::NoticeKind as Wire;
    match kind {
        NoticeKind::Receipt => Wire::N01Receipt,
        NoticeKind::Acceptance => Wire::N02Acceptance,
        NoticeKind::Refusal => Wire::N03Refusal,
        NoticeKind::Completion => Wire::N04Completion,
        NoticeKind::Respondent => Wire::N05Respondent,
        NoticeKind::Evidence => Wire::N06Evidence,
        NoticeKind::Progress => Wire::N08Progress,
        NoticeKind::Delay => Wire::N09Delay,
        NoticeKind::Proposal => Wire::N10Proposal,
        NoticeKind::Settlement => Wire::N11Settlement,
        NoticeKind::Result => Wire::N12Result,
        NoticeKind::Ruling => Wire::N13Ruling,
        NoticeKind::Termination => Wire::N14Termination,
        NoticeKind::Appeal => Wire::N15Appeal,
        NoticeKind::Execution => Wire::N17Execution,
        NoticeKind::Survey => Wire::N18Survey,
        NoticeKind::Escalation => Wire::N24Escalation,
    }
}

/// The kind of a name on the wire; none for the zero value.
pub fn kind_of(named: wire::NoticeKind) -> Option<NoticeKind> {
    NoticeKind::ALL.iter().copied().find(|known| kind(*known) == named)
}

/// The kind of a request, or a note that it is missing.
pub(super) fn kind_asked(named: wire::NoticeKind, found: &mut Violations) -> Option<NoticeKind> {
    let kind = kind_of(named);
    if kind.is_none() {
        found.add("kind", "REQUIRED", "a kind of notice is mandatory");
    }
    kind
}

/// A state's name on the wire.
pub fn state(state: NoticeState) -> wire::NoticeState {
    match state {
        NoticeState::Queued => wire::NoticeState::Queued,
        NoticeState::Sent => wire::NoticeState::Sent,
        NoticeState::Delivered => wire::NoticeState::Delivered,
        NoticeState::Read => wire::NoticeState::Read,
        NoticeState::Undeliverable => wire::NoticeState::Undeliverable,
    }
}

/// An addressee on the wire.
pub fn addressee(addressee: &Addressee) -> wire::Addressee {
    wire::Addressee {
        role: addressee.role.code().to_owned(),
        kind: types::PartyKind::from(addressee.kind).into(),
        external_ref: addressee.reference.clone(),
    }
}

/// The addressee of a request, or notes of what is wrong with it.
pub(super) fn addressee_asked(asked: &wire::Addressee, found: &mut Violations) -> Option<Addressee> {
    // Alerts to staff follow from escalations alone.
    let role = asked.role.parse::<Role>().ok().filter(|role| *role != Role::Staff);
    if role.is_none() {
        found.add("addressee.role", "MALFORMED", "complainant or respondent is expected");
    }
    let kind = PartyKind::try_from(asked.kind()).ok();
    if role == Some(Role::Respondent) && kind.is_none() {
        found.add("addressee.kind", "REQUIRED", "the kind of a respondent is mandatory");
    }
    // A complainant's kind and reference are known here, and sealed.
    let (kind, reference) = match role? {
        Role::Complainant => (PartyKind::Consumer, String::new()),
        Role::Respondent => (kind?, asked.external_ref.clone()),
        Role::Staff => return None,
    };
    Some(Addressee { role: role?, kind, reference })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_every_state_has_its_name_on_the_wire() {
        for &known in NoticeKind::ALL {
            let named = kind(known);
            assert_eq!(named.as_str_name(), format!("NOTICE_KIND_{}", known.code().to_uppercase()));
            assert_eq!(kind_of(named), Some(known));
        }
        for &known in NoticeState::ALL {
            assert_eq!(state(known).as_str_name(), format!("NOTICE_STATE_{}", known.code().to_uppercase()));
        }
        assert_eq!(kind_of(wire::NoticeKind::Unspecified), None);
    }
}
