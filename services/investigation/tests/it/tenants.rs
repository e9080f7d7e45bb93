//! One tenant cannot read, change or even notice another's: over every RPC of the contract, found in its descriptors, so
//! that a new one is held to it without being named here.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use redress_investigation::topics::INCIDENTS;
use redress_proto::classification::v1 as classification;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::types::v1 as types;
use redress_testkit::{bearing, call_by_path, wait_until};
use uuid::Uuid;

use crate::bench::{id, meta};
use crate::calls::{agreement, asked};
use crate::world::{PATIENCE, Running, World, now};

const SERVICE: &str = "redress.investigation.v1.InvestigationService";
const INCIDENT: u128 = 700;

/// What a call names.
struct Named {
    complaint: String,
    incident: String,
    request: String,
    test: String,
    consultation: String,
    anything: String,
}

fn filled(message: &MessageDescriptor, named: &Named) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        // What goes on in a list, binds a call to a version, or is the other choice of two.
        let skipped = field.name().ends_with("page_token")
            || field.name() == "expected_version"
            || field.name() == "chunk"
            || (message.name() == "RecordFindingRequest" && field.name() == "incident_id")
            || (message.name() == "RecordTestReportRequest" && field.name() == "report_evidence_id");
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
        ("incident_id", _) => text(&named.incident),
        ("evidence_request_id", _) => text(&named.request),
        ("test_id", _) => text(&named.test),
        ("consultation_id", _) => text(&named.consultation),
        ("supersedes", _) => text(""),
        ("sha256", _) => text(&"ab".repeat(32)),
        ("media_type", _) => text("image/png"),
        ("purpose", _) => text("case_handling"),
        (name, Kind::String) if name.ends_with("_id") || name.ends_with("_ids") => text(&named.anything),
        ("currency", _) => text("CNY"),
        (_, Kind::String) => text("something-1"),
        (_, Kind::Bool) => Value::Bool(true),
        (_, Kind::Enum(_)) => Value::EnumNumber(1),
        (_, Kind::Int32) => Value::I32(1),
        (_, Kind::Int64) => Value::I64(1),
        (name, Kind::Message(message)) if message.full_name() == "google.protobuf.Timestamp" => {
            let mut time = DynamicMessage::new(message.clone());
            // What was obtained is past, what is due is to come.
            let seconds = if name == "obtained_at" { 1_000_000_000 } else { 4_000_000_000 };
            time.set_field_by_name("seconds", Value::I64(seconds));
            Value::Message(time)
        }
        (_, Kind::Message(message)) => Value::Message(filled(&message, named)),
        (name, kind) => panic!("no value for {name}, a {kind:?}"),
    }
}

async fn of_tenant_a(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in
        ["case_file", "evidence_request", "goods_test", "consultation", "incident_file", "timeline_entry"]
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
async fn world() -> (World, Running, Named) {
    let world = World::new("").await;
    let running = world.serve().await;
    world.accepted(1).await;
    let incident = classification::Incident {
        category: types::Category::Cq01.into(),
        dimension: classification::IncidentDimension::Sku.into(),
        ..classification::Incident::default()
    };
    let confirmed = classification::IncidentConfirmed { incident: Some(incident) };
    let meta = meta::<classification::IncidentConfirmed>(INCIDENTS, INCIDENT, 1, now());
    world.publish(INCIDENTS, meta, confirmed.encode_to_vec()).await;
    wait_until("case and incident are there", PATIENCE, async || {
        let case = world.count("SELECT count(*) FROM case_file WHERE state = 'open'").await;
        let incident = world.count("SELECT count(*) FROM incident_file").await;
        (case == 1 && incident == 1).then_some(())
    })
    .await;
    let token = world.staff("tenant-a");
    let mut client = InvestigationServiceClient::new(running.grpc.clone());
    let issued = client.request_evidence(bearing(&token, asked(1, "a"))).await.unwrap().into_inner();
    let platform_pays =
        wire::AgreeTestRequest { fee_bearer: wire::FeeBearer::Platform.into(), ..agreement(1, &[]) };
    let agreed = client.agree_test(bearing(&token, platform_pays)).await.unwrap().into_inner();
    let request = wire::RequestConsultationRequest {
        request_id: "c".into(),
        complaint_id: id(1),
        department: "legal".into(),
        consulted: "lawyer-1".into(),
        question: "?".into(),
        due_at: Some(redress_proto::convert::to_wire_time(now() + jiff::SignedDuration::from_hours(1))),
        ..wire::RequestConsultationRequest::default()
    };
    let consulted = client.request_consultation(bearing(&token, request)).await.unwrap().into_inner();
    let named = Named {
        complaint: id(1),
        incident: id(INCIDENT),
        request: issued.evidence_request.unwrap().evidence_request_id,
        test: agreed.test.unwrap().test_id,
        consultation: consulted.consultation.unwrap().consultation_id,
        anything: id(9),
    };
    (world, running, named)
}

#[tokio::test]
async fn over_every_rpc_another_tenants_things_are_as_if_they_were_not_there() {
    let (world, running, named) = world().await;
    let before = of_tenant_a(&world).await;
    let nobody = || Uuid::from_u128(u128::MAX).to_string();
    let nothing = Named {
        complaint: nobody(),
        incident: nobody(),
        request: nobody(),
        test: nobody(),
        consultation: nobody(),
        anything: id(9),
    };
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name(SERVICE).unwrap();
    assert!(service.methods().len() >= 27, "the contract has its RPCs");
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
            for hidden in ["shop-1", &named.complaint, &named.request, &named.test, &named.consultation] {
                assert!(!told.contains(hidden), "{path}: {told}");
            }
            answers.push(told);
        }
        assert_eq!(answers[0], answers[1], "{path}");
        assert!(answers[0].starts_with("NotFound"), "{path}: {answers:?}");
    }
    assert_eq!(of_tenant_a(&world).await, before);
}
