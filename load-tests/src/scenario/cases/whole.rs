//! The services without which a case can be argued, when they run all the same: they understand, tell, count and watch the
//! time meanwhile.

use std::time::Duration;

use jiff::Timestamp;

use crate::moments::Moments;
use crate::procfs::{Meter, Named};
use crate::report::{Report, as_f64, megabytes, progress};
use crate::scenario::DRAIN_LIMIT;
use crate::scenario::company::{Company, follow, latency};
use crate::stores::Stores;

/// How long nobody asks for anything while the idle services are looked at.
const IDLE: Duration = Duration::from_secs(30);
/// What a process does in its first seconds is not what it costs.
const SETTLED: Duration = Duration::from_secs(15);

/// The services without which a case can be argued.
pub(super) const OTHERS: &[&str] = &["classification", "notification", "analytics", "sla"];

/// What all of them write.
const WRITTEN: &[&str] = &[
    "redress.intake.lifecycle.v1",
    "redress.classification.assessments.v1",
    "redress.classification.incidents.v1",
    "redress.investigation.cases.v1",
    "redress.resolution.cases.v1",
    "redress.notification.notices.v1",
    "redress.sla.clocks.v1",
];

/// Waits until nobody writes any more; adds how soon complainants were told, of those accepted at `since` or after.
/// Whether each of `cases` was told of and counted, every notice found its way, and nothing was set aside.
pub(super) async fn audit(
    others: &Company,
    report: &mut Report,
    stores: &Stores,
    since: Timestamp,
    cases: usize,
) -> anyhow::Result<bool> {
    progress("waiting until nothing is written any more");
    stores.quiet(WRITTEN, DRAIN_LIMIT).await?;
    let kafka = stores.kafka.clone();
    let moments = tokio::task::spawn_blocking(move || Moments::read(&kafka)).await??;
    let told = moments.since_acceptance(&moments.told, since)?;
    latency(report, "told", &told, "<= 1000 at half load");
    report.figure("mails", others.mails());
    report.figure("messages", others.messages());
    report.goal("undeliverable", moments.undeliverable, "0");
    let uncounted = i64::try_from(cases)? - others.counted().await?;
    report.goal("not_counted_by_analytics", uncounted, "0");
    let parked = others.parked().await?;
    report.goal("parked_by_the_others", parked, "0");
    Ok(told.1 == 0 && moments.undeliverable == 0 && uncounted == 0 && parked == 0)
}

/// Adds what the services cost while nobody wants anything of them; `when` is a word for the figures' names.
pub(super) async fn idle(report: &mut Report, services: &[Named], when: &str) -> anyhow::Result<()> {
    progress(format_args!("idle for {} s, {when}", (SETTLED + IDLE).as_secs()));
    tokio::time::sleep(SETTLED).await;
    let (meter, followed) = (Meter::start(services)?, follow(services));
    tokio::time::sleep(IDLE).await;
    let mut busy = Duration::ZERO;
    for (name, used) in meter.stop()? {
        report.figure(format!("{when}_{name}_idle_percent_of_a_core"), percent(used));
        busy += used;
    }
    let resident: u64 = followed.into_iter().map(|(_, memory)| memory.stop().0).sum();
    report.goal(format!("{when}_all_idle_percent_of_a_core"), percent(busy), "<= 2");
    report.goal(format!("{when}_all_idle_rss_mb"), megabytes(resident), "<= 300");
    report.figure("services", as_f64(u64::try_from(services.len())?));
    Ok(())
}

fn percent(used: Duration) -> f64 {
    used.as_secs_f64() / IDLE.as_secs_f64() * 100.0
}
