use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::meta::HeaderError;
use crate::{Outgoing, Record, TopicSpec};

/// Where every service says how far what it publishes is complete: one small record per topic and second, of which only
/// the last counts. [`ensure_topics`](crate::ensure_topics) makes it.
///
/// A topic of its own, since marks between the events would be kept, counted and read again with them for a month.
pub const MARKS: TopicSpec =
    TopicSpec { name: "redress.common.marks.v1", partitions: 1, retention: Duration::from_hours(24) };

const RECORDED: &str = "recorded-through";
const CAUSED: &str = "caused-through";

/// What the writer of a topic promises. True from the moment it is made on, however late it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Everything that the writer recorded up to this time is in the log.
    pub recorded_through: Timestamp,
    /// So is everything that it recorded because of what others had recorded up to this time; never later than the other.
    pub caused_through: Timestamp,
}

/// A [`Promise`] of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Topic, without the installation's prefix.
    pub topic: String,
    /// What is promised of it.
    pub promise: Promise,
}

impl Mark {
    /// The record that says so.
    pub fn outgoing(&self) -> Outgoing {
        let Promise { recorded_through, caused_through } = self.promise;
        let header = |name, at: Timestamp| (Cow::Borrowed(name), at.to_string());
        Outgoing {
            topic: MARKS.name.into(),
            key: self.topic.clone(),
            headers: vec![header(RECORDED, recorded_through), header(CAUSED, caused_through)],
            payload: Vec::new(),
        }
    }

    /// Reads such a record; the error names the header that does not fit.
    pub fn of_record(record: &Record) -> Result<Self, HeaderError> {
        let recorded_through = record.instant(RECORDED)?;
        let caused_through = record.instant(CAUSED)?.min(recorded_through);
        let topic = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        Ok(Self { topic, promise: Promise { recorded_through, caused_through } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(mark: &Mark) -> Record {
        let Outgoing { topic, key, headers, payload } = mark.outgoing();
        Record {
            topic: topic.as_ref().into(),
            partition: 0,
            offset: 0,
            timestamp: Timestamp::UNIX_EPOCH,
            key: Some(key.into_bytes()),
            headers: headers.into_iter().map(|(n, v)| (n.into_owned(), v.into_bytes())).collect(),
            payload,
        }
    }

    #[test]
    fn a_mark_survives_the_way_through_the_log_and_a_malformed_one_is_refused() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let promise = Promise { recorded_through: at(20), caused_through: at(10) };
        let mark = Mark { topic: "redress.test.v1".to_owned(), promise };
        assert_eq!(Mark::of_record(&record(&mark)), Ok(mark.clone()));
        let boastful = Mark { promise: Promise { caused_through: at(30), ..promise }, ..mark.clone() };
        assert_eq!(Mark::of_record(&record(&boastful)).unwrap().promise.caused_through, at(20));
        let mut broken = record(&mark);
        broken.headers.truncate(1);
        assert_eq!(Mark::of_record(&broken).unwrap_err().header, CAUSED);
    }
}
