//! What is refused, and that nothing is kept but the record of it.

use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use redress_investigation::app::{evidence, requests};
use redress_proto::investigation::v1 as wire;

use super::samples::{CHAT, bomb, disguised, photograph};
use super::{Shelf, chat, header, messages};
use crate::bench::{WHO, complainant, id, reason, shop, staff};

use wire::EvidenceType as Type;

/// A file that is refused, and why.
struct Case {
    header: wire::EvidenceHeader,
    bytes: Vec<u8>,
    reason: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |header, bytes: &[u8], reason| Case { header, bytes: bytes.to_vec(), reason };
    let photo = || header("x", Type::ComplainantPhoto, "image/jpeg");
    vec![
        case(
            header("x", Type::ComplainantPhoto, "application/zip"),
            &bomb(),
            "EVIDENCE_MEDIA_TYPE_NOT_ALLOWED",
        ),
        case(header("x", Type::Other, "application/x-msdownload"), b"MZ", "EVIDENCE_MEDIA_TYPE_NOT_ALLOWED"),
        case(header("x", Type::MerchantStatement, "text/plain"), b"a", "EVIDENCE_PROVIDER_NOT_ALLOWED"),
        case(photo(), b"%PDF-1.7\n", "EVIDENCE_CONTENT_DIFFERS"),
        case(photo(), b"MZ\x90\0 this program", "EVIDENCE_EXECUTABLE"),
        case(chat("x"), b"#!/bin/sh\nrm -rf /\n", "EVIDENCE_EXECUTABLE"),
        case(header("x", Type::ChatLog, "application/zip"), &bomb(), "EVIDENCE_ARCHIVE_BOMB"),
        case(header("x", Type::ChatLog, "application/zip"), &bomb()[..900], "EVIDENCE_ARCHIVE_UNREADABLE"),
        case(header("x", Type::ChatLog, "application/zip"), &disguised(), "EVIDENCE_EXECUTABLE"),
        case(chat("x"), b"", "EVIDENCE_EMPTY"),
        case(wire::EvidenceHeader { size: Some(7), ..chat("x") }, b"eight by", "EVIDENCE_TOO_LARGE"),
        case(wire::EvidenceHeader { size: Some(9), ..chat("x") }, b"eight by", "EVIDENCE_SIZE_DIFFERS"),
        case(wire::EvidenceHeader { size: Some(1 << 40), ..chat("x") }, b"a", "EVIDENCE_TOO_LARGE"),
        case(chat("x"), &vec![b'a'; (20 << 20) + 1], "EVIDENCE_TOO_LARGE"),
        case(
            wire::EvidenceHeader { sha256: "00".repeat(32), ..photo() },
            &photograph(),
            "EVIDENCE_HASH_DIFFERS",
        ),
    ]
}

