//! What a complainant gets in hand, as both edges tell it.

use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::SubmitComplaintResponse;

use super::Accepted;

impl From<&Accepted> for SubmitComplaintResponse {
    fn from(accepted: &Accepted) -> Self {
        Self {
            complaint_id: accepted.id.to_string(),
            complaint_no: accepted.no.to_string(),
            received_at: Some(to_wire_time(accepted.received_at)),
            acknowledge_by: Some(to_wire_time(accepted.acknowledge_by)),
            duplicate: accepted.duplicate,
        }
    }
}
