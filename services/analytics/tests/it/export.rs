//! The file of facts.

use futures::TryStreamExt;
use jiff::SignedDuration;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;
use uuid::Uuid;

use crate::bench::{Bench, supervisor};
use crate::history::{Case, begin};
use crate::order::span;
use crate::single::{TENANT, complaint, registration};

async fn exported(bench: &Bench) -> Vec<u8> {
    let (from, until) = span();
    let request =
        wire::ExportDatasetRequest { from: Some(to_wire_time(from)), until: Some(to_wire_time(until)) };
    let chunks = bench.questions.export(&supervisor(TENANT), &request).unwrap();
    chunks.try_collect::<Vec<_>>().await.unwrap().concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_has_a_line_per_complaint_over_several_pages_and_none_is_taken_for_a_formula() {
    let bench = Bench::new().await;
    let hostile = ["=HYPERLINK(\"http://x.invalid\")", "+1", "-1", "@SUM(A1)", "a,\"b\"\r\nc"];
    // More than a page has, several at one instant.
    let cases = (0..2_100).map(|number: u128| Case {
        merchant: Some(hostile[usize::try_from(number).unwrap() % hostile.len()]),
        ..complaint(number, begin() + SignedDuration::from_mins(1_000 + i64::try_from(number / 10).unwrap()))
    });
    let events: Vec<_> = cases.flat_map(|case| registration(&case).events).collect();
    bench.apply(&events).await;
    let file = exported(&bench).await;
    let text = std::str::from_utf8(&file).unwrap();
    assert!(text.starts_with("complaint_id,received_at,channel,") && text.ends_with("\r\n"));
    let mut ids = Vec::new();
    for line in csv::Reader::from_reader(file.as_slice()).records() {
        let line = line.unwrap();
        let number = line[0].parse::<Uuid>().unwrap().as_u128();
        let merchant = hostile[usize::try_from(number).unwrap() % hostile.len()];
        let expected = if merchant.starts_with('a') { merchant.to_owned() } else { format!("'{merchant}") };
        assert_eq!(line[7], expected);
        ids.push(number);
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..2_100).collect::<Vec<_>>());
}
