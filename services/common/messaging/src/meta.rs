use std::borrow::Cow;

use jiff::Timestamp;
use redress_domain::TenantId;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::Record;

/// An event's envelope: `CloudEvents` 1.0 in Kafka's binary mode, plus our extensions.
///
/// Carries no personal data: headers are seen by brokers, tools and operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMeta {
    /// `ce_id`. An outside id that is no UUID is read as the UUIDv8 of (source, id).
    pub event_id: Uuid,
    /// `ce_type`: the full name of the protobuf message in the value.
    pub event_type: Cow<'static, str>,
    /// `ce_source`: `/redress/<service>`.
    pub source: Cow<'static, str>,
    /// `ce_tenant`.
    pub tenant: TenantId,
    /// `ce_subject`: the aggregate. An outside subject that is no UUID is read as the UUIDv8 of (source, subject).
    pub subject: Uuid,
    /// `ce_version`: the aggregate's version after this event, from 1, without holes per topic. Absent outside.
    pub version: Option<i64>,
    /// `ce_time`: when it happened.
    pub occurred_at: Timestamp,
    /// `ce_recordedtime`: when the writer recorded it.
    pub recorded_at: Option<Timestamp>,
    /// `ce_actor`: who did it, as a pseudonym.
    pub actor: Option<String>,
    /// `ce_decidedby`: which kind of decider, with version.
    pub decided_by: Option<String>,
    /// `ce_causation`: the event or request that led to it.
    pub causation: Option<String>,
    /// `ce_correlation`: what it belongs to as a whole.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// W3C trace state.
    pub tracestate: Option<String>,
}

/// A header that does not fit. Names the header, never its value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("header {header}: {problem}")]
pub struct HeaderError {
    /// The header's name.
    pub header: &'static str,
    /// What is wrong with it.
    pub problem: HeaderProblem,
}

/// What can be wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderProblem {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is no UTF-8.
    #[error("no UTF-8")]
    Encoding,
    /// It does not have the form that its name promises.
    #[error("malformed")]
    Form,
}

impl EventMeta {
    /// The headers of this event, in a fixed order.
    pub fn to_headers(&self) -> Vec<(Cow<'static, str>, String)> {
        let required = [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", self.event_id.to_string()),
            ("ce_type", self.event_type.to_string()),
            ("ce_source", self.source.to_string()),
            ("ce_tenant", self.tenant.to_string()),
            ("ce_subject", self.subject.to_string()),
            ("ce_time", self.occurred_at.to_string()),
            ("content-type", "application/protobuf".to_owned()),
        ];
        let optional = [
            ("ce_version", self.version.map(|version| version.to_string())),
            ("ce_recordedtime", self.recorded_at.map(|at| at.to_string())),
            ("ce_actor", self.actor.clone()),
            ("ce_decidedby", self.decided_by.clone()),
            ("ce_causation", self.causation.clone()),
            ("ce_correlation", self.correlation.clone()),
            ("traceparent", self.traceparent.clone()),
            ("tracestate", self.tracestate.clone()),
        ];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        required.into_iter().chain(optional).map(|(name, value)| (Cow::Borrowed(name), value)).collect()
    }

    /// The tenant of a record, if its header can be read: also where others cannot.
    pub fn tenant_of(record: &Record) -> Option<TenantId> {
        Reader(record).parsed("ce_tenant").ok().flatten()
    }

    /// Reads the envelope of a record. Errors name the first header that does not fit.
    ///
    /// What a database cannot hold is refused here too: control characters, and times before 1970.
    pub fn of_record(record: &Record) -> Result<Self, HeaderError> {
        let headers = Reader(record);
        if headers.required("ce_specversion")? != "1.0" {
            return Err(HeaderError { header: "ce_specversion", problem: HeaderProblem::Form });
        }
        let source = headers.required("ce_source")?;
        Ok(Self {
            event_id: id_within(source, headers.required("ce_id")?),
            event_type: headers.required("ce_type")?.to_owned().into(),
            tenant: headers.parsed("ce_tenant")?.ok_or_else(|| missing("ce_tenant"))?,
            subject: id_within(source, headers.required("ce_subject")?),
            version: headers.version()?,
            occurred_at: headers.time("ce_time")?.ok_or_else(|| missing("ce_time"))?,
            recorded_at: headers.time("ce_recordedtime")?,
            actor: headers.text("ce_actor")?,
            decided_by: headers.text("ce_decidedby")?,
            causation: headers.text("ce_causation")?,
            correlation: headers.text("ce_correlation")?,
            traceparent: headers.text("traceparent")?,
            tracestate: headers.text("tracestate")?,
            source: source.to_owned().into(),
        })
    }
}

fn missing(header: &'static str) -> HeaderError {
    HeaderError { header, problem: HeaderProblem::Missing }
}

/// A UUID as it is, anything else as a UUID that follows from it within its source.
fn id_within(source: &str, id: &str) -> Uuid {
    Uuid::try_parse(id).unwrap_or_else(|_| {
        let mut hash = Sha256::new();
        hash.update(b"redress/outside-id/1");
        for part in [source, id] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    })
}

impl Record {
    /// A header that names an instant.
    pub(crate) fn instant(&self, header: &'static str) -> Result<Timestamp, HeaderError> {
        Reader(self).time(header)?.ok_or_else(|| missing(header))
    }
}

