//! Writing down what errands came to: remedies, what was told, what is still to be done, events. Set-based: one
//! transaction of at most six statements for what came back at the same time, with the cases locked (one more where the
//! platform has taken back what it paid).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::dispatch::{Done, Finding};
use super::told;
use crate::app::Desk;
use crate::app::out::{Emitted, Out};
use crate::app::publish::Origin;
use crate::app::save::Left;
use crate::domain::party::LiableParty;
use crate::domain::remedy::execution::{Errand, Told, Verdict, Watched, pause};
use crate::domain::remedy::{Proof, Purse, Remedy, RemedyState, all_settled};
use crate::domain::state::State;
use crate::error::Error;
use crate::store::case::{self, Held, Key};
use crate::store::recourse;
use crate::store::remedy::{self, Claimed, Due, OfCase, Outcome, Report};

/// Who tells what the executor says.
const EXECUTOR: &str = "executor";
/// The executor's code for a payer that nobody can name or reach: the platform answers by law, and a person rules on it.
const PAYER_UNKNOWN: &str = "payer_unknown";
/// After how many first pauses it is said again that everything is settled, if the lifecycle does not move.
const SAY_AGAIN: u32 = 12;

pub(super) async fn record(desk: &Desk, done: Vec<Done>) -> Result<(), Error> {
    let work = Arc::new((desk.clone(), done));
    desk.db
        .run_tx("record_remedies", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { write(conn, &work.0, &work.1).await })
        })
        .await
}

async fn write(conn: &mut PgConnection, desk: &Desk, done: &[Done]) -> Result<(), Error> {
    let keys: BTreeSet<Key> = done.iter().map(|one| one.claimed.case.clone()).collect();
    let keys: Vec<Key> = keys.into_iter().collect();
    let mut cases = case::lock_without_records(conn, &keys).await?;
    let claims: Vec<&Claimed> = done.iter().map(|one| &one.claimed).collect();
    let (remedies, held) = remedy::lock_held(conn, &keys, &claims).await?;
    let (left, reversed) = (Outcome::default(), Vec::new());
    let mut sheet = Sheet { now: desk.now(), desk, cases: BTreeMap::new(), left, reversed };
    for one in remedies {
        sheet.cases.entry(one.case).or_default().push(one.remedy);
    }
    let mut outs: BTreeMap<Key, Out> = BTreeMap::new();
    let holds = |one: &&Done| {
        held.iter().any(|(id, errand)| *id == one.claimed.remedy && errand == one.claimed.errand.code())
    };
    for one in done.iter().filter(holds) {
        let Some(case) = cases.get(&one.claimed.case) else { continue };
        sheet.apply(one, case.case.state, outs.entry(one.claimed.case.clone()).or_default());
    }
    let now = sheet.now;
    // Nobody owes the platform what it has taken back itself.
    for (key, claim) in recourse::give_up(conn, &sheet.reversed, now).await? {
        outs.entry(key).or_default().push(&told::settled(&claim));
    }
    let mut left = Left::default();
    let mut touched = BTreeSet::new();
    for (key, out) in outs.into_iter().filter(|(_, out)| !out.events.is_empty()) {
        if let Some(held) = cases.get_mut(&key) {
            left.take(held, &Origin::own(sheet.now), out);
            touched.insert(key);
        }
    }
    let touched: Vec<&Held> = touched.iter().filter_map(|key| cases.get(key)).collect();
    let changed = last(std::mem::take(&mut sheet.left.changed));
    Outcome { changed, ..sheet.left }.write(conn, now).await?;
    left.save(conn, &touched).await
}

/// Two errands of one remedy at once: what it came to last counts.
fn last(changed: Vec<OfCase>) -> Vec<OfCase> {
    let last: BTreeMap<(Key, Uuid), OfCase> =
        changed.into_iter().map(|one| ((one.case.clone(), one.remedy.id), one)).collect();
    last.into_values().collect()
}

struct Sheet<'a> {
    now: Timestamp,
    desk: &'a Desk,
    cases: BTreeMap<Key, Vec<Remedy>>,
    left: Outcome<'a>,
    reversed: Vec<(TenantId, ComplaintId, Uuid)>,
}

