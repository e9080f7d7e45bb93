//! The rules' words in those of the contract, and back.

use jiff::Timestamp;
use redress_domain::{Problem, Violations};
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use super::words::{Words, field};
use crate::domain::checklist::{self, Text};
use crate::domain::consultation::{Consultation, ConsultationState};
use crate::domain::evidence::EvidenceType;
use crate::domain::finding::{Bearing, Finding, Outcome, Standard};
use crate::domain::goods_test::{FeeBearer, GoodsTest, TestState};
use crate::domain::records::RecordState;
use crate::domain::request::{Consequence, EvidenceRequest, Item, Party, RequestState};
use crate::domain::{case, conflict, timeline};
use crate::error::Error;

/// Pairs an enumeration of the rules with that of the contract, whose members carry the same names.
macro_rules! paired {
    ($to_wire:ident, $from_wire:ident: $rule:path as $wire:path { $($variant:ident),+ $(,)? }) => {
        #[doc = concat!("In the contract's words: `", stringify!($wire), "`.")]
        pub const fn $to_wire(value: $rule) -> $wire {
            use $rule as Rule;
            use $wire as Wire;
            match value { $(Rule::$variant => Wire::$variant,)+ }
        }

        #[doc = concat!("In the rules' words: `", stringify!($rule), "`; none if it is not told.")]
        pub const fn $from_wire(value: $wire) -> Option<$rule> {
            use $rule as Rule;
            use $wire as Wire;
            match value { $(Wire::$variant => Some(Rule::$variant),)+ Wire::Unspecified => None }
        }
    };
}

paired!(evidence_type, read_evidence_type: EvidenceType as wire::EvidenceType { OrderRecord, ProductPageSnapshot, ServicePromise, PaymentRecord, LogisticsTrace, DeliveryPhoto, SignForRecord, OutboundRecord, QcReport, ThirdPartyTestReport, ChatLog, CallRecording, ComplainantPhoto, ComplainantVideo, UnboxingVideo, Screenshot, LiveReplaySegment, LiveWordingTranscript, LiveInteraction, ProductVettingRecord, Certificate, Invoice, PriceBasis, MerchantStatement, AnchorStatement, WitnessStatement, IdentityDocument, Mandate, BankRecord, AccountLog, LoginLog, RuleVersion, PriorCase, RegulatorDocument, ExternalDecision, ReturnParcelInspection, Other, LiveAccount, ReturnRecord, AfterSalesRecord });
paired!(party, read_party: Party as types::AwaitedParty { Complainant, Respondent, Carrier, Lab, Internal, Authority });
paired!(complaint_state, read_complaint_state: case::ComplaintState as types::ComplaintState { Received, AwaitingCompletion, AdmissibilityReview, NotAccepted, Accepted, DirectNegotiation, Investigating, PlanReview, Mediating, Ruling, Executing, ResultNotified, UnderAppeal, Closed, Withdrawn, Merged, Referred, Suspended });
paired!(consequence, read_consequence: Consequence as wire::LapseConsequence { DecidedOnRecord, OtherSideBelieved, PointNotShown });
paired!(request_state, read_request_state: RequestState as wire::EvidenceRequestState { Issued, Answered, PartiallyAnswered, Extended, Lapsed, Cancelled });
paired!(conflict_kind, read_conflict_kind: conflict::ConflictKind as wire::ConflictKind { Relative, Interest, PriorInvolvement, Other, ContestedDecision });
paired!(test_state, read_test_state: TestState as wire::TestState { Agreed, Ordered, Sampled, Reported, Abandoned });
paired!(fee_bearer, read_fee_bearer: FeeBearer as wire::FeeBearer { Complainant, Respondent, Platform, Shared, LosingSide });
paired!(consultation_state, read_consultation_state: ConsultationState as wire::ConsultationState { Asked, Answered, Cancelled });
paired!(bearing, read_bearing: Bearing as wire::Bearing { Supports, Contradicts, Unverified, Discarded });
paired!(outcome, read_outcome: Outcome as wire::FindingResult { Established, Refuted, NotShown });
paired!(standard, read_standard: Standard as wire::StandardOfProof { Balance, HighProbability });
paired!(state, read_state: case::State as wire::InvestigationState { NotOpened, Open, Concluded, Ended });
paired!(record_state, read_record_state: RecordState as wire::PlatformRecordState { Pending, Held, Absent, Failed });

/// A text of the tables in its three languages.
pub fn texts(text: Option<&Text>) -> Vec<wire::LocalizedText> {
    let Some(text) = text else { return Vec::new() };
    [("zh-Hans", &text.zh_hans), ("zh-Hant", &text.zh_hant), ("en", &text.en)]
        .map(|(language, text)| wire::LocalizedText { language: language.to_owned(), text: text.clone() })
        .into()
}

/// An instant of a request; what does not read is noted as a violation of `field`.
pub fn read_time(
    found: &mut Violations,
    field: &'static str,
    time: Option<&pbjson_types::Timestamp>,
) -> Option<Timestamp> {
    let time = time?;
    if let Ok(at) = from_wire_time(time) {
        return Some(redress_domain::whole_microseconds(at));
    }
    found.add(field, "MALFORMED", "an instant within the calendar is expected");
    None
}

/// Items in the contract's words.
pub fn items(items: &[Item]) -> Vec<wire::RequestedItem> {
    let told = |item: &Item| {
        let state =
            if item.received { wire::RequestedItemState::Received } else { wire::RequestedItemState::Open };
        wire::RequestedItem {
            r#type: evidence_type(item.kind).into(),
            mandatory: item.mandatory,
            state: state.into(),
        }
    };
    items.iter().map(told).collect()
}

