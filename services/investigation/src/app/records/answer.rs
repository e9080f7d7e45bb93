//! What the platform answers: checked as a whole before anything of it is kept.

use jiff::{SignedDuration, Timestamp};
use redress_domain::{TenantId, derived_id, whole_microseconds};
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1 as wire;
use serde::Serialize;
use uuid::Uuid;

use super::{Failure, not_held};
use crate::app::wire::read_evidence_type;
use crate::domain::evidence::EvidenceType;
use crate::domain::records::{Question, RecordState};
use crate::domain::timeline::{Entry, Source, Visibility};
use crate::store::record::{Leased, Record};

/// Records of one answer, the size of one, and what one may tell.
const RECORDS: usize = 50;
const CONTENT: usize = 512 * 1024;
const EVENTS: usize = 200;
/// How far the platform's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What an answer says.
pub(super) struct Read {
    /// The records.
    pub(super) records: Vec<Found>,
    /// What they tell of the course of events.
    pub(super) events: Vec<Kept>,
}

/// A record as it came.
pub(super) struct Found {
    pub(super) kind: EvidenceType,
    pub(super) source_system: String,
    pub(super) obtained_at: Timestamp,
    pub(super) media_type: String,
    pub(super) content: Vec<u8>,
    pub(super) media: Option<Media>,
}

/// Where large media lie at the platform. The reference becomes evidence, with their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Media {
    uri: String,
    sha256: String,
    size: i64,
    #[serde(rename = "media_type")]
    form: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Something that happened, by the platform's records.
pub(super) struct Kept {
    source: Source,
    at: Timestamp,
    code: String,
}

impl Kept {
    /// The entry of the timeline. Its id follows from what it says, so that the same event is entered once.
    pub(super) fn entry(&self, tenant: &TenantId, complaint: Uuid) -> (TenantId, Uuid, Entry) {
        let at = self.at.as_microsecond().to_be_bytes();
        let parts: [&[u8]; 5] = [
            tenant.as_str().as_bytes(),
            complaint.as_bytes(),
            self.source.code().as_bytes(),
            &at,
            self.code.as_bytes(),
        ];
        let entry = Entry {
            at: self.at,
            id: derived_id("redress/timeline/1", &parts),
            source: self.source,
            code: self.code.clone(),
            about: None,
            actor: String::new(),
            visibility: Visibility::Everybody,
        };
        (tenant.clone(), complaint, entry)
    }
}

/// Reads an answer. One that does not fit is asked for again as a whole: half of it may be as wrong as the rest.
pub(super) fn read(
    question: Question,
    records: Vec<wire::PlatformRecord>,
    now: Timestamp,
) -> Result<Read, Failure> {
    if records.len() > RECORDS {
        return Err(Failure::Again("too many records"));
    }
    let latest = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut read = Read { records: Vec::with_capacity(records.len()), events: Vec::new() };
    for record in records {
        for event in &record.events {
            read.events
                .push(event_of(question.source(), event).ok_or(Failure::Again("an event does not fit"))?);
        }
        let found = record_of(record, latest).ok_or(Failure::Again("a record does not fit"))?;
        read.records.push(found);
    }
    if read.events.len() > EVENTS {
        return Err(Failure::Again("too many events"));
    }
    Ok(read)
}

fn record_of(record: wire::PlatformRecord, latest: Timestamp) -> Option<Found> {
    let kind = read_evidence_type(record.r#type())?;
    let obtained_at = whole_microseconds(from_wire_time(&record.obtained_at?).ok()?);
    let fits = is_code(&record.source_system)
        && obtained_at <= latest
        && record.content.len() <= CONTENT
        && (record.content.is_empty() || is_media_type(&record.media_type));
    let media = match record.media {
        Some(media) => Some(media_of(media)?),
        None => None,
    };
    let something = !record.content.is_empty() || media.is_some();
    (fits && something).then_some(Found {
        kind,
        source_system: record.source_system,
        obtained_at,
        media_type: record.media_type,
        content: record.content,
        media,
    })
}

fn media_of(media: wire::MediaReference) -> Option<Media> {
    let time = |time: Option<pbjson_types::Timestamp>| match time {
        Some(time) => from_wire_time(&time).ok().map(Some),
        None => Some(None),
    };
    let uri = (1..=512).contains(&media.uri.len()) && !media.uri.chars().any(char::is_control);
    let hash = hex::decode(&media.sha256).is_ok_and(|hash| hash.len() == 32);
    (uri && hash && media.size >= 0).then_some(Media {
        uri: media.uri,
        sha256: media.sha256.to_ascii_lowercase(),
        size: media.size,
        form: media.media_type,
        from: time(media.from)?,
        to: time(media.to)?,
    })
}

fn event_of(source: Source, event: &wire::PlatformEvent) -> Option<Kept> {
    let at = from_wire_time(event.at.as_ref()?).ok().filter(|at| *at >= Timestamp::UNIX_EPOCH)?;
    is_code(&event.code).then(|| Kept { source, at: whole_microseconds(at), code: event.code.clone() })
}

fn is_code(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn is_media_type(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/.+-_;= ".contains(&b);
    (3..=100).contains(&text.len()) && text.contains('/') && text.bytes().all(plain)
}

/// The records that a question should have brought, but for those that are `held`.
pub(super) fn missing(leased: &Leased, state: RecordState, held: &[EvidenceType]) -> Vec<Record> {
    let expected = leased.question.expected().iter().filter(|kind| !held.contains(kind));
    expected.map(|kind| not_held(leased, *kind, state)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_proto::convert::to_wire_time;

    fn record() -> wire::PlatformRecord {
        wire::PlatformRecord {
            r#type: wire::EvidenceType::OrderRecord.into(),
            source_system: "oms".into(),
            obtained_at: Some(to_wire_time(Timestamp::from_second(1_000).unwrap())),
            media_type: "application/json".into(),
            content: b"{}".to_vec(),
            media: None,
            events: vec![wire::PlatformEvent {
                at: Some(to_wire_time(Timestamp::from_second(900).unwrap())),
                code: "order_placed".into(),
            }],
        }
    }

    #[test]
    fn an_answer_is_taken_as_a_whole_or_not_at_all() {
        let now = Timestamp::from_second(1_000).unwrap();
        let taken = |records: Vec<wire::PlatformRecord>| read(Question::Order, records, now).is_ok();
        assert!(taken(vec![]) && taken(vec![record()]));
        let media =
            wire::MediaReference { uri: "s3://a/b".into(), sha256: "ab".repeat(32), ..Default::default() };
        let with = |change: fn(&mut wire::PlatformRecord)| {
            let mut changed = record();
            change(&mut changed);
            vec![record(), changed]
        };
        assert!(taken(vec![wire::PlatformRecord { content: vec![], media: Some(media), ..record() }]));
        assert!(!taken(with(|r| r.content.clear())));
        assert!(!taken(with(|r| r.content = vec![0; CONTENT + 1])));
        assert!(!taken(with(|r| r.r#type = 99)));
        assert!(!taken(with(|r| r.source_system = "张三".into())));
        assert!(!taken(with(|r| r.obtained_at = Some(to_wire_time(Timestamp::from_second(1_400).unwrap())))));
        assert!(!taken(with(|r| r.media = Some(wire::MediaReference::default()))));
        assert!(!taken(with(|r| r.events[0].code = "Signed by Zhang San".into())));
        assert!(!taken(vec![record(); RECORDS + 1]));
    }
}
