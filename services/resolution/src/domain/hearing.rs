//! Whether the other side was heard on an appeal: it has its time to reply, and nothing counts against it that it was not
//! shown. For findings investigation sees to that before it concludes (T16); an appeal and the replies to it name evidence
//! that came later.

use std::collections::BTreeSet;

use jiff::Timestamp;
use redress_domain::{PartyKind, coded_enum};
use serde::{Deserialize, Serialize};

use super::appeal::Appeal;
use super::case::Facts;
use super::party::{Respondent, Side, SideRole};

coded_enum! {
    /// For whom investigation makes copies, as far as they are sides.
    Audience {
        /// Who complained.
        Complainant = "complainant",
        /// Whom the complaint is directed at, all of them.
        Respondent = "respondent",
    }
}

/// What a party replied to an appeal; its words are sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Who.
    pub side: Side,
    /// Whether it has nothing to add.
    pub nothing_to_add: bool,
    /// The evidence that it rests on.
    pub evidence: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// A piece of evidence, with what has been shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// Which side brought it; none for what came from neither, or is not known to have come from one.
    pub brought_by: Option<Audience>,
    /// For whom the latest copy shows something.
    pub shown: BTreeSet<Audience>,
}

/// Whose reply an appeal of `appellant` waits for: every other party. The platform sees whatever its staff handle.
pub fn others(facts: &Facts, appellant: &Side) -> Vec<Side> {
    let respondents = heard(facts).map(|respondent| Side::respondent(&respondent.reference));
    let all: BTreeSet<Side> = std::iter::once(Side::complainant()).chain(respondents).collect();
    all.into_iter().filter(|side| side != appellant).collect()
}

/// Who has not replied yet and still has time to.
pub fn awaited(facts: &Facts, appeal: &Appeal, now: Timestamp) -> Vec<Side> {
    if appeal.reply_until.is_none_or(|until| now > until) {
        return Vec::new();
    }
    let silent = |side: &Side| !appeal.replies.iter().any(|reply| reply.side == *side);
    others(facts, &appeal.appellant).into_iter().filter(silent).collect()
}

/// The evidence that an appeal and its replies name, with who named it.
fn named(appeal: &Appeal) -> Vec<(&Side, &str)> {
    let grounds = appeal.grounds.iter().flat_map(|ground| &ground.evidence);
    let grounds = grounds.map(|id| (&appeal.appellant, id.as_str()));
    let replies = appeal.replies.iter();
    let replies = replies.flat_map(|reply| reply.evidence.iter().map(move |id| (&reply.side, id.as_str())));
    grounds.chain(replies).collect()
}

/// Which of the pieces that an appeal and its replies name has not been shown to whom. What is no evidence of the case
/// carries nothing.
pub fn unseen<'a>(facts: &Facts, appeal: &Appeal, pieces: &'a [Piece]) -> Vec<(&'a str, Audience)> {
    let mut found = BTreeSet::new();
    for (by, id) in named(appeal) {
        for piece in pieces.iter().filter(|piece| piece.id == id) {
            let needed = Audience::ALL.iter().filter(|audience| needs(facts, piece, by, **audience));
            let lacking = needed.filter(|audience| !piece.shown.contains(*audience));
            found.extend(lacking.map(|audience| (piece.id.as_str(), *audience)));
        }
    }
    found.into_iter().collect()
}

/// Whether a side can know of a piece by a copy alone. Which of several respondents brought it is not told: it is taken to
/// be the one that names it, and the others are shown it.
fn needs(facts: &Facts, piece: &Piece, by: &Side, audience: Audience) -> bool {
    let brought = piece.brought_by == Some(audience);
    match audience {
        Audience::Complainant => !brought,
        Audience::Respondent => {
            let only = heard(facts).count() == 1;
            let own = |one: &Respondent| {
                only || (by.role == SideRole::Respondent && by.respondent_ref == one.reference)
            };
            heard(facts).any(|one| !(brought && own(one)))
        }
    }
}

fn heard(facts: &Facts) -> impl Iterator<Item = &Respondent> {
    facts.respondents.iter().filter(|respondent| respondent.kind != PartyKind::Platform)
}

#[cfg(test)]
mod tests;
