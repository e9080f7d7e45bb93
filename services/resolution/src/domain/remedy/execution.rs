//! What follows from what whoever carries a remedy out was heard to say.
//!
//! Nothing is asked for twice before it was asked what became of the first time. What is not known is never taken for
//! failed, for the platform would then pay a second time.

use std::time::Duration;

use redress_domain::{Money, coded_enum};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Proof, Remedy};
use crate::domain::state::State;

coded_enum! {
    /// What is still to be done about a remedy.
    Errand {
        /// It is to be carried out.
        Execute = "execute",
        /// The platform is to pay first.
        Advance = "advance",
        /// It is to be taken back.
        Reverse = "reverse",
        /// It is to be said that everything is settled.
        Announce = "announce",
        /// A person has settled it by hand or given it up; what its executor says of it is heard all the same.
        Watch = "watch",
    }
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing was begun under this key.
    NotStarted,
    /// It has begun.
    Pending,
    /// It is done; whatever was told of it.
    Done(Told),
    /// It was refused or failed for good; nothing was moved.
    Failed(String),
    /// It was taken back.
    Reversed(Told),
    /// No answer, or one that says nothing.
    Open,
}

/// What was told of something done, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The reference; may be empty.
    pub reference: String,
    /// When; may be absent.
    pub executed_at: Option<jiff::Timestamp>,
    /// How much; what is no amount is absent.
    pub amount: Option<Money>,
}

/// Whether something may begin now, as far as the lifecycle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Yes.
    Now,
    /// Perhaps later: an appeal or a suspension holds it up.
    Later,
    /// Never: the case is over.
    Never,
}

