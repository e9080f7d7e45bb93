//! What is kept of a file that is taken.

use redress_investigation::app::requests;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;
use sha2::{Digest as _, Sha256};

use super::samples::CHAT;
use super::{Shelf, chat, header};
use crate::bench::{WHO, complainant, id, principal, reason, shop, staff};

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn a_file_is_kept_with_its_hash_its_link_and_its_event() {
    let shelf = Shelf::new().await;
    let before = shelf.bench.view(1).await.version;
    let large = "客服:今天发货\n".repeat(200_000);
    let told = wire::EvidenceHeader {
        sha256: hash(large.as_bytes()),
        size: i64::try_from(large.len()).ok(),
        ..chat("one")
    };
    let kept = shelf.submit(&complainant(), told, large.as_bytes()).await.unwrap().evidence.unwrap();
    assert_eq!(
        (kept.sha256.as_str(), kept.size),
        (hash(large.as_bytes()).as_str(), i64::try_from(large.len()).unwrap())
    );
    assert_eq!((kept.chain_seq, kept.chain_hash.len()), (1, 64));
    assert_eq!((kept.file_name.as_str(), kept.description.as_str()), ("张三的照片.jpg", "缝线开了"));
    let event: wire::EvidenceSubmitted = shelf.bench.last(1).await;
    assert_eq!(
        (event.evidence_id.as_str(), event.sha256.as_str()),
        (kept.evidence_id.as_str(), kept.sha256.as_str())
    );
    assert_eq!((event.party(), event.request_settled), (types::AwaitedParty::Complainant, false));
    assert_eq!(shelf.bench.view(1).await.version, before + 1);
    let lies = std::fs::read(shelf.path("plain", &kept.evidence_id)).unwrap();
    assert_eq!(lies, large.as_bytes());
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
    let sealed: Vec<u8> =
        sqlx::query_scalar("SELECT file_name FROM evidence").fetch_one(shelf.bench.db.pool()).await.unwrap();
    assert!(!super::samples::holds(&sealed, "张三".as_bytes()), "names are sealed");
}

#[tokio::test]
async fn identity_papers_lie_apart() {
    let shelf = Shelf::new().await;
    let paper = header("one", wire::EvidenceType::IdentityDocument, "application/pdf");
    let kept = shelf.kept(&complainant(), paper, b"%PDF-1.7\n").await;
    assert!(shelf.path("sensitive", &kept).exists() && !shelf.path("plain", &kept).exists());
}

