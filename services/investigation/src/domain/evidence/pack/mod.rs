//! An evidence pack: what lies in the zip, and how a stranger checks it.
//!
//! ```text
//! VERIFY.md        what to do, in Chinese and English
//! SHA256SUMS       the hash of every other file; `sha256sum -c SHA256SUMS` checks them
//! manifest.json    the case, its items, what was shown of them, the end of the chain
//! chain.jsonl      the chain of custody, a link a line
//! files/…          originals
//! copies/…         what an audience was shown
//! ```

mod check;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chain::{self, Hash};
use super::{Audience, MediaType};

pub use check::{Report, check};

/// The instructions.
pub const VERIFY: &str = include_str!("../../../../data/pack/VERIFY.md");
/// Names of the fixed files.
pub const SUMS: &str = "SHA256SUMS";
/// The case and its items.
pub const MANIFEST: &str = "manifest.json";
/// The chain.
pub const CHAIN: &str = "chain.jsonl";
/// The instructions' name.
pub const VERIFY_NAME: &str = "VERIFY.md";

/// The case and its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form: 1.
    pub format: u32,
    /// The tenant.
    pub tenant: String,
    /// The complaint.
    pub complaint_id: Uuid,
    /// For whom the pack was made; absent for everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// When.
    pub made_at: Timestamp,
    /// How many links the chain has.
    pub links: u64,
    /// Lower-case hexadecimal hash of the last link.
    pub head: String,
    /// The items, in the order of the chain.
    pub items: Vec<Item>,
}

/// An item of the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What was received, as the chain has it; absent where only a copy may be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<chain::Item>,
    /// The original's file; absent where it may not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The link by which it was received.
    pub seq: u64,
    /// Copies made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copy>,
}

/// A copy in the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// What was made, as the chain has it.
    pub made: chain::Copy,
    /// Its file; absent if nothing is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why nothing is shown, as a code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub withheld_reason: String,
}

/// A line of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The link's number, from 1.
    pub seq: u64,
    /// Its text to the letter; absent where it is not the reader's affair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The text's digest, hexadecimal.
    pub digest: String,
    /// The link's hash, hexadecimal.
    pub hash: String,
}

impl Line {
    /// A link with its text, if the reader may see it.
    pub fn new(seq: u64, entry: &str, hash: &Hash, shown: bool) -> Self {
        Self {
            seq,
            entry: shown.then(|| entry.to_owned()),
            digest: hex::encode(chain::digest(entry)),
            hash: hex::encode(hash),
        }
    }
}

/// The name of an original's file.
pub fn file_name(seq: u64, item: &chain::Item) -> String {
    format!("files/{seq:05}-{}-{}.{}", item.kind, item.evidence_id.simple(), item.media_type.extension())
}

/// The name of a copy's file.
pub fn copy_name(seq: u64, copy: &chain::Copy, media: MediaType) -> String {
    let id = copy.rendition_id.simple();
    format!("copies/{seq:05}-for-{}-{id}.{}", copy.audience, media.extension())
}

/// A line of the list of hashes, as `sha256sum` writes it.
pub fn sum(hash: &str, name: &str) -> String {
    format!("{hash}  {name}\n")
}
