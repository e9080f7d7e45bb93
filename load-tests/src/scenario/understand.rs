//! Accepted, understood, told: intake with classification, notification and analytics, complainants reached by mail.
//!
//! *Assessed* is the moment at which the assessment stands in the log, *told* the one at which the mail server has taken
//! the receipt; both count from acceptance as the caller was told it. Complaints of the warm-up do not count.

use redress_domain::Clock as _;
use redress_runtime::SystemClock;

use super::company::{self, Company, TELLERS, TOPICS, latency};
use super::steady::Steady;
use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::baseline::WARM_UP;
use crate::cli::Load;
use crate::moments::Moments;
use crate::report::{Report, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

pub(crate) async fn run(site: &Site, load: Load) -> anyhow::Result<Finding> {
    let intake = site.serve(IntakeRole::Both, None).await?;
    let company = Company::gather(site, TELLERS).await?;
    let driver = site.mailed_driver(&intake)?;
    let mut processes = vec![intake.named()];
    processes.extend(company.named());
    let followed = company::follow(&processes);
    processes.extend(site.processes());

    let begun = SystemClock.now().saturating_add(WARM_UP)?;
    let steady = Steady::run(&driver, &processes, load.rate, load.lasting()).await?;
    progress("waiting until nothing is written any more");
    let stores = Stores::of(site).await?;
    stores.quiesce(DRAIN_LIMIT).await?;
    stores.quiet(TOPICS, DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;
    let kafka = stores.kafka.clone();
    let moments = tokio::task::spawn_blocking(move || Moments::read(&kafka)).await??;

    let mut report = Report::of("understand");
    report.figure("rate_per_s", load.rate);
    report.figure("seconds", load.seconds);
    steady.report(&mut report, "");
    let assessed = moments.since_acceptance(&moments.assessed, begun)?;
    let told = moments.since_acceptance(&moments.told, begun)?;
    latency(&mut report, "assessed", &assessed, "<= 500");
    latency(&mut report, "told", &told, "<= 1000");
    report.figure("mails", company.mails());
    company::memory(&mut report, followed);
    audit.report(&mut report, &driver);
    let whole = assessed.1 == 0 && told.1 == 0;
    Ok(Finding { report, sound: audit.is_clean() && steady.is_valid() && whole })
}
