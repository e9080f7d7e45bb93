//! One tenant cannot read, change or even notice another's: over every RPC of the contract, found in its descriptors, so
//! that a new one is held to it without being named here.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_testkit::{bearing, call_by_path, wait_until};
use uuid::Uuid;

use crate::bench::{Told, from_room, told};
use crate::world::{PATIENCE, World, just_now};

const SERVICE: &str = "redress.classification.v1.ClassificationService";
const LEATHER: &str = "主播在直播间说这个包是头层牛皮,收到一看是人造革,这是虚假宣传,我要退货退款。";

/// What a call names.
struct Named {
    complaint: String,
    other: String,
    incident: String,
    assessment: String,
}

fn filled(message: &MessageDescriptor, named: &Named) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        // What narrows a list, goes on in one, or binds a call to a version.
        let skipped = field.name().ends_with("page_token")
            || field.name() == "expected_version"
            || message.name().starts_with("List")
            || field.is_map();
        if !skipped {
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
        ("other_complaint_id", _) => text(&named.other),
        ("incident_id", _) => text(&named.incident),
        ("supersedes", _) => text(&named.assessment),
        ("decision", _) => text("same"),
        ("queues", _) => text("*/*/*"),
        ("language", _) => text("en"),
        ("missing", _) => text("order_no"),
        ("sub_category", _) => text(""),
        ("currency", _) => text("CNY"),
        (_, Kind::String) => text("something-1"),
        (_, Kind::Bool) => Value::Bool(true),
        (_, Kind::Enum(_)) => Value::EnumNumber(1),
        (_, Kind::Int32) => Value::I32(1),
        (_, Kind::Uint32) => Value::U32(1),
        (_, Kind::Int64) => Value::I64(1),
        (_, Kind::Double) => Value::F64(1.0),
        (_, Kind::Message(message)) => Value::Message(filled(&message, named)),
        (name, kind) => panic!("no value for {name}, a {kind:?}"),
    }
}

async fn of_tenant_a(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in
        ["complaint", "assessment", "duplicate_link", "incident", "incident_member", "assignment", "handler"]
    {
        let sql = format!("SELECT t::text FROM {table} t WHERE tenant = 'tenant-a' ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap();
        assert!(!rows.is_empty(), "{table} has something to be hidden");
        all.extend(rows);
    }
    all
}

/// A world in which tenant A has one of everything, and what names it.
async fn world() -> (World, crate::world::Running, Named) {
    let world = World::new().await;
    let running = world.serve().await;
    let one = |n: u128| Told {
        who: "person-of-a",
        submission: from_room(LEATHER, "room-of-a", "ORDER-OF-A"),
        after: just_now(),
        ..told(n, "")
    };
    world.publish((1..=30).map(one).collect()).await;
    let token = world.staff("tenant-a");
    let mut client = ClassificationServiceClient::new(running.grpc.clone());
    let handler = wire::RegisterHandlerRequest {
        request_id: "r1".into(),
        handler: "staff-1".into(),
        queues: vec!["*/*/*".into()],
        capacity: 100,
    };
    client.register_handler(bearing(&token, handler)).await.unwrap();
    wait_until("everything is there and offered", PATIENCE, async || {
        let sql = "SELECT count(*) FROM assignment WHERE state = 'offered'";
        (world.count(sql).await == 30).then_some(())
    })
    .await;
    let incidents = client.list_incidents(bearing(&token, wire::ListIncidentsRequest::default())).await;
    let (complaint, other): (Uuid, Uuid) =
        sqlx::query_as("SELECT complaint_id, other_complaint_id FROM duplicate_link LIMIT 1")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    let request = wire::ExplainAssessmentRequest { complaint_id: complaint.to_string() };
    let explained = client.explain_assessment(bearing(&token, request)).await.unwrap().into_inner();
    let named = Named {
        complaint: complaint.to_string(),
        other: other.to_string(),
        incident: incidents.unwrap().into_inner().incidents[0].incident_id.clone(),
        assessment: explained.assessments[0].assessment_id.clone(),
    };
    (world, running, named)
}

#[tokio::test]
async fn over_every_rpc_another_tenants_things_are_as_if_they_were_not_there() {
    let (world, running, named) = world().await;
    let before = of_tenant_a(&world).await;
    let nobody = || Uuid::from_u128(u128::MAX).to_string();
    let nothing = Named { complaint: nobody(), other: nobody(), incident: nobody(), assessment: nobody() };
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name(SERVICE).unwrap();
    assert!(service.methods().len() >= 15, "the contract has its RPCs");
    let stranger = world.staff("tenant-b");
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
            for hidden in ["of-a", "OF-A", &named.complaint, &named.incident, &named.assessment] {
                assert!(!told.contains(hidden), "{path}: {told}");
            }
            answers.push(told);
        }
        // A published set's name carries its number.
        let numberless = |answer: &str| answer.replace("published-1@", "published-2@");
        let same = numberless(&answers[0]) == numberless(&answers[1]);
        assert!(same, "{path}: {answers:?}");
        let names_something = method
            .input()
            .fields()
            .any(|field| matches!(field.name(), "complaint_id" | "incident_id" | "other_complaint_id"));
        assert_eq!(names_something, answers[0].starts_with("NotFound"), "{path}: {answers:?}");
    }
    assert_eq!(of_tenant_a(&world).await, before);
}
