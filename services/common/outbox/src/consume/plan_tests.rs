use super::*;
use proptest::prelude::*;

fn position(next: i64) -> Position {
    Position { next, replays: 0, incarnation: 0, adopts: false }
}

fn candidate(partition: i32, offset: i64, key: &[u8], aggregate: u128, version: i64) -> Candidate<'_> {
    let identity = Some(Identity { aggregate: Uuid::from_u128(aggregate), version });
    Candidate { partition, offset, tenant: "acme", key: Some(key), identity, effect: Effect::Apply }
}

/// A database, and a log of what took effect, that obeys exactly what the statement enforces.
#[derive(Default)]
struct Database {
    view: View,
    applied: Vec<(Uuid, i64)>,
    parked: Vec<(i32, i64)>,
}

impl Database {
    fn write(&mut self, batch: &[Candidate<'_>], plan: &Plan) {
        for swap in &plan.swaps {
            assert_eq!(self.view.last.get(&swap.aggregate).copied().unwrap_or(0), swap.expected);
            self.view.last.insert(swap.aggregate, swap.new);
        }
        for step in &plan.moves {
            assert_eq!(self.view.positions[&step.partition], step.from);
            self.view.positions.get_mut(&step.partition).unwrap().next = step.next;
        }
        for &index in &plan.apply {
            let identity = batch[index].identity.unwrap();
            self.applied.push((identity.aggregate, identity.version));
        }
        for (index, _) in &plan.park {
            let record = &batch[*index];
            assert!(self.view.known.insert((record.partition, record.offset)), "parked twice");
            self.parked.push((record.partition, record.offset));
            self.view.waiting.extend(record.chain());
        }
    }
}

/// A log: per record the aggregate (also its key and, modulo 2, its partition), its version, whether it is poison.
fn any_log() -> impl Strategy<Value = Vec<(u8, i64, bool)>> {
    let steps =
        proptest::collection::vec((0_u8..5, proptest::bool::weighted(0.1), 0_usize..4, any::<u16>()), 1..80);
    steps.prop_map(|steps| {
        let mut versions = [0_i64; 5];
        let mut log: Vec<(u8, i64, bool)> = Vec::new();
        for (aggregate, poison, repeats, back) in steps {
            versions[usize::from(aggregate)] += 1;
            log.push((aggregate, versions[usize::from(aggregate)], poison));
            // A relay that lost its lease publishes a run again, in order.
            if repeats == 3 {
                let from = log.len() - 1 - usize::from(back) % log.len();
                log.extend_from_within(from..);
            }
        }
        log
    })
}

proptest! {
    #[test]
    fn each_version_takes_effect_once_and_in_order_whatever_is_read_again(
        log in any_log(),
        cuts in proptest::collection::vec((1_usize..12, 0_usize..6), 1..60),
    ) {
        let mut offsets = [0_i64; 2];
        let keys: Vec<[u8; 1]> = log.iter().map(|(aggregate, ..)| [*aggregate]).collect();
        let candidates: Vec<Candidate<'_>> = log.iter().zip(&keys).map(|(&(aggregate, version, poison), key)| {
            let partition = usize::from(aggregate % 2);
            offsets[partition] += 1;
            let partition_number = i32::from(aggregate % 2);
            let mut candidate = candidate(partition_number, offsets[partition] - 1, key, u128::from(aggregate), version);
            if poison {
                let cause = Cause { kind: CauseKind::Undecodable, detail: "".into() };
                candidate.effect = Effect::Impossible(cause);
            }
            candidate
        }).collect();