/// A request; its words for who may read them.
pub fn request(
    complaint: uuid::Uuid,
    request: &EvidenceRequest,
    words: &Words,
) -> Result<wire::EvidenceRequest, Error> {
    Ok(wire::EvidenceRequest {
        evidence_request_id: request.id.to_string(),
        complaint_id: complaint.to_string(),
        party: party(request.party).into(),
        respondent_ref: request.respondent_ref.clone(),
        items: items(&request.items),
        state: request_state(request.state).into(),
        due_at: Some(to_wire_time(request.due_at)),
        issued_at: Some(to_wire_time(request.issued_at)),
        consequence: consequence(request.consequence).into(),
        consequence_text: texts(checklist::consequence_text(request.consequence)),
        extended: request.extended,
        mandatory: request.mandatory,
        why: words.read(&field::why(request.id), &request.why)?,
        settled_at: request.settled_at.map(to_wire_time),
    })
}

/// A test.
pub fn goods_test(test: &GoodsTest) -> wire::TestOrder {
    wire::TestOrder {
        test_id: test.id.to_string(),
        state: test_state(test.state).into(),
        lab: test.lab.clone(),
        fee: Some(types::Money {
            currency: test.fee.currency.to_string(),
            amount_minor: test.fee.amount_minor,
        }),
        fee_bearer: fee_bearer(test.fee_bearer).into(),
        agreement_evidence_ids: test.agreement.iter().map(ToString::to_string).collect(),
        subject: test.subject.clone(),
        custody: test
            .custody
            .iter()
            .map(|step| wire::SampleCustody {
                holder: step.holder.clone(),
                at: Some(to_wire_time(step.at)),
                seal_no: step.seal_no.clone(),
            })
            .collect(),
        report_evidence_id: test.report.map(|id| id.to_string()).unwrap_or_default(),
        abandoned_reason: test.abandoned_reason.clone(),
        ordered_at: test.ordered_at.map(to_wire_time),
        ended_at: test.ended_at.map(to_wire_time),
    }
}

/// A consultation, for who may see it.
pub fn consultation(
    consultation: &Consultation,
    words: &Words,
    now: Timestamp,
) -> Result<wire::Consultation, Error> {
    Ok(wire::Consultation {
        consultation_id: consultation.id.to_string(),
        state: consultation_state(consultation.state).into(),
        department: consultation.department.clone(),
        consulted: consultation.consulted.clone(),
        asked_by: consultation.asked_by.clone(),
        question: words.read(&field::question(consultation.id), &consultation.question)?,
        answer: words.read(&field::answer(consultation.id), &consultation.answer)?,
        due_at: Some(to_wire_time(consultation.due_at)),
        asked_at: Some(to_wire_time(consultation.asked_at)),
        ended_at: consultation.ended_at.map(to_wire_time),
        late: consultation.is_late(now),
    })
}

/// A finding; its words for who may read them.
pub fn finding(finding: &Finding, of_incident: bool, words: &Words) -> Result<wire::Finding, Error> {
    Ok(wire::Finding {
        finding_id: finding.id.to_string(),
        issue: finding.issue.clone(),
        fact: words.read(&field::fact(finding.id), &finding.fact)?,
        evidence: finding
            .marks
            .iter()
            .map(|mark| wire::EvidenceMark {
                evidence_id: mark.evidence.to_string(),
                bearing: bearing(mark.bearing).into(),
                reason: mark.reason.clone(),
            })
            .collect(),
        result: outcome(finding.outcome).into(),
        standard: standard(finding.standard).into(),
        burden: party(finding.burden).into(),
        burden_rule: finding.burden_rule.clone(),
        found_by: finding.found_by.clone(),
        found_at: Some(to_wire_time(finding.found_at)),
        of_incident,
        supersedes: finding.supersedes.map(|id| id.to_string()).unwrap_or_default(),
        superseded: finding.superseded,
    })
}

/// A task group; none if there is none.
pub fn group(group: &case::TaskGroup) -> Option<wire::TaskGroup> {
    group.exists().then(|| wire::TaskGroup {
        lead: group.lead.clone(),
        department: group.department.clone(),
        members: group.members.clone(),
    })
}

/// A conflict.
pub fn conflict(conflict: &conflict::Conflict) -> wire::Conflict {
    wire::Conflict {
        subject: conflict.subject.clone(),
        kind: conflict_kind(conflict.kind).into(),
        recused: conflict.recused,
        declared_by: conflict.declared_by.clone(),
        declared_at: Some(to_wire_time(conflict.declared_at)),
    }
}

/// An entry of the timeline; who did it only for staff.
pub fn entry(entry: &timeline::Entry, inside: bool) -> wire::TimelineEntry {
    wire::TimelineEntry {
        at: Some(to_wire_time(entry.at)),
        source: entry.source.code().to_owned(),
        code: entry.code.clone(),
        r#ref: entry.about.map(|id| id.to_string()).unwrap_or_default(),
        actor: if inside { entry.actor.clone() } else { String::new() },
    }
}

/// A version as callers name it.
pub fn version(version: i64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}

/// What the rules have no word for, in a field of a request.
pub fn unknown(field: &'static str) -> Problem {
    let mut found = Violations::default();
    found.add(field, "REQUIRED", "one of the values of the contract is expected");
    Problem::invalid(found)
}
