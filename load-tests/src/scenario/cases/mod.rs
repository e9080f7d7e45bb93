//! Cases argued by scripted parties through investigation and resolution, with intake's register as the judge of the
//! lifecycle: everything over the public interfaces, as apps and staff would.
//!
//! The schedule of submissions is fixed (open loop); every later step of a case follows when the lifecycle topic tells
//! that the case stands there, and a call that comes a moment too early is repeated under its name. Classification is not
//! there: an officer takes each complaint up. Nor are sla and notification, for no script runs out of time. With `whole`
//! all seven run: the officer waits for the assessment, and complainants are told by mail.
//!
//! With kills, investigation and resolution die in turn under all of this, and come back.
//!
//! The run is sound if every case ended where its script says, intake refused no fact, the till paid each case the amount
//! of its script, once, and the money of resolution's books adds up and is covered by proofs.

mod acts;
mod cast;
mod course;
mod script;
mod till;
mod whole;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use redress_domain::{Clock as _, TenantId};
use redress_runtime::SystemClock;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

use super::Finding;
use super::company::{Company, follow, memory};
use crate::baseline::WARM_UP;
use crate::cli::Load;
use crate::driver::schedule::Schedule;
use crate::driver::tally::{histogram, latencies, record};
use crate::procfs::Meter;
use crate::report::{Report, as_f64, microseconds_each, progress};
use crate::site::{IntakeRole, Neighbour, Site, tenants};
use crate::stores::Stores;
use cast::{Calls, Services, Staff};
use course::Course;
use script::{Case, Script, amount};
use till::Till;

/// Cases open at once at most: a bound for this process's memory.
const MOST_OPEN: usize = 50_000;
/// Cases per second before those that count.
const WARM_RATE: u32 = 10;

/// How long a service lives between two deaths.
const LIFE: Duration = Duration::from_millis(1_500);

pub(crate) async fn run(site: &Site, load: Load, kills: u32, whole: bool) -> anyhow::Result<Finding> {
    let intake = site.serve(IntakeRole::Both, None).await?;
    let (till, url) = Till::start().await?;
    let others = if whole { Some(Company::gather(site, whole::OTHERS).await?) } else { None };
    let asked = others.as_ref().map_or(Ok(Vec::new()), |company| company.settings("investigation"))?;
    let asked: Vec<_> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut investigation = site.neighbour("investigation", &asked).await?;
    let mut resolution = site.neighbour("resolution", &[("REDRESS__RESOLUTION__EXECUTOR", &url)]).await?;
    let stores = Stores::of(site).await?;
    let course = Course::begin(&stores.kafka)?;
    let mut serving = vec![intake.named()];
    if kills == 0 {
        serving.extend([investigation.named(), resolution.named()]);
    }
    serving.extend(others.iter().flat_map(Company::named));
    let mut report = Report::of("cases");
    if whole && kills == 0 {
        whole::idle(&mut report, &serving, "fresh").await?;
    }
    let followed = follow(&serving);
    let processes: Vec<_> = serving.iter().cloned().chain(site.processes()).collect();
    let services = Services::at(&intake.addresses.grpc, investigation.grpc(), resolution.grpc())?;
    let mut stage = Arc::new(Stage::new(site, services, course.clone(), whole)?);

    progress("warming up");
    let warmed = play(site, &stage, 0, Schedule::new(WARM_RATE, WARM_UP)).await?;
    let first = warmed.cases.len();
    // What the warm-up's calls took does not count.
    stage = Arc::new(Stage { calls: Calls::default(), ..(*stage).clone() });
    progress(format_args!("{}/s for {} s, and until all have ended", load.rate, load.seconds));
    let since = SystemClock.now();
    let (meter, start) = (Meter::start(&processes)?, Instant::now());
    let mut deaths = 0;
    let schedule = Schedule::new(load.rate, load.lasting());
    let played = tokio::select! {
        played = play(site, &stage, first, schedule) => played?,
        failed = die([&mut investigation, &mut resolution], kills, &mut deaths) => return Err(failed),
    };
    let (elapsed, cpu) = (start.elapsed(), meter.stop()?);

    report.figure("rate_per_s", load.rate);
    report.figure("seconds", load.seconds);
    report.figure("kills", deaths);
    let goal = if whole { ">= 300; aim 2000" } else { ">= 1000" };
    report.goal("ended_per_s", as_f64(played.ended) / elapsed.as_secs_f64(), goal);
    played.report(&mut report);
    for (process, used) in &cpu {
        report.figure(format!("{process}_cpu_us_per_case"), microseconds_each(*used, played.ended));
    }
    let busy: Duration = cpu.iter().map(|(_, used)| *used).sum();
    report.figure("all_cpu_us_per_case", microseconds_each(busy, played.ended));
    report.figure("cores_busy", busy.as_secs_f64() / elapsed.as_secs_f64());
    stage.calls.report(&mut report);
    memory(&mut report, followed);
    let cases = warmed.cases.into_iter().chain(played.cases.iter().copied()).collect::<Vec<_>>();
    let books =
        Books { course: &course, till: &till, resolution: &resolution, investigation: &investigation };
    let mut clean = books.audit(&mut report, &cases).await?;
    if let Some(others) = &others {
        clean &= whole::audit(others, &mut report, &stores, since, cases.len()).await?;
        if kills == 0 {
            whole::idle(&mut report, &serving, "used").await?;
        }
    }
    course.end();
    let sound = clean && warmed.failed.is_empty() && played.is_valid() && deaths == kills;
    Ok(Finding { report, sound })
}