        let mut database = Database::default();
        database.view.positions = [(0, position(0)), (1, position(0))].into();
        let mut at = 0;
        let mut cuts = cuts.into_iter().cycle();
        while at < candidates.len() {
            let (length, back) = cuts.next().unwrap();
            // A rebalance: somebody starts again from an older record, with the same database.
            let from = at.saturating_sub(back);
            let end = (at + length).min(candidates.len());
            let batch = &candidates[from..end];
            let mut cursors = Cursors::new();
            for candidate in batch {
                cursors.entry(candidate.partition).or_insert(Cursor { first: candidate.offset, replays: 0 });
            }
            let plan = plan(batch, &cursors, &database.view).unwrap();
            let counted = plan.apply.len() + plan.park.len() + plan.dropped;
            prop_assert_eq!(counted, batch.len(), "every record is accounted for");
            database.write(batch, &plan);
            at = end;
        }
        for aggregate in 0..5_u8 {
            let id = Uuid::from_u128(u128::from(aggregate));
            let versions: Vec<i64> =
                database.applied.iter().filter(|(a, _)| *a == id).map(|(_, version)| *version).collect();
            let expected: Vec<i64> = (1..).take(versions.len()).collect();
            prop_assert_eq!(&versions, &expected, "aggregate {} out of order", aggregate);
            // What did not take effect is parked, from the first poison on.
            let total = log.iter().filter(|(a, ..)| *a == aggregate).map(|(_, version, _)| *version).max();
            if versions.last().copied() != total {
                prop_assert!(database.view.waiting.contains(&("acme".to_owned(), vec![aggregate])));
            }
        }
    }

    #[test]
    fn cutting_a_batch_in_two_changes_nothing(log in any_log(), cut in any::<prop::sample::Index>()) {
        let keys: Vec<[u8; 1]> = log.iter().map(|(aggregate, ..)| [*aggregate]).collect();
        let candidates: Vec<Candidate<'_>> = log.iter().zip(&keys).zip(0_i64..).map(|((&(aggregate, version, _), key), offset)| {
            candidate(0, offset, key, u128::from(aggregate), version)
        }).collect();
        let run = |batches: &[&[Candidate<'_>]]| {
            let mut database = Database::default();
            database.view.positions = [(0, position(0))].into();
            for batch in batches.iter().filter(|batch| !batch.is_empty()) {
                let cursors = [(0, Cursor { first: batch[0].offset, replays: 0 })].into();
                let plan = plan(batch, &cursors, &database.view).unwrap();
                database.write(batch, &plan);
            }
            (database.applied, database.parked, database.view.last, database.view.positions)
        };
        let (left, right) = candidates.split_at(cut.index(candidates.len()));
        prop_assert_eq!(run(&[&candidates]), run(&[left, right]));
    }
}

#[test]
fn a_gap_is_parked_and_what_follows_waits_behind_it() {
    let view = View { positions: [(0, position(0))].into(), ..View::default() };
    let batch = [
        candidate(0, 0, b"a", 1, 1),
        candidate(0, 1, b"a", 1, 3),
        candidate(0, 2, b"a", 1, 4),
        candidate(0, 3, b"b", 2, 1),
    ];
    let plan = plan(&batch, &[(0, Cursor { first: 0, replays: 0 })].into(), &view).unwrap();
    assert_eq!(plan.apply, [0, 3]);
    let causes: Vec<_> = plan.park.iter().map(|(index, cause)| (*index, cause.kind)).collect();
    assert_eq!(causes, [(1, CauseKind::Gap), (2, CauseKind::Behind)]);
    assert!(plan.behind.is_empty(), "the one it waits behind is written by the same plan");
}

#[test]
fn a_consumer_that_came_late_takes_the_first_version_it_sees_as_base() {
    let late = Position { adopts: true, ..position(10) };
    let view = View { positions: [(0, late)].into(), ..View::default() };
    let batch = [candidate(0, 10, b"a", 1, 7), candidate(0, 11, b"a", 1, 8), candidate(0, 12, b"a", 1, 10)];
    let plan = plan(&batch, &[(0, Cursor { first: 10, replays: 0 })].into(), &view).unwrap();
    assert_eq!(plan.apply, [0, 1]);
    assert_eq!(plan.swaps, [Swap { aggregate: Uuid::from_u128(1), expected: 0, new: 8 }]);
    assert_eq!(plan.park[0].1.kind, CauseKind::Gap);
}

