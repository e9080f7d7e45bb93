//! What is wrong over gRPC.

use redress_e2e::rpc;
use redress_e2e::submissions::plain;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{Channel, Complainant, PartyKind, Submission};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bad_input::nothing_was_kept;
use crate::service::{Tenant, tenant};

const SUBMIT: &str = "/redress.intake.v1.IntakeService/SubmitComplaint";

async fn submit(
    tenant: &Tenant<'_>,
    request_id: &str,
    submission: Submission,
) -> Result<wire::SubmitComplaintResponse, Status> {
    let mut client = rpc::intake(&tenant.grpc, &tenant.complainant()).unwrap();
    let request =
        wire::SubmitComplaintRequest { request_id: request_id.into(), submission: Some(submission) };
    client.submit_complaint(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn all_is_told_at_once_too_as_details_of_a_bad_request() {
    let tenant = tenant().await;
    let spoilt = Submission {
        // A value that only a later version of the contract knows.
        channel: 99,
        text: "诉".repeat(20_001),
        complainant: Some(Complainant { kind: PartyKind::Platform.into(), ..Complainant::default() }),
        submitted_at: Some(redress_proto::convert::to_wire_time("2999-01-01T00:00:00Z".parse().unwrap())),
        ..Submission::default()
    };
    let refused = submit(&tenant, "two words", spoilt).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "INVALID_INPUT");
    let mut found: Vec<_> = details.bad_request().unwrap().field_violations.iter().collect();
    found.sort_by_key(|violation| &violation.field);
    let found: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.reason.as_str())).collect();
    assert_eq!(
        found,
        [
            ("channel", "REQUIRED"),
            ("complainant.kind", "NOT_ALLOWED"),
            ("requestId", "MALFORMED"),
            ("submittedAt", "IN_FUTURE"),
            ("text", "TOO_LONG"),
        ]
    );
    let empty = submit(&tenant, "", Submission::default()).await.unwrap_err();
    assert_eq!(empty.get_error_details().bad_request().unwrap().field_violations.len(), 4);
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn bytes_that_are_no_message_or_no_utf_8_are_refused() {
    let tenant = tenant().await;
    let mut invalid_text = prost::Message::encode_to_vec(&wire::SubmitComplaintRequest {
        request_id: "k-1".into(),
        submission: Some(Submission { channel: Channel::App.into(), ..plain("@@@@") }),
    });
    let at = invalid_text.windows(4).position(|window| window == b"@@@@").unwrap();
    invalid_text[at..at + 4].copy_from_slice(b"\xff\xfe\xff\xfe");
    for bytes in [invalid_text, vec![0xff; 16]] {
        let refused = rpc::call(&tenant.grpc, Some(&tenant.complainant()), SUBMIT, bytes).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Code::Internal,
            "tonic's own answer to what it cannot decode: {refused:?}"
        );
    }
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_message_over_256_kib_is_refused() {
    let tenant = tenant().await;
    let submission = Submission { text: "x".repeat(256 * 1024), ..plain("") };
    let refused = submit(&tenant, "k-1", submission).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    nothing_was_kept(&tenant).await;
}
