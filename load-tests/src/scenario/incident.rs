//! One live room turns: everybody who writes is of it, with nearly the same words.
//!
//! Counted from the room's first acceptance to the incident's events in the log. The cost of a complaint is
//! classification's processor time in the first and in the second half: it must not grow with the members.

use std::time::Duration;

use super::company::{self, Company, TELLERS, TOPICS};
use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::moments::{Moments, incidents_of};
use crate::procfs::Meter;
use crate::report::{Report, as_f64, microseconds_each, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

const ROOM: &str = "room-turned";
/// Complaints per second of everybody else, before: the room's own baseline is nothing.
const CALM: u32 = 50;
const CALM_LASTS: Duration = Duration::from_secs(4);
/// How many those are.
const FIRST_OF_ROOM: usize = 200;

pub(crate) async fn run(site: &Site, peak: u32, seconds: u32) -> anyhow::Result<Finding> {
    let intake = site.serve(IntakeRole::Both, None).await?;
    let company = Company::gather(site, TELLERS).await?;
    let driver = site.turning_driver(ROOM, FIRST_OF_ROOM, &intake)?;
    driver.drive(CALM, CALM_LASTS).await?;
    driver.settle().await?;
    let processes: Vec<_> = company.named().collect();
    let followed = company::follow(&processes);
    let classification: Vec<_> =
        processes.into_iter().filter(|process| process.name == "classification").collect();
    let stores = Stores::of(site).await?;

    let mut halves = Vec::new();
    for half in ["first", "second"] {
        progress(format_args!("{peak}/s from one room, the {half} half"));
        let meter = Meter::start(&classification)?;
        let tally = driver.drive(peak, Duration::from_secs(seconds.into()) / 2).await?;
        driver.settle().await?;
        stores.quiesce(DRAIN_LIMIT).await?;
        stores.quiet(TOPICS, DRAIN_LIMIT).await?;
        let used: Duration = meter.stop()?.into_iter().map(|(_, used)| used).sum();
        halves.push((half, tally, used));
    }
    let kafka = stores.kafka.clone();
    let (moments, incident) = tokio::task::spawn_blocking(move || {
        anyhow::Ok((Moments::read(&kafka)?, incidents_of(&kafka, ROOM)?))
    })
    .await??;
    let first = {
        let ledger = driver.ledger();
        let of_room = (FIRST_OF_ROOM..ledger.len()).filter_map(|number| ledger.id(number));
        of_room.filter_map(|id| moments.accepted.get(&id).copied()).min()
    };

    let mut report = Report::of("incident");
    report.figure("peak_per_s", peak);
    report.figure("seconds", seconds);
    let mut costs = Vec::new();
    for (half, tally, used) in &halves {
        tally.counts().report(&mut report, &format!("{half}_"));
        let cost = microseconds_each(*used, tally.counts().accepted);
        report.figure(format!("{half}_classification_cpu_us_per_accepted"), cost);
        costs.push(cost);
    }
    if let [one, two] = costs[..] {
        report.goal("cost_second_over_first_half", two / one, "<= 1.2");
    }
    let [suspected, confirmed] =
        incident.map(|at| Some(as_f64(u64::try_from(at? - first?).unwrap_or(0)) / 1_000.0));
    report.goal("suspected_after_s", suspected.unwrap_or(f64::INFINITY), "<= 5");
    report.figure("confirmed_after_s", confirmed.unwrap_or(f64::INFINITY));
    company::memory(&mut report, followed);
    let whole = moments.assessed.len() == moments.accepted.len();
    report.goal("assessed_of_registered", whole, "true");
    let audit = Audit::of(&stores, &driver).await?;
    audit.report(&mut report, &driver);
    Ok(Finding { report, sound: audit.is_clean() && whole && suspected.is_some() })
}
