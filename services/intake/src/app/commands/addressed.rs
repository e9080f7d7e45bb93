//! What every command's message says besides what it asks: the call's name, the complaint, the version decided on.

use prost::{Message, Name};
use redress_proto::intake::v1 as wire;

/// A message that names one complaint.
pub trait Addressed: Message + Name + Clone + Default + 'static {
    /// The caller's own name for the call; over HTTP it stands in a header.
    fn request_id(&self) -> &str;
    /// The same, to be set.
    fn request_id_mut(&mut self) -> &mut String;
    /// The complaint; over HTTP it stands in the path.
    fn complaint_id(&self) -> &str;
    /// The same, to be set.
    fn complaint_id_mut(&mut self) -> &mut String;
    /// The version that the caller decided on; 0 for any.
    fn expected_version(&self) -> u32;
}

macro_rules! addressed {
    ($($message:ident),+ $(,)?) => {$(
        impl Addressed for wire::$message {
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

addressed!(
    SupplyCompletionRequest,
    DecideAdmissibilityRequest,
    WithdrawComplaintRequest,
    RequestRefusalReviewRequest,
    MergeComplaintsRequest,
    UnmergeComplaintRequest,
    ReferExternallyRequest,
    RecordReferralOutcomeRequest,
    SuspendCaseRequest,
    ResumeCaseRequest,
    ReopenComplaintRequest,
    TransferComplaintRequest,
    EscalateComplaintRequest,
    SplitMatterRequest,
);
