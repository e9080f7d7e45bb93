//! One tenant cannot read, change or even notice another's complaints: over every RPC of the contract, found in its
//! descriptors, so that a new one is held to it without being named here.

use redress_domain::{ComplaintId, Role};
use redress_e2e::evidence::SUBMISSIONS;
use redress_e2e::rpc;
use redress_e2e::submissions::plain;
use redress_messaging::{EventMeta, KafkaConfig, Outgoing, Producer};
use redress_proto::admin::v1 as admin;
use redress_testkit::{bearing, call_by_path, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::calls::{Named, VERBS, call, methods, path};
use crate::service::{PATIENCE, Tenant, tenant};

/// An answer without what the caller said itself.
fn comparable(answer: Result<Vec<u8>, Status>, named: &Named) -> String {
    let text = match answer {
        Ok(message) => format!("OK {}", String::from_utf8_lossy(&message)),
        Err(status) => {
            format!("{:?} {} {}", status.code(), status.message(), String::from_utf8_lossy(status.details()))
        }
    };
    text.replace(&named.id, "<id>").replace(&named.number, "<number>")
}

/// Whether an operator of `tenant` sees the record at `position` among those that are parked.
async fn sees(tenant: &Tenant<'_>, (partition, offset): (i32, i64)) -> bool {
    let mut client = rpc::admin(&tenant.grpc, &tenant.token("operator-1", &[Role::Admin])).unwrap();
    let listed = client.list_parked(admin::ListParkedRequest::default()).await.unwrap().into_inner();
    let wanted = admin::Position { topic: SUBMISSIONS.into(), partition, offset };
    listed.events.into_iter().any(|event| event.position.as_ref() == Some(&wanted))
}

/// The position of a record of `tenant` that the register cannot decode, once it is parked.
async fn parked(tenant: &Tenant<'_>) -> (i32, i64) {
    let evidence = &tenant.service.evidence;
    let kafka = KafkaConfig {
        topic_prefix: evidence.topic_prefix.clone(),
        ..KafkaConfig::at(&*evidence.kafka, "test")
    };
    let subject = *ComplaintId::derive(&tenant.id, "c-1", &"parked".parse().unwrap()).as_uuid();
    let meta = EventMeta {
        event_id: subject,
        event_type: "redress.intake.v1.SubmissionAccepted".into(),
        source: "/redress/intake".into(),
        tenant: tenant.id.clone(),
        subject,
        version: None,
        occurred_at: jiff::Timestamp::UNIX_EPOCH,
        recorded_at: None,
        actor: None,
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: None,
        tracestate: None,
    };
    let record = Outgoing {
        topic: SUBMISSIONS.into(),
        key: subject.to_string(),
        headers: meta.to_headers(),
        payload: vec![0xff; 8],
    };
    let placed = Producer::for_requests(&kafka, PATIENCE).unwrap().send(record).await.unwrap();
    let position = (placed.partition, placed.offset);
    let listed = async || sees(tenant, position).await.then_some(());
    wait_until("the record is parked and its own operator sees it", PATIENCE, listed).await;
    position
}

#[tokio::test]
async fn every_rpc_answers_another_tenants_ids_like_ids_that_do_not_exist() {
    let (owner, stranger) = (tenant().await, tenant().await);
    let id = owner.registered(&owner.complainant(), "k-1", &plain("甲租户的秘密")).await;
    let number = owner.view(&owner.complainant(), &id).await["complaintNo"].as_str().unwrap().to_owned();
    let position = parked(&owner).await;
    let theirs = Named { id: id.clone(), number: number.clone(), position };
    let nothing = Named::nothing();
    // The same subject, and every right that there is.
    let intruder = stranger.token("c-1", Role::ALL);
    let owner_token = owner.token("c-1", Role::ALL);
    let secrets = [id.as_str(), &number, "甲租户的秘密", owner.id.as_str()];

    let mut about_a_complaint = 0;
    for method in methods() {
        let path = path(&method);
        let has_number = method.input().get_field_by_name("complaint_no").is_some();
        for by_number in [false, true].into_iter().take(1 + usize::from(has_number)) {
            let ask = async |token: &str, named: &Named| {
                let request = bearing(token, call(&method, named, by_number));
                call_by_path(&owner.grpc, &path, request).await
            };
            let answer = ask(&intruder, &theirs).await;
            let leaked = answer.as_ref().is_ok_and(|message| {
                let text = String::from_utf8_lossy(message);
                secrets.iter().any(|secret| text.contains(secret))
            });
            assert!(!leaked, "{path} tells of another tenant");
            if matches!(method.name(), "OutboxStatus" | "ConsumerStatus" | "ReplayFrom" | "SubmitComplaint") {
                // These name nothing that belongs to a tenant.
                continue;
            }
            let code = answer.as_ref().map_or_else(Status::code, |_| Code::Ok);
            assert_eq!(
                comparable(answer, &theirs),
                comparable(ask(&intruder, &nothing).await, &nothing),
                "{path} tells that something exists"
            );
            if method.input().get_field_by_name("complaint_id").is_some() && method.name() != "QueryAudit" {
                about_a_complaint += 1;
                assert_eq!(code, Code::NotFound, "{path}");
                // The owner is answered otherwise: the call was right but for its caller.
                let own = ask(&owner_token, &theirs).await;
                assert_ne!(own.map_or_else(|status| status.code(), |_| Code::Ok), Code::NotFound, "{path}");
            }
        }
    }
    assert!(about_a_complaint >= 17, "{about_a_complaint} calls name a complaint");
}

#[tokio::test]
async fn what_is_parked_is_its_own_tenants_operators_alone_to_see_and_to_give_up() {
    let (owner, stranger) = (tenant().await, tenant().await);
    let position = parked(&owner).await;
    let (partition, offset) = position;
    let operator =
        |tenant: &Tenant<'_>| rpc::admin(&tenant.grpc, &tenant.token("operator-1", &[Role::Admin])).unwrap();
    let positions = vec![admin::Position { topic: SUBMISSIONS.into(), partition, offset }];
    let discard = || admin::DiscardParkedRequest { positions: positions.clone(), reason: "测试".into() };
    let redrive = admin::RedriveParkedRequest {
        positions: positions.clone(),
        reason: "测试".into(),
        ..admin::RedriveParkedRequest::default()
    };
    assert!(!sees(&stranger, position).await);
    let redriven = operator(&stranger).redrive_parked(redrive.clone()).await.unwrap().into_inner();
    assert_eq!(redriven, admin::RedriveParkedResponse::default());
    assert_eq!(operator(&stranger).discard_parked(discard()).await.unwrap().into_inner().discarded, 0);

    let redriven = operator(&owner).redrive_parked(redrive).await.unwrap().into_inner();
    assert_eq!((redriven.applied, redriven.still_parked), (0, 1), "still undecodable");
    assert_eq!(operator(&owner).discard_parked(discard()).await.unwrap().into_inner().discarded, 1);
}

#[tokio::test]
async fn every_route_answers_another_tenants_id_like_an_id_that_does_not_exist() {
    let (owner, stranger) = (tenant().await, tenant().await);
    let id = owner.registered(&owner.complainant(), "k-1", &plain("甲租户的秘密")).await;
    let number = owner.view(&owner.complainant(), &id).await["complaintNo"].as_str().unwrap().to_owned();
    let (theirs, nothing) = (Named { id, number, position: (0, 0) }, Named::nothing());
    let intruder = stranger.token("c-1", Role::ALL);
    let routes = |named: &Named| {
        let id = &named.id;
        let read = [
            (Method::GET, format!("/v1/complaints/{id}"), json!(null)),
            (Method::GET, format!("/v1/complaints/{}", named.number), json!(null)),
            (Method::GET, format!("/v1/complaints/{id}/events"), json!(null)),
        ];
        let acts = VERBS.iter().map(|(verb, body)| {
            let body: Value = serde_json::from_str(body).unwrap();
            (Method::POST, format!("/v1/complaints/{id}:{verb}"), body)
        });
        read.into_iter().chain(acts).collect::<Vec<_>>()
    };
    for ((method, path, body), (_, empty_path, _)) in routes(&theirs).into_iter().zip(routes(&nothing)) {
        let ask = async |path: &str| {
            let request = owner.http.request(method.clone(), path).bearer_auth(&intruder);
            let request = request.header("idempotency-key", "d-1");
            let request = if method == Method::POST { request.json(&body) } else { request };
            let answer = owner.http.exchange(request).await.unwrap();
            (answer.status, answer.body)
        };
        let answer = ask(&path).await;
        assert_eq!(answer.0, 404, "{path}: {}", answer.1);
        assert_eq!(answer, ask(&empty_path).await, "{path}");
    }
    let list = stranger.http.get(&intruder, "/v1/complaints").await.unwrap();
    assert_eq!((list.status, &list.body["complaints"]), (200, &json!([])));
    assert_eq!(owner.view(&owner.officer(), &theirs.id).await["stateVersion"], 1, "nothing was changed");
}
