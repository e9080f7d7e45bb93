//! What is to be done with a batch: a pure function of the records, of where reading began, and of what the database
//! knows. Everything that makes effects exactly-once is decided here and enforced by the statement in `store::write`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

/// What the inbox knows a record by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) aggregate: Uuid,
    pub(crate) version: i64,
}

/// Why a record is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CauseKind {
    Undecodable,
    Refused,
    Panicked,
    Gap,
    Behind,
}

impl CauseKind {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Undecodable => "UNDECODABLE",
            Self::Refused => "HANDLER_REFUSED",
            Self::Panicked => "HANDLER_PANICKED",
            Self::Gap => "GAP",
            Self::Behind => "BEHIND_PARKED",
        }
    }
}

/// A cause with its words, which carry nothing of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) kind: CauseKind,
    pub(crate) detail: Cow<'static, str>,
}

/// What parks behind one another: the records of a key, tenant by tenant, for on topics of others two tenants may use the
/// same key. The tenant is empty where it cannot be read.
pub(crate) type Chain = (String, Vec<u8>);

/// What a record asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The handler applies it.
    Apply,
    /// A type of no use here: only its version counts.
    Nothing,
    /// It cannot be applied.
    Impossible(Cause),
}

/// A record as the plan sees it.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<'a> {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Empty where it cannot be read.
    pub(crate) tenant: &'a str,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) identity: Option<Identity>,
    pub(crate) effect: Effect,
}

impl Candidate<'_> {
    /// None without a key: nothing parks behind such a record.
    pub(crate) fn chain(&self) -> Option<Chain> {
        self.key.map(|key| (self.tenant.to_owned(), key.to_vec()))
    }
}

/// A row of `progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) next: i64,
    pub(crate) replays: i32,
    pub(crate) incarnation: i32,
    pub(crate) adopts: bool,
}

/// What the database knows of a batch, read without locks: a write on outdated knowledge fails.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// `inbox`: last version per aggregate.
    pub(crate) last: HashMap<Uuid, i64>,
    /// `progress` per partition.
    pub(crate) positions: HashMap<i32, Position>,
    /// Chains with records that wait in `parked_event`.
    pub(crate) waiting: HashSet<Chain>,
    /// Records of this batch that `parked_event` has already, in whatever state.
    pub(crate) known: HashSet<(i32, i64)>,
}

/// Where reading stands in this process, per partition.
pub(crate) type Cursors = HashMap<i32, Cursor>;

/// See [`Cursors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// End of the previous batch of this assignment; not a record's own offset, since logs have holes.
    pub(crate) first: i64,
    /// `progress.replays` when the position was loaded.
    pub(crate) replays: i32,
}

/// An aggregate's step from exactly one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swap {
    pub(crate) aggregate: Uuid,
    /// 0: the aggregate is unknown so far.
    pub(crate) expected: i64,
    pub(crate) new: i64,
}

/// A partition's step from exactly one position to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) partition: i32,
    pub(crate) from: Position,
    pub(crate) next: i64,
}

/// What is to be written. Indices are into the batch, ascending.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) apply: Vec<usize>,
    pub(crate) park: Vec<(usize, Cause)>,
    /// Sorted by aggregate: one order of locks for all.
    pub(crate) swaps: Vec<Swap>,
    /// Sorted by partition.
    pub(crate) moves: Vec<Move>,
    /// Chains whose records park because others wait in the database: these must still wait when the plan is written.
    pub(crate) behind: Vec<Chain>,
    /// Chains in which what was missing has come: it parks behind the gap that it closes, and then they can go on.
    pub(crate) closed: Vec<Chain>,
    pub(crate) dropped: usize,
}

impl Plan {
    /// Where to cut the batch in two, so that each half has about half of what is to be applied.
    pub(crate) fn middle(&self) -> Option<usize> {
        (self.apply.len() > 1).then(|| self.apply[self.apply.len() / 2])
    }

    /// Whether nothing is to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.apply.is_empty() && self.park.is_empty() && self.swaps.is_empty() && self.moves.is_empty()
    }

    /// What is left to know of a plan once it has been handed over.
    pub(crate) fn outline(&self) -> Self {
        let (apply, closed) = (self.apply.clone(), self.closed.clone());
        Self { apply, closed, dropped: self.dropped, ..Self::default() }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The database is behind what was read.
    Behind { partition: i32, read: i64, next: Option<i64> },
    /// These partitions were set back on purpose.
    Replayed(Vec<(i32, Position)>),
}

