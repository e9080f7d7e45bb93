//! Reports as they are read or printed: the stored parts under their headings, in the report's language (F084, F151).
//!
//! What is stored and hashed are the parts; the text is made of them anew, so better words reach old reports too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;

/// What stands at the top of a report.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The language: `zh-Hans`, `zh-Hant` or `en`.
    pub language: &'a str,
    /// The zone in which times are told.
    pub zone: TimeZone,
    /// The complaint's number for people.
    pub complaint_no: &'a str,
    /// The filing number.
    pub filing_no: &'a str,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// How a clock ended.
#[derive(Debug, Clone)]
pub struct ClockLine<'a> {
    /// Its definition, such as C13.
    pub definition: &'a str,
    /// Its state, as a code.
    pub state: &'a str,
    /// When it was due.
    pub due_at: Option<Timestamp>,
}

/// A piece of evidence.
#[derive(Debug, Clone)]
pub struct PieceLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: &'a str,
    /// Who brought it, as a code.
    pub party: &'a str,
}

/// What a closing report says.
#[derive(Debug, Clone, Default)]
pub struct Closing<'a> {
    /// In short.
    pub summary: &'a str,
    /// What is learned from it.
    pub lessons: &'a str,
    /// What happened, in order: when, and the name of the event.
    pub course: Vec<(Timestamp, &'a str)>,
    /// The clocks.
    pub clocks: Vec<ClockLine<'a>>,
    /// The evidence.
    pub evidence: Vec<PieceLine<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    moment: String,
    day: String,
    end_of_day: String,
    number: String,
    filing: String,
    issued: String,
    none: String,
    handling: Handling,
    closing: Headings,
    states: BTreeMap<String, String>,
    parties: BTreeMap<String, String>,
    clocks: BTreeMap<String, String>,
    events: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Handling {
    title: String,
    overview: String,
    process: String,
    result: String,
    improvement: String,
    survey: String,
    contact: String,
    apology_and_thanks: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headings {
    title: String,
    summary: String,
    course: String,
    clocks: String,
    counted: String,
    clock: String,
    clock_without_due: String,
    evidence: String,
    pieces: String,
    piece: String,
    hash: String,
    lessons: String,
}

/// The words of each language; checked whole by a test, so one that does not read is none.
static WORDS: LazyLock<BTreeMap<&'static str, Words>> = LazyLock::new(|| {
    let files = [
        ("zh-Hans", include_str!("../../data/report/zh-Hans.toml")),
        ("zh-Hant", include_str!("../../data/report/zh-Hant.toml")),
        ("en", include_str!("../../data/report/en.toml")),
    ];
    files.into_iter().filter_map(|(name, text)| Some((name, toml::from_str(text).ok()?))).collect()
});

/// A handling report: its seven parts, in their order. Empty in a language that reports are not written in.
pub fn handling(head: &Head<'_>, parts: [&str; 7]) -> String {
    let Some(words) = WORDS.get(head.language) else { return String::new() };
    let w = &words.handling;
    let headings =
        [&w.overview, &w.process, &w.result, &w.improvement, &w.survey, &w.contact, &w.apology_and_thanks];
    let mut page = Page::new(words, head, &w.title);
    for (heading, part) in headings.into_iter().zip(parts) {
        page.part(heading, [part.trim().to_owned()]);
    }
    page.text
}

/// A closing report. Empty in a language that reports are not written in.
pub fn closing(head: &Head<'_>, closing: &Closing<'_>) -> String {
    let Some(words) = WORDS.get(head.language) else { return String::new() };
    let w = &words.closing;
    let mut page = Page::new(words, head, &w.title);
    page.part(&w.summary, [closing.summary.trim().to_owned()]);
    page.part(&w.course, course(words, head, &closing.course));
    page.part(&w.clocks, clocks(words, head, &closing.clocks));
    page.part(&w.evidence, evidence(words, &closing.evidence));
    page.part(&w.lessons, [closing.lessons.trim().to_owned()]);
    page.text
}

/// A text that grows part by part.
struct Page {
    text: String,
}

