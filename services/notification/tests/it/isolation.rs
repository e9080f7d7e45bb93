//! One tenant cannot read, change or even notice what is another's: over every RPC of the contract, found in its
//! descriptors, and by what reaches its callback address.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};
use redress_devstack::ServiceProcess;
use redress_domain::{ComplaintId, Role};
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::notification::v1::notification_service_client::NotificationServiceClient;
use redress_proto::types::v1::ContactType;
use redress_testkit::{CallbackReceiver, bearing, call_by_path, wait_until};
use uuid::Uuid;

use crate::installed::{Installed, LIMIT};
use crate::people::by_mail;

const SERVICE: &str = "redress.notification.v1.NotificationService";
const MAIL_OF_A: &str = "jia@example.invalid";
/// What a callback address of the stranger's is asked to repeat from, long before anything was written.
const LONG_AGO: i64 = 1_577_836_800;

/// What a call names.
struct Named {
    complaint: String,
    notice: String,
    survey: String,
    webhook: String,
}

/// A message of any method with all its fields set, about what is named.
fn filled(message: &MessageDescriptor, named: &Named) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        // Where a list goes on; when a report was made; what is told of a party beside its role.
        let skipped = matches!(field.name(), "page_token" | "at" | "external_ref" | "nanos");
        if field.is_map() {
            let fields = [
                ("done", "looked into it"),
                ("next_step", "a letter"),
                ("expected_at", "2026-12-31T00:00:00Z"),
            ];
            let entries =
                fields.map(|(name, value)| (MapKey::String(name.into()), Value::String(value.into())));
            filled.set_field(&field, Value::Map(entries.into_iter().collect()));
        } else if !skipped {
            let value = value(message, &field, named);
            let value = if field.is_list() { Value::List(vec![value]) } else { value };
            filled.set_field(&field, value);
        }
    }
    filled
}

fn value(message: &MessageDescriptor, field: &FieldDescriptor, named: &Named) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    match (field.name(), field.kind()) {
        ("complaint_id", _) => text(&named.complaint),
        ("notice_id", _) if message.name() == "SubmitSurveyRequest" => text(&named.survey),
        ("notice_id", _) => text(&named.notice),
        ("webhook_id", _) => text(&named.webhook),
        ("role", _) => text("complainant"),
        ("outcome", _) => text("delivered"),
        ("locale", _) => text("zh-Hans"),
        ("url", _) => text("http://127.0.0.1:9/nobody"),
        ("kind", Kind::Enum(of)) if of.name() == "NoticeKind" => {
            Value::EnumNumber(NoticeKind::N08Progress.into())
        }
        ("kinds", _) => Value::EnumNumber(NoticeKind::N12Result.into()),
        ("channel", _) => Value::EnumNumber(ContactType::Email.into()),
        ("seconds", _) => Value::I64(LONG_AGO),
        (_, Kind::Enum(_)) => Value::EnumNumber(1),
        (_, Kind::Bool) => Value::Bool(false),
        (_, Kind::String) => text("something-1"),
        (_, Kind::Int32) => Value::I32(10),
        (_, Kind::Uint32) => Value::U32(4),
        (_, Kind::Message(message)) => Value::Message(filled(&message, named)),
        (name, kind) => panic!("no value for {name}, a {kind:?}"),
    }
}

/// Two tenants with a callback address each, and a complaint each.
struct World {
    installed: Installed,
    _process: ServiceProcess,
    named: Named,
    receivers: [CallbackReceiver; 2],
    own: Named,
}

const TENANTS: [&str; 2] = ["tenant-a", "tenant-b"];

async fn registered(installed: &Installed, tenant: &str, url: &str) -> String {
    let token = installed.token(tenant, &[Role::Service]);
    let request =
        wire::RegisterWebhookRequest { request_id: "hook".into(), url: url.into(), kinds: Vec::new() };
    let mut client = NotificationServiceClient::new(installed.grpc());
    client.register_webhook(bearing(&token, request)).await.unwrap().into_inner().webhook_id
}

/// Names of what a tenant has: its complaint, the receipt that a mailbox took, the survey, the callback address.
async fn named(installed: &Installed, tenant: &str, complaint: ComplaintId, webhook: String) -> Named {
    let token = installed.token(tenant, &[Role::Handler]);
    let mut client = NotificationServiceClient::new(installed.grpc());
    let request = wire::ListNoticesRequest { complaint_id: complaint.to_string(), ..Default::default() };
    let notices = client.list_notices(bearing(&token, request)).await.unwrap().into_inner().notices;
    let of = |kind| {
        let of_complainant =
            |notice: &&wire::Notice| notice.addressee.as_ref().unwrap().role == "complainant";
        let mut found = notices.iter().filter(of_complainant).filter(|notice| notice.kind() == kind);
        found.next().unwrap().notice_id.clone()
    };
    let (notice, survey) = (of(NoticeKind::N01Receipt), of(NoticeKind::N18Survey));
    Named { complaint: complaint.to_string(), notice, survey, webhook }
}

