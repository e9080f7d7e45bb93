//! Nothing counts that a side was not shown.

use jiff::SignedDuration;
use redress_domain::{Principal, Role};
use redress_investigation::app::evidence::produce;
use redress_investigation::app::{findings, view};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;

use super::samples::CHAT;
use super::{Shelf, chat, header};
use crate::bench::{HEARING, complainant, id, principal, reason, shop, staff};
use crate::calls::{found, mark};

fn anchor() -> Principal {
    principal("tenant-a", "anchor-1", &[Role::Respondent])
}

impl Shelf {
    /// Findings on every point of the case, resting on these pieces.
    async fn find(&self, evidence: &[wire::EvidenceMark]) {
        let handler = staff("handler-1");
        for issue in view::get(&self.bench.desk, &handler, &id(1)).await.unwrap().issues {
            let finding =
                wire::RecordFindingRequest { evidence: evidence.to_vec(), ..found(1, &issue, "several") };
            findings::record(&self.bench.desk, &handler, finding).await.unwrap();
        }
    }

    /// What a conclusion still lacks: pieces, each with the side that has not been shown it.
    async fn lacks(&self) -> Vec<String> {
        let refused =
            self.bench.conclude(&staff("handler-1"), 1).await.expect_err("it is refused").into_problem();
        assert_eq!(refused.reason, "EVIDENCE_NOT_SHOWN");
        let told =
            |key| refused.metadata.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
        assert!(told("satisfied_by").is_some_and(|what| what.contains("ProduceRendition")));
        told("evidence").unwrap_or_default().split(',').map(str::to_owned).collect()
    }

    async fn prepare(
        &self,
        evidence: &str,
        audience: wire::Audience,
        by_hand: &str,
    ) -> Result<wire::Rendition, redress_investigation::Error> {
        let request = wire::ProduceRenditionRequest {
            request_id: format!("prepared-{evidence}-{by_hand}"),
            complaint_id: id(1),
            evidence_id: evidence.into(),
            audience: audience.into(),
            prepared_evidence_id: by_hand.into(),
        };
        produce(&self.files, &staff("handler-1"), request).await
    }
}

#[tokio::test]
async fn a_conclusion_that_rests_on_what_a_side_was_not_shown_is_refused_and_names_piece_and_side() {
    let shelf = Shelf::new().await;
    let own = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    let report = header("two", wire::EvidenceType::QcReport, "text/plain");
    let report = shelf.kept(&shop(), report, "缝线抽检合格".as_bytes()).await;
    let aside = shelf.kept(&complainant(), chat("three"), "旧聊天".as_bytes()).await;
    let aside = wire::EvidenceMark { reason: "edited".into(), ..mark(&aside, wire::Bearing::Discarded) };
    shelf
        .find(&[mark(&own, wire::Bearing::Supports), mark(&report, wire::Bearing::Contradicts), aside])
        .await;

    // There are two respondents: what one of them brought, the other has not seen either.
    let mut expected =
        vec![format!("{own}:respondent"), format!("{report}:complainant"), format!("{report}:respondent")];
    expected.sort_unstable();
    let mut lacking = shelf.lacks().await;
    lacking.sort_unstable();
    assert_eq!(lacking, expected, "what was put aside is nobody's to answer");
    shelf.render(&staff("handler-1"), &own, wire::Audience::Respondent).await.unwrap();
    shelf.render(&staff("handler-1"), &report, wire::Audience::Complainant).await.unwrap();
    assert_eq!(shelf.lacks().await, [format!("{report}:respondent")]);
    shelf.render(&staff("handler-1"), &report, wire::Audience::Respondent).await.unwrap();
    shelf.bench.clock.advance(HEARING);
    shelf.bench.conclude(&staff("handler-1"), 1).await.unwrap();
}

