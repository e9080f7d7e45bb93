//! Which fact sends which letter to whom, and what the letter says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use redress_domain::PartyKind;
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{AwaitedParty, Sealed};

use super::appeals::Appeal;
use super::case::Case;
use super::fact::Fact;
use super::money::{lines, money, option, orders, payers, remedy, sums};
use crate::app::Desk;
use crate::app::draft::{Draft, Texts, Unmade, addressees, end_of_day, fields, locale};
use crate::app::terms::Terms;
use crate::domain::form::{Form, OF};
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::part::{Part, Reading};
use crate::domain::vocabulary::Vocabulary;
use crate::store::fact::Kept;
use crate::store::notice::Addressee;

/// A fact that is told, with all that its letters say.
pub(super) struct Scene<'a> {
    pub(super) desk: &'a Desk,
    pub(super) terms: Terms,
    pub(super) case: &'a Case<'a>,
    pub(super) kept: &'a Kept,
}

pub(super) type Drafts = Result<Vec<Draft>, Unmade>;

impl Scene<'_> {
    /// The letters of a fact: none for one that letters only quote, `None` while something is not known yet.
    pub(super) fn drafts(&self, fact: &Fact) -> Result<Option<Vec<Draft>>, Unmade> {
        match fact {
            Fact::ClockStarted(started) => self.clock_started(started),
            Fact::ClockWarned(warned) => self.clock_warned(warned),
            Fact::ExtensionApproved(approved) => self.extension(approved).map(Some),
            Fact::EscalationRaised(raised) => self.escalation(raised).map(Some),
            fact => self.steps(fact).map(Some),
        }
    }

    /// What follows from a step of the case.
    fn steps(&self, fact: &Fact) -> Drafts {
        match fact {
            Fact::EvidenceRequested(request) => self.evidence(request, request.due_at.as_ref()),
            Fact::EvidenceRequestExtended(longer) => match self.case.request(self.kept, &longer.request_id) {
                Some(request) => self.evidence(request, longer.due_at.as_ref()),
                None => Ok(Vec::new()),
            },
            Fact::RenditionProduced(copy) => self.copy_shown(copy),
            Fact::TestOrdered(_) => {
                let expected_at = self.days_on(self.terms.progress_days);
                self.progress("test_ordered", "test_next", expected_at.to_string())
            }
            Fact::NegotiationOpened(opened) => {
                self.progress("negotiation_opened", "negotiation_next", time(opened.due_at.as_ref()))
            }
            Fact::ProposalSent(sent) => {
                self.proposal(&sent.options, sent.due_at.as_ref(), sent.sealed.as_ref())
            }
            // One that is reviewed again is sent once it was.
            Fact::ProposalRevised(revised) if revised.within_bounds => {
                self.proposal(&revised.options, revised.due_at.as_ref(), revised.sealed.as_ref())
            }
            Fact::SettlementReached(settlement) => self.settlement(settlement),
            Fact::MediationTerminated(ended) => {
                let reason = i32::from(ended.reason()).to_string();
                self.to_both(
                    NoticeKind::Termination,
                    &fields([("termination", reason), ("ended_at", self.kept.at.to_string())]),
                    &[],
                )
            }
            Fact::RulingIssued(ruling) => self.ruling(ruling),
            Fact::RemedyExecuted(done) => self.execution(&done.remedy_id, None, done.proof.as_ref()),
            Fact::RemedyAdvanced(done) => {
                self.execution(&done.remedy_id, done.amount.as_ref(), done.proof.as_ref())
            }
            Fact::HandlingReportIssued(report) => self.report(report),
            Fact::AppealFiled(_) | Fact::ResultRejected(_) => match Appeal::of(fact) {
                Some((_, appeal)) => self.appeal_filed(&appeal),
                None => Ok(Vec::new()),
            },
            Fact::AppealDecided(decided) => self.appeal_decided(decided),
            Fact::CompletionRequested(_)
            | Fact::ClockStarted(_)
            | Fact::ClockResumed(_)
            | Fact::ClockWarned(_)
            | Fact::DeadlineRecalculated(_)
            | Fact::ExtensionApproved(_)
            | Fact::EscalationRaised(_)
            | Fact::ProposalRevised(_)
            | Fact::EvidenceSubmitted(_)
            | Fact::LiabilityDetermined(_)
            | Fact::OfferAccepted(_)
            | Fact::RemedyOrdered(_) => Ok(Vec::new()),
        }
    }

    /// N06 to whoever is asked, if letters reach them: laboratories, departments and authorities are asked otherwise.
    fn evidence(
        &self,
        request: &investigation::EvidenceRequested,
        due: Option<&pbjson_types::Timestamp>,
    ) -> Drafts {
        let items = request.items.iter().map(|item| code(item.r#type().as_str_name(), "EVIDENCE_TYPE_"));
        let texts = fields([("items", lines(items)), ("due", time(due))]);
        let why = parts(request.sealed.as_ref(), &[("why", Reading::Text)]);
        let of_asked = |addressee: &Addressee| match request.party() {
            AwaitedParty::Complainant => addressee.role == Role::Complainant,
            AwaitedParty::Respondent => {
                addressee.role == Role::Respondent
                    && (request.respondent_ref.is_empty() || addressee.reference == request.respondent_ref)
            }
            AwaitedParty::Carrier => addressee.kind == PartyKind::Carrier,
            _ => false,
        };
        let asked = self.everybody().into_iter().filter(of_asked);
        asked
            .map(|addressee| {
                let mut texts = texts.clone();
                texts.insert("consequence".into(), self.consequence(request, addressee.role));
                if why.is_empty() {
                    texts.insert("why".into(), "why_facts".into());
                }
                Draft::new(NoticeKind::Evidence, addressee, texts, why.clone())
            })
            .collect()
    }

    /// What follows from silence, in the words that were announced.
    fn consequence(&self, request: &investigation::EvidenceRequested, role: Role) -> String {
        let language = locale(self.desk, self.case.complaint, role);
        let announced = request.consequence_text.iter().find(|text| text.language == language.code());
        // A letter ends the sentence itself.
        let announced = announced.map(|text| text.text.trim().trim_end_matches(['.', '。']));
        match announced.filter(|text| !text.is_empty() && Form::Phrase(Vocabulary::Consequence).fits(text)) {
            Some(text) => text.to_owned(),
            None => code(request.consequence().as_str_name(), "LAPSE_CONSEQUENCE_"),
        }
    }

    /// N08 to both.
    pub(super) fn progress(&self, done: &str, next_step: &str, expected_at: String) -> Drafts {
        let texts = fields([
            ("done", done.to_owned()),
            ("next_step", next_step.to_owned()),
            ("expected_at", expected_at),
        ]);
        self.to_both(NoticeKind::Progress, &texts, &[])
    }

    /// N10 to both.
    fn proposal(
        &self,
        options: &[resolution::ProposalOption],
        due: Option<&pbjson_types::Timestamp>,
        sealed: Option<&Sealed>,
    ) -> Drafts {
        let texts = fields([
            ("options", lines(options.iter().map(|one| option(&one.remedies)))),
            ("amounts", lines(options.iter().map(|one| sums(&one.remedies)))),
            ("payer", payers(options.iter().flat_map(|one| &one.remedies))),
            ("due", time(due)),
        ]);
        self.to_both(NoticeKind::Proposal, &texts, &parts(sealed, &[("basis", Reading::Options)]))
    }

    /// N11 to both.
    fn settlement(&self, settlement: &resolution::SettlementReached) -> Drafts {
        let complaint = self.case.complaint;
        let mut parties = vec![complaint.complainant_kind.code().to_owned()];
        parties.extend(complaint.respondents.iter().map(|(kind, _)| kind.code().to_owned()));
        let acceptances = self.case.acceptances(self.kept, settlement);
        let consent = |accepted: &&resolution::OfferAccepted| {
            let hash: String = accepted.link_hash.chars().take(16).collect();
            format!("{}{OF}{hash}", side(accepted.party.as_ref()).code())
        };
        let mut texts = fields([
            ("parties", lines(parties)),
            ("terms", orders(&settlement.terms)),
            ("payer", payers(settlement.terms.iter())),
            ("agreed_at", self.kept.at.to_string()),
            ("settlement_no", settlement.settlement_id.clone()),
            ("consents", lines(acceptances.iter().map(consent))),
        ]);
        let limit = settlement.terms.iter().map(|terms| terms.due_days).max().unwrap_or_default();
        if limit > 0 && settlement.terms.iter().all(|terms| terms.due_days > 0) {
            texts.insert("limit_days".into(), limit.to_string());
        }
        self.to_both(NoticeKind::Settlement, &texts, &[])
    }

    /// N17 to both.
    fn execution(
        &self,
        remedy_id: &str,
        paid: Option<&redress_proto::types::v1::Money>,
        proof: Option<&resolution::RemedyProof>,
    ) -> Drafts {
        let remedies = self.case.remedies(self.kept);
        let ordered = remedies.into_iter().find(|ordered| ordered.remedy_id == remedy_id);
        let paid = paid.or(proof.and_then(|proof| proof.amount.as_ref()));
        let paid = paid.or(ordered.and_then(|ordered| ordered.amount.as_ref()));
        let done_at = proof.and_then(|proof| proof.executed_at.as_ref());
        let texts = fields([
            ("executed", ordered.map_or_else(|| "other".to_owned(), |ordered| remedy(ordered.r#type()))),
            ("amount", paid.map_or_else(|| "as_ordered".to_owned(), money)),
            ("executed_at", done_at.map_or_else(|| self.kept.at.to_string(), |at| time(Some(at)))),
            ("proof", or(proof.map(|proof| proof.reference.clone()).unwrap_or_default(), remedy_id)),
        ]);
        self.to_both(NoticeKind::Execution, &texts, &[])
    }

    pub(super) fn to_both(&self, kind: NoticeKind, texts: &Texts, parts: &[Part]) -> Drafts {
        let to = self.everybody().into_iter();
        to.map(|to| Draft::new(kind, to, texts.clone(), parts.to_vec())).collect()
    }

    pub(super) fn everybody(&self) -> Vec<Addressee> {
        let mut all = addressees(self.case.complaint, Role::Complainant);
        all.extend(addressees(self.case.complaint, Role::Respondent));
        all
    }

    /// The end of the day that lies `days` after the fact's.
    pub(super) fn days_on(&self, days: u16) -> Timestamp {
        end_of_day(self.kept.at, &self.desk.profiles.of(&self.case.complaint.tenant).zone, days)
    }
}

/// A member's name on the wire without its prefix, as the lexicons have it.
pub(super) fn code(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

pub(super) fn side(party: Option<&resolution::CaseParty>) -> Role {
    match party.map(resolution::CaseParty::role) {
        Some(AwaitedParty::Complainant) => Role::Complainant,
        _ => Role::Respondent,
    }
}

/// An instant that an event announces; nothing where it does not, which no notice with a deadline gets past.
pub(super) fn time(wire: Option<&pbjson_types::Timestamp>) -> String {
    wire.and_then(|wire| from_wire_time(wire).ok()).map(|at| at.to_string()).unwrap_or_default()
}

pub(super) fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

/// What an event carries sealed, as fields of a letter: one sealed field, read in one or more ways.
pub(super) fn parts(sealed: Option<&Sealed>, readings: &[(&str, Reading)]) -> Vec<Part> {
    let Some(field) = sealed.and_then(|sealed| sealed.fields.first()) else { return Vec::new() };
    let part = |(name, reading): &(&str, Reading)| Part {
        field: (*name).to_owned(),
        name: field.name.clone(),
        value: STANDARD.encode(&field.value),
        reading: reading.code().to_owned(),
    };
    readings.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_report_is_read_in_as_many_ways_as_it_has_parts() {
        let field = redress_proto::types::v1::SealedField { name: "report.1".into(), value: vec![1, 2] };
        let sealed = Sealed { wrapped_key: Vec::new(), fields: vec![field] };
        let parts = parts(Some(&sealed), &[("overview", Reading::Overview), ("result", Reading::Result)]);
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.name == "report.1" && part.value == "AQI="));
        assert_eq!(super::parts(None, &[("overview", Reading::Overview)]), []);
    }
}
