//! Reports as they are read or printed.

use jiff::Timestamp;
use redress_proto::convert::from_wire_time;
use redress_proto::resolution::v1 as wire;
use wire::case_report::Parts;

use super::Seen;
use crate::domain::report::Report;
use crate::domain::report_text::{ClockLine, Closing, Head, PieceLine, closing, handling};

/// The text of a report, in its language.
pub(super) fn text(seen: &Seen<'_>, report: &Report, parts: &Parts) -> String {
    let head = Head {
        language: &report.language,
        zone: seen.window.zone(),
        complaint_no: &seen.case.facts.complaint_no,
        filing_no: &report.filing_no,
        issued_at: report.issued_at,
    };
    match parts {
        Parts::Handling(told) => handling(
            &head,
            [
                &told.overview,
                &told.process,
                &told.result,
                &told.improvement,
                &told.survey,
                &told.contact,
                &told.apology_and_thanks,
            ],
        ),
        Parts::Closing(told) => closed(&head, told),
    }
}

fn closed(head: &Head<'_>, told: &wire::ClosingReportParts) -> String {
    let at = |at: Option<&pbjson_types::Timestamp>| -> Option<Timestamp> { from_wire_time(at?).ok() };
    let parties: Vec<String> = told
        .evidence
        .iter()
        .map(|piece| piece.party().as_str_name().trim_start_matches("AWAITED_PARTY_").to_ascii_lowercase())
        .collect();
    let clocks = told.clocks.iter().map(|clock| ClockLine {
        definition: &clock.definition,
        state: &clock.state,
        due_at: at(clock.due_at.as_ref()),
    });
    let course = told.timeline.iter().filter_map(|one| Some((at(one.at.as_ref())?, one.event.as_str())));
    let pieces = told.evidence.iter().zip(&parties);
    let report = Closing {
        summary: &told.summary,
        lessons: &told.lessons,
        course: course.collect(),
        clocks: clocks.collect(),
        evidence: pieces
            .map(|(piece, party)| PieceLine { id: &piece.evidence_id, sha256: &piece.sha256, party })
            .collect(),
    };
    closing(head, &report)
}
