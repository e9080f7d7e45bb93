//! Whether each side was shown what a conclusion rests on, and had time to answer it: nothing counts that a side could
//! not answer (F003, F025).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
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
    /// For whom the latest copy shows something, with when it was made.
    pub shown: BTreeMap<Audience, Timestamp>,
}

impl Cited {
    /// Whether the complainant can know of it by a copy alone.
    fn complainant_needs(&self) -> bool {
        !self.of_other_member && self.provider != Provider::Complainant
    }

    /// The respondents who can know of it by a copy alone.
    fn respondents_who_need<'a>(&'a self, all: &'a [Respondent]) -> impl Iterator<Item = &'a Respondent> {
        let brought = move |respondent: &Respondent| {
            self.provider == Provider::Respondent && self.provider_ref == respondent.external_ref
        };
        all.iter().filter(move |one| one.kind != PartyKind::Platform && !brought(one))
    }
}

/// When a side last brought something: its view of all that it was shown before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which side.
    pub provider: Provider,
    /// Which of several respondents, by its platform reference.
    pub provider_ref: String,
    /// When.
    pub at: Timestamp,
}

/// A side that has not answered a copy yet, and still has time to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The piece.
    pub evidence: Uuid,
    /// The side.
    pub audience: Audience,
    /// Until when it is waited for.
    pub until: Timestamp,
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
        let respondent = piece.respondents_who_need(respondents).next().is_some();
        let needed = [(piece.complainant_needs(), Audience::Complainant), (respondent, Audience::Respondent)];
        let lacks = |(needed, audience): (bool, Audience)| {
            (needed && !piece.shown.contains_key(&audience)).then_some((piece.evidence, audience))
        };
        needed.into_iter().filter_map(lacks).collect::<Vec<_>>()
    };
    cited.iter().flat_map(missing).collect()
}

/// Who is still to be heard on what they were shown: a copy is laid before a side for `lasts`, unless the side, and each of
/// several respondents, has brought something since.
pub fn awaited(
    cited: &[Cited],
    respondents: &[Respondent],
    answers: &[Answer],
    (lasts, now): (SignedDuration, Timestamp),
) -> Vec<Awaited> {
    let answered = |provider: Provider, reference: Option<&str>, since: Timestamp| {
        answers.iter().any(|answer| {
            answer.provider == provider
                && reference.is_none_or(|reference| answer.provider_ref == reference)
                && answer.at > since
        })
    };
    let silent = |piece: &Cited, audience: Audience, since: Timestamp| match audience {
        Audience::Complainant => piece.complainant_needs() && !answered(Provider::Complainant, None, since),
        Audience::Respondent => piece
            .respondents_who_need(respondents)
            .any(|one| !answered(Provider::Respondent, Some(&one.external_ref), since)),
        Audience::Expert => false,
    };
    let awaited = |piece: &Cited| {
        let sides = piece.shown.iter().map(|(audience, since)| (*audience, *since));
        let open = sides.filter(|(audience, since)| silent(piece, *audience, *since));
        let until = open.map(|(audience, since)| Awaited {
            evidence: piece.evidence,
            audience,
            until: since.saturating_add(lasts).unwrap_or(Timestamp::MAX),
        });
        until.filter(|awaited| awaited.until > now).collect::<Vec<_>>()
    };
    cited.iter().flat_map(awaited).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::super::finding::tests::found;
    use super::*;

    const NOBODY: [Audience; 0] = [];
    const SHOWN: Timestamp = Timestamp::UNIX_EPOCH;
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn piece(provider: Provider, provider_ref: &str, shown: &[Audience]) -> Cited {
        Cited {
            evidence: Uuid::from_u128(1),
            of_other_member: false,
            provider,
            provider_ref: provider_ref.into(),
            shown: shown.iter().map(|audience| (*audience, SHOWN)).collect(),
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

    fn waits_for(
        piece: &Cited,
        respondents: &[Respondent],
        answers: &[Answer],
        after: SignedDuration,
    ) -> Vec<Audience> {
        let awaited = awaited(std::slice::from_ref(piece), respondents, answers, (DAY, SHOWN + after));
        assert!(awaited.iter().all(|one| one.until == SHOWN + DAY), "{awaited:?}");
        awaited.into_iter().map(|one| one.audience).collect()
    }

    #[test]
    fn a_side_has_its_time_to_answer_a_copy_and_no_more() {
        use Audience::{Complainant, Respondent};
        let shop = [respondent(PartyKind::Merchant, "shop-1")];
        let record = piece(Provider::Platform, "", &[Complainant, Respondent]);
        let short = DAY - SignedDuration::from_secs(1);
        assert_eq!(waits_for(&record, &shop, &[], SignedDuration::ZERO), [Complainant, Respondent]);
        assert_eq!(waits_for(&record, &shop, &[], short), [Complainant, Respondent]);
        assert_eq!(waits_for(&record, &shop, &[], DAY), NOBODY);
        // Nobody answers what they brought themselves, and an expert is no side.
        let own = piece(Provider::Complainant, "", &[Complainant, Respondent, Audience::Expert]);
        assert_eq!(waits_for(&own, &shop, &[], short), [Respondent]);
        let of_other = Cited { of_other_member: true, ..piece(Provider::Platform, "", &[Complainant]) };
        assert_eq!(waits_for(&of_other, &shop, &[], short), NOBODY);
    }

    #[test]
    fn who_has_answered_since_is_waited_for_no_longer_and_each_of_several_respondents_has_to() {
        use Audience::{Complainant, Respondent};
        let both = [respondent(PartyKind::Merchant, "shop-1"), respondent(PartyKind::Anchor, "anchor-1")];
        let record = piece(Provider::Platform, "", &[Complainant, Respondent]);
        let hour = SignedDuration::from_hours(1);
        let answer =
            |provider, provider_ref: &str, at| Answer { provider, provider_ref: provider_ref.into(), at };
        let complainant = answer(Provider::Complainant, "", SHOWN + hour);
        let shop = answer(Provider::Respondent, "shop-1", SHOWN + hour);
        let anchor = answer(Provider::Respondent, "anchor-1", SHOWN + hour);
        let before = answer(Provider::Respondent, "anchor-1", SHOWN);
        assert_eq!(waits_for(&record, &both, std::slice::from_ref(&complainant), hour), [Respondent]);
        assert_eq!(waits_for(&record, &both, &[complainant.clone(), shop.clone()], hour), [Respondent]);
        assert_eq!(waits_for(&record, &both, &[shop.clone(), before], hour), [Complainant, Respondent]);
        assert_eq!(waits_for(&record, &both, &[complainant, shop.clone(), anchor], hour), NOBODY);
        let of_the_anchor = piece(Provider::Respondent, "anchor-1", &[Respondent]);
        assert_eq!(waits_for(&of_the_anchor, &both, &[shop], hour), NOBODY);
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
