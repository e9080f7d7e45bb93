//! Reports: the handling report to the complainant (F084), the closing report for the file (F151).

use jiff::Timestamp;
use redress_domain::{ComplaintId, coded_enum};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

coded_enum! {
    /// Which report.
    ReportKind {
        /// To the complainant, seven parts.
        Handling = "handling",
        /// For the file.
        Closing = "closing",
    }
}

/// A report; its words are sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// Which.
    pub kind: ReportKind,
    /// The filing number.
    pub filing_no: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// By whom.
    pub issued_by: String,
    /// Hexadecimal SHA-256 of its parts.
    pub sha256: String,
    /// The language it is written in.
    pub language: String,
}

/// Languages that reports are written in.
pub const LANGUAGES: [&str; 3] = ["zh-Hans", "zh-Hant", "en"];

/// The hash of a report's parts as they are encoded.
pub fn digest(parts: &[u8]) -> String {
    hex::encode(Sha256::digest(parts))
}

/// A filing number (备案号): the complaint's number, the kind, and which of its reports it is.
pub fn filing_no(complaint_no: &str, complaint: ComplaintId, kind: ReportKind, count: usize) -> String {
    let letter = match kind {
        ReportKind::Handling => 'H',
        ReportKind::Closing => 'C',
    };
    if complaint_no.is_empty() {
        format!("{complaint}-{letter}{count}")
    } else {
        format!("{complaint_no}-{letter}{count}")
    }
}
