//! Who took part in what: people do not judge their own work (domain.md §7, I10).

use std::collections::BTreeSet;

use super::appeal::Appeal;
use super::case::Case;
use super::settlement::DecisionState;

/// Everybody in the line of what was decided: investigators, authors and reviewers of plans, deciders and those who
/// confirmed, who decided on earlier appeals.
pub fn line(case: &Case) -> BTreeSet<&str> {
    let mut line: BTreeSet<&str> = case.course.investigators.iter().map(String::as_str).collect();
    for revision in case.proposals.iter().flat_map(|proposal| &proposal.revisions) {
        // What the parties offered each other is nobody's decision.
        if revision.offered_by.is_none() {
            line.extend([revision.author.as_str(), revision.reviewer.as_str()]);
        }
    }
    for ruling in case.rulings.iter().filter(|ruling| ruling.state != DecisionState::Void) {
        line.extend([ruling.decider.as_str(), ruling.seconded_by.as_str()]);
    }
    // Whoever reviews an appeal may determine liability anew for it.
    let open = |appeal: &&Appeal| appeal.state.is_open();
    let appealed_at = case.appeals.iter().find(open).map(|appeal| appeal.filed_at);
    let decided = case.liability.iter().filter(|one| appealed_at.is_none_or(|at| one.determined_at < at));
    line.extend(decided.map(|determination| determination.decider.as_str()));
    line.extend(case.appeals.iter().flat_map(|one| [one.reviewer.as_str(), one.seconded_by.as_str()]));
    line.remove("");
    line
}
