//! What a file is said to be, checked as far as it can be without the file.

use jiff::Timestamp;
use redress_domain::{Problem, Violations};
use redress_proto::investigation::v1 as wire;
use uuid::Uuid;

use super::told;
use crate::app::wire as words;
use crate::app::{code, fits, text};
use crate::domain::evidence::{EvidenceType, MediaType, Provider};
use crate::store::evidence::Refused;

/// Characters of a file's name and of words on it, at most.
const NAME: usize = 200;
const DESCRIPTION: usize = 2_000;
const MEDIA_TYPE: usize = 100;

/// A header that reads.
pub(super) struct Header {
    pub(super) message: wire::EvidenceHeader,
    pub(super) kind: EvidenceType,
    /// None where it is one that is not taken.
    pub(super) media: Option<MediaType>,
    pub(super) request: Option<Uuid>,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) obtained_at: Option<Timestamp>,
    pub(super) provider: Option<Provider>,
}

impl Header {
    /// Reads it; all that is wrong with it at once.
    pub(super) fn read(message: wire::EvidenceHeader, now: Timestamp) -> Result<Self, Problem> {
        let mut found = Violations::default();
        let kind = words::read_evidence_type(message.r#type());
        if kind.is_none() {
            found.add("type", "REQUIRED", "a type of evidence is expected");
        }
        if message.media_type.is_empty() {
            found.add("mediaType", "REQUIRED", "a media type is expected");
        }
        text(&mut found, "fileName", &message.file_name, NAME, false);
        text(&mut found, "description", &message.description, DESCRIPTION, false);
        if !message.source_system.is_empty() {
            code(&mut found, "sourceSystem", &message.source_system);
        }
        let size = message.size.map(|size| u64::try_from(size).unwrap_or_default());
        if size == Some(0) {
            found.add("size", "OUT_OF_RANGE", "at least 1");
        }
        let sha256 = read_hash(&message.sha256);
        if sha256.is_none() && !message.sha256.is_empty() {
            found.add("sha256", "MALFORMED", "64 hexadecimal digits are expected");
        }
        let obtained_at = words::read_time(&mut found, "obtainedAt", message.obtained_at.as_ref());
        if obtained_at.is_some_and(|at| at > now) {
            found.add("obtainedAt", "OUT_OF_RANGE", "not in the future");
        }
        let request = Uuid::try_parse(&message.evidence_request_id).ok();
        if request.is_none() && !message.evidence_request_id.is_empty() {
            found.add("evidenceRequestId", "MALFORMED", "an id is expected");
        }
        fits(found)?;
        let kind = kind.ok_or_else(|| words::unknown("type"))?;
        let media = message.media_type.to_ascii_lowercase().parse().ok();
        let provider = told::read_provider(message.provider());
        Ok(Self { message, kind, media, request, size, sha256, obtained_at, provider })
    }

    /// The call's content: what it says and what came, whether or not the hash was told before. A file is known by its
    /// hash, which covers its size.
    pub(super) fn content(&self, sha256: &[u8; 32]) -> wire::EvidenceHeader {
        wire::EvidenceHeader {
            request_id: String::new(),
            size: None,
            sha256: hex::encode(sha256),
            ..self.message.clone()
        }
    }

    /// What is kept of it if it is not taken.
    pub(super) fn refused(&self, reason: &'static str, received_bytes: u64) -> Refused {
        let media = &self.message.media_type;
        let has_form = media.len() <= MEDIA_TYPE && media.bytes().all(|b| b.is_ascii_graphic());
        Refused {
            kind: self.kind,
            media_type: if has_form { media.to_ascii_lowercase() } else { "?".to_owned() },
            reason,
            claimed_size: self.message.size,
            claimed_sha256: self.sha256.map(hex::encode).unwrap_or_default(),
            received_bytes,
            request: self.request,
        }
    }
}

fn read_hash(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}