/// Kills the services in turn, so often in all. Never ends but by a service that does not come back.
async fn die(mut services: [&mut Neighbour; 2], kills: u32, deaths: &mut u32) -> anyhow::Error {
    while *deaths < kills {
        tokio::time::sleep(LIFE).await;
        let [first, _] = &mut services;
        if let Err(error) = first.killed().await {
            return error;
        }
        services.reverse();
        *deaths += 1;
    }
    std::future::pending().await
}

/// What every case needs.
#[derive(Clone)]
struct Stage {
    staff: Vec<Staff>,
    services: Services,
    calls: Calls,
    course: Course,
    /// Classification runs: an officer decides on its assessment.
    assessed: bool,
}

impl Stage {
    fn new(site: &Site, services: Services, course: Course, assessed: bool) -> anyhow::Result<Self> {
        let staff = |tenant: TenantId| Staff::of(site, tenant);
        let staff = tenants()?.into_iter().map(staff).collect::<anyhow::Result<_>>()?;
        Ok(Self { staff, services, calls: Calls::default(), course, assessed })
    }
}

/// What a schedule of cases came to.
struct Played {
    /// Every case by its number.
    cases: Vec<(usize, Uuid)>,
    ended: u64,
    most_open: u64,
    not_sent: u64,
    /// From the intended submission to the end.
    took: Histogram<u64>,
    /// How often each failure came.
    failed: BTreeMap<String, u64>,
}

impl Played {
    fn is_valid(&self) -> bool {
        self.failed.is_empty() && self.not_sent == 0
    }

    fn report(&self, report: &mut Report) {
        report.figure("submitted", self.cases.len());
        report.figure("ended", self.ended);
        report.figure("most_open_at_once", self.most_open);
        report.goal("not_sent", self.not_sent, "0, else the run is invalid");
        report.goal("failed", self.failed.values().sum::<u64>(), "0");
        for (why, times) in &self.failed {
            report.figure(format!("failure: {why}"), *times);
        }
        latencies(report, "case", &self.took);
    }
}