async fn world() -> World {
    let installed = Installed::new().await;
    let process = installed.serve().await;
    let receivers = [CallbackReceiver::start().await.unwrap(), CallbackReceiver::start().await.unwrap()];
    let mut hooks = Vec::new();
    for (tenant, receiver) in TENANTS.into_iter().zip(&receivers) {
        hooks.push(registered(&installed, tenant, &receiver.url).await);
    }
    let mut complaints = Vec::new();
    for (tenant, mail) in TENANTS.into_iter().zip([MAIL_OF_A, "yi@example.invalid"]) {
        let (id, event) = installed.bench.registered_of(tenant, "k1", by_mail(mail)).await;
        installed.publish(&event).await;
        let closed = intake::ComplaintClosed { outcome: "upheld".into(), cause: "live_wording".into() };
        let closed = installed.bench.event_of(tenant, id, 2, &closed);
        installed.publish(&closed).await;
        complaints.push(id);
    }
    wait_until("both tenants' surveys are there", LIMIT, async || {
        let surveys = "SELECT count(*) FROM notice WHERE kind = 'n18_survey'";
        (installed.bench.count(surveys).await == 4).then_some(())
    })
    .await;
    installed.settled().await;
    let [of_a, of_b] = <[String; 2]>::try_from(hooks).unwrap();
    let own = named(&installed, "tenant-b", complaints[1], of_b).await;
    let named = named(&installed, "tenant-a", complaints[0], of_a).await;
    World { installed, _process: process, named, receivers, own }
}

/// Everything of tenant A, row by row.
async fn of_tenant_a(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["complaint", "party", "notice", "attempt", "webhook"] {
        let sql = format!("SELECT t::text FROM {table} t WHERE tenant = 'tenant-a' ORDER BY 1");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(world.installed.bench.db.pool())
            .await
            .unwrap();
        assert!(!rows.is_empty(), "{table} has something to be hidden");
        all.extend(rows);
    }
    all
}

/// The notices of a tenant.
async fn notices(world: &World, tenant: &str) -> BTreeSet<String> {
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT notice_id FROM notice WHERE tenant = $1")
        .bind(tenant)
        .fetch_all(world.installed.bench.db.pool())
        .await
        .unwrap();
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// What a tenant is answered by a method, asked about what is named.
async fn asked(
    world: &World,
    tenant: &str,
    method: &str,
    input: &MessageDescriptor,
    (named, turn): (&Named, &str),
) -> (bool, String) {
    let mut message = filled(input, named);
    if let Some(field) = input.get_field_by_name("request_id") {
        message.set_field(&field, Value::String(format!("{method}-{turn}")));
    }
    // With every right that a tenant can give.
    let token = world.installed.token(tenant, Role::ALL);
    let path = format!("/{SERVICE}/{method}");
    match call_by_path(&world.installed.grpc(), &path, bearing(&token, message.encode_to_vec())).await {
        Ok(bytes) => (true, format!("OK {}", String::from_utf8_lossy(&bytes))),
        Err(status) => (false, format!("{:?} {}", status.code(), status.message())),
    }
}

/// The methods with their messages; what takes something out of use comes last.
fn methods() -> Vec<(String, MessageDescriptor)> {
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name(SERVICE).unwrap();
    let mut methods: Vec<_> =
        service.methods().map(|method| (method.name().to_owned(), method.input())).collect();
    assert!(methods.len() >= 11, "the contract has its RPCs");
    methods.sort_by_key(|(name, _)| name.starts_with("Remove"));
    methods
}

#[tokio::test]
async fn over_every_rpc_another_tenants_letters_and_addresses_are_as_if_they_were_not_there() {
    let world = world().await;
    let before = of_tenant_a(&world).await;
    let nobody = || Uuid::from_u128(u128::MAX).to_string();
    let nothing = Named { complaint: nobody(), notice: nobody(), survey: nobody(), webhook: nobody() };
    for (method, input) in methods() {
        let names_something =
            input.fields().any(|field| matches!(field.name(), "complaint_id" | "notice_id" | "webhook_id"));
        let mut answers = Vec::new();
        for (names, turn) in [(&world.named, "a"), (&nothing, "n")] {
            let (_, told) = asked(&world, "tenant-b", &method, &input, (names, turn)).await;
            let Named { complaint, notice, survey, webhook } = &world.named;
            for hidden in [complaint, notice, survey, webhook, MAIL_OF_A] {
                assert!(!told.contains(hidden), "{method}: {told}");
            }
            answers.push(told);
        }
        assert_eq!(names_something, answers[0].starts_with("NotFound"), "{method}: {answers:?}");
        assert!(!names_something || answers[0] == answers[1], "{method}: {answers:?}");
    }
    assert_eq!(of_tenant_a(&world).await, before, "nothing of tenant A's was changed");

    // The control: each call does something for whom the things belong to.
    for (method, input) in methods() {
        let (done, told) = asked(&world, "tenant-a", &method, &input, (&world.named, "own")).await;
        assert!(done, "{method}: {told}");
    }
    assert_ne!(of_tenant_a(&world).await, before);
}

#[tokio::test]
async fn a_callback_address_gets_its_own_tenants_letters_and_none_of_another() {
    let world = world().await;
    let [of_a, of_b] = &world.receivers;
    // Nor when it asks for everything that there ever was.
    let token = world.installed.token("tenant-b", &[Role::Service]);
    let request = wire::ReplayWebhooksRequest {
        request_id: "again".into(),
        webhook_id: world.own.webhook.clone(),
        since: Some(pbjson_types::Timestamp { seconds: LONG_AGO, nanos: 0 }),
    };
    let mut client = NotificationServiceClient::new(world.installed.grpc());
    client.replay_webhooks(bearing(&token, request)).await.unwrap();
    // Tenant A writes another letter, which is the last of all.
    let (method, input) = methods().into_iter().find(|(method, _)| method == "SendNotice").unwrap();
    let (done, told) = asked(&world, "tenant-a", &method, &input, (&world.named, "last")).await;
    assert!(done, "{told}");
    world.installed.settled().await;
    for (tenant, receiver) in TENANTS.into_iter().zip([of_a, of_b]) {
        let arrived: BTreeSet<String> = receiver.received().into_iter().map(|callback| callback.id).collect();
        assert_eq!(arrived, notices(&world, tenant).await, "{tenant}: all its own letters, and no other");
    }
}
