//! What each type of evidence may be: in which form, how large, from whom, and whether it is kept apart (L53).

use redress_domain::coded_enum;

use super::media::Class::{self, Archive, Audio, Document, Image, Text, Video};
use super::{EvidenceType, MediaType, Unfit};

coded_enum! {
    /// Where a piece of evidence comes from.
    Provider {
        /// Who complained.
        Complainant = "complainant",
        /// Whom the complaint is directed at.
        Respondent = "respondent",
        /// The platform's own systems (F027).
        Platform = "platform",
        /// Somebody of the platform's staff.
        Staff = "staff",
        /// Carrier, laboratory, authority or witness, entered by staff.
        ThirdParty = "third_party",
    }
}

/// What a type may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The forms it may have.
    pub classes: &'static [Class],
    /// Whether the complainant may bring it.
    pub complainant: bool,
    /// Whether a respondent may bring it.
    pub respondent: bool,
    /// Whether it is kept apart, and every view of it recorded by name (L53).
    pub sensitive: bool,
}

const RECORD: &[Class] = &[Text, Document, Image];
const RECORDS: &[Class] = &[Text, Document, Image, Archive];
const PAPER: &[Class] = &[Document, Image];
const PICTURE: &[Class] = &[Image];
const FILM: &[Class] = &[Video];
const SOUND: &[Class] = &[Audio];
const STATEMENT: &[Class] = &[Document, Image, Text, Audio, Video];
const INSPECTION: &[Class] = &[Document, Image, Text, Video];
const ANYTHING: &[Class] = &[Image, Document, Text, Audio, Video, Archive];

/// Who may bring it beside platform and staff, who may bring everything.
const NEITHER: (bool, bool) = (false, false);
const COMPLAINANT: (bool, bool) = (true, false);
const RESPONDENT: (bool, bool) = (false, true);
const BOTH: (bool, bool) = (true, true);

impl Allowance {
    /// What evidence of type `kind` may be.
    #[expect(clippy::match_same_arms, reason = "a table: types stand with those they resemble")]
    pub const fn of(kind: EvidenceType) -> Self {
        use EvidenceType as E;
        let (classes, (complainant, respondent)) = match kind {
            E::OrderRecord | E::PaymentRecord | E::LogisticsTrace | E::ReturnRecord | E::AfterSalesRecord => {
                (RECORD, BOTH)
            }
            E::ProductPageSnapshot | E::ServicePromise | E::PriceBasis => (RECORDS, BOTH),
            E::DeliveryPhoto => (PICTURE, BOTH),
            E::SignForRecord | E::OutboundRecord => (RECORD, RESPONDENT),
            E::QcReport | E::ProductVettingRecord => (RECORDS, RESPONDENT),
            E::ThirdPartyTestReport
            | E::Certificate
            | E::Invoice
            | E::RegulatorDocument
            | E::ExternalDecision => (PAPER, BOTH),
            E::ChatLog => (RECORDS, BOTH),
            E::CallRecording => (SOUND, BOTH),
            E::ComplainantPhoto => (PICTURE, COMPLAINANT),
            E::ComplainantVideo => (FILM, COMPLAINANT),
            E::UnboxingVideo => (FILM, BOTH),
            E::Screenshot => (PAPER, BOTH),
            E::LiveReplaySegment => (FILM, BOTH),
            E::LiveWordingTranscript | E::LiveInteraction => (RECORDS, BOTH),
            E::LiveAccount => (RECORD, NEITHER),
            E::MerchantStatement | E::AnchorStatement => (STATEMENT, RESPONDENT),
            E::WitnessStatement => (STATEMENT, BOTH),
            E::IdentityDocument | E::BankRecord => (PAPER, BOTH),
            E::Mandate => (PAPER, BOTH),
            E::AccountLog | E::LoginLog => (RECORDS, COMPLAINANT),
            E::RuleVersion => (RECORD, BOTH),
            E::PriorCase => (RECORDS, NEITHER),
            E::ReturnParcelInspection => (INSPECTION, RESPONDENT),
            E::Other => (ANYTHING, BOTH),
        };
        let sensitive = matches!(kind, E::IdentityDocument | E::BankRecord);
        Self { classes, complainant, respondent, sensitive }
    }

    /// Whether `provider` may bring it.
    pub const fn from(self, provider: Provider) -> bool {
        match provider {
            Provider::Complainant => self.complainant,
            Provider::Respondent => self.respondent,
            Provider::Platform | Provider::Staff | Provider::ThirdParty => true,
        }
    }
}

/// The most bytes that evidence of type `kind` may have as `media`.
///
/// # Errors
/// If `provider` may not bring it, or it cannot have this form.
pub fn size_limit(kind: EvidenceType, media: MediaType, provider: Provider) -> Result<u64, Unfit> {
    let allowance = Allowance::of(kind);
    if !allowance.from(provider) {
        return Err(Unfit::ProviderNotAllowed);
    }
    if allowance.classes.contains(&media.class()) {
        Ok(media.class().limit())
    } else {
        Err(Unfit::MediaTypeNotAllowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_a_form_and_somebody_who_may_bring_it() {
        for &kind in EvidenceType::ALL {
            let allowance = Allowance::of(kind);
            assert!(!allowance.classes.is_empty(), "{kind}");
            assert!(allowance.from(Provider::Staff) && allowance.from(Provider::Platform), "{kind}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let limit = size_limit(EvidenceType::ComplainantVideo, MediaType::Mp4, Provider::Complainant);
        assert_eq!(limit, Ok(4 << 30));
        let form = size_limit(EvidenceType::ComplainantPhoto, MediaType::Zip, Provider::Complainant);
        assert_eq!(form, Err(Unfit::MediaTypeNotAllowed));
        let other = size_limit(EvidenceType::MerchantStatement, MediaType::Pdf, Provider::Complainant);
        assert_eq!(other, Err(Unfit::ProviderNotAllowed));
    }

    #[test]
    fn identity_and_bank_papers_are_kept_apart() {
        let apart: Vec<_> = EvidenceType::ALL.iter().filter(|kind| Allowance::of(**kind).sensitive).collect();
        assert_eq!(apart, [&EvidenceType::IdentityDocument, &EvidenceType::BankRecord]);
    }
}
