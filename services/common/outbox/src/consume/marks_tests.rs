use super::*;
use jiff::Timestamp;
use proptest::prelude::*;

const TOPIC: &str = "test.v1";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn promise(second: i64) -> Promise {
    Promise { recorded_through: at(second), caused_through: at(second) }
}

/// What happens next in a small world of one partition.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// Something is recorded, and waits to be published.
    Record,
    /// The oldest that waits comes into the log.
    Publish,
    /// The writer says what is complete.
    Mark,
    /// The reader applies the next record.
    Read,
    /// The reader hears the last mark and sees the end, and some time later writes what holds.
    Look,
    Write,
}

proptest! {
    #[test]
    fn nothing_unread_is_ever_promised_however_late_it_is_published(
        turns in proptest::collection::vec(
            prop_oneof![
                Just(Turn::Record), Just(Turn::Publish), Just(Turn::Mark), Just(Turn::Read), Just(Turn::Look),
                Just(Turn::Write),
            ],
            1..300,
        ),
    ) {
        let (mut waiting, mut log) = (std::collections::VecDeque::new(), Vec::new());
        let (mut marked, mut marks, mut seen) = (None, Marks::default(), None);
        let (mut read, mut applied_through) = (0_usize, 0_i64);
        for (now, turn) in (1..).zip(turns) {
            match turn {
                Turn::Record => waiting.push_back(now),
                Turn::Publish => log.extend(waiting.pop_front()),
                Turn::Mark => marked = Some(waiting.front().map_or(now, |oldest| oldest - 1)),
                Turn::Read => read = log.len().min(read + 1),
                Turn::Look => {
                    if let Some(marked) = marked {
                        seen = Some((i64::try_from(log.len()).unwrap(), promise(marked)));
                    }
                }
                Turn::Write => {
                    let Some((end, promise)) = seen.take() else { continue };
                    let next = i64::try_from(read).unwrap();
                    let steps = marks.steps(TOPIC, &[(0, end)], promise);
                    let holds: Vec<&Step> =
                        steps.iter().filter(|step| (step.least..=step.most).contains(&next)).collect();
                    prop_assert!(holds.len() <= 1, "one row is written once");
                    for step in &holds {
                        applied_through = applied_through.max(step.promise.recorded_through.as_second());
                    }
                    let reached = if holds.is_empty() { &[][..] } else { &[0][..] };
                    marks.written(TOPIC, &[(0, end)], promise, reached);
                }
            }
            for unread in log[read..].iter().chain(&waiting) {
                prop_assert!(*unread > applied_through, "{unread} is unread, and {applied_through} promised");
            }
        }
    }
}

#[test]
fn a_reader_that_is_never_at_the_end_comes_further_with_each_end_that_it_passes() {
    let mut marks = Marks::default();
    let mut look = |end: i64, second: i64, next: i64| {
        let ends = [(0, end)];
        let steps = marks.steps(TOPIC, &ends, promise(second));
        let holds = steps.iter().find(|step| (step.least..=step.most).contains(&next));
        let through = holds.map(|step| step.promise.recorded_through.as_second());
        marks.written(TOPIC, &ends, promise(second), if through.is_some() { &[0] } else { &[] });
        through
    };
    assert_eq!(look(100, 10, 50), None);
    assert_eq!(look(200, 20, 90), None);
    assert_eq!(look(300, 30, 150), Some(10), "what was the end at first is read");
    assert_eq!(look(400, 40, 350), Some(30));
    assert_eq!(look(400, 50, 400), Some(50), "at the end the last word holds");
    assert_eq!(look(10, 60, 400), None, "a position beyond the end is one in another log");
    assert_eq!(look(20, 70, 15), Some(60));
}

#[test]
fn an_older_mark_that_comes_again_takes_nothing_back() {
    let record = |second: i64| {
        let out = Mark { topic: TOPIC.to_owned(), promise: promise(second) }.outgoing();
        Record {
            topic: "marks".into(),
            partition: 0,
            offset: 0,
            timestamp: Timestamp::UNIX_EPOCH,
            key: Some(out.key.into_bytes()),
            headers: out.headers.into_iter().map(|(n, v)| (n.into_owned(), v.into_bytes())).collect(),
            payload: out.payload,
        }
    };
    let mut marks = Marks::default();
    assert_eq!(marks.promise(TOPIC), None);
    let garbage = Record { headers: Vec::new(), ..record(1) };
    marks.hear(&[record(20), record(10), garbage]);
    assert_eq!(marks.promise(TOPIC), Some(promise(20)));
}
