//! Which script a case has.

use crate::dice::throw;

/// How a case goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Evidence at once, a proposal that both accept, paid, reported, accepted.
    Settle,
    /// The respondent asks for more time before it answers.
    EvidenceLate,
    /// The respondent never answers; the handler gives it up and goes by the rest.
    EvidenceNever,
    /// The complainant declines the proposal; a person rules.
    Ruling,
    /// The respondent cannot pay; the platform pays first.
    FailedRefund,
    /// The complainant appeals against the result; the respondent replies, and another person upholds it.
    Appeal,
    /// The complainant takes it back.
    Withdraw,
    /// It insults and complains of nothing; a supervisor refuses it.
    Abusive,
    /// Details are missing and are brought in when they are asked for.
    MissingDetails,
    /// It came from a regulator, and mediation ends with handing it back.
    Regulator,
    /// A merchant against a penalty of the platform.
    Penalty,
    /// One of the many that one live room has misled; handled together.
    Spike,
}

/// Of twenty cases before the spike; a seed shuffles them.
const DECK: [Script; 20] = [
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::EvidenceLate,
    Script::EvidenceLate,
    Script::EvidenceNever,
    Script::Ruling,
    Script::Ruling,
    Script::FailedRefund,
    Script::Appeal,
    Script::Appeal,
    Script::Withdraw,
    Script::Withdraw,
    Script::Abusive,
    Script::MissingDetails,
    Script::Regulator,
    Script::Penalty,
];

/// By a deck of twenty that is shuffled anew for every twenty, so that each script comes up in any short run.
pub(super) fn script(seed: u64, n: u32) -> Script {
    let (round, place) = (n / 20, n as usize % 20);
    let mut deck: Vec<(u64, usize)> =
        (0..DECK.len()).map(|card| (throw(seed, &format!("deck {round} {card}"), u64::MAX), card)).collect();
    deck.sort_unstable();
    DECK[deck[place].1]
}
