//! What a decision is told with: a ruling, the report on a case.

use jiff::{SignedDuration, Timestamp};
use redress_domain::DecidedBy;
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1::EvidenceType;
use redress_proto::resolution::v1 as resolution;

use super::contents::{Drafts, Scene, code, or, parts, time};
use super::money::{lines, money, orders, remedy, shares};
use crate::app::draft::{Draft, addressees, fields};
use crate::domain::form::{MOST_LINES, OF};
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::part::Reading;

/// Evidence that is sealed from the other side.
const KEPT_APART: [EvidenceType; 3] =
    [EvidenceType::IdentityDocument, EvidenceType::BankRecord, EvidenceType::Mandate];

impl Scene<'_> {
    /// N13 to both.
    pub(super) fn ruling(&self, ruling: &resolution::RulingIssued) -> Drafts {
        let evidence = self.case.evidence(self.kept);
        // What is kept in the vault is told to nobody: that somebody showed their papers is their own matter.
        let evidence = evidence.into_iter().filter(|kind| !KEPT_APART.contains(kind));
        let evidence = evidence.map(|kind| code(kind.as_str_name(), "EVIDENCE_TYPE_"));
        let liability = self.case.liability(self.kept);
        let texts = fields([
            ("evidence", or(lines(told_of(evidence.collect())), "case_file")),
            (
                "rule",
                or(lines(liability.map(|found| found.rules.clone()).unwrap_or_default()), "platform_rules"),
            ),
            ("liability", shares(liability.map(|found| found.shares.as_slice()).unwrap_or_default())),
            ("remedy", orders(&ruling.terms)),
            ("appeal_until", time(ruling.appeal_until.as_ref())),
            ("decided_by", self.decided_by()),
        ]);
        let reasons = parts(ruling.sealed.as_ref(), &[("facts", Reading::Text)]);
        self.to_both(NoticeKind::Ruling, &texts, &reasons)
    }

    /// N12 to the complainant, with its seven parts (F084).
    pub(super) fn report(&self, report: &resolution::HandlingReportIssued) -> Drafts {
        let liability = self.case.liability(self.kept);
        let remedies = self.case.remedies(self.kept);
        let ordered = |ordered: &&resolution::RemedyOrdered| {
            let code = remedy(ordered.r#type());
            ordered.amount.as_ref().map_or(code.clone(), |amount| format!("{code}{OF}{}", money(amount)))
        };
        let told = report.appeal_until.as_ref().and_then(|at| from_wire_time(at).ok());
        let until = told.unwrap_or_else(|| self.appeal_until()).to_string();
        let texts = fields([
            ("liability", shares(liability.map(|found| found.shares.as_slice()).unwrap_or_default())),
            ("compensation", or(lines(told_of(remedies.iter().map(ordered).collect())), "none")),
            ("appeal_until", until),
            ("objection_days", self.terms.objection_days.to_string()),
        ]);
        let sealed = parts(
            report.sealed.as_ref(),
            &[
                ("overview", Reading::Overview),
                ("process", Reading::Process),
                ("result", Reading::Result),
                ("improvement", Reading::Improvement),
                ("survey", Reading::Survey),
                ("person", Reading::Contact),
                ("apology", Reading::Apology),
            ],
        );
        let to = addressees(self.case.complaint, Role::Complainant);
        to.into_iter().map(|to| Draft::new(NoticeKind::Result, to, texts.clone(), sealed.clone())).collect()
    }

    /// Until when an appeal can be filed, where a report does not tell it: resolution counts from the lifecycle's step to
    /// the result, which follows from a fact at once. That fact's time is told, and so never a later end than
    /// resolution's; nor an earlier one than the ruling told.
    fn appeal_until(&self) -> Timestamp {
        let from = self.case.last_step(self.kept).unwrap_or(self.kept.at);
        let days = SignedDuration::from_hours(24 * i64::from(self.terms.appeal_days));
        let counted = from.saturating_add(days).unwrap_or(from);
        let ruled = self.case.ruling(self.kept).and_then(|ruling| ruling.appeal_until.as_ref());
        ruled.and_then(|at| from_wire_time(at).ok()).map_or(counted, |ruled| ruled.max(counted))
    }

    pub(super) fn decided_by(&self) -> String {
        let decider = self.kept.decided_by.as_deref().and_then(|code| code.parse::<DecidedBy>().ok());
        decider.unwrap_or(DecidedBy::Human).code().to_owned()
    }
}

/// Entries as far as a letter holds them; where it does not, the last line says so.
fn told_of(mut entries: Vec<String>) -> Vec<String> {
    if entries.len() > MOST_LINES {
        entries.truncate(MOST_LINES - 1);
        entries.push("and_more".to_owned());
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_letter_does_not_hold_it_says() {
        let entries = |count: usize| told_of((0..count).map(|n| n.to_string()).collect());
        assert_eq!(entries(30).len(), 30);
        assert_eq!((entries(31).len(), entries(31).last().unwrap().as_str()), (30, "and_more"));
    }
}
