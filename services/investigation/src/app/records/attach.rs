//! Makes evidence of what the platform holds: through the same door as every other file, with its source and time, its
//! hash and its link in the chain of custody (F027).
//!
//! A record is brought under a name that follows from its complaint and its content. A process that dies between two records, or before
//! the question is settled, therefore brings the same record again without an effect.

use std::collections::HashMap;
use std::convert::Infallible;

use futures::stream;
use redress_domain::{ErrorKind, Principal, Role};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::submit_evidence_request::Part;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Failure;
use super::answer::{self, Found};
use crate::app::evidence::{Files, submit};
use crate::app::wire::evidence_type;
use crate::domain::evidence::{EvidenceType, MediaType, Provider, size_limit};
use crate::domain::records::RecordState;
use crate::error::Error;
use crate::store::record::{Leased, Record};

/// The records of an answer as evidence, with those that it should have brought and did not.
pub(super) async fn all(files: &Files, leased: &Leased, found: Vec<Found>) -> Result<Vec<Record>, Failure> {
    let mut ordinals: HashMap<EvidenceType, i32> = HashMap::new();
    let mut records = Vec::with_capacity(found.len());
    for found in found {
        let ordinal = ordinals.entry(found.kind).and_modify(|n| *n += 1).or_insert(1);
        records.push(one(files, leased, found, *ordinal).await?);
    }
    let held: Vec<EvidenceType> = ordinals.into_keys().collect();
    records.extend(answer::missing(leased, RecordState::Absent, &held));
    Ok(records)
}

async fn one(files: &Files, leased: &Leased, found: Found, ordinal: i32) -> Result<Record, Failure> {
    let reference = || serde_json::to_vec(&found.media).unwrap_or_default();
    let (content, media_type) = match (found.content.is_empty(), &found.media) {
        (true, Some(_)) => (reference(), MediaType::Json.code()),
        _ => (found.content.clone(), found.media_type.as_str()),
    };
    let sha256: [u8; 32] = Sha256::digest(&content).into();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let header = wire::EvidenceHeader {
        request_id: format!("{}.{}.{ordinal}.{}", leased.complaint, found.kind, hex::encode(&sha256[..16])),
        complaint_id: leased.complaint.to_string(),
        r#type: evidence_type(kept_as(found.kind, &media_type)).into(),
        media_type,
        sha256: hex::encode(sha256),
        size: i64::try_from(content.len()).ok(),
        // The platform's clock may be ahead of ours.
        obtained_at: Some(to_wire_time(found.obtained_at.min(files.desk.now()))),
        provider: wire::EvidenceProvider::Platform.into(),
        source_system: found.source_system.clone(),
        description: found.kind.code().to_owned(),
        ..wire::EvidenceHeader::default()
    };
    let message = |part| Ok::<_, Infallible>(wire::SubmitEvidenceRequest { part: Some(part) });
    let messages = stream::iter([message(Part::Header(header)), message(Part::Chunk(content))]);
    let kept = submit(files, &itself(leased), messages).await.map_err(|error| failure(&error))?;
    let evidence = kept.evidence.and_then(|item| Uuid::try_parse(&item.evidence_id).ok());
    Ok(Record {
        kind: found.kind,
        ordinal,
        question: leased.question,
        state: RecordState::Held,
        evidence: Some(evidence.ok_or(Failure::Again("the record was not shown"))?),
        source_system: found.source_system,
        obtained_at: Some(found.obtained_at),
        sha256: sha256.to_vec(),
    })
}

/// Its own type, where evidence of that type may have this form; a description of a film, say, is evidence too.
fn kept_as(kind: EvidenceType, media_type: &str) -> EvidenceType {
    let fits = media_type.parse().is_ok_and(|media| size_limit(kind, media, Provider::Platform).is_ok());
    if fits { kind } else { EvidenceType::Other }
}

/// The service brings it, as staff would.
fn itself(leased: &Leased) -> Principal {
    Principal { tenant: leased.tenant.clone(), subject: crate::SOURCE.to_owned(), roles: vec![Role::Handler] }
}

/// What cannot be taken now may be taken later, unless the case is over.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Told(problem) if problem.reason == crate::domain::Refusal::NotOpen.reason() => {
            Failure::Never("the complaint is over")
        }
        Error::Told(problem) if problem.kind == ErrorKind::InvalidArgument => {
            Failure::Again("a record is not what it says")
        }
        _ => Failure::Again("it could not be kept"),
    }
}
