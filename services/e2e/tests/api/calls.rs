//! A right call of any RPC of the contract, made from its descriptor.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use redress_domain::{ComplaintId, ComplaintNo};
use redress_e2e::evidence::SUBMISSIONS;

use crate::service::SERVICES;

/// The verbs over HTTP, each with a body that is right in every field.
pub(crate) const VERBS: &[(&str, &str)] = &[
    ("supplyCompletion", r#"{"text": "x"}"#),
    (
        "decideAdmissibility",
        r#"{"decision": "ADMISSIBILITY_YES", "category": "CATEGORY_CQ07", "handler": "staff-1"}"#,
    ),
    ("withdraw", "{}"),
    ("requestReview", r#"{"text": "x"}"#),
    ("merge", r#"{"intoComplaintId": "a5a5a5a5-a5a5-85a5-a5a5-a5a5a5a5a5a5"}"#),
    ("unmerge", r#"{"reason": "different_cause"}"#),
    ("refer", r#"{"body": "12315", "consentToShare": true}"#),
    ("recordOutcome", r#"{"outcome": "REFERRAL_OUTCOME_REMEDY"}"#),
    ("suspend", r#"{"reason": "SUSPENSION_REASON_COURT", "second": "legal-1", "reviewOn": "2999-01-01"}"#),
    ("resume", r#"{"second": "legal-1"}"#),
    ("reopen", r#"{"ground": "REOPEN_GROUND_NEW_EVIDENCE"}"#),
    ("transfer", r#"{"unit": "unit-7", "acknowledged": true, "complainantTold": true}"#),
    ("escalate", r#"{"reason": "ESCALATION_REASON_OVER_THE_HEAD"}"#),
    (
        "splitMatter",
        r#"{"newComplaintId": "a5a5a5a5-a5a5-85a5-a5a5-a5a5a5a5a5a5", "matter": "MATTER_REPORT", "label": "x"}"#,
    ),
];

/// All RPCs of the services that intake answers.
pub(crate) fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).unwrap();
    let services = pool.services().filter(|service| SERVICES.contains(&service.full_name()));
    let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    assert!(methods.len() >= 26, "the contract has its RPCs");
    methods
}

pub(crate) fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// What a call names: a complaint by id and number, and a record by its position.
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) position: (i32, i64),
}

impl Named {
    /// Nothing that exists.
    pub(crate) fn nothing() -> Self {
        let id = ComplaintId::from_uuid(uuid::Builder::from_custom_bytes([0xa5; 16]).into_uuid());
        let day = jiff::civil::date(2026, 1, 2);
        Self { id: id.to_string(), number: ComplaintNo::new(day, &id).to_string(), position: (0, i64::MAX) }
    }
}

/// A call of `method` that is right in every field, about what is named. `by_number` names the complaint by its number
/// where the message has one.
pub(crate) fn call(method: &MethodDescriptor, named: &Named, by_number: bool) -> Vec<u8> {
    filled(&method.input(), named, by_number).encode_to_vec()
}

fn filled(message: &MessageDescriptor, named: &Named, by_number: bool) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        let skipped = match field.name() {
            "complaint_id" => by_number,
            "complaint_no" => !by_number,
            // What narrows a list, goes on in one, or binds the call to a version.
            "page_token" | "expected_version" | "after_version" | "known_heads" | "recorded_from"
            | "recorded_until" => true,
            _ => message.name().starts_with("List"),
        };
        if !skipped {
            let value = value(&field, named);
            let value = if field.is_list() { Value::List(vec![value]) } else { value };
            filled.set_field(&field, value);
        }
    }
    filled
}

fn value(field: &FieldDescriptor, named: &Named) -> Value {
    match (field.name(), field.kind()) {
        ("complaint_id", _) => Value::String(named.id.clone()),
        ("complaint_no", _) => Value::String(named.number.clone()),
        ("request_id", _) => Value::String(format!("k-{}", named.id)),
        ("topic", _) => Value::String(SUBMISSIONS.to_owned()),
        ("partition", _) => Value::I32(named.position.0),
        ("offset", _) => Value::I64(named.position.1),
        // In the year 2096: a replay from then on reads nothing again.
        ("seconds", _) => Value::I64(4_000_000_000),
        ("into_complaint_id" | "new_complaint_id", _) => Value::String(Named::nothing().id),
        ("review_on", _) => Value::String("2999-01-01".to_owned()),
        ("sha256", _) => Value::String("0".repeat(64)),
        ("media_type", _) => Value::String("image/png".to_owned()),
        ("currency", _) => Value::String("CNY".to_owned()),
        (_, Kind::String) => Value::String("something-1".to_owned()),
        (_, Kind::Bool) => Value::Bool(true),
        (_, Kind::Enum(_)) => Value::EnumNumber(1),
        (_, Kind::Int32) => Value::I32(1),
        (_, Kind::Uint32) => Value::U32(1),
        (_, Kind::Int64) => Value::I64(1),
        (_, Kind::Uint64) => Value::U64(1),
        (_, Kind::Bytes) => Value::Bytes(vec![0; 32].into()),
        // Messages of the same call, with one level of times.
        (_, Kind::Message(message)) => Value::Message(filled(&message, named, false)),
        (name, kind) => panic!("no value for {name}, a {kind:?}"),
    }
}
