//! What is wrong over gRPC.

use redress_e2e::rpc;
use redress_e2e::submissions::plain;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{Channel, Complainant, PartyKind, Submission};
use redress_testkit::{bearing, call_by_path};
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

/// Code and reason.
fn told(refused: &Status) -> (Code, String) {
    let details = refused.get_error_details();
    (refused.code(), details.error_info().map(|info| info.reason.clone()).unwrap_or_default())
}

fn fields(refused: &Status) -> Vec<(String, String)> {
    let details = refused.get_error_details();
    let found = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    let mut found: Vec<_> = found.iter().map(|v| (v.field.clone(), v.reason.clone())).collect();
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}

#[tokio::test]
async fn a_number_that_this_version_does_not_know_is_refused_and_never_counts_as_not_told() {
    let tenant = tenant().await;
    tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    let mut officer = rpc::intake(&tenant.grpc, &tenant.officer()).unwrap();
    let list = wire::ListComplaintsRequest { state: 99, category: -1, page_size: -1, ..Default::default() };
    let refused = officer.list_complaints(list).await.unwrap_err();
    assert_eq!(
        fields(&refused),
        pairs(&[
            ("category", "UNKNOWN_ENUM_VALUE"),
            ("pageSize", "OUT_OF_RANGE"),
            ("state", "UNKNOWN_ENUM_VALUE"),
        ])
    );
    let decision = wire::DecideAdmissibilityRequest {
        request_id: "two words".into(),
        complaint_id: uuid::Uuid::nil().to_string(),
        decision: redress_proto::types::v1::Admissibility::Yes.into(),
        category: 99,
        severity: 99,
        ..Default::default()
    };
    let refused = officer.decide_admissibility(decision).await.unwrap_err();
    assert_eq!(
        fields(&refused),
        pairs(&[
            ("category", "UNKNOWN_ENUM_VALUE"),
            ("handler", "REQUIRED"),
            ("requestId", "MALFORMED"),
            ("severity", "UNKNOWN_ENUM_VALUE"),
        ])
    );
}

#[tokio::test]
async fn all_is_told_at_once_too_as_details_of_a_bad_request() {
    let tenant = tenant().await;
    let spoilt = Submission {
        // A value that only a later version of the contract knows.
        channel: 99,
        origin: 99,
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
            ("channel", "UNKNOWN_ENUM_VALUE"),
            ("complainant.kind", "NOT_ALLOWED"),
            ("origin", "UNKNOWN_ENUM_VALUE"),
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
        let request = bearing(&tenant.complainant(), bytes);
        let refused = call_by_path(&tenant.grpc, SUBMIT, request).await.unwrap_err();
        assert_eq!(told(&refused), (Code::InvalidArgument, "MALFORMED_MESSAGE".to_owned()));
    }
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_message_over_256_kib_is_refused() {
    let tenant = tenant().await;
    let submission = Submission { text: "x".repeat(256 * 1024), ..plain("") };
    let refused = submit(&tenant, "k-1", submission).await.unwrap_err();
    assert_eq!(told(&refused), (Code::InvalidArgument, "BODY_TOO_LARGE".to_owned()));
    nothing_was_kept(&tenant).await;
}
