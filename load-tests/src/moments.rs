//! When things happened to complaints, as the topics tell it: all of it by one machine's clock.

use std::collections::HashMap;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use jiff::Timestamp;
use prost::Message as _;
use rdkafka::message::{BorrowedMessage, Message as _};
use redress_messaging::KafkaConfig;
use redress_proto::classification::v1::{IncidentConfirmed, IncidentSuspected};
use redress_proto::intake::v1::ComplaintRegistered;
use redress_proto::notification::v1::{NoticeKind, NoticeSent};
use uuid::Uuid;

use crate::published::{each_record, header, subject};

const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const ASSESSMENTS: &str = "redress.classification.assessments.v1";
const INCIDENTS: &str = "redress.classification.incidents.v1";
const NOTICES: &str = "redress.notification.notices.v1";

/// Milliseconds since 1970 of what happened to each complaint; the first time where it happened more than once.
#[derive(Debug, Default)]
pub(crate) struct Moments {
    /// Accepted, as the caller was told.
    pub(crate) accepted: HashMap<Uuid, i64>,
    /// Its assessment stood in the log.
    pub(crate) assessed: HashMap<Uuid, i64>,
    /// The receipt was taken by its channel.
    pub(crate) told: HashMap<Uuid, i64>,
    /// Notices that no channel could take.
    pub(crate) undeliverable: u64,
}

impl Moments {
    /// Reads the topics to the ends that they have at present. Blocks.
    pub(crate) fn read(kafka: &KafkaConfig) -> anyhow::Result<Self> {
        let mut moments = Self::default();
        each_record(kafka, LIFECYCLE, |record| {
            if is(record, "redress.intake.v1.ComplaintRegistered") {
                let registered = ComplaintRegistered::decode(payload(record))?;
                let at = registered.received_at.context("received_at")?;
                let at = Timestamp::new(at.seconds, at.nanos)?.as_millisecond();
                first(&mut moments.accepted, subject(record)?, at);
            }
            Ok(())
        })?;
        each_record(kafka, ASSESSMENTS, |record| {
            if is(record, "redress.classification.v1.AssessmentMade") {
                first(&mut moments.assessed, subject(record)?, logged(record)?);
            }
            Ok(())
        })?;
        each_record(kafka, NOTICES, |record| {
            if is(record, "redress.notification.v1.NoticeSent")
                && NoticeSent::decode(payload(record))?.kind() == NoticeKind::N01Receipt
            {
                first(&mut moments.told, subject(record)?, happened(record)?);
            }
            if is(record, "redress.notification.v1.NoticeUndeliverable") {
                moments.undeliverable += 1;
            }
            Ok(())
        })?;
        Ok(moments)
    }

    /// How long it took from acceptance to `later`, of complaints accepted at `since` or after; and of how many `later`
    /// does not tell.
    pub(crate) fn since_acceptance(
        &self,
        later: &HashMap<Uuid, i64>,
        since: Timestamp,
    ) -> anyhow::Result<(Histogram<u64>, u64)> {
        let (mut took, mut missing) = (Histogram::new(3)?, 0);
        for (id, accepted) in self.accepted.iter().filter(|(_, at)| **at >= since.as_millisecond()) {
            match later.get(id) {
                Some(at) => took.record(u64::try_from(at - accepted).unwrap_or(0))?,
                None => missing += 1,
            }
        }
        Ok((took, missing))
    }
}

/// When an incident of a room was first suspected, and first confirmed: milliseconds since 1970. Blocks.
pub(crate) fn incidents_of(kafka: &KafkaConfig, room: &str) -> anyhow::Result<[Option<i64>; 2]> {
    let mut moments: [Option<i64>; 2] = [None; 2];
    each_record(kafka, INCIDENTS, |record| {
        let (step, incident) = if is(record, "redress.classification.v1.IncidentSuspected") {
            (0, IncidentSuspected::decode(payload(record))?.incident)
        } else if is(record, "redress.classification.v1.IncidentConfirmed") {
            (1, IncidentConfirmed::decode(payload(record))?.incident)
        } else {
            return Ok(());
        };
        if incident.context("incident")?.subject == room {
            let at = logged(record)?;
            moments[step] = Some(moments[step].map_or(at, |known| known.min(at)));
        }
        Ok(())
    })?;
    Ok(moments)
}

fn is(record: &BorrowedMessage<'_>, event_type: &str) -> bool {
    header(record, "ce_type") == Some(event_type)
}

fn payload<'a>(record: &'a BorrowedMessage<'_>) -> &'a [u8] {
    record.payload().unwrap_or_default()
}

/// When the record was written.
fn logged(record: &BorrowedMessage<'_>) -> anyhow::Result<i64> {
    record.timestamp().to_millis().context("a record without a time")
}

/// When it happened, as its writer says.
fn happened(record: &BorrowedMessage<'_>) -> anyhow::Result<i64> {
    let at: Timestamp = header(record, "ce_time").context("a record without ce_time")?.parse()?;
    Ok(at.as_millisecond())
}

fn first(moments: &mut HashMap<Uuid, i64>, id: Uuid, at: i64) {
    moments.entry(id).and_modify(|known| *known = at.min(*known)).or_insert(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_accepted_in_time_counts_and_what_never_came_is_told() {
        let ids = [1, 2, 3].map(Uuid::from_u128);
        let moments = Moments {
            accepted: HashMap::from([(ids[0], 500), (ids[1], 1_000), (ids[2], 2_000)]),
            assessed: HashMap::from([(ids[0], 900), (ids[1], 1_250)]),
            told: HashMap::new(),
            undeliverable: 0,
        };
        let since = Timestamp::from_millisecond(1_000).unwrap();
        let (took, missing) = moments.since_acceptance(&moments.assessed, since).unwrap();
        assert_eq!((took.len(), took.max(), missing), (1, 250, 1));
    }
}
