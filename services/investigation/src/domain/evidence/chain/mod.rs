//! The chain of custody of a complaint's evidence: what came, who saw it, what was made of it, who took it away.
//!
//! Each link is text. Its digest is the SHA-256 of that text to the letter, its hash that of three lines: the hash before
//! it, its number, its digest. So `sha256sum` alone checks a chain, and a link whose text is nobody else's business can
//! be shown by its digest without breaking the chain. A random value in each text keeps a digest from being guessed.
//!
//! How many links there are, and the last hash, is kept beside the chain (the anchor): else nobody would miss the last.

mod check;

use jiff::Timestamp;
use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Audience, EvidenceType, MediaType, Provider};

pub use check::{Checker, Fault, FaultKind, Found};

/// A SHA-256.
pub type Hash = [u8; 32];

coded_enum! {
    /// What happened to a piece of evidence.
    Happening {
        /// It was received whole.
        Received = "received",
        /// Its original was opened.
        Viewed = "viewed",
        /// A copy for an audience was made, or withheld.
        Rendered = "rendered",
        /// A copy was opened.
        CopyViewed = "copy_viewed",
        /// A pack with all that its taker may see was handed out.
        Exported = "exported",
    }
}

/// The text of a link, before it is text. Fields keep their order and their names for ever: they are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What happened.
    pub event: Happening,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// Who did it: the subject of a token, or this service.
    pub actor: String,
    /// What for, as a code; empty where it explains itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// The piece; absent for a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// The copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Copy>,
    /// For whom a pack was made; absent for everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// Random, hexadecimal.
    pub nonce: String,
}

/// A piece of evidence as a link names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id.
    pub evidence_id: Uuid,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EvidenceType,
    /// Its form.
    pub media_type: MediaType,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal SHA-256 of the original.
    pub sha256: String,
    /// Where it comes from.
    pub provider: Provider,
    /// The system it was taken from; empty for what people sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_system: String,
    /// When it was made or taken, as its provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtained_at: Option<Timestamp>,
}

/// A copy as a link names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// Its id.
    pub rendition_id: Uuid,
    /// For whom.
    pub audience: Audience,
    /// The version of the policy that decided what is left out.
    pub policy_version: String,
    /// What was done, as a code.
    pub treatment: String,
    /// Lower-case hexadecimal SHA-256 of what is shown; empty if withheld.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

impl Entry {
    /// The text that is hashed.
    ///
    /// # Errors
    /// None in practice: all fields have a text.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// Before the first link: no two chains begin alike, so none can stand for another.
pub fn genesis(tenant: &str, complaint: Uuid) -> Hash {
    Sha256::digest(format!("redress/custody/1\n{tenant}\n{complaint}\n")).into()
}

/// The digest of a link's text.
pub fn digest(text: &str) -> Hash {
    Sha256::digest(text).into()
}

/// The hash of link `seq` (from 1) behind `previous`.
pub fn link(previous: &Hash, seq: u64, digest: &Hash) -> Hash {
    Sha256::digest(format!("{}\n{seq}\n{}\n", hex::encode(previous), hex::encode(digest))).into()
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// How many links there are.
    pub count: u64,
    /// The hash of the last one, or of the beginning.
    pub head: Hash,
}

impl Anchor {
    /// A chain without links.
    pub fn empty(tenant: &str, complaint: Uuid) -> Self {
        Self { count: 0, head: genesis(tenant, complaint) }
    }

    /// The chain with one more link. Answers with the link's hash as the new head.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        let count = self.count + 1;
        Self { count, head: link(&self.head, count, &digest(text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_link_is_fixed() {
        let entry = Entry {
            event: Happening::Received,
            at: "2026-11-25T04:00:00.000001Z".parse().unwrap(),
            actor: "u1".into(),
            purpose: String::new(),
            item: Some(Item {
                evidence_id: Uuid::from_u128(1),
                kind: EvidenceType::Invoice,
                media_type: MediaType::Pdf,
                size: 3,
                sha256: "ab".into(),
                provider: Provider::Complainant,
                source_system: String::new(),
                obtained_at: None,
            }),
            copy: None,
            audience: None,
            nonce: "00".into(),
        };
        let text = entry.text().unwrap();
        let expected = concat!(
            r#"{"event":"received","at":"2026-11-25T04:00:00.000001Z","actor":"u1","item":{"evidence_id":"#,
            r#""00000000-0000-0000-0000-000000000001","type":"invoice","media_type":"application/pdf","size":3,"#,
            r#""sha256":"ab","provider":"complainant"},"nonce":"00"}"#
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
