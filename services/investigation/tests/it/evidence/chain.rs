//! The chain of custody sees every change.

use redress_proto::investigation::v1 as wire;

use super::samples::CHAT;
use super::{Shelf, chat};
use crate::bench::{complainant, staff};

/// A shelf with three pieces and three views of the first.
async fn shelf() -> (Shelf, Vec<String>) {
    let shelf = Shelf::new().await;
    let mut pieces = Vec::new();
    for name in ["one", "two", "three"] {
        pieces.push(shelf.kept(&complainant(), chat(name), CHAT.as_bytes()).await);
    }
    for _ in 0..3 {
        shelf.get(&staff("handler-1"), &pieces[0]).await.unwrap();
    }
    (shelf, pieces)
}

fn told(verdict: &wire::VerifyEvidenceChainResponse) -> Vec<(i64, &str)> {
    verdict.faults.iter().map(|fault| (fault.seq, fault.reason.as_str())).collect()
}

#[tokio::test]
async fn a_chain_that_nobody_touched_is_intact_and_an_empty_one_too() {
    let (shelf, _) = shelf().await;
    let verdict = shelf.verify(true).await;
    assert_eq!((verdict.intact, verdict.links, told(&verdict)), (true, 6, vec![]));
    assert!(Shelf::new().await.verify(true).await.intact);
}

#[tokio::test]
async fn one_flipped_byte_of_a_file_and_a_lost_file_are_told_by_their_pieces() {
    let (shelf, pieces) = shelf().await;
    let path = shelf.path("plain", &pieces[1]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(path, bytes).unwrap();
    std::fs::remove_file(shelf.path("plain", &pieces[2])).unwrap();
    assert!(shelf.verify(false).await.intact, "the chain alone is whole");
    let verdict = shelf.verify(true).await;
    assert_eq!(told(&verdict), [(2, "CONTENT_ALTERED"), (3, "CONTENT_MISSING")]);
    assert_eq!(verdict.faults[0].evidence_id, pieces[1]);
}

#[tokio::test]
async fn the_last_link_is_missed() {
    let (shelf, _) = shelf().await;
    shelf.tamper("DELETE FROM custody_link WHERE seq = 6").await;
    assert_eq!(told(&shelf.verify(false).await), [(6, "LINK_MISSING")]);
}

#[tokio::test]
async fn the_last_links_are_missed_also_if_their_end_is_taken_back_too() {
    let (shelf, pieces) = shelf().await;
    shelf
        .tamper(
            "WITH cut AS (DELETE FROM custody_link WHERE seq >= 3)
             UPDATE custody_chain SET links = 2, head = (SELECT hash FROM custody_link WHERE seq = 2)",
        )
        .await;
    let verdict = shelf.verify(false).await;
    assert_eq!(told(&verdict), [(3, "LINK_MISSING")], "a piece has lost its link");
    assert_eq!(verdict.faults[0].evidence_id, pieces[2]);
}

#[tokio::test]
async fn two_swapped_links_are_told() {
    let (shelf, _) = shelf().await;
    shelf
        .tamper(
            "UPDATE custody_link l SET entry = o.entry, hash = o.hash, evidence_id = o.evidence_id
             FROM custody_link o WHERE (l.seq, o.seq) IN ((4, 5), (5, 4))",
        )
        .await;
    let verdict = shelf.verify(false).await;
    let seqs: Vec<_> = verdict.faults.iter().map(|fault| fault.seq).collect();
    assert!(seqs.contains(&4) && seqs.contains(&5), "{:?}", told(&verdict));
}

#[tokio::test]
async fn one_altered_letter_of_a_link_and_an_altered_row_are_told() {
    let (shelf, pieces) = shelf().await;
    shelf
        .tamper("UPDATE custody_link SET entry = replace(entry, 'handler-1', 'handler-2') WHERE seq = 4")
        .await;
    shelf.tamper("UPDATE evidence SET provider = 'respondent' WHERE seq = 2").await;
    let verdict = shelf.verify(false).await;
    assert_eq!(told(&verdict), [(2, "LINK_ALTERED"), (4, "LINK_ALTERED")]);
    assert_eq!(verdict.faults[0].evidence_id, pieces[1]);
}

#[tokio::test]
async fn the_service_itself_cannot_rewrite_what_it_wrote() {
    let (shelf, _) = shelf().await;
    for sql in ["UPDATE custody_link SET entry = ''", "DELETE FROM evidence", "TRUNCATE evidence_refusal"] {
        let refused = sqlx::query(sql).execute(shelf.bench.db.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append only"), "{refused}");
    }
}

#[tokio::test]
async fn many_who_look_at_once_make_one_chain() {
    let (shelf, pieces) = shelf().await;
    let who = staff("handler-1");
    let looks = (0..24).map(|n| shelf.get(&who, &pieces[n % 3]));
    for look in futures::future::join_all(looks).await {
        look.unwrap();
    }
    let verdict = shelf.verify(true).await;
    assert_eq!((verdict.intact, verdict.links), (true, 30));
}

#[tokio::test]
async fn what_comes_while_a_chain_is_checked_is_not_taken_for_a_forgery() {
    let (shelf, _) = shelf().await;
    let who = staff("handler-1");
    let bring = async {
        for n in 0..20 {
            shelf.kept(&who, chat(&format!("more-{n}")), CHAT.as_bytes()).await;
        }
    };
    let check = async {
        for _ in 0..40 {
            let verdict = shelf.verify(false).await;
            assert!(verdict.intact, "{:?}", told(&verdict));
        }
    };
    tokio::join!(bring, check);
    assert_eq!(shelf.verify(true).await.links, 26);
}

#[tokio::test]
async fn the_end_of_the_chain_is_told_so_that_others_miss_what_is_cut() {
    let shelf = Shelf::new().await;
    let brought = shelf.submit(&complainant(), chat("one"), CHAT.as_bytes()).await.unwrap();
    let piece = brought.evidence.unwrap();
    let event: wire::EvidenceSubmitted = shelf.bench.last(1).await;
    assert_eq!((event.chain_seq, &event.chain_hash), (1, &piece.chain_hash));
    shelf.get(&staff("handler-1"), &piece.evidence_id).await.unwrap();
    shelf.bench.find_all(&staff("handler-1"), 1).await.unwrap();
    let head = shelf.verify(false).await.head;
    shelf.bench.conclude(&staff("handler-1"), 1).await.unwrap();
    let event: wire::InvestigationConcluded = shelf.bench.last(1).await;
    assert!(event.chain_links >= 2);
    assert_eq!(event.chain_head, head);
    // Cut so that nothing here misses it: whoever kept the event does.
    shelf
        .tamper(
            "WITH cut AS (DELETE FROM custody_link WHERE seq = (SELECT links FROM custody_chain))
             UPDATE custody_chain c SET links = links - 1,
                    head = (SELECT hash FROM custody_link l WHERE l.seq = c.links - 1)",
        )
        .await;
    assert_ne!(shelf.verify(false).await.head, event.chain_head);
}
