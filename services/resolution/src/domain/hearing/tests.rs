use jiff::SignedDuration;
use redress_domain::Origin;
use uuid::Uuid;

use super::super::appeal::{AppealState, Ground};
use super::*;

const FILED: Timestamp = Timestamp::UNIX_EPOCH;
const NOBODY: [Side; 0] = [];
const UNSEEN_BY_NOBODY: [Audience; 0] = [];
const TERM: SignedDuration = SignedDuration::from_hours(48);

fn facts(respondents: &[(PartyKind, &str)]) -> Facts {
    let respondent = |(kind, reference): &(PartyKind, &str)| Respondent {
        kind: *kind,
        reference: (*reference).to_owned(),
    };
    Facts {
        complaint_no: String::new(),
        received_at: FILED,
        submitted_by: String::new(),
        origin: Origin::Consumer,
        complainant_kind: PartyKind::Consumer,
        respondents: respondents.iter().map(respondent).collect(),
        order_no: String::new(),
        currency: None,
        paid: None,
    }
}

fn appeal(appellant: Side, evidence: &[&str]) -> Appeal {
    let evidence = evidence.iter().map(|id| (*id).to_owned()).collect();
    Appeal {
        id: Uuid::nil(),
        appellant,
        grounds: vec![Ground { number: 1, code: "facts".into(), evidence }],
        human_required: false,
        state: AppealState::UnderReview,
        filed_at: FILED,
        reply_until: Some(FILED + TERM),
        replies: Vec::new(),
        reviewer: String::new(),
        seconded_by: String::new(),
        outcome: None,
        next: None,
        decided_at: None,
        terms: Vec::new(),
        case_outcome: None,
        by_rejection: false,
        void_reason: String::new(),
    }
}

fn reply(side: Side, evidence: &[&str]) -> Reply {
    let evidence: Vec<_> = evidence.iter().map(|id| (*id).to_owned()).collect();
    Reply { side, nothing_to_add: evidence.is_empty(), evidence, at: FILED }
}

fn piece(brought_by: Option<Audience>, shown: &[Audience]) -> Piece {
    Piece { id: "e-1".into(), brought_by, shown: shown.iter().copied().collect() }
}

fn lacking(facts: &Facts, appeal: &Appeal, piece: Piece) -> Vec<Audience> {
    unseen(facts, appeal, &[piece]).into_iter().map(|(_, audience)| audience).collect()
}

#[test]
fn every_other_party_is_waited_for_and_the_platform_is_not() {
    let shop = (PartyKind::Merchant, "shop-1");
    let both = facts(&[shop, (PartyKind::Anchor, "anchor-1"), (PartyKind::Platform, "")]);
    let (complainant, shop_1) = (Side::complainant(), Side::respondent("shop-1"));
    let anchor = Side::respondent("anchor-1");
    assert_eq!(others(&both, &complainant), [anchor.clone(), shop_1.clone()]);
    assert_eq!(others(&both, &shop_1), [complainant.clone(), anchor]);
    assert_eq!(others(&facts(&[shop, shop]), &complainant), [shop_1], "named twice, heard once");
    assert_eq!(others(&facts(&[(PartyKind::Platform, "")]), &complainant), NOBODY);
}

#[test]
fn a_party_has_its_time_to_reply_and_no_more_and_who_has_replied_is_waited_for_no_longer() {
    let both = facts(&[(PartyKind::Merchant, "shop-1"), (PartyKind::Anchor, "anchor-1")]);
    let (shop, anchor) = (Side::respondent("shop-1"), Side::respondent("anchor-1"));
    let mut filed = appeal(Side::complainant(), &[]);
    assert_eq!(awaited(&both, &filed, FILED + TERM), [anchor.clone(), shop.clone()], "to the due instant");
    assert_eq!(awaited(&both, &filed, FILED + TERM + SignedDuration::from_micros(1)), NOBODY);
    filed.replies.push(reply(shop, &[]));
    assert_eq!(awaited(&both, &filed, FILED), std::slice::from_ref(&anchor));
    filed.replies.push(reply(anchor, &["e-1"]));
    assert_eq!(awaited(&both, &filed, FILED), NOBODY);
    filed.replies.clear();
    filed.reply_until = None;
    assert_eq!(awaited(&both, &filed, FILED), NOBODY, "no time was announced");
}

#[test]
fn what_one_side_names_the_other_is_shown_unless_it_brought_it() {
    use Audience::{Complainant, Respondent};
    let shop = facts(&[(PartyKind::Merchant, "shop-1")]);
    let filed = appeal(Side::complainant(), &["e-1"]);
    assert_eq!(lacking(&shop, &filed, piece(Some(Complainant), &[])), [Respondent]);
    assert_eq!(lacking(&shop, &filed, piece(Some(Complainant), &[Respondent])), UNSEEN_BY_NOBODY);
    assert_eq!(lacking(&shop, &filed, piece(Some(Respondent), &[Complainant])), UNSEEN_BY_NOBODY);
    assert_eq!(lacking(&shop, &filed, piece(None, &[])), [Complainant, Respondent]);
    let unnamed = Piece { id: "e-2".into(), ..piece(None, &[]) };
    assert_eq!(lacking(&shop, &filed, unnamed), UNSEEN_BY_NOBODY, "nothing rests on it");

    let mut replied = appeal(Side::complainant(), &[]);
    replied.replies.push(reply(Side::respondent("shop-1"), &["e-1"]));
    assert_eq!(lacking(&shop, &replied, piece(Some(Respondent), &[])), [Complainant]);
    let platform = facts(&[(PartyKind::Platform, "")]);
    assert_eq!(lacking(&platform, &filed, piece(Some(Complainant), &[])), UNSEEN_BY_NOBODY);
}

#[test]
fn what_one_of_several_respondents_names_the_others_are_shown() {
    use Audience::{Complainant, Respondent};
    let both = facts(&[(PartyKind::Merchant, "shop-1"), (PartyKind::Anchor, "anchor-1")]);
    let of_shop = appeal(Side::respondent("shop-1"), &["e-1"]);
    assert_eq!(lacking(&both, &of_shop, piece(Some(Respondent), &[Complainant])), [Respondent]);
    assert_eq!(
        lacking(&both, &of_shop, piece(Some(Respondent), &[Complainant, Respondent])),
        UNSEEN_BY_NOBODY
    );
}