#[tokio::test]
async fn of_a_refused_file_only_the_record_is_kept() {
    let shelf = Shelf::new().await;
    let version = shelf.bench.view(1).await.version;
    let mut expected = Vec::new();
    for case in cases() {
        let refused = shelf.submit(&complainant(), case.header, &case.bytes).await;
        assert_eq!(reason(refused), case.reason);
        expected.push((case.reason.to_owned(), WHO.to_owned()));
    }
    let recorded: Vec<_> =
        shelf.refusals().await.into_iter().map(|(reason, whom, _)| (reason, whom)).collect();
    assert_eq!(recorded, expected);
    assert_eq!(shelf.left(), Vec::<String>::new());
    for nothing in [
        "SELECT count(*) FROM evidence",
        "SELECT count(*) FROM custody_link",
        "SELECT count(*) FROM pending_object",
    ] {
        assert_eq!(shelf.bench.count(nothing).await, 0, "{nothing}");
    }
    assert_eq!(shelf.bench.view(1).await.version, version, "nothing was told");
    // The name of a refused call is free: the right file may come under it.
    shelf.kept(&complainant(), chat("x"), CHAT.as_bytes()).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_refused_with_what_had_come() {
    let shelf = Shelf::new().await;
    let whole = CHAT.repeat(300_000);
    let sent = messages(chat("one"), &whole.as_bytes()[..12_000_000]).into_iter().map(Ok);
    let broken = stream::iter(sent.chain([Err("the peer is gone")]));
    let refused = evidence::submit(&shelf.files, &complainant(), broken).await;
    assert_eq!(reason(refused), "EVIDENCE_CUT_SHORT");
    assert_eq!(shelf.refusals().await, [("EVIDENCE_CUT_SHORT".into(), WHO.into(), 12_000_000)]);
    assert!(shelf.left().is_empty());
}

#[tokio::test]
async fn who_goes_away_in_the_middle_leaves_a_record_and_no_file() {
    let shelf = Shelf::new().await;
    let (sender, receiver) = futures::channel::mpsc::channel(4);
    let mut sender = sender;
    for message in messages(chat("one"), CHAT.as_bytes()) {
        sender.try_send(Ok::<_, &str>(message)).unwrap();
    }
    let caller = complainant();
    // The call's future is dropped, as a server drops it when the peer resets the stream; then the stream fails.
    let call = evidence::submit(&shelf.files, &caller, receiver);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(1), call).await.is_err());
    sender.try_send(Err("reset")).unwrap();
    redress_testkit::wait_until("the refusal is recorded", std::time::Duration::from_secs(30), async || {
        (!shelf.refusals().await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(shelf.refusals().await[0].0, "EVIDENCE_CUT_SHORT");
    redress_testkit::wait_until("nothing is left", std::time::Duration::from_secs(30), async || {
        let pending = shelf.bench.count("SELECT count(*) FROM pending_object").await;
        (pending == 0 && shelf.left().is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_without_a_header_or_with_two_is_refused() {
    let shelf = Shelf::new().await;
    let mut headless = messages(chat("one"), CHAT.as_bytes());
    headless.remove(0);
    let headless = stream::iter(headless).map(Ok::<_, std::convert::Infallible>);
    assert_eq!(reason(evidence::submit(&shelf.files, &complainant(), headless).await), "INVALID_INPUT");
    let mut twice = messages(chat("one"), CHAT.as_bytes());
    twice.push(twice[0].clone());
    let twice = stream::iter(twice).map(Ok::<_, std::convert::Infallible>);
    assert_eq!(reason(evidence::submit(&shelf.files, &complainant(), twice).await), "EVIDENCE_CUT_SHORT");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_header_is_told_at_once() {
    let shelf = Shelf::new().await;
    let wrong = wire::EvidenceHeader {
        request_id: "one".into(),
        complaint_id: id(1),
        sha256: "zz".into(),
        size: Some(-1),
        evidence_request_id: "no id".into(),
        file_name: "名".repeat(201),
        source_system: "With Spaces".into(),
        ..wire::EvidenceHeader::default()
    };
    let refused = shelf.submit(&complainant(), wrong, b"a").await.unwrap_err().into_problem();
    let fields: Vec<_> = refused.violations.iter().map(|v| v.field.as_str()).collect();
    let all = ["type", "mediaType", "fileName", "sourceSystem", "size", "sha256", "evidenceRequestId"];
    assert_eq!(fields, all);
}

#[tokio::test]
async fn after_the_deadline_nothing_is_taken_unless_there_was_more_time() {
    let shelf = Shelf::new().await;
    let asked = shelf.bench.ask(&staff("handler-1"), 1, "ask-1").await.unwrap().evidence_request_id;
    let answer = |name: &str| wire::EvidenceHeader {
        evidence_request_id: asked.clone(),
        ..header(name, Type::Invoice, "application/pdf")
    };
    let extend = wire::ExtendEvidenceRequestRequest {
        request_id: "more".into(),
        complaint_id: id(1),
        evidence_request_id: asked.clone(),
    };
    requests::extend(&shelf.bench.desk, &shop(), extend).await.unwrap();
    shelf.bench.clock.advance(SignedDuration::from_hours(49));
    shelf.kept(&shop(), answer("one"), b"%PDF-1.7\n").await;
    shelf.bench.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(reason(shelf.submit(&shop(), answer("two"), b"%PDF-1.7\n").await), "EVIDENCE_REQUEST_OVERDUE");
    assert_eq!(shelf.refusals().await.len(), 1);
    assert_eq!(shelf.left().len(), 1);
}

#[tokio::test]
async fn a_complaint_that_is_over_takes_no_more_evidence() {
    let shelf = Shelf::new().await;
    let withdrawn = redress_proto::intake::v1::ComplaintWithdrawn::default();
    shelf.bench.follow(&[shelf.bench.happened(1, 5, &withdrawn)]).await;
    assert_eq!(
        reason(shelf.submit(&complainant(), chat("one"), CHAT.as_bytes()).await),
        "INVESTIGATION_NOT_OPEN"
    );
}

#[tokio::test]
async fn one_side_does_not_bring_pieces_without_end() {
    let shelf = Shelf::new().await;
    shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    sqlx::query(
        "INSERT INTO evidence (tenant, complaint_id, evidence_id, type, provider, provider_ref, brought_by, source_system,
                               media_type, size, sha256, file_name, description, received_at, place, object_key, seq)
         SELECT tenant, complaint_id, gen_random_uuid(), type, provider, provider_ref, brought_by, source_system,
                media_type, size, sha256, file_name, description, received_at, place, object_key, seq
         FROM evidence, generate_series(1, 499)",
    )
    .execute(shelf.bench.db.pool())
    .await
    .unwrap();
    let refused = shelf.submit(&complainant(), chat("more"), CHAT.as_bytes()).await;
    assert_eq!(reason(refused), "EVIDENCE_TOO_MANY");
    assert_eq!(shelf.refusals().await[0].0, "EVIDENCE_TOO_MANY");
    shelf.kept(&shop(), chat("of-the-shop"), CHAT.as_bytes()).await;
}