impl<'a> Sheet<'a> {
    fn apply(&mut self, done: &'a Done, state: State, out: &mut Out) {
        let claimed = &done.claimed;
        let all = self.cases.entry(claimed.case.clone()).or_default();
        let Some(place) = all.iter().position(|one| one.id == claimed.remedy) else { return };
        match &done.finding {
            Finding::Announce => self.announce(claimed, place, state, out),
            Finding::Watched(watched) => self.watched(claimed, place, watched, out),
            Finding::NoTime => self.left.back.push((claimed, self.now, claimed.failures)),
            Finding::Judged { verdict, told, asked_for, late } => {
                let one = &mut all[place];
                one.attempts += u32::from(*asked_for && claimed.errand != Errand::Reverse);
                if *late && matches!(verdict, Verdict::Settled(_)) {
                    one.purse = Purse::Payer;
                }
                if *asked_for && one.state == RemedyState::Ordered {
                    one.become_state(RemedyState::Dispatched, "", self.now);
                }
                self.follow(claimed, place, state, verdict, told.as_ref(), out);
                self.keep(claimed, place);
            }
        }
    }

    fn follow(
        &mut self,
        claimed: &'a Claimed,
        place: usize,
        state: State,
        verdict: &Verdict,
        told: Option<&Told>,
        out: &mut Out,
    ) {
        let now = self.now;
        let advance_overdue = self.desk.settings.advance_overdue;
        let Some(all) = self.cases.get_mut(&claimed.case) else { return };
        let one = &mut all[place];
        match verdict {
            Verdict::Wait { failure } => {
                // What is under way again is no person's matter any more.
                if !failure && told.is_none() && one.state == RemedyState::Parked {
                    one.become_state(RemedyState::Dispatched, "", now);
                }
                return self.put_back(claimed, claimed.failures + u32::from(*failure));
            }
            Verdict::Unknown => {
                if one.state != RemedyState::Parked {
                    one.become_state(RemedyState::Parked, "outcome_unknown", now);
                }
                return self.put_back(claimed, claimed.failures + 1);
            }
            Verdict::Settled(proof) => {
                one.settle(proof.clone(), now);
                self.left.reports.push(paid(&claimed.case, one.id, proof));
                let begun = settled(&claimed.case, state, all, place, now, out);
                self.left.begun.extend(begun);
            }
            Verdict::Unfit(reason) => {
                one.become_state(RemedyState::Parked, reason, now);
                self.left.reports.extend(told.map(|told| report(&claimed.case, one.id, "unfit", told)));
            }
            Verdict::Failed(reason) => {
                failed(all, place, reason, now);
                let advance = reason == PAYER_UNKNOWN || (advance_overdue && all[place].overdue);
                out.events.extend(told_failed(all, place, advance && state == State::Executing));
            }
            Verdict::TakenBack(told) => {
                one.become_state(RemedyState::Reversed, "", now);
                out.push(&told::reversed(one, &told.reference));
                self.reversed.push((claimed.case.0.clone(), claimed.case.1, one.id));
                self.left.reports.push(report(&claimed.case, one.id, "reversed", told));
            }
            Verdict::Kept(reason) => {
                (*reason).clone_into(&mut one.reason);
                self.left.reports.extend(told.map(|told| report(&claimed.case, one.id, "unfit", told)));
            }
            Verdict::Dropped | Verdict::Proceed => {
                one.become_state(RemedyState::Cancelled, "not_needed", now);
                out.push(&told::cancelled(one));
                self.left.begun.extend(announcement(&claimed.case, all, now));
            }
        }
        self.left.over.push(claimed);
    }

    /// The lifecycle is told again that everything is settled, until it has moved on: an appeal may have stood between.
    fn announce(&mut self, claimed: &'a Claimed, place: usize, state: State, out: &mut Out) {
        let Some(all) = self.cases.get(&claimed.case) else { return };
        let moved_on =
            matches!(state, State::ResultNotified | State::Closed | State::Withdrawn | State::NotAccepted);
        if moved_on || !all_settled(all) {
            self.left.over.push(claimed);
            return;
        }
        if state == State::Executing {
            out.push(&told::executed(&all[place], true));
        }
        let first = self.desk.settings.executor_retry() * SAY_AGAIN;
        let pause = pause(first, claimed.tries, claimed.remedy);
        let due_at = self.now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        self.left.back.push((claimed, due_at, claimed.failures));
    }