struct Reader<'a>(&'a Record);

impl<'a> Reader<'a> {
    fn optional(&self, header: &'static str) -> Result<Option<&'a str>, HeaderError> {
        let Some(bytes) = self.0.header(header) else { return Ok(None) };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| HeaderError { header, problem: HeaderProblem::Encoding })?;
        // A tab is white space in trace state.
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(HeaderError { header, problem: HeaderProblem::Form });
        }
        Ok(Some(text))
    }

    fn required(&self, header: &'static str) -> Result<&'a str, HeaderError> {
        self.optional(header)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(header))
    }

    fn text(&self, header: &'static str) -> Result<Option<String>, HeaderError> {
        Ok(self.optional(header)?.map(str::to_owned))
    }

    fn parsed<T: std::str::FromStr>(&self, header: &'static str) -> Result<Option<T>, HeaderError> {
        let form = |_| HeaderError { header, problem: HeaderProblem::Form };
        self.optional(header)?.map(|text| text.parse().map_err(form)).transpose()
    }

    fn time(&self, header: &'static str) -> Result<Option<Timestamp>, HeaderError> {
        match self.parsed(header)? {
            Some(at) if at < Timestamp::UNIX_EPOCH => {
                Err(HeaderError { header, problem: HeaderProblem::Form })
            }
            at => Ok(at),
        }
    }

    fn version(&self) -> Result<Option<i64>, HeaderError> {
        match self.parsed("ce_version")? {
            Some(version) if version < 1 => {
                Err(HeaderError { header: "ce_version", problem: HeaderProblem::Form })
            }
            version => Ok(version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_meta() -> impl Strategy<Value = EventMeta> {
        let text = || proptest::option::of("[ -~]{0,20}");
        let instant =
            || (0_i64..4_000_000_000, 0_i32..1_000_000_000).prop_map(|(s, n)| Timestamp::new(s, n).unwrap());
        let ids = (any::<u128>(), any::<u128>(), proptest::option::of(1_i64..));
        let times = (instant(), proptest::option::of(instant()));
        (ids, times, "[a-z]{1,9}", "[a-z.A-Z]{1,30}", proptest::array::uniform6(text())).prop_map(
            |((id, subject, version), (occurred_at, recorded_at), tenant, event_type, texts)| {
                let [actor, decided_by, causation, correlation, traceparent, tracestate] = texts;
                EventMeta {
                    event_id: Uuid::from_u128(id),
                    event_type: event_type.into(),
                    source: "/redress/test".into(),
                    tenant: tenant.parse().unwrap(),
                    subject: Uuid::from_u128(subject),
                    version,
                    occurred_at,
                    recorded_at,
                    actor,
                    decided_by,
                    causation,
                    correlation,
                    traceparent,
                    tracestate,
                }
            },
        )
    }

    fn record(headers: &[(Cow<'static, str>, String)]) -> Record {
        Record {
            topic: "t".into(),
            partition: 0,
            offset: 0,
            timestamp: Timestamp::UNIX_EPOCH,
            key: None,
            headers: headers.iter().map(|(n, v)| (n.to_string(), v.clone().into_bytes())).collect(),
            payload: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn an_envelope_survives_the_way_through_headers(meta in any_meta()) {
            prop_assert_eq!(EventMeta::of_record(&record(&meta.to_headers())).unwrap(), meta);
        }

        #[test]
        fn a_header_that_is_missing_or_malformed_is_named(meta in any_meta(), at in 0_usize..7) {
            let mut headers = meta.to_headers();
            let name = headers.remove(at).0;
            prop_assert_eq!(EventMeta::of_record(&record(&headers)).unwrap_err().header, &*name);
        }
    }

    #[test]
    fn what_no_table_holds_is_malformed() {
        let well = [
            ("ce_specversion", "1.0"),
            ("ce_id", "1"),
            ("ce_type", "t"),
            ("ce_source", "/s"),
            ("ce_tenant", "acme"),
            ("ce_subject", "1"),
            ("ce_time", "1970-01-01T00:00:00Z"),
        ];
        let read = |name: &'static str, value: &str| {
            let mut headers: Vec<_> =
                well.iter().map(|(n, v)| (Cow::Borrowed(*n), (*v).to_owned())).collect();
            headers.retain(|(n, _)| n != name);
            headers.push((name.into(), value.to_owned()));
            EventMeta::of_record(&record(&headers)).map_err(|error| (error.header, error.problem))
        };
        assert!(read("ce_time", "2026-11-25T00:00:00Z").is_ok());
        for (name, value) in [
            ("ce_type", "t\0"),
            ("ce_id", "1\n"),
            ("ce_actor", "\u{85}"),
            ("ce_time", "1969-12-31T23:59:59Z"),
            ("ce_recordedtime", "-004999-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(name, value), Err((name, HeaderProblem::Form)), "{value:?}");
        }
    }

    #[test]
    fn outside_ids_that_are_no_uuids_are_told_apart_by_source_and_text() {
        let id = id_within("/platform/orders", "o-1");
        assert_eq!(id, id_within("/platform/orders", "o-1"));
        assert_ne!(id, id_within("/platform/orders", "o-2"));
        assert_ne!(id, id_within("/platform/order", "so-1"));
        assert_eq!(id.get_version_num(), 8);
    }
}
