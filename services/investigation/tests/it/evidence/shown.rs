//! Who sees what, and that every look is recorded.

use redress_domain::Role;
use redress_investigation::app::evidence;
use redress_proto::investigation::v1 as wire;
use sha2::{Digest as _, Sha256};

use super::samples::{CHAT, film, holds, photograph};
use super::{Shelf, chat, header};
use crate::bench::{complainant, id, principal, reason, shop, staff};

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn the_other_side_sees_nothing_until_a_copy_was_made_for_it_and_then_the_copy_alone() {
    let shelf = Shelf::new().await;
    let piece = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    assert!(shelf.list(&shop()).await.is_empty());
    assert_eq!(reason(shelf.get(&shop(), &piece).await), "NOT_FOUND");

    let copy = shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await.unwrap();
    assert_eq!(copy.treatment, "text_redacted");
    let (item, shown) = shelf.get(&shop(), &piece).await.unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert_eq!(shown, CHAT.replace("13800138000", "[手机/mobile]"));
    assert_eq!(copy.sha256, hash(shown.as_bytes()));
    assert_eq!((item.renditions.as_slice(), item.file_name.as_str()), (&[copy][..], ""));

    let (item, own) = shelf.get(&complainant(), &piece).await.unwrap();
    assert_eq!((own.as_slice(), item.file_name.as_str()), (CHAT.as_bytes(), "张三的照片.jpg"));
    let other_shop = principal("tenant-a", "anchor-1", &[Role::Respondent]);
    assert_eq!(shelf.get(&other_shop, &piece).await.unwrap().1, shown.as_bytes());
    let stranger = principal("tenant-a", "shop-2", &[Role::Respondent]);
    assert_eq!(reason(shelf.get(&stranger, &piece).await), "NOT_FOUND");
}

#[tokio::test]
async fn every_look_is_a_link_of_the_chain_with_who_and_what_for() {
    let shelf = Shelf::new().await;
    let piece = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await.unwrap();
    shelf.get(&staff("handler-1"), &piece).await.unwrap();
    shelf.get(&shop(), &piece).await.unwrap();
    let entries: Vec<String> = sqlx::query_scalar("SELECT entry FROM custody_link ORDER BY seq")
        .fetch_all(shelf.bench.db.pool())
        .await
        .unwrap();
    let deeds: Vec<_> = entries
        .iter()
        .map(|entry| {
            let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            (text("event"), text("actor"), text("purpose"))
        })
        .collect();
    let deed =
        |event: &str, actor: &str, purpose: &str| (event.to_owned(), actor.to_owned(), purpose.to_owned());
    let expected = [
        deed("received", "person-1", ""),
        deed("rendered", "handler-1", ""),
        deed("viewed", "handler-1", "case_handling"),
        deed("copy_viewed", "shop-1", "own_data"),
    ];
    assert_eq!(deeds, expected);
    assert!(shelf.verify(true).await.intact);
}

#[tokio::test]
async fn staff_say_what_for_and_auditors_see_no_originals() {
    let shelf = Shelf::new().await;
    let piece = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let request = wire::GetEvidenceRequest {
        complaint_id: id(1),
        evidence_id: piece.clone(),
        ..wire::GetEvidenceRequest::default()
    };
    let refused = evidence::get(&shelf.files, &staff("handler-1"), request).await.map(|_| ());
    assert_eq!(reason(refused), "INVALID_INPUT");
    let auditor = principal("tenant-a", "auditor-1", &[Role::Auditor]);
    assert_eq!(reason(shelf.get(&auditor, &piece).await), "NOT_FOUND");
    let listed = shelf.list(&auditor).await;
    assert_eq!((listed.len(), listed[0].file_name.as_str()), (1, ""));
}

#[tokio::test]
async fn identity_papers_are_withheld_from_the_other_side_with_the_reason() {
    let shelf = Shelf::new().await;
    let paper = header("one", wire::EvidenceType::IdentityDocument, "application/pdf");
    let piece = shelf.kept(&complainant(), paper, b"%PDF-1.7\n").await;
    let copy = shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await.unwrap();
    assert_eq!(
        (copy.treatment.as_str(), copy.withheld_reason.as_str()),
        ("withheld", "sensitive_personal_data")
    );
    assert_eq!(reason(shelf.get(&shop(), &piece).await), "EVIDENCE_WITHHELD");
    assert_eq!(shelf.list(&shop()).await[0].renditions[0].withheld_reason, "sensitive_personal_data");
}

#[tokio::test]
async fn a_photograph_and_a_film_lose_their_place_for_others_and_keep_it_for_their_owner() {
    let shelf = Shelf::new().await;
    let photo = header("photo", wire::EvidenceType::ComplainantPhoto, "image/jpeg");
    let video = header("film", wire::EvidenceType::ComplainantVideo, "video/mp4");
    for (header, original) in [(photo, photograph()), (video, film())] {
        let piece = shelf.kept(&complainant(), header, &original).await;
        let copy = shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await.unwrap();
        assert_eq!(copy.treatment, "metadata_stripped");
        let (_, shown) = shelf.get(&shop(), &piece).await.unwrap();
        assert!(holds(&original, b"30.2741") && !holds(&shown, b"30.2741"));
        assert!(holds(&shown, b"what is seen"));
        assert_eq!(copy.sha256, hash(&shown));
        assert_eq!(shelf.get(&complainant(), &piece).await.unwrap().1, original);
    }
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
}

#[tokio::test]
async fn the_same_policy_makes_one_copy_for_an_audience_whoever_asks() {
    let shelf = Shelf::new().await;
    let piece = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let (one, two) = (staff("handler-1"), staff("handler-2"));
    let (one, two) = tokio::join!(
        shelf.render(&one, &piece, wire::Audience::Respondent),
        shelf.render(&two, &piece, wire::Audience::Respondent)
    );
    assert_eq!(one.unwrap().rendition_id, two.unwrap().rendition_id);
    assert_eq!(shelf.left().len(), 2, "the original and one copy");
    let expert = shelf.render(&staff("handler-1"), &piece, wire::Audience::Expert).await.unwrap();
    assert_eq!(expert.audience(), wire::Audience::Expert);
    assert!(
        shelf.list(&shop()).await[0]
            .renditions
            .iter()
            .all(|copy| copy.audience() == wire::Audience::Respondent)
    );
}

#[tokio::test]
async fn a_text_that_is_no_unicode_and_a_picture_that_is_none_are_withheld_rather_than_shown_unread() {
    let shelf = Shelf::new().await;
    let gb18030 = [0xc4, 0xe3, 0xba, 0xc3, b'1', b'3', b'8', b'\n'];
    let text = shelf.kept(&complainant(), chat("one"), &gb18030).await;
    let photo = header("two", wire::EvidenceType::ComplainantPhoto, "image/jpeg");
    let photo = shelf.kept(&complainant(), photo, &[&photograph()[..5], &[0; 40]].concat()).await;
    for piece in [text, photo] {
        let copy = shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await.unwrap();
        assert_eq!(copy.withheld_reason, "form_unreadable");
    }
    assert_eq!(shelf.left().len(), 2);
}

#[tokio::test]
async fn a_file_that_was_altered_on_its_shelf_does_not_end_well() {
    let shelf = Shelf::new().await;
    let piece = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let path = shelf.path("plain", &piece);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(reason(shelf.get(&staff("handler-1"), &piece).await), "EVIDENCE_ALTERED");
    let copy = shelf.render(&staff("handler-1"), &piece, wire::Audience::Respondent).await;
    assert_eq!(reason(copy), "EVIDENCE_ALTERED");
}
