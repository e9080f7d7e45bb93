//! What was told, held against what was to be told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use prost::{Message as _, Name as _};
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as wire;
use redress_testkit::wait_until;
use uuid::Uuid;

use crate::load::{Due, Expected, Load, What};
use crate::world::{SOON, Witnessed, World};

/// The acknowledgement of receipt, whose instants the load reckons.
const ACKNOWLEDGEMENT: &str = "C05";
/// Parts of a list that are shown on failure.
const SHOWN: usize = 5;

/// A warning or a breach that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fired {
    /// When, by the database's clock.
    told_at: Timestamp,
    /// The instant that it names as its own.
    of: Timestamp,
}

/// Warnings and breaches of acknowledgements, by complaint.
pub(crate) fn fired(witnessed: &[Witnessed]) -> BTreeMap<(Uuid, What), Vec<Fired>> {
    let mut all: BTreeMap<(Uuid, What), Vec<Fired>> = BTreeMap::new();
    for told in witnessed {
        let (clock, what) = match &*told.meta.event_type {
            kind if kind == wire::ClockWarned::full_name() => {
                (wire::ClockWarned::decode(&*told.payload).unwrap().clock, What::Warning)
            }
            kind if kind == wire::ClockBreached::full_name() => {
                let breach = wire::ClockBreached::decode(&*told.payload).unwrap();
                let due = from_wire_time(&breach.due_at.unwrap()).unwrap();
                assert_eq!(due, told.meta.occurred_at, "a breach happens when it was due");
                (breach.clock, What::Breach)
            }
            _ => continue,
        };
        let fired = Fired { told_at: told.at, of: told.meta.occurred_at };
        // Of other clocks nothing is due for hours. Were it told, it would be early.
        assert!(fired.told_at >= fired.of, "{told:?} is early");
        if clock.unwrap().definition == ACKNOWLEDGEMENT {
            all.entry((told.meta.subject, what)).or_default().push(fired);
        }
    }
    all
}

/// What is wrong; empty lists if nothing is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    missed: Vec<String>,
    doubled: Vec<String>,
    early: Vec<String>,
    /// Told although it was not to be, or of another instant.
    invented: Vec<String>,
}

impl Verdict {
    fn of(told: &BTreeMap<(Uuid, What), Vec<Fired>>, expected: &Expected) -> Self {
        let mut verdict = Self::default();
        let line = |key: &(Uuid, What), due: Option<&Due>, fired: &[Fired]| {
            format!("{:?} of {}: expected {due:?}, told {fired:?}", key.1, key.0)
        };
        for (key, due) in expected {
            let fired = told.get(key).map(Vec::as_slice).unwrap_or_default();
            let line = || line(key, Some(due), fired);
            if fired.is_empty() && due.must {
                verdict.missed.push(line());
            }
            if fired.len() > 1 {
                verdict.doubled.push(line());
            }
            if fired.iter().any(|fired| fired.told_at < due.at) {
                verdict.early.push(line());
            }
            if fired.iter().any(|fired| fired.of != due.at) {
                verdict.invented.push(line());
            }
        }
        let unexpected = told.iter().filter(|(key, _)| !expected.contains_key(key));
        verdict.invented.extend(unexpected.map(|(key, fired)| line(key, None, fired)));
        verdict
    }

    fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    fn text(&self) -> String {
        let lists = [
            ("missed", &self.missed),
            ("doubled", &self.doubled),
            ("early", &self.early),
            ("invented", &self.invented),
        ];
        let mut text = String::new();
        for (name, list) in lists {
            let _ = writeln!(text, "{name} {}", list.len());
            for line in list.iter().take(SHOWN) {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }
}

/// Ends the load, waits until all of it is told, and judges: missed 0, doubled 0, early 0, invented 0, and what the log
/// holds is what was committed. How many warnings and breaches that were.
pub(crate) async fn all_is_told_once(world: &World, load: Load) -> usize {
    // A last look at everything, after all that went wrong: what would be told twice has had its chance then.
    load.warns(world, 1).await;
    let expected = load.stop().await;
    let judge = async || Some(Verdict::of(&fired(&world.fired().await?), &expected));
    let settled = wait_until("all is told", 2 * SOON, async || {
        (judge().await?.missed.is_empty() && world.unpublished().await? == 0).then_some(())
    });
    // What is missing after that is in the verdict.
    let _ = tokio::time::timeout(SOON, settled).await;
    let verdict = judge().await.unwrap();
    assert!(verdict.is_clean(), "of {}:\n{}", expected.len(), verdict.text());
    the_log_holds_what_was_committed(world).await;
    assert_eq!(world.parked().await, 0);
    expected.values().filter(|due| due.must).count()
}

/// Events of the outbox are published, at least once, and no others. Something may still be told meanwhile: what was told
/// before the outbox was empty must be in the log, and what is in the log must have been told by the end.
async fn the_log_holds_what_was_committed(world: &World) {
    let told = async || wait_until("what was told is read", SOON, async || world.witnessed().await).await;
    let before = told().await;
    wait_until("all is published", SOON, async || (world.unpublished().await? == 0).then_some(())).await;
    let published = world.log.published().await;
    let mut committed = BTreeMap::new();
    for told in &told().await {
        let twice = committed.insert(told.meta.event_id, told.payload.clone());
        assert!(twice.is_none(), "an event is committed once: {:?}", told.meta);
    }
    let ids = before.iter().map(|told| told.meta.event_id);
    let missing: Vec<_> = ids.filter(|id| !published.contains_key(id)).collect();
    let invented: Vec<_> = published.keys().filter(|id| !committed.contains_key(id)).collect();
    assert!(missing.is_empty() && invented.is_empty(), "lost {missing:?}, from nowhere {invented:?}");
    assert!(published.iter().all(|(id, event)| event.payload == committed[id]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::now;

    #[test]
    fn the_verdict_finds_what_was_missed_doubled_early_or_invented() {
        let at = now();
        let later = at + std::time::Duration::from_millis(1);
        let [missed, doubled, early, wrong, invented] =
            [1, 2, 3, 4, 5].map(|n| (Uuid::from_u128(n), What::Warning));
        let once = |told_at, of| Fired { told_at, of };
        let expected: Expected =
            [missed, doubled, early, wrong].map(|key| (key, Due { at, must: true })).into();
        let told = BTreeMap::from([
            (doubled, vec![once(at, at), once(later, at)]),
            (early, vec![once(at - std::time::Duration::from_millis(1), at)]),
            (wrong, vec![once(later, later)]),
            (invented, vec![once(at, at)]),
        ]);
        let verdict = Verdict::of(&told, &expected);
        let counts = [&verdict.missed, &verdict.doubled, &verdict.early, &verdict.invented].map(Vec::len);
        assert_eq!(counts, [1, 1, 1, 2], "{}", verdict.text());
        let well = BTreeMap::from([missed, doubled, early, wrong].map(|key| (key, vec![once(later, at)])));
        assert!(Verdict::of(&well, &expected).is_clean());
        let may = BTreeMap::from([(missed, Due { at, must: false })]);
        assert!(Verdict::of(&BTreeMap::new(), &may).is_clean());
    }
}
