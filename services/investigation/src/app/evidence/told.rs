//! Evidence in the contract's words.

use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1::AwaitedParty;

use crate::app::wire as words;
use crate::app::words::Words;
use crate::domain::evidence::{Allowance, Audience, Provider};
use crate::error::Error;
use crate::store::evidence::Evidence;
use crate::store::rendition::Rendition;

/// Names under which words on a file are sealed.
pub(super) mod field {
    use uuid::Uuid;

    /// Of the file's name.
    pub(in crate::app::evidence) fn name(evidence: Uuid) -> String {
        format!("evidence.file_name.{evidence}")
    }

    /// Of the words on it.
    pub(in crate::app::evidence) fn description(evidence: Uuid) -> String {
        format!("evidence.description.{evidence}")
    }
}

pub(super) const fn provider(provider: Provider) -> wire::EvidenceProvider {
    match provider {
        Provider::Complainant => wire::EvidenceProvider::Complainant,
        Provider::Respondent => wire::EvidenceProvider::Respondent,
        Provider::Platform => wire::EvidenceProvider::Platform,
        Provider::Staff => wire::EvidenceProvider::Staff,
        Provider::ThirdParty => wire::EvidenceProvider::ThirdParty,
    }
}

pub(super) const fn read_provider(provider: wire::EvidenceProvider) -> Option<Provider> {
    match provider {
        wire::EvidenceProvider::Unspecified => None,
        wire::EvidenceProvider::Complainant => Some(Provider::Complainant),
        wire::EvidenceProvider::Respondent => Some(Provider::Respondent),
        wire::EvidenceProvider::Platform => Some(Provider::Platform),
        wire::EvidenceProvider::Staff => Some(Provider::Staff),
        wire::EvidenceProvider::ThirdParty => Some(Provider::ThirdParty),
    }
}

/// Whom the case need not wait for any more, where no request tells.
pub(super) const fn party_of(provider: Provider) -> AwaitedParty {
    match provider {
        Provider::Complainant => AwaitedParty::Complainant,
        Provider::Respondent => AwaitedParty::Respondent,
        Provider::Platform | Provider::Staff => AwaitedParty::Internal,
        Provider::ThirdParty => AwaitedParty::Unspecified,
    }
}

pub(super) const fn audience(audience: Audience) -> wire::Audience {
    match audience {
        Audience::Complainant => wire::Audience::Complainant,
        Audience::Respondent => wire::Audience::Respondent,
        Audience::Expert => wire::Audience::Expert,
    }
}

pub(super) const fn read_audience(audience: wire::Audience) -> Option<Audience> {
    match audience {
        wire::Audience::Unspecified => None,
        wire::Audience::Complainant => Some(Audience::Complainant),
        wire::Audience::Respondent => Some(Audience::Respondent),
        wire::Audience::Expert => Some(Audience::Expert),
    }
}

/// A piece as the contract shows it; its words as far as `words` opens them.
pub(super) fn item(
    complaint: uuid::Uuid,
    item: &Evidence,
    link: &str,
    words: &Words,
    copies: &[&Rendition],
) -> Result<wire::EvidenceItem, Error> {
    Ok(wire::EvidenceItem {
        evidence_id: item.id.to_string(),
        complaint_id: complaint.to_string(),
        r#type: words::evidence_type(item.kind).into(),
        provider: provider(item.provider).into(),
        source_system: item.source_system.clone(),
        obtained_at: item.obtained_at.map(to_wire_time),
        received_at: Some(to_wire_time(item.received_at)),
        media_type: item.media.code().to_owned(),
        size: i64::try_from(item.size).unwrap_or(i64::MAX),
        sha256: hex::encode(item.sha256),
        chain_seq: i64::try_from(item.seq).unwrap_or(i64::MAX),
        chain_hash: link.to_owned(),
        evidence_request_id: item.request.map(|id| id.to_string()).unwrap_or_default(),
        file_name: words.read(&field::name(item.id), &item.file_name)?,
        description: words.read(&field::description(item.id), &item.description)?,
        sensitive: Allowance::of(item.kind).sensitive,
        renditions: copies.iter().map(|copy| rendition(copy)).collect(),
    })
}

/// A copy.
pub(super) fn rendition(copy: &Rendition) -> wire::Rendition {
    let file = copy.file.as_ref();
    wire::Rendition {
        rendition_id: copy.id.to_string(),
        evidence_id: copy.evidence.to_string(),
        audience: audience(copy.audience).into(),
        policy_version: copy.policy_version.clone(),
        treatment: copy.treatment.code().to_owned(),
        withheld_reason: copy.withheld_reason.clone(),
        media_type: file.map(|file| file.media.code().to_owned()).unwrap_or_default(),
        size: file.map_or(0, |file| i64::try_from(file.size).unwrap_or(i64::MAX)),
        sha256: file.map(|file| hex::encode(file.sha256)).unwrap_or_default(),
        produced_at: Some(to_wire_time(copy.produced_at)),
    }
}