/// Compares where reading stands with what the database says, partition by partition.
///
/// A database that is ahead is no trouble: somebody else went on, and the records up to there are dropped.
pub(crate) fn check(
    partitions: impl IntoIterator<Item = i32>,
    cursors: &Cursors,
    positions: &HashMap<i32, Position>,
) -> Result<(), Halt> {
    let mut replayed = BTreeMap::new();
    for partition in partitions {
        let Some(cursor) = cursors.get(&partition) else { continue };
        match positions.get(&partition) {
            Some(position) if position.replays > cursor.replays => {
                replayed.insert(partition, *position);
            }
            Some(position) if position.replays == cursor.replays && position.next >= cursor.first => {}
            other => {
                return Err(Halt::Behind { partition, read: cursor.first, next: other.map(|p| p.next) });
            }
        }
    }
    if replayed.is_empty() { Ok(()) } else { Err(Halt::Replayed(replayed.into_iter().collect())) }
}

/// Plans a batch. Every partition in it must have a cursor, and every known aggregate its entry in `view`.
pub(crate) fn plan(batch: &[Candidate<'_>], cursors: &Cursors, view: &View) -> Result<Plan, Halt> {
    check(batch.iter().map(|candidate| candidate.partition), cursors, &view.positions)?;
    let mut planner = Planner { view, plan: Plan::default(), swaps: BTreeMap::new(), parked: HashSet::new() };
    let mut moves: BTreeMap<i32, Move> = BTreeMap::new();
    for (index, candidate) in batch.iter().enumerate() {
        let Some(&from) = view.positions.get(&candidate.partition) else { continue };
        let next = (candidate.offset + 1).max(from.next);
        moves.insert(candidate.partition, Move { partition: candidate.partition, from, next });
        if candidate.offset < from.next || view.known.contains(&(candidate.partition, candidate.offset)) {
            planner.plan.dropped += 1;
        } else {
            planner.judge(index, candidate, from.adopts);
        }
    }
    let mut plan = planner.plan;
    plan.swaps = planner.swaps.into_values().collect();
    plan.moves = moves.into_values().filter(|step| step.next > step.from.next).collect();
    Ok(plan)
}

struct Planner<'a> {
    view: &'a View,
    plan: Plan,
    swaps: BTreeMap<Uuid, Swap>,
    /// Chains of which this batch has parked a record.
    parked: HashSet<Chain>,
}

impl Planner<'_> {
    fn judge(&mut self, index: usize, candidate: &Candidate<'_>, adopts: bool) {
        let last = candidate.identity.map(|identity| self.last(identity.aggregate));
        if let (Some(identity), Some(Some(last))) = (candidate.identity, last)
            && identity.version <= last
        {
            self.plan.dropped += 1;
        } else if let Some(cause) = self.cause_to_park(candidate, last.flatten(), adopts) {
            self.parked.extend(candidate.chain());
            self.plan.park.push((index, cause));
        } else {
            if let Some(identity) = candidate.identity {
                self.step(identity);
            }
            if candidate.effect == Effect::Apply {
                self.plan.apply.push(index);
            }
        }
    }

    fn cause_to_park(&mut self, candidate: &Candidate<'_>, last: Option<i64>, adopts: bool) -> Option<Cause> {
        let none = self.parked.is_empty() && self.view.waiting.is_empty();
        if let Some(chain) = candidate.chain().filter(|_| !none) {
            let here = self.parked.contains(&chain);
            if here || self.view.waiting.contains(&chain) {
                // It is the next version, and yet something waits: behind a gap, which closes with it. Or it is the record
                // that failed, published again; then the chain is tried once more, and stays.
                if candidate.identity.is_some_and(|it| it.version == last.unwrap_or(0) + 1) {
                    self.plan.closed.push(chain.clone());
                }
                if !here {
                    self.plan.behind.push(chain);
                }
                let detail = "an earlier record of the same key is parked".into();
                return Some(Cause { kind: CauseKind::Behind, detail });
            }
        }
        if let Effect::Impossible(cause) = &candidate.effect {
            return Some(cause.clone());
        }
        let Identity { version, .. } = candidate.identity?;
        let follows = match last {
            Some(last) => version == last + 1,
            None => version == 1 || adopts,
        };
        if follows {
            return None;
        }
        let detail = format!("version {version} came after version {}", last.unwrap_or(0)).into();
        Some(Cause { kind: CauseKind::Gap, detail })
    }

    fn last(&self, aggregate: Uuid) -> Option<i64> {
        let planned = self.swaps.get(&aggregate).map(|swap| swap.new);
        planned.or_else(|| self.view.last.get(&aggregate).copied())
    }

    fn step(&mut self, Identity { aggregate, version }: Identity) {
        let expected = self.view.last.get(&aggregate).copied().unwrap_or(0);
        let swap = self.swaps.entry(aggregate).or_insert(Swap { aggregate, expected, new: version });
        swap.new = version;
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
