//! The chain of offers: every act of the parties and of the platform, each bound to the one before by its hash (T20).

use jiff::Timestamp;
use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::guard::Refusal;
use super::party::Side;
use super::terms::RemedyTerms;
use super::text::{is_reference, is_sha256};

coded_enum! {
    /// What happened to an offer.
    OfferAction {
        /// It was put to the parties.
        Proposed = "proposed",
        /// Accepted.
        Accepted = "accepted",
        /// Declined.
        Declined = "declined",
        /// Answered with another offer.
        Countered = "countered",
        /// Not answered in time.
        Expired = "expired",
        /// A later revision took its place.
        Superseded = "superseded",
        /// Taken back, or closed with the mediation or the case.
        Revoked = "revoked",
    }
}

coded_enum! {
    /// How it is proved that a party agrees (L02, L09).
    ConsentKind {
        /// The party's own call.
        OwnAct = "own_act",
        /// A signed power of attorney that covers settling.
        Mandate = "mandate",
        /// A signed document.
        SignedDocument = "signed_document",
        /// A recorded call.
        RecordedCall = "recorded_call",
    }
}

/// The proof of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Of which kind.
    pub kind: ConsentKind,
    /// Where it lies.
    pub reference: String,
    /// Hash of the document or recording, hexadecimal.
    pub sha256: String,
    /// What the party consents to, see [`option_sha256`](super::proposal::option_sha256); empty where no option is
    /// accepted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub option_sha256: String,
}

impl Consent {
    /// The party's own call.
    pub const fn own() -> Self {
        Self {
            kind: ConsentKind::OwnAct,
            reference: String::new(),
            sha256: String::new(),
            option_sha256: String::new(),
        }
    }

    /// Bound to the option that is accepted. A party's own call names it already; whatever proves another's consent must
    /// itself name it.
    pub fn bound_to(self, option_sha256: &str) -> Result<Self, Refusal> {
        if self.kind != ConsentKind::OwnAct && self.option_sha256 != option_sha256 {
            return Err(Refusal::ConsentToOther);
        }
        Ok(Self { option_sha256: option_sha256.to_owned(), ..self })
    }

    /// Whether it proves that somebody else than the caller agrees (L02).
    pub fn proves_for_another(&self) -> bool {
        self.kind != ConsentKind::OwnAct
            && !self.reference.is_empty()
            && is_reference(&self.reference)
            && is_sha256(&self.sha256)
    }
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkBody {
    /// Its place in the case's chain, from 1.
    pub sequence: u32,
    /// The proposal.
    pub proposal: Uuid,
    /// The revision.
    pub revision: u32,
    /// The option; 0 where the whole revision is meant.
    pub option: u32,
    /// What happened.
    pub action: OfferAction,
    /// Whose act; none for the platform's.
    pub side: Option<Side>,
    /// The subject of the token, or the service.
    pub actor: String,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The proof of consent.
    pub consent: Option<Consent>,
    /// Hash of the sealed comment, hexadecimal; empty without one. It outlives the comment's erasure.
    pub comment_sha256: String,
    /// What a counter-offer asks for.
    pub counter_terms: Vec<RemedyTerms>,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub body: LinkBody,
    /// Hash of the link before, hexadecimal; empty for the first.
    pub previous: String,
    /// Its own hash, hexadecimal.
    pub hash: String,
}

/// Where a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the chain is broken at link {sequence}")]
pub struct Broken {
    /// The first link that does not fit.
    pub sequence: u32,
}

/// The link that says `body` after a link of hash `previous`.
pub fn link(body: LinkBody, previous: &str) -> Link {
    let hash = hash(&body, previous);
    Link { body, previous: previous.to_owned(), hash }
}

/// Whether every link of a whole chain has its place, names the one before and says what its hash says; and whether the
/// last one is that of `head`, so that a cut tail shows.
pub fn verify(chain: &[Link], head: (u32, &str)) -> Result<(), Broken> {
    let mut previous = "";
    for (place, link) in (1_u32..).zip(chain) {
        let fits = link.body.sequence == place
            && link.previous == previous
            && link.hash == hash(&link.body, previous);
        if !fits {
            return Err(Broken { sequence: place });
        }
        previous = &link.hash;
    }
    let length = u32::try_from(chain.len()).unwrap_or(u32::MAX);
    if (length, previous) == head { Ok(()) } else { Err(Broken { sequence: length + 1 }) }
}

fn hash(body: &LinkBody, previous: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"redress/offer/1");
    hash.update((previous.len() as u64).to_be_bytes());
    hash.update(previous.as_bytes());
    // The fields in the order of their declaration; a body always encodes.
    hash.update(serde_json::to_vec(body).unwrap_or_default());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(length: u32) -> Vec<Link> {
        let mut chain: Vec<Link> = Vec::new();
        for sequence in 1..=length {
            let body = LinkBody {
                sequence,
                proposal: Uuid::from_u128(7),
                revision: 1,
                option: sequence % 3,
                action: OfferAction::ALL[sequence as usize % OfferAction::ALL.len()],
                side: (sequence % 2 == 0).then(Side::complainant),
                actor: format!("s-{sequence}"),
                at: Timestamp::from_second(1_800_000_000 + i64::from(sequence)).unwrap(),
                consent: Some(Consent::own()),
                comment_sha256: String::new(),
                counter_terms: vec![crate::domain::terms::tests::refund(i64::from(sequence))],
            };
            let previous = chain.last().map_or(String::new(), |link| link.hash.clone());
            chain.push(link(body, &previous));
        }
        chain
    }

    fn head(chain: &[Link]) -> (u32, String) {
        (u32::try_from(chain.len()).unwrap(), chain.last().map_or(String::new(), |l| l.hash.clone()))
    }

    proptest! {
        #[test]
        fn a_link_changed_cut_or_moved_is_found(length in 2_u32..12, at in 0_usize..12, how in 0..4) {
            let whole = chain(length);
            let (count, last) = head(&whole);
            prop_assert_eq!(verify(&whole, (count, &last)), Ok(()));
            let at = at % whole.len();
            let mut broken = whole.clone();
            match how {
                0 => broken[at].body.option += 1,
                1 => { broken.pop(); }
                2 => { broken.remove(at); }
                _ => broken.swap(at, (at + 1) % length as usize),
            }
            prop_assert!(verify(&broken, (count, &last)).is_err());
        }
    }

    #[test]
    fn a_body_read_back_from_json_has_the_same_hash() {
        for one in chain(8) {
            let json = serde_json::to_value(&one.body).unwrap();
            let body: LinkBody = serde_json::from_value(json).unwrap();
            assert_eq!(link(body, &one.previous), one);
        }
    }

    #[test]
    fn only_a_document_or_recording_with_its_hash_proves_anothers_consent() {
        let consent = |kind, reference: &str, sha256: String| Consent {
            kind,
            reference: reference.into(),
            sha256,
            ..Consent::own()
        };
        let hash = "ab".repeat(32);
        assert!(consent(ConsentKind::Mandate, "e-1", hash.clone()).proves_for_another());
        assert!(!consent(ConsentKind::OwnAct, "e-1", hash.clone()).proves_for_another());
        assert!(!consent(ConsentKind::Mandate, "", hash).proves_for_another());
        assert!(!consent(ConsentKind::RecordedCall, "e-1", "AB".repeat(32)).proves_for_another());
    }
}