#[tokio::test]
async fn a_side_that_was_shown_a_piece_has_its_time_to_answer_before_a_conclusion_rests_on_it() {
    let shelf = Shelf::new().await;
    let own = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    shelf.find(&[mark(&own, wire::Bearing::Supports)]).await;
    shelf.render(&staff("handler-1"), &own, wire::Audience::Respondent).await.unwrap();
    let told: wire::RenditionProduced = shelf.bench.last(1).await;
    let until = shelf.bench.desk.now() + HEARING;
    assert_eq!(told.answer_until, Some(to_wire_time(until)), "the side can be told until when");

    shelf.bench.clock.advance(HEARING - SignedDuration::from_secs(1));
    let early = shelf.bench.conclude(&staff("handler-1"), 1).await.expect_err("it is refused").into_problem();
    assert_eq!(early.reason, "HEARING_NOT_OVER");
    let metadata = |key| early.metadata.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
    assert_eq!(metadata("evidence"), Some(format!("{own}:respondent")));
    assert_eq!(metadata("until"), Some(until.to_string()), "and staff until when they wait");
    assert_eq!(shelf.bench.view(1).await.state(), wire::InvestigationState::Open);

    shelf.bench.clock.advance(SignedDuration::from_secs(1));
    shelf.bench.conclude(&staff("handler-1"), 1).await.unwrap();
}

#[tokio::test]
async fn who_has_answered_what_they_were_shown_is_waited_for_no_longer() {
    let shelf = Shelf::new().await;
    let own = shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
    shelf.find(&[mark(&own, wire::Bearing::Supports)]).await;
    shelf.render(&staff("handler-1"), &own, wire::Audience::Respondent).await.unwrap();
    let statement = |name: &str| header(name, wire::EvidenceType::MerchantStatement, "text/plain");
    shelf.bench.clock.advance(SignedDuration::from_mins(1));
    shelf.kept(&shop(), statement("of-the-shop"), "缝线合格".as_bytes()).await;
    let other_waits = shelf.bench.conclude(&staff("handler-1"), 1).await;
    assert_eq!(reason(other_waits), "HEARING_NOT_OVER", "the anchor is a respondent too");
    shelf.kept(&anchor(), statement("of-the-anchor"), "与我无关".as_bytes()).await;
    shelf.bench.conclude(&staff("handler-1"), 1).await.unwrap();
}

#[tokio::test]
async fn what_is_withheld_counts_only_once_a_copy_prepared_by_hand_was_shown_in_its_place() {
    let shelf = Shelf::new().await;
    let paper = header("paper", wire::EvidenceType::Other, "application/pdf");
    let paper = shelf.kept(&complainant(), paper, b"%PDF-1.7\nwith an address\n").await;
    shelf.find(&[mark(&paper, wire::Bearing::Supports)]).await;
    let withheld = shelf.render(&staff("handler-1"), &paper, wire::Audience::Respondent).await.unwrap();
    assert_eq!(withheld.withheld_reason, "form_not_redactable");
    assert_eq!(shelf.lacks().await, [format!("{paper}:respondent")], "told of is not shown");

    let theirs = shelf.kept(&complainant(), chat("theirs"), b"an extract of my own").await;
    let refused = shelf.prepare(&paper, wire::Audience::Respondent, &theirs).await;
    assert_eq!(reason(refused), "PREPARED_NOT_BY_STAFF");
    assert_eq!(reason(shelf.prepare(&paper, wire::Audience::Respondent, &id(9)).await), "NOT_FOUND");
    assert_eq!(reason(shelf.prepare(&paper, wire::Audience::Respondent, &paper).await), "NOT_FOUND");

    let extract = header("extract", wire::EvidenceType::Other, "text/plain");
    let extract = shelf.kept(&staff("handler-2"), extract, b"the paper without the address").await;
    assert_eq!(reason(shelf.get(&shop(), &extract).await), "NOT_FOUND", "by itself it is nobody's");
    let copy = shelf.prepare(&paper, wire::Audience::Respondent, &extract).await.unwrap();
    assert_eq!((copy.treatment.as_str(), copy.media_type.as_str()), ("prepared", "text/plain"));
    assert_eq!(copy.policy_version, format!("prepared.{extract}"));
    let (item, shown) = shelf.get(&shop(), &paper).await.unwrap();
    assert_eq!(shown, b"the paper without the address");
    assert_eq!(item.renditions, std::slice::from_ref(&copy));
    assert_eq!(shelf.prepare(&paper, wire::Audience::Respondent, &extract).await.unwrap(), copy, "once");
    // The policy's own copy is still what it was, and does not come before the later one.
    shelf.render(&staff("handler-2"), &paper, wire::Audience::Respondent).await.unwrap();
    assert_eq!(shelf.get(&shop(), &paper).await.unwrap().1, b"the paper without the address");
    shelf.bench.clock.advance(HEARING);
    shelf.bench.conclude(&staff("handler-1"), 1).await.unwrap();
    assert!(shelf.verify(true).await.intact);
}
