//! A letter as it is sent and kept.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A letter in the words of its language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The subject, one line.
    pub subject: String,
    /// The letter, which begins with its own plain summary.
    pub body: String,
    /// The summary alone: two or three sentences in plain language (F178).
    pub plain: String,
}

impl Letter {
    /// What proves later what was sent: SHA-256 of subject, a blank line, and body.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(&self.subject)
            .chain_update("\n\n")
            .chain_update(&self.body)
            .finalize()
            .into()
    }
}

impl std::fmt::Debug for Letter {
    /// Without a word of it: letters are personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(..)")
    }
}
