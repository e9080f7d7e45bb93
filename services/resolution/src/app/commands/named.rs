//! What every command's message names.

use redress_proto::resolution::v1 as wire;

/// A message that names its call, its complaint and the version it rests on.
pub trait Named {
    /// The call's name.
    fn request_id(&self) -> &str;
    /// The same, to be filled in or taken out.
    fn request_id_mut(&mut self) -> &mut String;
    /// The complaint.
    fn complaint_id(&self) -> &str;
    /// The same, to be filled in.
    fn complaint_id_mut(&mut self) -> &mut String;
    /// The version; 0 for whichever it is.
    fn expected_version(&self) -> u32;
}

macro_rules! named {
    ($($message:ident),+ $(,)?) => {$(
        impl Named for wire::$message {
            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn request_id_mut(&mut self) -> &mut String {
                &mut self.request_id
            }

            fn complaint_id(&self) -> &str {
                &self.complaint_id
            }

            fn complaint_id_mut(&mut self) -> &mut String {
                &mut self.complaint_id
            }

            fn expected_version(&self) -> u32 {
                self.expected_version
            }
        }
    )+};
}

named!(
    OpenNegotiationRequest,
    RequestInterventionRequest,
    NameContestedDecidersRequest,
    DetermineLiabilityRequest,
    DraftProposalRequest,
    ReviewPlanRequest,
    SendProposalRequest,
    RespondToOfferRequest,
    TerminateMediationRequest,
    IssueRulingRequest,
    ConfirmRulingRequest,
    OrderRemedyRequest,
    ConfirmRemedyRequest,
    AdvancePaymentRequest,
    GiveUpRemedyRequest,
    ClaimRecourseRequest,
    SettleRecourseRequest,
    RespondToResultRequest,
    FileAppealRequest,
    ReplyToAppealRequest,
    RequestHumanReviewRequest,
    DecideAppealRequest,
    ConfirmAppealDecisionRequest,
    RecommendSanctionRequest,
    IssueHandlingReportRequest,
    FileClosingReportRequest,
);