#[test]
fn a_database_behind_what_was_read_is_told_from_a_replay_and_from_one_ahead() {
    let cursors: Cursors = [(0, Cursor { first: 10, replays: 1 })].into();
    let judge =
        |position: Option<Position>| check([0], &cursors, &position.map(|p| (0, p)).into_iter().collect());
    let replays = |next, replays| Some(Position { replays, ..position(next) });
    assert_eq!(judge(replays(10, 1)), Ok(()));
    assert_eq!(judge(replays(25, 1)), Ok(()), "somebody else went on");
    assert_eq!(judge(replays(3, 2)), Err(Halt::Replayed(vec![(0, replays(3, 2).unwrap())])));
    assert_eq!(judge(replays(9, 1)), Err(Halt::Behind { partition: 0, read: 10, next: Some(9) }));
    assert_eq!(judge(replays(12, 0)), Err(Halt::Behind { partition: 0, read: 10, next: Some(12) }));
    assert_eq!(judge(None), Err(Halt::Behind { partition: 0, read: 10, next: None }));
}

#[test]
fn a_type_of_no_use_moves_the_version_on() {
    let view = View { positions: [(0, position(0))].into(), ..View::default() };
    let mut batch = [candidate(0, 0, b"a", 1, 1), candidate(0, 1, b"a", 1, 2), candidate(0, 2, b"a", 1, 3)];
    batch[1].effect = Effect::Nothing;
    let plan = plan(&batch, &[(0, Cursor { first: 0, replays: 0 })].into(), &view).unwrap();
    assert_eq!(plan.apply, [0, 2]);
    assert_eq!(plan.swaps[0].new, 3);
}

#[test]
fn another_tenants_record_of_the_same_key_does_not_wait() {
    let waiting = [("acme".to_owned(), b"1001".to_vec())].into();
    let view = View { positions: [(0, position(0))].into(), waiting, ..View::default() };
    let batch =
        [candidate(0, 0, b"1001", 1, 1), Candidate { tenant: "other", ..candidate(0, 1, b"1001", 2, 1) }];
    let plan = plan(&batch, &[(0, Cursor { first: 0, replays: 0 })].into(), &view).unwrap();
    assert_eq!(plan.apply, [1]);
    assert_eq!(plan.park[0].1.kind, CauseKind::Behind);
    assert_eq!(plan.behind, [("acme".to_owned(), b"1001".to_vec())]);
}

#[test]
fn a_chain_goes_on_when_the_version_comes_that_it_waited_for_and_not_before() {
    let key = b"k".as_slice();
    let at = |offset, version| candidate(0, offset, key, 1, version);
    let mut view = View { positions: [(0, position(0))].into(), ..View::default() };
    let mut cursors: Cursors = [(0, Cursor { first: 0, replays: 0 })].into();
    let first = plan(&[at(0, 1), at(1, 3), at(2, 4)], &cursors, &view).unwrap();
    assert_eq!((first.apply.as_slice(), first.park.len()), ([0].as_slice(), 2));
    assert_eq!(first.closed, []);

    let chain: Chain = ("acme".to_owned(), key.to_vec());
    view.waiting.insert(chain.clone());
    view.last.insert(Uuid::from_u128(1), 1);
    view.positions.insert(0, position(3));
    cursors.insert(0, Cursor { first: 3, replays: 0 });
    let later = plan(&[at(3, 5)], &cursors, &view).unwrap();
    assert_eq!((later.park.len(), later.closed.len()), (1, 0));
    let missing = plan(&[at(3, 5), at(4, 2)], &cursors, &view).unwrap();
    assert_eq!((missing.park.len(), missing.closed), (2, vec![chain]));
}