impl Page {
    fn new(words: &Words, head: &Head<'_>, title: &str) -> Self {
        let issued = words.at(head.issued_at, &head.zone);
        let lines = [
            title.to_owned(),
            String::new(),
            fill(&words.number, &[("number", head.complaint_no)]),
            fill(&words.filing, &[("filing", head.filing_no)]),
            fill(&words.issued, &[("at", &issued)]),
        ];
        Self { text: lines.join("\n") + "\n" }
    }

    fn part(&mut self, heading: &str, lines: impl IntoIterator<Item = String>) {
        let blank_and_heading = [String::new(), heading.to_owned()];
        for line in blank_and_heading.into_iter().chain(lines) {
            self.text += &line;
            self.text.push('\n');
        }
    }
}

impl Words {
    fn at(&self, at: Timestamp, zone: &TimeZone) -> String {
        at.to_zoned(zone.clone()).strftime(&self.moment).to_string()
    }

    /// A limit that ends at midnight ends with the day before.
    fn due(&self, due: Timestamp, zone: &TimeZone) -> String {
        let local = due.to_zoned(zone.clone());
        let before: Option<Date> = local.date().checked_sub(Span::new().days(1)).ok();
        match before.filter(|_| local.time() == Time::midnight()) {
            Some(day) => fill(&self.end_of_day, &[("day", &day.strftime(&self.day).to_string())]),
            None => self.at(due, zone),
        }
    }
}

/// What happened, a line each; what only repeats another line is left out. An event without words stands under its name.
fn course(words: &Words, head: &Head<'_>, moments: &[(Timestamp, &str)]) -> Vec<String> {
    let line = |(at, event): &(Timestamp, &str)| {
        let told = words.events.get(*event).map_or(*event, String::as_str);
        (!told.is_empty()).then(|| format!("{}  {told}", words.at(*at, &head.zone)))
    };
    or_none(words, moments.iter().filter_map(line).collect())
}

fn clocks(words: &Words, head: &Head<'_>, clocks: &[ClockLine<'_>]) -> Vec<String> {
    if clocks.is_empty() {
        return or_none(words, Vec::new());
    }
    let w = &words.closing;
    let count = |states: &[&str]| clocks.iter().filter(|one| states.contains(&one.state)).count().to_string();
    let (all, met, missed) = (clocks.len().to_string(), count(&["met"]), count(&["breached", "met_late"]));
    let counted = [("all", all.as_str()), ("met", met.as_str()), ("missed", missed.as_str())];
    let line = |one: &ClockLine<'_>| {
        let name = words.clocks.get(one.definition).map_or(one.definition, String::as_str);
        let state = words.states.get(one.state).map_or(one.state, String::as_str);
        let due = one.due_at.map(|due| words.due(due, &head.zone));
        let told = [("name", name), ("state", state), ("due", due.as_deref().unwrap_or_default())];
        fill(if due.is_some() { &w.clock } else { &w.clock_without_due }, &told)
    };
    std::iter::once(fill(&w.counted, &counted)).chain(clocks.iter().map(line)).collect()
}

fn evidence(words: &Words, pieces: &[PieceLine<'_>]) -> Vec<String> {
    if pieces.is_empty() {
        return or_none(words, Vec::new());
    }
    let w = &words.closing;
    let mut lines = vec![fill(&w.pieces, &[("all", &pieces.len().to_string())])];
    for (index, piece) in pieces.iter().enumerate() {
        let party = words.parties.get(piece.party).or_else(|| words.parties.get("unspecified"));
        let n = (index + 1).to_string();
        let told = [("n", n.as_str()), ("party", party.map_or("", String::as_str)), ("id", piece.id)];
        lines.extend([fill(&w.piece, &told), fill(&w.hash, &[("sha256", piece.sha256)])]);
    }
    lines
}

fn or_none(words: &Words, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec![words.none.clone()] } else { lines }
}

/// Fills in what stands in braces.
fn fill(form: &str, values: &[(&str, &str)]) -> String {
    let mut filled = form.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}

#[cfg(test)]
mod tests;
