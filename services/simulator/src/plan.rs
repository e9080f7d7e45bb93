//! Who sends what and when: decided before anything runs, so that two runs send the same.

mod case;
mod script;

use std::time::Duration;

use jiff::Timestamp;
use redress_proto::types::v1::PartyKind;
use serde_json::{Value, json};

use crate::dice::throw;
use crate::texts::{Language, Text};
use case::Case;
pub use script::Script;
use script::script;

/// How many complaints, how fast, and by which chance.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// All of them.
    pub complaints: u32,
    /// Per second, before the spike.
    pub rate: u32,
    /// Per second, in the spike.
    pub spike: u32,
    /// What decides who does what.
    pub seed: u64,
}

/// The whole run.
#[derive(Debug)]
pub struct Plan {
    /// As it was asked for.
    pub shape: Shape,
    /// When the live room erupts, from the beginning.
    pub spike_begins: Duration,
    /// By time.
    pub planned: Vec<Planned>,
}

/// One caller's intention.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// From the beginning.
    pub at: Duration,
    /// Which of the two tenants.
    pub tenant: usize,
    /// The idempotency key.
    pub key: String,
    /// The submission, as JSON.
    pub body: Value,
    /// What the caller does.
    pub intention: Intention,
    /// How the case goes on.
    pub script: Script,
    /// Who argues it.
    pub parties: Parties,
}

/// Who argues a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The platform's reference of the complainant, and the subject of their token.
    pub complainant: String,
    /// What the respondent is.
    pub respondent_kind: PartyKind,
    /// The respondent, and the subject of their token.
    pub respondent: String,
    /// What was paid, minor units.
    pub paid_minor: i64,
    /// The live room that it is about, or would be.
    pub room: String,
}

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intention {
    /// A complaint.
    Complain,
    /// A complaint, and some time after its answer another call under the same key.
    ComplainAgain {
        /// After which time.
        when: Again,
        /// Whether with another body.
        other_body: bool,
    },
    /// A body without its mandatory text.
    Nonsense,
}

/// When somebody calls again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// At once, as impatient people do: the filter knows.
    Soon,
    /// After Redis has forgotten everything: only the register knows.
    AfterRedisForgot,
}

impl Plan {
    /// Two thirds of the complaints come at the steady rate, the others in the spike.
    pub fn of(languages: &[Language], shape: Shape, now: Timestamp) -> Self {
        let steady = (shape.complaints * 2).div_ceil(3);
        let spike_begins = Duration::from_secs(1) * steady / shape.rate;
        let words: Vec<(&Language, &Text)> = languages
            .iter()
            .flat_map(|language| language.texts.iter().map(move |text| (language, text)))
            .collect();
        let mut planned = Vec::new();
        for n in 0..shape.complaints {
            let script = if n < steady { script(shape.seed, n) } else { Script::Spike };
            let at = match n.checked_sub(steady) {
                None => Duration::from_secs(1) * n / shape.rate,
                Some(later) => spike_begins + Duration::from_secs(1) * later / shape.spike,
            };
            let fitting: Vec<_> = words.iter().copied().filter(|(_, text)| fits(script, text)).collect();
            let Some(chosen) = pick(shape.seed, n, &fitting) else { continue };
            let case = Case { n, script, chosen };
            let (body, parties) = (case.body(now), case.parties());
            let one = Planned {
                at,
                // One room is one tenant's.
                tenant: if script == Script::Spike { 0 } else { n as usize % 2 },
                key: format!("sim-{}-{n}", shape.seed),
                body,
                intention: intention(n, script == Script::Spike),
                script,
                parties,
            };
            if n % 50 == 11 {
                planned.push(nonsense(&one));
            }
            planned.push(one);
        }
        Self { shape, spike_begins, planned }
    }

    /// Complaints of the live room.
    pub fn in_spike(&self) -> usize {
        let in_spike = |planned: &&Planned| planned.script == Script::Spike;
        let complains = |planned: &&Planned| planned.intention != Intention::Nonsense;
        self.planned.iter().filter(in_spike).filter(complains).count()
    }

    /// In one line, for people.
    pub fn announcement(&self) -> String {
        let Shape { complaints, rate, spike, seed } = self.shape;
        let steady = self.spike_begins.as_secs_f32();
        format!(
            "{complaints} complaints by seed {seed}: {steady:.1} s at {rate}/s, then a live room at {spike}/s"
        )
    }
}

fn fits(script: Script, text: &Text) -> bool {
    match script {
        Script::Spike => text.uproar,
        Script::Abusive => text.abusive,
        Script::Penalty => text.penalty,
        _ => !(text.uproar || text.abusive || text.penalty),
    }
}

fn pick<T: Copy>(seed: u64, n: u32, of: &[T]) -> Option<T> {
    let place = throw(seed, &format!("text {n}"), of.len() as u64);
    of.get(usize::try_from(place).ok()?).copied()
}

/// A tenth repeats itself and one in 25 sends another body, at once; before the spike as many do so later.
fn intention(n: u32, in_spike: bool) -> Intention {
    let again = |when, other_body| Intention::ComplainAgain { when, other_body };
    match (n % 10, n % 25) {
        (3, _) => again(Again::Soon, false),
        (_, 7) => again(Again::Soon, true),
        (5, _) if !in_spike => again(Again::AfterRedisForgot, false),
        (_, 9) if !in_spike => again(Again::AfterRedisForgot, true),
        _ => Intention::Complain,
    }
}

fn nonsense(of: &Planned) -> Planned {
    let mut bad =
        Planned { key: format!("{}-nonsense", of.key), intention: Intention::Nonsense, ..of.clone() };
    bad.body["text"] = json!("");
    bad
}

/// The body of a caller who has thought of something else.
pub(crate) fn other(body: &Value) -> Value {
    let mut other = body.clone();
    other["demand"]["text"] = json!("……");
    other
}

#[cfg(test)]
mod tests;