impl Begin {
    /// Nothing is paid outside EXECUTING (domain.md §8).
    pub const fn in_state(state: State) -> Self {
        match state {
            State::Executing => Self::Now,
            State::Closed | State::Withdrawn | State::NotAccepted => Self::Never,
            // A merged case may come back (T32), and what was decided in it is still owed then.
            _ => Self::Later,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Ask for it.
    Proceed,
    /// Ask again later; `failure` counts towards giving up.
    Wait {
        /// Whether this was one of the failures that are counted.
        failure: bool,
    },
    /// It is done.
    Settled(Proof),
    /// It is done, but what was told does not fit the order: a person must look.
    Unfit(&'static str),
    /// Nobody knows, and not since yesterday: a person should look while it is still asked for.
    Unknown,
    /// It failed for good.
    Failed(String),
    /// It was taken back.
    TakenBack(Told),
    /// It cannot be taken back.
    Kept(&'static str),
    /// It is not needed any more, and was never begun.
    Dropped,
}

/// What is known of a try.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// Whether something may begin.
    pub begin: Begin,
    /// Failures so far.
    pub failures: u32,
    /// After how many it is given up.
    pub limit: u32,
}

/// What follows for a remedy that is to be carried out; `asked_for` tells whether the answer is to Execute, and not to
/// Query.
pub fn carried_out(remedy: &Remedy, heard: &Heard, asked_for: bool, now: Situation) -> Verdict {
    match heard {
        Heard::Done(told) => match fits(remedy, told) {
            Ok(proof) => Verdict::Settled(proof),
            Err(reason) => Verdict::Unfit(reason),
        },
        Heard::Failed(reason) => Verdict::Failed(reason.clone()),
        Heard::Reversed(_) => Verdict::Unfit("reversed_outside"),
        Heard::Pending => Verdict::Wait { failure: false },
        Heard::NotStarted if !asked_for => not_started(remedy, now),
        // "Not started" in answer to "start" says nothing.
        Heard::NotStarted | Heard::Open if now.failures + 1 >= now.limit => Verdict::Unknown,
        Heard::NotStarted | Heard::Open => Verdict::Wait { failure: true },
    }
}

/// Nothing was begun: it begins, waits or is dropped.
pub fn not_started(remedy: &Remedy, now: Situation) -> Verdict {
    match now.begin {
        _ if remedy.unwanted => Verdict::Dropped,
        Begin::Never => Verdict::Dropped,
        Begin::Later => Verdict::Wait { failure: false },
        Begin::Now if now.failures >= now.limit => Verdict::Failed("attempts_exhausted".to_owned()),
        Begin::Now => Verdict::Proceed,
    }
}

/// What follows for a remedy that is to be taken back; `asked_for` tells whether the answer is to Reverse, and not to
/// Query.
pub fn taken_back(remedy: &Remedy, heard: &Heard, asked_for: bool, now: Situation) -> Verdict {
    match heard {
        Heard::Reversed(told) if told.amount != remedy.terms.amount => Verdict::Kept("reversal_mismatch"),
        Heard::Reversed(told) => Verdict::TakenBack(told.clone()),
        Heard::Done(_) if !asked_for && now.failures >= now.limit => Verdict::Kept("reversal_exhausted"),
        Heard::Done(_) if !asked_for => Verdict::Proceed,
        Heard::Failed(_) if asked_for => Verdict::Kept("reversal_refused"),
        Heard::NotStarted | Heard::Failed(_) if !asked_for => Verdict::Kept("nothing_to_reverse"),
        Heard::Pending => Verdict::Wait { failure: false },
        _ => Verdict::Wait { failure: true },
    }
}

/// What follows for a remedy that a person has settled by hand or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// It is asked again later.
    Again,
    /// Nothing is to be expected any more.
    Over,
    /// It was paid beside what the person said: all of it, or by how much the payment that the person proved is too
    /// large.
    Late(Told),
    /// That payment was taken back, or put right.
    LateReversed(Told),
}

/// How often it is heard that nothing was paid before nothing more is expected: a call under way when the person decided
/// has come to its end by then.
const CLEAR_ANSWERS: u32 = 3;

/// What follows from what is heard of a remedy that a person has settled by hand or given up; `tries` counts from 1.
pub fn watched(remedy: &Remedy, heard: &Heard, tries: u32) -> Watched {
    match heard {
        Heard::Done(told) if is_proof_of(remedy, told) && remedy.late => Watched::LateReversed(told.clone()),
        Heard::Done(told) if is_proof_of(remedy, told) => Watched::Over,
        Heard::Done(_) if remedy.late => Watched::Again,
        Heard::Done(told) => Watched::Late(beside(remedy, told)),
        // With the payment that was too large, what the person proved is gone as well: it stays a mismatch.
        Heard::Reversed(told) if remedy.late && is_proved_by(remedy, told) => Watched::Again,
        Heard::Reversed(told) if remedy.late => Watched::LateReversed(told.clone()),
        Heard::Reversed(_) => Watched::Over,
        Heard::NotStarted | Heard::Failed(_) if tries >= CLEAR_ANSWERS && !remedy.late => Watched::Over,
        Heard::NotStarted | Heard::Failed(_) | Heard::Pending | Heard::Open => Watched::Again,
    }
}

/// Whether the payment that is told is the one that the person proved …
fn is_proved_by(remedy: &Remedy, told: &Told) -> bool {
    remedy.proof.as_ref().is_some_and(|proof| proof.reference == told.reference)
}

/// … and of the same amount.
fn is_proof_of(remedy: &Remedy, told: &Told) -> bool {
    is_proved_by(remedy, told) && remedy.proof.as_ref().is_some_and(|proof| proof.amount == told.amount)
}

/// What was paid beside the proof: of the proved payment itself, what it is too large by.
fn beside(remedy: &Remedy, told: &Told) -> Told {
    let proved = remedy.proof.as_ref().filter(|_| is_proved_by(remedy, told)).and_then(|proof| proof.amount);
    let amount = match (proved, told.amount) {
        (Some(proved), Some(moved)) if proved.currency == moved.currency => {
            let surplus = moved.amount_minor.saturating_sub(proved.amount_minor);
            Some(if surplus > 0 { Money { amount_minor: surplus, ..moved } } else { moved })
        }
        (_, moved) => moved,
    };
    Told { amount, ..told.clone() }
}

/// Reference, time, amount and currency are those of a proof, and of the order.
fn fits(remedy: &Remedy, told: &Told) -> Result<Proof, &'static str> {
    let (false, Some(executed_at)) = (told.reference.is_empty(), told.executed_at) else {
        return Err("proof_incomplete");
    };
    match (remedy.terms.amount, told.amount) {
        (Some(ordered), Some(moved)) if ordered.currency != moved.currency => {
            return Err("currency_mismatch");
        }
        (Some(ordered), Some(moved)) if ordered != moved => return Err("amount_mismatch"),
        (Some(_), None) => return Err("proof_incomplete"),
        (None, Some(_)) => return Err("amount_mismatch"),
        _ => {}
    }
    let amount = remedy.terms.amount;
    Ok(Proof { reference: told.reference.clone(), executed_at, amount, sha256: String::new() })
}

/// How many times the first pause each further one lasts; the last one repeats.
const SERIES: [u32; 8] = [1, 3, 9, 24, 60, 120, 240, 360];

/// The pause before asking again after `times` (from 1). With a first one of 5 s: 5, 15, 45 s, 2, 5, 10, 20, 30 min, each
/// up to a tenth longer, different for each remedy: what failed together does not come back together.
pub fn pause(first: Duration, times: u32, key: Uuid) -> Duration {
    let place = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX).min(SERIES.len() - 1);
    let base = first.saturating_mul(SERIES[place]);
    let digest = Sha256::new().chain_update(key).chain_update(times.to_be_bytes()).finalize();
    let random = u16::from_be_bytes([digest[0], digest[1]]);
    base + base.mul_f64(f64::from(random) / f64::from(u16::MAX) / 10.0)
}
