//! Whether each side was shown what a conclusion rests on: nothing counts that a side could not answer (F003, F025).

use std::collections::BTreeSet;

use redress_domain::PartyKind;
use uuid::Uuid;

use super::case::Respondent;
use super::evidence::{Audience, Provider};
use super::finding::{Bearing, Finding};

/// A piece that findings rest on, with what has been shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// The piece.
    pub evidence: Uuid,
    /// Whether it belongs to another member of the incident, and so to another complainant.
    pub of_other_member: bool,
    /// Where it comes from.
    pub provider: Provider,
    /// Which of several respondents brought it, by its platform reference.
    pub provider_ref: String,
    /// For whom the latest copy shows something.
    pub shown: BTreeSet<Audience>,
}

/// The pieces that carry findings: what was put aside or could not be verified carries nothing.
pub fn carrying<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Uuid> {
    let marks = findings.into_iter().flat_map(|finding| &finding.marks);
    let carry = marks.filter(|mark| matches!(mark.bearing, Bearing::Supports | Bearing::Contradicts));
    let all: BTreeSet<Uuid> = carry.map(|mark| mark.evidence).collect();
    all.into_iter().collect()
}

/// Who has not been shown what. A side knows what it brought itself, and the platform whatever its staff handle. What
/// belongs to another member of an incident is shown to the respondents they have in common; another complainant's affairs
/// are not shown to this one.
pub fn unseen(cited: &[Cited], respondents: &[Respondent]) -> Vec<(Uuid, Audience)> {
    let missing = |piece: &Cited| {
        let complainant = !piece.of_other_member && piece.provider != Provider::Complainant;
        let brought = |respondent: &Respondent| {
            piece.provider == Provider::Respondent && piece.provider_ref == respondent.external_ref
        };
        let respondent = respondents.iter().any(|one| one.kind != PartyKind::Platform && !brought(one));
        let needed = [(complainant, Audience::Complainant), (respondent, Audience::Respondent)];
        let lacks = |(needed, audience): (bool, Audience)| {
            (needed && !piece.shown.contains(&audience)).then_some((piece.evidence, audience))
        };
        needed.into_iter().filter_map(lacks).collect::<Vec<_>>()
    };
    cited.iter().flat_map(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::super::finding::tests::found;
    use super::*;

    const NOBODY: [Audience; 0] = [];

    fn piece(provider: Provider, provider_ref: &str, shown: &[Audience]) -> Cited {
        Cited {
            evidence: Uuid::from_u128(1),
            of_other_member: false,
            provider,
            provider_ref: provider_ref.into(),
            shown: shown.iter().copied().collect(),
        }
    }

    fn respondent(kind: PartyKind, external_ref: &str) -> Respondent {
        Respondent { kind, external_ref: external_ref.into() }
    }

    fn lacking(piece: Cited, respondents: &[Respondent]) -> Vec<Audience> {
        unseen(&[piece], respondents).into_iter().map(|(_, audience)| audience).collect()
    }

    #[test]
    fn a_side_needs_no_copy_of_what_it_brought_and_one_of_all_else() {
        use Audience::{Complainant, Respondent};
        let shop = [respondent(PartyKind::Merchant, "shop-1")];
        assert_eq!(lacking(piece(Provider::Complainant, "", &[]), &shop), [Respondent]);
        assert_eq!(lacking(piece(Provider::Complainant, "", &[Respondent]), &shop), NOBODY);
        assert_eq!(lacking(piece(Provider::Respondent, "shop-1", &[]), &shop), [Complainant]);
        for neither in [Provider::Platform, Provider::Staff, Provider::ThirdParty] {
            assert_eq!(lacking(piece(neither, "", &[]), &shop), [Complainant, Respondent]);
            assert_eq!(lacking(piece(neither, "", &[Complainant]), &shop), [Respondent]);
        }
    }

    #[test]
    fn what_one_respondent_brought_is_shown_to_the_other_and_the_platform_sees_it_anyway() {
        use Audience::{Complainant, Respondent};
        let both = [respondent(PartyKind::Merchant, "shop-1"), respondent(PartyKind::Anchor, "anchor-1")];
        assert_eq!(lacking(piece(Provider::Respondent, "shop-1", &[Complainant]), &both), [Respondent]);
        let platform = [respondent(PartyKind::Platform, "")];
        assert_eq!(lacking(piece(Provider::Complainant, "", &[]), &platform), NOBODY);
        assert_eq!(lacking(piece(Provider::Platform, "", &[]), &platform), [Complainant]);
    }

    #[test]
    fn another_members_evidence_is_shown_to_the_respondent_and_not_to_this_complainant() {
        let shop = [respondent(PartyKind::Merchant, "shop-1")];
        let of =
            |provider, provider_ref| Cited { of_other_member: true, ..piece(provider, provider_ref, &[]) };
        assert_eq!(lacking(of(Provider::Complainant, ""), &shop), [Audience::Respondent]);
        assert_eq!(lacking(of(Provider::Respondent, "shop-1"), &shop), NOBODY);
    }

    #[test]
    fn what_was_put_aside_or_not_verified_carries_nothing() {
        let mark = |n, bearing| Mark { evidence: Uuid::from_u128(n), bearing, reason: String::new() };
        let mut finding = found("defect", 1);
        finding.marks = vec![
            mark(3, Bearing::Contradicts),
            mark(2, Bearing::Supports),
            mark(4, Bearing::Unverified),
            mark(5, Bearing::Discarded),
        ];
        assert_eq!(carrying([&finding, &finding]), [Uuid::from_u128(2), Uuid::from_u128(3)]);
    }
}