/// Submits on the schedule, and waits until every case has ended or failed.
async fn play(site: &Site, stage: &Arc<Stage>, first: usize, schedule: Schedule) -> anyhow::Result<Played> {
    let room = Arc::new(Semaphore::new(MOST_OPEN));
    let ended = Arc::new(Mutex::new((histogram()?, BTreeMap::<String, u64>::new())));
    let (open, most_open) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (mut cases, mut not_sent, mut running) = (Vec::new(), 0, tokio::task::JoinSet::new());
    let mut broken = None;
    schedule
        .run(|intended| {
            let number = first + cases.len();
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                not_sent += 1;
                return;
            };
            let staff = &stage.staff[number % stage.staff.len()];
            let case = match Case::new(site, number, staff, &stage.services, &stage.calls) {
                Ok(case) => case,
                Err(error) => {
                    broken = Some(error);
                    return;
                }
            };
            cases.push((number, case.id));
            let (stands, assessed) = (stage.course.of(case.id), stage.assessed);
            let (ended, open, most_open) = (Arc::clone(&ended), Arc::clone(&open), Arc::clone(&most_open));
            running.spawn(async move {
                let _permit = permit;
                let now = open.fetch_add(1, Ordering::Relaxed) + 1;
                most_open.fetch_max(now, Ordering::Relaxed);
                let outcome = case.play(stands, assessed).await;
                open.fetch_sub(1, Ordering::Relaxed);
                let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                match outcome {
                    Ok(()) => record(&mut ended.0, intended.elapsed()),
                    Err(error) => *ended.1.entry(format!("{error:#}")).or_default() += 1,
                }
            });
        })
        .await;
    if let Some(error) = broken {
        return Err(error);
    }
    while let Some(done) = running.join_next().await {
        done?;
    }
    let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
    let (took, failed) = (ended.0.clone(), ended.1.clone());
    let most_open = most_open.load(Ordering::Relaxed);
    Ok(Played { cases, ended: took.len(), most_open, not_sent, took, failed })
}

/// Everything that the run left behind.
struct Books<'a> {
    course: &'a Course,
    till: &'a Till,
    resolution: &'a Neighbour,
    investigation: &'a Neighbour,
}

impl Books<'_> {
    /// Whether all of it is as the scripts say.
    async fn audit(&self, report: &mut Report, cases: &[(usize, Uuid)]) -> anyhow::Result<bool> {
        let strayed = cases
            .iter()
            .filter(|(number, id)| self.course.stands(*id) != Some(Script::of(*number).ends()))
            .count();
        let paid = self.till.paid();
        let expected = |(number, id): &&(usize, Uuid)| {
            paid.by_complaint.get(id).copied().unwrap_or(0) != amount(*number)
        };
        let wrongly_paid = cases.iter().filter(expected).count();
        let unknown = paid
            .by_complaint
            .len()
            .saturating_sub(cases.iter().filter(|(_, id)| paid.by_complaint.contains_key(id)).count());
        let sum: i64 = cases.iter().map(|(number, _)| amount(*number)).sum();
        let booked = "SELECT coalesce(sum(executed_minor), 0)::bigint FROM money_line";
        let booked: i64 = sqlx::query_scalar(booked).fetch_one(&self.resolution.pool).await?;
        let mismatches = "SELECT count(*) FROM money_mismatch";
        let mismatches: i64 = sqlx::query_scalar(mismatches).fetch_one(&self.resolution.pool).await?;
        let parked = self.resolution.parked().await? + self.investigation.parked().await?;
        report.goal("ended_elsewhere", strayed, "0");
        report.goal("facts_refused", self.course.refused(), "0");
        report.goal("paid_wrongly", wrongly_paid + unknown, "0");
        report.goal("paid_twice", paid.doubled, "0");
        report.figure("paid_minor", sum);
        report.goal("booked_as_paid", booked == sum, "true");
        report.goal("money_mismatches", mismatches, "0");
        report.goal("parked", parked, "0");
        let wrong = [strayed, wrongly_paid, unknown].iter().sum::<usize>();
        Ok(wrong == 0
            && paid.doubled == 0
            && booked == sum
            && mismatches + parked == 0
            && self.course.refused() == 0)
    }
}
