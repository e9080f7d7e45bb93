//! `IssueHandlingReport` (F084) and `FileClosingReport` (F151).

use async_trait::async_trait;
use prost::Message as _;
use redress_domain::{ErrorKind, Problem, Violations};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::AwaitedParty;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::react::window;
use crate::app::wire::time;
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::party::Side;
use crate::domain::report::{LANGUAGES, Report, ReportKind, digest, filing_no};
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;
use crate::store::{clock, evidence, moment};

/// The longest part of a report, characters.
const LONGEST_PART: usize = 8_000;

#[async_trait]
impl Act for wire::IssueHandlingReportRequest {
    fn check(&self, found: &mut Violations) {
        let parts = self.parts.clone().unwrap_or_default();
        for (name, part) in parts_of(&parts) {
            text::optional_words(found, &format!("parts.{name}"), part, LONGEST_PART);
        }
        language(&self.language, found);
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::ResultNotified, State::Closed])?;
        require(!scene.case.course.report_issued, Refusal::ReportExists)?;
        require(scene.case.closing().is_some(), Refusal::OutcomeMissing)?;
        let parts = self.parts.clone().unwrap_or_default();
        let missing: Vec<_> = parts_of(&parts)
            .into_iter()
            .filter(|(_, part)| part.trim().is_empty())
            .map(|(name, _)| name)
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::ReportPartMissing.problem().with("missing", missing.join(",")).into());
        }
        let plain =
            wire::CaseReport { parts: Some(wire::case_report::Parts::Handling(parts)), ..Default::default() };
        let report = file(scene, ReportKind::Handling, &self.language, &plain.encode_to_vec())?;
        scene.case.course.report_issued = true;
        let window = scene.desk.windows.of(&scene.case.tenant);
        let appeal_until = window.until(scene.case, Some(&Side::complainant())).and_then(time);
        scene.out.push(&wire::HandlingReportIssued {
            report_id: report.0.id.to_string(),
            sha256: report.0.sha256,
            language: self.language.clone(),
            sealed: Some(report.1),
            appeal_until,
        });
        window::end_if_over(scene.case, &mut scene.out);
        Ok(())
    }
}

#[async_trait]
impl Act for wire::FileClosingReportRequest {
    fn check(&self, found: &mut Violations) {
        text::words(found, "summary", &self.summary, LONGEST_PART);
        text::words(found, "lessons", &self.lessons, LONGEST_PART);
        language(&self.language, found);
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Closed, State::Withdrawn])?;
        require(
            scene.case.state == State::Withdrawn || scene.case.course.report_issued,
            Refusal::HandlingReportMissing,
        )?;
        let (tenant, id) = (scene.case.tenant.clone(), scene.case.id);
        let clocks = clock::of_case(conn, &tenant, id).await?;
        let missed =
            clocks.iter().filter(|clock| matches!(clock.state.as_str(), "breached" | "met_late")).count();
        let met = clocks.iter().filter(|clock| clock.state == "met").count();
        let told_clock = |clock: clock::Clock| wire::ClockResult {
            clock_id: clock.clock_id,
            definition: clock.definition,
            state: clock.state,
            due_at: clock.due_at.and_then(time),
            at: time(clock.told_at),
        };
        let told_piece = |piece: evidence::Evidence| wire::EvidenceHash {
            evidence_id: piece.id,
            sha256: piece.sha256,
            party: AwaitedParty::from_str_name(&piece.party).unwrap_or_default().into(),
        };
        let moments = moment::of_case(conn, &tenant, id).await?;
        let parts = wire::ClosingReportParts {
            summary: self.summary.clone(),
            lessons: self.lessons.clone(),
            clocks: clocks.into_iter().map(told_clock).collect(),
            evidence: evidence::of_case(conn, &tenant, id).await?.into_iter().map(told_piece).collect(),
            timeline: moments
                .into_iter()
                .map(|(at, event)| wire::ReportMoment { at: time(at), event })
                .collect(),
        };
        let plain =
            wire::CaseReport { parts: Some(wire::case_report::Parts::Closing(parts)), ..Default::default() };
        let (report, _) = file(scene, ReportKind::Closing, &self.language, &plain.encode_to_vec())?;
        scene.out.push(&wire::ClosingReportFiled {
            report_id: report.id.to_string(),
            filing_no: report.filing_no,
            sha256: report.sha256,
            clocks_met: u32::try_from(met).unwrap_or(u32::MAX),
            clocks_missed: u32::try_from(missed).unwrap_or(u32::MAX),
        });
        Ok(())
    }
}

/// Keeps a report; an installation's events carry at most 900 KiB, so what is larger is refused.
fn file(
    scene: &mut Scene<'_>,
    kind: ReportKind,
    language: &str,
    parts: &[u8],
) -> Result<(Report, redress_proto::types::v1::Sealed), Error> {
    if parts.len() > 800 * 1024 {
        let problem =
            Problem::new(ErrorKind::InvalidArgument, "REPORT_TOO_LARGE", "a report has at most 800 KiB");
        return Err(problem.into());
    }
    let count = scene.case.reports.iter().filter(|report| report.kind == kind).count() + 1;
    let id = scene.next_id("report", scene.case.reports.len());
    let sealed = scene.keep(words::report(id), parts)?;
    let report = Report {
        id,
        kind,
        filing_no: filing_no(&scene.case.facts.complaint_no, scene.case.id, kind, count),
        issued_at: scene.now,
        issued_by: scene.caller.subject.clone(),
        sha256: digest(parts),
        language: language.to_owned(),
    };
    scene.case.reports.push(report.clone());
    Ok((report, sealed))
}

/// The seven parts (F084), in their order.
fn parts_of(parts: &wire::HandlingReportParts) -> [(&'static str, &str); 7] {
    [
        ("overview", &parts.overview),
        ("process", &parts.process),
        ("result", &parts.result),
        ("improvement", &parts.improvement),
        ("survey", &parts.survey),
        ("contact", &parts.contact),
        ("apologyAndThanks", &parts.apology_and_thanks),
    ]
}

fn language(language: &str, found: &mut Violations) {
    if !LANGUAGES.contains(&language) {
        found.add("language", "UNKNOWN", "zh-Hans, zh-Hant or en");
    }
}