#[tokio::test]
async fn the_same_call_again_is_the_same_piece_and_another_body_is_refused() {
    let shelf = Shelf::new().await;
    let first = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let again = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let with_hash = wire::EvidenceHeader { sha256: hash(CHAT.as_bytes()), ..chat("one") };
    let known_early = shelf.kept(&complainant(), with_hash, b"not even looked at").await;
    assert_eq!((&again, &known_early), (&first, &first));
    let other = shelf.submit(&complainant(), chat("one"), b"other words\n").await;
    assert_eq!(reason(other), "IDEMPOTENCY_KEY_REUSED");
    let other = wire::EvidenceHeader { description: "另一件".into(), ..chat("one") };
    assert_eq!(reason(shelf.submit(&complainant(), other, CHAT.as_bytes()).await), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(shelf.left().len(), 1);
    assert_eq!(shelf.bench.count("SELECT count(*) FROM evidence").await, 1);
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
}

#[tokio::test]
async fn the_same_call_again_has_its_first_answer_whatever_has_become_of_the_case_since() {
    let shelf = Shelf::new().await;
    let asked = shelf.bench.ask(&staff("handler-1"), 1, "ask-1").await.unwrap().evidence_request_id;
    let answer = |name: &str| wire::EvidenceHeader {
        evidence_request_id: asked.clone(),
        ..header(name, wire::EvidenceType::QcReport, "application/pdf")
    };
    let report = b"%PDF-1.7\n".as_slice();
    let first = shelf.kept(&shop(), answer("one"), report).await;
    assert_eq!(shelf.kept(&shop(), answer("one"), report).await, first, "the request is settled");
    assert_eq!(reason(shelf.submit(&shop(), answer("two"), report).await), "EVIDENCE_REQUEST_SETTLED");
    let other = shelf.submit(&shop(), answer("one"), b"%PDF-1.6\n").await;
    assert_eq!(reason(other), "IDEMPOTENCY_KEY_REUSED");
    let withdrawn = redress_proto::intake::v1::ComplaintWithdrawn::default();
    shelf.bench.follow(&[shelf.bench.happened(1, 5, &withdrawn)]).await;
    assert_eq!(shelf.kept(&shop(), answer("one"), report).await, first, "the complaint is over");
    assert_eq!((shelf.left().len(), shelf.bench.count("SELECT count(*) FROM evidence").await), (1, 1));
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
}

#[tokio::test]
async fn of_two_twins_at_the_same_instant_one_piece_comes() {
    let shelf = Shelf::new().await;
    for round in 0..5 {
        let name = format!("twin-{round}");
        let caller = complainant();
        let bring = || shelf.submit(&caller, chat(&name), CHAT.as_bytes());
        let (one, two, three) = tokio::join!(bring(), bring(), bring());
        let ids = [one, two, three].map(|kept| kept.unwrap().evidence.unwrap().evidence_id);
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
    assert_eq!(shelf.left().len(), 5);
    assert_eq!(shelf.bench.count("SELECT count(*) FROM evidence").await, 5);
    assert!(shelf.verify(true).await.intact);
}

#[tokio::test]
async fn a_request_is_answered_by_whoever_was_asked_and_is_settled_with_the_last_mandatory_item() {
    let shelf = Shelf::new().await;
    let asked = shelf.bench.ask(&staff("handler-1"), 1, "ask-1").await.unwrap().evidence_request_id;
    let answer = |name: &str, kind| wire::EvidenceHeader {
        evidence_request_id: asked.clone(),
        ..header(name, kind, "application/pdf")
    };
    let other = answer("one", wire::EvidenceType::Invoice);
    let stands = shelf.submit(&shop(), other, b"%PDF-1.7\n").await.unwrap().evidence_request.unwrap();
    assert_eq!(stands.state(), wire::EvidenceRequestState::PartiallyAnswered);
    let report = answer("two", wire::EvidenceType::QcReport);
    let stands = shelf.submit(&shop(), report, b"%PDF-1.7\n").await.unwrap().evidence_request.unwrap();
    assert_eq!(stands.state(), wire::EvidenceRequestState::Answered);
    let event: wire::EvidenceSubmitted = shelf.bench.last(1).await;
    assert_eq!((event.request_id.as_str(), event.request_settled), (asked.as_str(), true));
    assert_eq!(event.party(), types::AwaitedParty::Respondent);
    let late = shelf.submit(&shop(), answer("three", wire::EvidenceType::QcReport), b"%PDF-1.7\n").await;
    assert_eq!(reason(late), "EVIDENCE_REQUEST_SETTLED");
    let not_asked =
        shelf.submit(&complainant(), answer("four", wire::EvidenceType::Invoice), b"%PDF-1.7\n").await;
    assert_eq!(reason(not_asked), "NOT_FOUND");
}

#[tokio::test]
async fn staff_enter_what_others_hand_in_and_parties_bring_only_their_own() {
    let shelf = Shelf::new().await;
    let by_post = wire::EvidenceHeader {
        provider: wire::EvidenceProvider::ThirdParty.into(),
        ..header("one", wire::EvidenceType::ThirdPartyTestReport, "application/pdf")
    };
    let kept = shelf.submit(&staff("handler-1"), by_post, b"%PDF-1.7\n").await.unwrap().evidence.unwrap();
    assert_eq!(kept.provider(), wire::EvidenceProvider::ThirdParty);
    let pretending =
        wire::EvidenceHeader { provider: wire::EvidenceProvider::Platform.into(), ..chat("two") };
    let kept = shelf.submit(&complainant(), pretending, CHAT.as_bytes()).await.unwrap().evidence.unwrap();
    assert_eq!(kept.provider(), wire::EvidenceProvider::Complainant);
}

#[tokio::test]
async fn strangers_other_tenants_and_who_is_recused_bring_nothing() {
    let shelf = Shelf::new().await;
    let role = redress_domain::Role::Complainant;
    for stranger in [principal("tenant-a", "somebody", &[role]), principal("tenant-b", WHO, &[role])] {
        assert_eq!(reason(shelf.submit(&stranger, chat("one"), CHAT.as_bytes()).await), "NOT_FOUND");
    }
    let conflict = wire::DeclareConflictRequest {
        request_id: "conflict".into(),
        complaint_id: id(1),
        kind: wire::ConflictKind::Relative.into(),
        ..wire::DeclareConflictRequest::default()
    };
    let relative = staff("relative-1");
    redress_investigation::app::conflicts::declare(&shelf.bench.desk, &relative, conflict).await.unwrap();
    assert_eq!(reason(shelf.submit(&relative, chat("one"), CHAT.as_bytes()).await), "RECUSED");
    assert!(shelf.left().is_empty() && shelf.refusals().await.is_empty());
}

#[tokio::test]
async fn an_answer_racing_the_withdrawal_of_its_request_wins_or_is_told() {
    let shelf = Shelf::new().await;
    for round in 0..6 {
        let handler = staff("handler-1");
        let asked = shelf.bench.ask(&handler, 1, &format!("ask-{round}")).await.unwrap().evidence_request_id;
        let answer = wire::EvidenceHeader {
            evidence_request_id: asked.clone(),
            ..header(&format!("answer-{round}"), wire::EvidenceType::QcReport, "application/pdf")
        };
        let cancel = wire::CancelEvidenceRequestRequest {
            request_id: format!("cancel-{round}"),
            complaint_id: id(1),
            evidence_request_id: asked,
            ..wire::CancelEvidenceRequestRequest::default()
        };
        let who = shop();
        let (answered, cancelled) = tokio::join!(
            shelf.submit(&who, answer, b"%PDF-1.7\n"),
            requests::cancel(&shelf.bench.desk, &handler, cancel)
        );
        assert_ne!(answered.is_ok(), cancelled.is_ok(), "one of them wins");
        if answered.is_err() {
            assert_eq!(reason(answered), "EVIDENCE_REQUEST_SETTLED");
        } else {
            assert_eq!(reason(cancelled), "EVIDENCE_REQUEST_SETTLED");
        }
    }
    let kept = usize::try_from(shelf.bench.count("SELECT count(*) FROM evidence").await).unwrap();
    assert_eq!(shelf.left().len(), kept);
    assert_eq!(kept + shelf.refusals().await.len(), 6);
}
