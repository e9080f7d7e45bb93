//! What is heard of events of the other services.

use prost::{Message as _, Name as _};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::{
    AdmissibilityReviewStarted, ComplaintAdvanced, ComplaintClosed, ComplaintRegistered,
};
use redress_proto::investigation::v1::EvidenceRequested;
use redress_proto::types::v1::{Channel, Complainant, PartyKind, Sealed, Submission};
use redress_sla::domain::fact::{Fact, Value};
use redress_sla::domain::vocabulary::{Unreadable, ValueKind, event, events, extract, topics};

use crate::story::at;

#[test]
fn every_entry_names_a_message_and_scalar_fields_of_the_contract() {
    assert!(events().count() > 60);
    for name in events() {
        let event = event(name).unwrap();
        assert!(event.full_type().ends_with(&format!(".{name}")));
        for (path, kind) in event.fields() {
            // No words of people, and nobody's name or address: ids, codes, names of enumerations, numbers, instants.
            let last = path.rsplit('.').next().unwrap();
            // Who took a case is told by a pseudonym: whoever did takes up none of its escalations (F169).
            let pseudonym = (name, path.as_str()) == ("AssignmentAccepted", "handler");
            assert!(
                pseudonym
                    || !["sealed", "text", "name", "value", "handler", "subject", "words"].contains(&last),
                "{name} {path}"
            );
            if let ValueKind::Name(names) = kind {
                assert!(names.iter().any(|name| name.ends_with("_UNSPECIFIED")), "{name} {path}");
            }
        }
    }
    assert_eq!(
        topics(),
        [
            "redress.classification.assessments.v1",
            "redress.intake.lifecycle.v1",
            "redress.investigation.cases.v1",
            "redress.notification.notices.v1",
            "redress.resolution.cases.v1",
            "redress.sla.clocks.v1",
        ]
    );
}

#[test]
fn an_event_is_reduced_to_its_listed_fields() {
    let registered = ComplaintRegistered {
        complaint_no: "not listed".into(),
        received_at: Some(to_wire_time(at("2026-03-09T10:00"))),
        submitted_by: "not listed".into(),
        submission: Some(Submission {
            channel: Channel::Regulator.into(),
            complainant: Some(Complainant { kind: PartyKind::Merchant.into(), ..Default::default() }),
            text: "not listed".into(),
            ..Default::default()
        }),
        sealed: Some(Sealed::default()),
        ..Default::default()
    };
    let heard =
        extract(&ComplaintRegistered::full_name(), &registered.encode_to_vec(), None).unwrap().unwrap();
    assert_eq!(heard.event, "ComplaintRegistered");
    let text = |text: &str| Value::Text(text.to_owned());
    let expected = [
        ("received_at", Value::Time(at("2026-03-09T10:00"))),
        ("submission.channel", text("CHANNEL_REGULATOR")),
        ("submission.complainant.kind", text("PARTY_KIND_MERCHANT")),
    ];
    assert_eq!(heard.fields, expected.map(|(path, value)| (path.to_owned(), value)).into());
}

#[test]
fn who_decided_is_told_by_the_envelope_where_rules_may_ask_it() {
    let started = AdmissibilityReviewStarted::default().encode_to_vec();
    let decided = |code| {
        let heard = extract(&AdmissibilityReviewStarted::full_name(), &started, code).unwrap().unwrap();
        heard.fields.get("decided_by").cloned()
    };
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(decided(Some("human")), text("DECIDED_BY_HUMAN"));
    assert_eq!(decided(Some("rule")), text("DECIDED_BY_RULE"));
    assert_eq!((decided(None), decided(Some("nobody"))), (None, None));
    let closed = ComplaintClosed::default().encode_to_vec();
    let heard = extract(&ComplaintClosed::full_name(), &closed, Some("human")).unwrap().unwrap();
    assert!(!heard.fields.contains_key("decided_by"), "no rule asks it");
}

#[test]
fn what_was_not_told_is_absent_and_no_is_no() {
    let requested = EvidenceRequested { request_id: "r".into(), ..Default::default() };
    let heard = extract(&EvidenceRequested::full_name(), &requested.encode_to_vec(), None).unwrap().unwrap();
    let expected = [("mandatory", Value::Bool(false)), ("request_id", Value::Text("r".into()))];
    assert_eq!(heard.fields, expected.map(|(path, value)| (path.to_owned(), value)).into());
    // A value that a later contract may have.
    let unknown = ComplaintAdvanced { from: 999, ..Default::default() };
    let heard = extract(&ComplaintAdvanced::full_name(), &unknown.encode_to_vec(), None).unwrap().unwrap();
    assert!(heard.fields.is_empty());
}

#[test]
fn what_is_not_heard_is_passed_over_and_what_cannot_be_read_is_told() {
    assert_eq!(extract("redress.intake.v1.SubmissionDeduplicated", b"", None), Ok(None));
    assert_eq!(extract("someone.else.v1.ComplaintRegistered", b"", None), Ok(None));
    assert_eq!(extract(&ComplaintRegistered::full_name(), b"\xff\xff", None), Err(Unreadable));
    let never = ComplaintRegistered {
        received_at: Some(pbjson_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        ..Default::default()
    };
    assert_eq!(extract(&ComplaintRegistered::full_name(), &never.encode_to_vec(), None), Err(Unreadable));
}

#[test]
fn a_fact_is_kept_as_json_and_read_back() {
    let story =
        crate::story::Story::registered("2026-03-09T10:00").assessed("2026-03-09T10:01", "MAJOR", true);
    for fact in &story.facts {
        let text = serde_json::to_string(fact).unwrap();
        assert_eq!(serde_json::from_str::<Fact>(&text).unwrap(), *fact, "{text}");
    }
}
