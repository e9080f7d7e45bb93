//! The services without which a case can be argued, when they run all the same: they understand, tell, count and watch the
//! time meanwhile.

use std::time::Duration;

use jiff::Timestamp;
use redress_domain::Clock as _;
use redress_runtime::SystemClock;
use redress_testkit::Outside;

use crate::moments::Moments;
use crate::procfs::{Meter, Named};
use crate::report::{Report, as_f64, megabytes, progress};
use crate::scenario::DRAIN_LIMIT;
use crate::scenario::company::{TOPICS, follow, latency};
use crate::site::{Neighbour, Site};
use crate::stores::Stores;

/// How long nobody asks for anything while the idle services are looked at.
const IDLE: Duration = Duration::from_secs(30);
/// What a process does in its first seconds is not what it costs.
const SETTLED: Duration = Duration::from_secs(15);

/// The world that notices go to, and the four services.
pub(super) struct Whole {
    services: Vec<Neighbour>,
    outside: Outside,
}

impl Whole {
    pub(super) async fn gather(site: &Site) -> anyhow::Result<Self> {
        let outside = Outside::start().await?;
        let letters = outside.settings(SystemClock.now())?;
        let letters: Vec<(&str, &str)> =
            letters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let services = vec![
            site.neighbour("classification", &[]).await?,
            site.neighbour("notification", &letters).await?,
            site.neighbour("analytics", &[]).await?,
            site.neighbour("sla", &[]).await?,
        ];
        Ok(Self { services, outside })
    }

    pub(super) fn named(&self) -> impl Iterator<Item = Named> {
        self.services.iter().map(Neighbour::named)
    }

    /// Waits until nobody writes any more; adds how soon complainants were told, of those accepted at `since` or after.
    /// Whether each was told and nothing was set aside.
    pub(super) async fn audit(
        &self,
        report: &mut Report,
        stores: &Stores,
        since: Timestamp,
    ) -> anyhow::Result<bool> {
        progress("waiting until nothing is written any more");
        stores.quiet(TOPICS, DRAIN_LIMIT).await?;
        let kafka = stores.kafka.clone();
        let moments = tokio::task::spawn_blocking(move || Moments::read(&kafka)).await??;
        let told = moments.since_acceptance(&moments.told, since)?;
        latency(report, "told", &told, "<= 1000 at half load");
        report.figure("mails", self.outside.mail.mails().len());
        let mut parked = 0;
        for service in &self.services {
            parked += service.parked().await?;
        }
        report.goal("parked_by_the_others", parked, "0");
        Ok(parked == 0 && told.1 == 0)
    }
}

/// Adds what the services cost while nobody wants anything of them.
pub(super) async fn idle(report: &mut Report, services: &[Named]) -> anyhow::Result<()> {
    progress(format_args!("idle for {} s", (SETTLED + IDLE).as_secs()));
    tokio::time::sleep(SETTLED).await;
    let (meter, followed) = (Meter::start(services)?, follow(services));
    tokio::time::sleep(IDLE).await;
    let mut busy = Duration::ZERO;
    for (name, used) in meter.stop()? {
        report.figure(format!("{name}_idle_percent_of_a_core"), percent(used));
        busy += used;
    }
    let resident: u64 = followed.into_iter().map(|(_, memory)| memory.stop().0).sum();
    report.goal("all_idle_percent_of_a_core", percent(busy), "<= 2");
    report.goal("all_idle_rss_mb", megabytes(resident), "<= 300");
    report.figure("services", as_f64(u64::try_from(services.len())?));
    Ok(())
}

fn percent(used: Duration) -> f64 {
    used.as_secs_f64() / IDLE.as_secs_f64() * 100.0
}
