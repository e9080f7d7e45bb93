//! P2: how fast a backlog is registered, against raw inserts of the very same rows.
//!
//! The register starts on a full log, so nothing but its own work limits it. Its time is PostgreSQL's own: from the
//! beginning of the first batch, which stamps its rows, to the moment when the last one is seen applied.

use std::time::Duration;

use sqlx::Executor as _;

use super::raw_insert;
use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::procfs::{Meter, cpu_of_tree};
use crate::report::{Report, as_f64, microseconds_each, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

pub(crate) async fn run(site: &Site, backlog: u32, rate: u32) -> anyhow::Result<Finding> {
    let accept = site.serve(IntakeRole::Accept, None).await?;
    let driver = site.driver(&accept)?;
    progress(format_args!("accepting at least {backlog} complaints at {rate}/s"));
    let tally = driver.drive(rate, Duration::from_secs(backlog.div_ceil(rate).into())).await?;
    driver.settle().await?;
    accept.process.terminate(Duration::from_secs(25)).await?;
    let stores = Stores::of(site).await?;
    let written = stores.submissions().await?;

    progress(format_args!("registering {written}"));
    stores.pool.execute("CHECKPOINT").await?;
    let servers = Meter::start(&site.processes())?;
    let register = site.serve(IntakeRole::Register, None).await?;
    stores.applied(written, DRAIN_LIMIT).await?;
    let registering: f64 = sqlx::query_scalar(
        "SELECT extract(epoch FROM clock_timestamp() - min(registered_at))::float8 FROM complaint",
    )
    .fetch_one(&stores.pool)
    .await?;
    // All of its life, start included: it begins to register before it is ready.
    let mut cpu = vec![(register.named().name, cpu_of_tree(register.process.pid())?)];
    cpu.extend(servers.stop()?);
    let published_after = stores.quiesce(DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;
    register.process.terminate(Duration::from_secs(25)).await?;

    progress("inserting the same rows raw, 500 complaints a transaction");
    let raw = raw_insert::run(site, &stores.pool).await?;

    let mut report = Report::of("register");
    report.figure("backlog", written);
    let registered = as_f64(written.unsigned_abs());
    report.figure("register_s", registering);
    report.figure("registered_per_s", registered / registering);
    report.figure("published_after_s", published_after.as_secs_f64());
    for (process, used) in cpu {
        report.figure(
            format!("{process}_cpu_us_per_registered"),
            microseconds_each(used, written.unsigned_abs()),
        );
    }
    report.figure("raw_complaints", raw.complaints);
    report.figure("raw_rows", raw.rows);
    report.figure("raw_s", raw.elapsed.as_secs_f64());
    let raw_rate = as_f64(raw.complaints) / raw.elapsed.as_secs_f64();
    report.figure("raw_per_s", raw_rate);
    report.goal("p2_ratio", registered / registering / raw_rate, ">= 0.4");
    audit.report(&mut report, &driver);
    let open = tally.counts().not_sent == 0;
    Ok(Finding { report, sound: audit.is_clean() && open })
}
