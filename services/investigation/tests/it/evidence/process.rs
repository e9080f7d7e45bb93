//! Files over the wire: a call that is cut, a process that is killed.

use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt as _;
use redress_domain::Role;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_testkit::{bearing, wait_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::transport::Channel;

use super::samples::CHAT;
use super::{chat, files_in, header, messages};
use crate::bench::{SHOP, WHO, id};
use crate::world::{PATIENCE, Running, World};

/// A world with an open case and a process.
async fn world() -> (World, Running) {
    let world = World::new("").await;
    let running = world.serve().await;
    world.accepted(1).await;
    wait_until("the case is open", PATIENCE, async || {
        (world.count("SELECT count(*) FROM case_file WHERE state = 'open'").await == 1).then_some(())
    })
    .await;
    (world, running)
}

fn files(world: &World) -> Vec<String> {
    ["evidence", "sensitive"].iter().flat_map(|name| files_in(&folder(world, name))).collect()
}

fn folder(world: &World, name: &str) -> PathBuf {
    world.folder.path().join(name)
}

/// More than is held in memory, so that some of it lies in the folder.
fn large() -> Vec<u8> {
    CHAT.repeat(250_000).into_bytes()
}

type Sender = tokio::sync::mpsc::Sender<wire::SubmitEvidenceRequest>;

/// An upload that has begun and does not end; its sender goes on or breaks off.
async fn begun(
    world: &World,
    grpc: &Channel,
) -> (Sender, tokio::task::JoinHandle<Result<(), tonic::Status>>) {
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let token = world.token("tenant-a", WHO, &[Role::Complainant]);
    let mut client = InvestigationServiceClient::new(grpc.clone());
    let call = tokio::spawn(async move {
        client.submit_evidence(bearing(&token, ReceiverStream::new(receiver))).await.map(|_| ())
    });
    for message in messages(chat("one"), &large()) {
        sender.send(message).await.unwrap();
    }
    wait_until("a part of the file lies in the folder", PATIENCE, async || {
        files(world).first().filter(|name| name.contains('#')).map(|_| ())
    })
    .await;
    (sender, call)
}

#[tokio::test]
async fn a_file_goes_in_and_comes_out_over_the_wire() {
    let (world, running) = world().await;
    let mut client = InvestigationServiceClient::new(running.grpc.clone());
    let shop = world.token("tenant-a", SHOP, &[Role::Respondent]);
    let report = header("one", wire::EvidenceType::QcReport, "application/pdf");
    let whole = [b"%PDF-1.7\n".as_slice(), &large()].concat();
    let sent = tokio_stream::iter(messages(report, &whole));
    let kept = client.submit_evidence(bearing(&shop, sent)).await.unwrap().into_inner().evidence.unwrap();
    let asked = wire::GetEvidenceRequest {
        complaint_id: id(1),
        evidence_id: kept.evidence_id.clone(),
        purpose: "case_handling".into(),
        ..wire::GetEvidenceRequest::default()
    };
    let staff = world.staff("tenant-a");
    let mut parts = client.get_evidence(bearing(&staff, asked)).await.unwrap().into_inner();
    let mut came = Vec::new();
    while let Some(part) = parts.next().await {
        if let Some(wire::get_evidence_response::Part::Chunk(chunk)) = part.unwrap().part {
            came.extend(chunk);
        }
    }
    assert!(came == whole, "{} of {} bytes", came.len(), whole.len());
    let pack = wire::ExportEvidencePackRequest { complaint_id: id(1), audience: 0 };
    let mut parts = client.export_evidence_pack(bearing(&shop, pack)).await.unwrap().into_inner();
    let mut pack = Vec::new();
    while let Some(part) = parts.next().await {
        pack.extend(part.unwrap().chunk);
    }
    let path = world.folder.path().join("pack.zip");
    std::fs::write(&path, pack).unwrap();
    assert_eq!(redress_investigation::verify_pack::verify(&path).unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_caller_that_resets_its_stream_is_recorded_and_nothing_is_kept() {
    let (world, running) = world().await;
    let (sender, call) = begun(&world, &running.grpc).await;
    call.abort();
    // The sender stays until the call is gone: a stream that just ends is a whole one.
    assert!(call.await.unwrap_err().is_cancelled());
    drop(sender);
    wait_until("the refusal is recorded and nothing is left", PATIENCE, async || {
        let sql = "SELECT count(*) FROM evidence_refusal WHERE reason = 'EVIDENCE_CUT_SHORT'";
        let done = world.count(sql).await == 1
            && world.count("SELECT count(*) FROM pending_object").await == 0
            && files(&world).is_empty();
        done.then_some(())
    })
    .await;
}

#[tokio::test]
async fn of_an_upload_that_a_kill_ended_only_a_part_is_left_and_it_is_swept() {
    let (world, running) = world().await;
    let (_sender, call) = begun(&world, &running.grpc).await;
    running.process.kill9().await;
    assert!(call.await.unwrap().is_err(), "nobody was told that it was kept");
    assert_eq!(world.count("SELECT count(*) FROM evidence").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM pending_object").await, 1);
    assert_eq!(files(&world).len(), 1);
    // As if the longest time that an upload may take had passed.
    let sql = "UPDATE pending_object SET started_at = started_at - interval '2 hours'";
    sqlx::query(sql).execute(&world.pool).await.unwrap();
    let again = world.serve().await;
    wait_until("what was left is swept", PATIENCE, async || {
        let swept = world.count("SELECT count(*) FROM pending_object").await == 0 && files(&world).is_empty();
        swept.then_some(())
    })
    .await;
    // The same call again is a new one.
    let mut client = InvestigationServiceClient::new(again.grpc.clone());
    let token = world.token("tenant-a", WHO, &[Role::Complainant]);
    let mut request: Request<_> = bearing(&token, tokio_stream::iter(messages(chat("one"), &large())));
    request.set_timeout(Duration::from_mins(1));
    client.submit_evidence(request).await.unwrap();
    assert_eq!(files(&world).len(), 1);
}
