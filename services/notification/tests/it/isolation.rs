//! Tenant B, with every role, through every RPC of the descriptors, about what is tenant A's.

use prost::Message as _;
use prost_types::FileDescriptorSet;
use redress_domain::{Principal, Problem, Role};
use redress_notification::Error;
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::types::v1::ContactType;

use crate::bench::{Bench, MAIL, NOON, by_mail, platform};

fn rpcs() -> Vec<String> {
    let set = FileDescriptorSet::decode(redress_proto::DESCRIPTORS).unwrap();
    let services = set.file.iter().flat_map(|file| &file.service);
    let own = services.filter(|service| service.name() == "NotificationService");
    own.flat_map(|service| &service.method).map(|method| method.name().to_owned()).collect()
}

#[tokio::test]
async fn another_tenant_finds_nothing_through_any_call() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await.to_string();
    bench.send_all().await;
    let notice_id = bench.notices(id.parse().unwrap()).await[0].notice_id.clone();
    let register = wire::RegisterWebhookRequest {
        request_id: "r".into(),
        url: "https://example.com/".into(),
        kinds: vec![],
    };
    let webhook_id = bench.webhooks.register(&platform(), register).await.unwrap().webhook_id;
    let stranger =
        Principal { tenant: "tenant-b".parse().unwrap(), subject: "app".into(), roles: Role::ALL.to_vec() };
    let before = bench.count("SELECT (SELECT count(*) FROM notice) + (SELECT count(*) FROM attempt)").await;

    for rpc in rpcs() {
        let outcome: Result<(), Problem> = match rpc.as_str() {
            "SendNotice" => {
                let fields = [("done", "x"), ("next_step", "y"), ("expected_at", NOON)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
                let request = wire::SendNoticeRequest {
                    request_id: "r".into(),
                    complaint_id: id.clone(),
                    kind: NoticeKind::N08Progress.into(),
                    addressee: Some(wire::Addressee { role: "complainant".into(), ..Default::default() }),
                    fields: fields.into(),
                    ..Default::default()
                };
                bench.send.send(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            "GetNotice" => {
                bench.queries.get(&stranger, &notice_id).await.map(drop).map_err(Error::into_problem)
            }
            "ListNotices" => {
                let request = wire::ListNoticesRequest { complaint_id: id.clone(), ..Default::default() };
                bench.queries.list(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            "RecordReceipt" => {
                let request = wire::RecordReceiptRequest {
                    request_id: "r".into(),
                    notice_id: notice_id.clone(),
                    channel: ContactType::Email.into(),
                    outcome: "read".into(),
                    at: None,
                };
                bench.receipts.record(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            "SubmitSurvey" => {
                let request = wire::SubmitSurveyRequest {
                    request_id: "r".into(),
                    notice_id: notice_id.clone(),
                    satisfaction: 5,
                    process: 0,
                };
                bench.surveys.submit(&stranger, request).await.map_err(Error::into_problem)
            }
            "ReplayWebhooks" => {
                let request = wire::ReplayWebhooksRequest {
                    request_id: "r".into(),
                    webhook_id: webhook_id.clone(),
                    since: Some(to_wire_time(NOON.parse().unwrap())),
                };
                bench.webhooks.replay(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            "RemoveWebhook" => {
                let request =
                    wire::RemoveWebhookRequest { request_id: "r".into(), webhook_id: webhook_id.clone() };
                bench.webhooks.remove(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            "RotateWebhookSecret" => {
                let request = wire::RotateWebhookSecretRequest {
                    request_id: "r".into(),
                    webhook_id: webhook_id.clone(),
                    grace_hours: None,
                };
                bench.webhooks.rotate(&stranger, request).await.map(drop).map_err(Error::into_problem)
            }
            // These name nothing that anybody has.
            "ValidateNotice" | "PreviewNotice" | "RegisterWebhook" => continue,
            new => panic!("say here what another tenant gets from {new}"),
        };
        assert_eq!(outcome.unwrap_err().reason, "NOT_FOUND", "{rpc}");
    }
    let after = bench.count("SELECT (SELECT count(*) FROM notice) + (SELECT count(*) FROM attempt)").await;
    assert_eq!(after, before);
}
