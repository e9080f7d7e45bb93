//! One tenant cannot read, change or even notice another's: over every RPC of the contract, found in its descriptors, so
//! that a new one is held to it without being named here.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::types::v1 as types;
use redress_resolution::topics::{INCIDENTS, LIFECYCLE};
use redress_testkit::{bearing, call_by_path, wait_until};
use uuid::Uuid;

use crate::bench::submission;
use crate::steps::{draft, option, refund};
use crate::world::{PATIENCE, Running, World};

const SERVICE: &str = "redress.resolution.v1.ResolutionService";

/// What a call names.
struct Named {
    complaint: String,
    proposal: String,
    incident: String,
}

fn filled(message: &MessageDescriptor, named: &Named) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        if field.name() != "expected_version" && !field.is_map() {
            let value = value(&field, named);
            let value = if field.is_list() { Value::List(vec![value]) } else { value };
            filled.set_field(&field, value);
        }
    }
    filled
}

fn value(field: &FieldDescriptor, named: &Named) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    match (field.name(), field.kind()) {
        ("complaint_id", _) => text(&named.complaint),
        ("proposal_id" | "ruling_id" | "appeal_id" | "remedy_id", _) => text(&named.proposal),
        ("incident_id", _) => text(&named.incident),
        ("cause", _) => text("product"),
        ("outcome", Kind::String) | ("case_outcome", _) => text("upheld"),
        ("language", _) => text("en"),
        ("currency", _) => text("CNY"),
        ("rules" | "charge_rule", _) => text("refund.quality@1"),
        ("sha256", _) => text(&"ab".repeat(32)),
        ("reference", _) => text("m-9"),
        ("basis_points", _) => Value::U32(10_000),
        ("units" | "due_days" | "term_days", _) => Value::U32(0),
        ("appeal" | "nothing_to_add", Kind::Bool) => Value::Bool(false),
        ("action", Kind::Enum(_)) => Value::EnumNumber(2),
        (_, Kind::String) => text("something-1"),
        (_, Kind::Bool) => Value::Bool(true),
        (_, Kind::Enum(_)) => Value::EnumNumber(1),
        (_, Kind::Int32) => Value::I32(1),
        (_, Kind::Uint32) => Value::U32(1),
        (_, Kind::Int64) => Value::I64(1),
        (_, Kind::Message(message)) => Value::Message(filled(&message, named)),
        (name, kind) => panic!("no value for {name}, a {kind:?}"),
    }
}

async fn of_tenant_a(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["case_file", "case_record", "sealed_text", "incident", "incident_member", "subject_key"] {
        let sql = format!("SELECT t::text FROM {table} t WHERE tenant = 'tenant-a' ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap();
        assert!(!rows.is_empty(), "{table} has something to be hidden");
        all.extend(rows);
    }
    all
}

/// A world in which tenant A has a case with a plan, member of an incident, and what names them.
async fn world() -> (World, Running, Named) {
    let world = World::new().await;
    let running = world.serve(&[]).await;
    let id = world.register(1, submission()).await;
    let moved = redress_proto::intake::v1::ComplaintAdvanced {
        from: types::ComplaintState::Accepted.into(),
        to: types::ComplaintState::PlanReview.into(),
        fact: "InvestigationConcluded".into(),
    };
    world.tell(LIFECYCLE, *id.as_uuid(), 2, "intake", &moved).await;
    let incident = Uuid::from_u128(99);
    let confirmed = redress_proto::classification::v1::IncidentConfirmed::default();
    world.tell(INCIDENTS, incident, 1, "s-1", &confirmed).await;
    let added = redress_proto::classification::v1::IncidentMemberAdded { complaint_id: id.to_string() };
    world.tell(INCIDENTS, incident, 2, "s-1", &added).await;
    world.stands(id, "plan_review").await;
    wait_until("the member is known", PATIENCE, async || {
        (world.count("SELECT count(*) FROM incident_member").await == 1).then_some(())
    })
    .await;
    let mut client = ResolutionServiceClient::new(running.grpc.clone());
    let token = world.staff("tenant-a", "h-1");
    let drafted = client.draft_proposal(bearing(&token, draft(id, vec![option(vec![refund(5_000)])]))).await;
    let proposal = drafted.unwrap().into_inner().resolution.unwrap().proposals[0].proposal_id.clone();
    let named = Named { complaint: id.to_string(), proposal, incident: incident.to_string() };
    (world, running, named)
}

#[tokio::test]
async fn over_every_rpc_another_tenants_things_are_as_if_they_were_not_there() {
    let (world, running, named) = world().await;
    let before = of_tenant_a(&world).await;
    let nobody = || Uuid::from_u128(u128::MAX).to_string();
    let nothing = Named { complaint: nobody(), proposal: nobody(), incident: nobody() };
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name(SERVICE).unwrap();
    assert!(service.methods().len() >= 28, "the contract has its RPCs");
    let stranger = world.staff("tenant-b", "h-1");
    for method in service.methods() {
        let path = format!("/{SERVICE}/{}", method.name());
        let mut answers = Vec::new();
        for (names, turn) in [(&named, "a"), (&nothing, "n")] {
            let mut message = filled(&method.input(), names);
            if let Some(field) = method.input().get_field_by_name("request_id") {
                message.set_field(&field, Value::String(format!("{}-{turn}", method.name())));
            }
            let answer =
                call_by_path(&running.grpc, &path, bearing(&stranger, message.encode_to_vec())).await;
            let told = match answer {
                Ok(bytes) => format!("OK {}", String::from_utf8_lossy(&bytes)),
                Err(status) => format!("{:?} {}", status.code(), status.message()),
            };
            for hidden in [&named.complaint, &named.incident, &named.proposal] {
                assert!(!told.contains(hidden.as_str()), "{path}: {told}");
            }
            answers.push(told);
        }
        let names_something =
            method.input().fields().any(|field| matches!(field.name(), "complaint_id" | "incident_id"));
        if names_something {
            assert_eq!(answers[0], answers[1], "{path}");
            assert!(!answers[0].starts_with("OK"), "{path}: {answers:?}");
        }
    }
    assert_eq!(of_tenant_a(&world).await, before);
}