    /// What its executor says of a remedy that a person has settled by hand or given up: never silence.
    fn watched(&mut self, claimed: &'a Claimed, place: usize, watched: &Watched, out: &mut Out) {
        let Some(all) = self.cases.get_mut(&claimed.case) else { return };
        let one = &mut all[place];
        match watched {
            Watched::Again => return self.put_back(claimed, claimed.failures),
            Watched::Over => return self.left.over.push(claimed),
            Watched::Late(told) => {
                one.late = true;
                out.push(&told::paid_late(one, told));
                self.left.reports.push(report(&claimed.case, one.id, "late", told));
                self.put_back(claimed, claimed.failures);
            }
            Watched::LateReversed(told) => {
                one.late = false;
                self.left.reports.push(report(&claimed.case, one.id, "late_reversed", told));
                self.left.over.push(claimed);
            }
        }
        self.keep(claimed, place);
    }

    fn put_back(&mut self, claimed: &'a Claimed, failures: u32) {
        let pause = pause(self.desk.settings.executor_retry(), claimed.tries, claimed.remedy);
        let due_at = self.now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        self.left.back.push((claimed, due_at, failures));
    }

    fn keep(&mut self, claimed: &Claimed, place: usize) {
        let Some(all) = self.cases.get(&claimed.case) else { return };
        self.left.changed.push(OfCase { case: claimed.case.clone(), remedy: all[place].clone() });
    }
}

/// What follows from a remedy that was just done: it is told, taken back at once if nobody wants it any more, and if it
/// was the last, the lifecycle hears so. Gives what is to be done then.
pub(super) fn settled(
    case: &Key,
    state: State,
    all: &[Remedy],
    place: usize,
    now: Timestamp,
    out: &mut Out,
) -> Vec<Due> {
    let one = &all[place];
    if one.purse == Purse::Platform {
        out.push(&told::advanced(one));
    }
    let last = all_settled(all) && state == State::Executing;
    out.push(&told::executed(one, last));
    let mut begun: Vec<Due> = announcement(case, all, now).into_iter().collect();
    if one.unwanted && one.terms.kind.profile().reversible {
        begun.push(Due { case: case.clone(), remedy: one.id, errand: Errand::Reverse, due_at: now });
    }
    begun
}

/// That everything is settled is kept until the lifecycle has moved on.
pub(super) fn announcement(case: &Key, all: &[Remedy], now: Timestamp) -> Option<Due> {
    let last = all.last().filter(|_| all_settled(all))?;
    let due_at = now.saturating_add(jiff::SignedDuration::from_secs(30)).unwrap_or(now);
    Some(Due { case: case.clone(), remedy: last.id, errand: Errand::Announce, due_at })
}

fn failed(all: &mut [Remedy], place: usize, reason: &str, now: Timestamp) {
    all[place].become_state(RemedyState::Failed, reason, now);
}

/// What is told of a remedy that failed; nothing where an appeal has taken it back. `advance` asks for a ruling on whether
/// the platform pays first (L43): it is asked for money that another owes, while nothing else is under way.
pub(super) fn told_failed(all: &[Remedy], place: usize, advance: bool) -> Option<Emitted> {
    let one = &all[place];
    if one.unwanted {
        return None;
    }
    let still = all.iter().any(|other| !other.is_settled() && other.state != RemedyState::Failed);
    let owed_by_another = one.terms.payer.party != LiableParty::Platform && one.terms.amount.is_some();
    Some(Emitted::of(&wire::RemedyFailed {
        remedy_id: one.id.to_string(),
        advance_payment: advance && owed_by_another && !still,
        reason: one.reason.clone(),
    }))
}

fn paid(case: &Key, remedy: Uuid, proof: &Proof) -> Report {
    Report {
        case: case.clone(),
        remedy,
        what: "paid",
        told_by: EXECUTOR.to_owned(),
        reference: proof.reference.clone(),
        executed_at: Some(proof.executed_at),
        amount: proof.amount,
        sha256: proof.sha256.clone(),
    }
}

fn report(case: &Key, remedy: Uuid, what: &'static str, told: &Told) -> Report {
    Report {
        case: case.clone(),
        remedy,
        what,
        told_by: EXECUTOR.to_owned(),
        reference: told.reference.clone(),
        executed_at: told.executed_at,
        amount: told.amount,
        sha256: String::new(),
    }
}
