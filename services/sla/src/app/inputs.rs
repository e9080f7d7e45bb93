//! Up to when everything has been heard that could still stop a clock in time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redress_messaging::LogReader;
use redress_outbox::{Watermark, watermarks};
use redress_postgres::Db;
use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use crate::error::Error;
use crate::store::case::Key;
use crate::topics::{INPUTS, LIFECYCLE};

/// How long the answer holds that an installation lacks a topic, and after which time it is asked for anew.
const LACKING: Duration = Duration::from_secs(5);
const ASKED_AGAIN: Duration = Duration::from_secs(2);

/// The topics that are read, and which of them this installation has.
///
/// A service that is not installed cannot stop a clock, so nobody waits for its topic; one that is there and was not read
/// yet holds every breach back. The broker is asked in the background: it may take seconds to answer, and warnings wait for
/// nobody.
pub struct Inputs {
    reader: Option<LogReader>,
    known: Arc<Mutex<Known>>,
}

/// What the broker has said.
#[derive(Default)]
struct Known {
    /// Topics that there were not, and when that was asked.
    lacking: HashMap<&'static str, Instant>,
    /// Topics that it is being asked for.
    asking: HashSet<&'static str>,
}

impl Inputs {
    /// Asks `reader` for the topics that were never read.
    pub fn new(reader: LogReader) -> Self {
        Self { reader: Some(reader), known: Arc::default() }
    }

    /// Only topics that were read exist, and the lifecycle's.
    pub fn those_read() -> Self {
        Self { reader: None, known: Arc::default() }
    }

    /// Up to which recorded time everything has been read, also what a service tells because of another one's facts: intake
    /// moves a case by what investigation or resolution found, and may be late with it. None as long as that cannot be
    /// said.
    pub async fn applied_through(&self, db: &Db) -> Result<Option<Timestamp>, Error> {
        let read = watermarks(db, &INPUTS).await?;
        for topic in INPUTS {
            if read.iter().all(|mark| mark.topic != topic) && self.may_exist(topic) {
                return Ok(None);
            }
        }
        Ok(least(&read))
    }

    /// Whether there may be such a topic: as long as nobody can say, there may.
    fn may_exist(&self, topic: &'static str) -> bool {
        if topic == LIFECYCLE {
            return true;
        }
        let Some(reader) = &self.reader else { return false };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let age = known.lacking.get(topic).map(Instant::elapsed);
        if age.is_none_or(|age| age >= ASKED_AGAIN) && known.asking.insert(topic) {
            tokio::spawn(ask(reader.clone(), topic, Arc::clone(&self.known)));
        }
        age.is_none_or(|age| age >= LACKING)
    }
}

/// Asks the broker whether there is such a topic. One that does not answer may have it.
async fn ask(reader: LogReader, topic: &'static str, known: Arc<Mutex<Known>>) {
    let asked_at = Instant::now();
    let lacks = matches!(reader.off_the_runtime(move |reader| reader.partitions(topic)).await, Ok(None));
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.asking.remove(topic);
    if lacks {
        known.lacking.insert(topic, asked_at);
    } else {
        known.lacking.remove(topic);
    }
}

/// The complaints among `keys` of which something that was told is parked, so that it may have been stopped in time: they
/// are not judged before that is redriven or given up, and all others are. Ask after [`Inputs::applied_through`].
pub async fn held_back(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key>,
) -> Result<HashSet<Key>, Error> {
    let keys: Vec<&Key> = keys.into_iter().collect();
    let asked = keys.iter().map(|(tenant, complaint)| (tenant, *complaint));
    let held = redress_outbox::held_back(conn, &INPUTS, asked).await?;
    let is_held = |(tenant, complaint): &&&Key| held.contains(&(tenant.to_string(), *complaint));
    Ok(keys.iter().filter(is_held).map(|key| (*key).clone()).collect())
}

/// The least of the watermarks; none if one of them says nothing.
fn least(read: &[Watermark]) -> Option<Timestamp> {
    let times = read.iter().map(|mark| mark.caused_through).collect::<Option<Vec<_>>>()?;
    times.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_topic_decides_and_one_that_says_nothing_holds_all_back() {
        let mark = |topic: &str, at: Option<&str>| Watermark {
            topic: topic.to_owned(),
            applied_through: Some(Timestamp::MAX),
            caused_through: at.map(|at| at.parse().unwrap()),
        };
        let (early, late) = (Some("2026-03-09T02:00:00Z"), Some("2026-03-09T03:00:00Z"));
        let through = least(&[mark("a", late), mark("b", early)]);
        assert_eq!(through, early.map(|at| at.parse().unwrap()));
        assert_eq!(least(&[mark("a", late), mark("b", None)]), None);
        assert_eq!(least(&[]), None);
    }
}
