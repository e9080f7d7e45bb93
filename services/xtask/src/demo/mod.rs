//! `cargo xtask demo`: complaints as a platform sees them, and the proof that none was lost.
//!
//! A steady rate first, then a live room in uproar. Some callers repeat themselves, some send another body under the same
//! key, some send nonsense. Between the two Redis is killed and comes back empty, so that the register has to recognise
//! what the filter has forgotten. The driver keeps its own ledger; in the end it is compared with what the service's
//! stores hold.

mod asking;
mod callback;
mod driver;
mod ledger;
mod measured;
mod plan;
mod published;
mod report;
mod stores;
mod texts;
mod told;
mod understood;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use redress_devstack::Part;
use redress_domain::{Role, TenantId};
use redress_testkit::Outside;
use tokio::time::Instant;

use crate::launch::{self, Launched, Setting};
use crate::workspace;
use driver::{Driver, Gateway};
use ledger::Ledger;
use measured::Measured;
use plan::{Plan, Shape};
use published::Published;
use report::Report;
use stores::Stores;
use told::Told;
use understood::Understood;

/// Send complaints through the whole system, a live-room spike among them, and show that none is lost
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the numbers of the table once more as a last line of JSON
    #[arg(long)]
    json: bool,
    /// How many complaints; a fifth of them at the steady rate, the others in the spike
    #[arg(long, default_value_t = 2_500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    complaints: u32,
    /// Complaints per second before the spike
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Complaints per second in the spike
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    spike: u32,
}

/// How long the service may take to catch up after the last answer.
const QUIET_LIMIT: Duration = Duration::from_secs(30);

/// How long the other services may take after that.
const SETTLED_LIMIT: Duration = Duration::from_mins(1);

/// Fails if anything was lost, doubled, or counted differently by the ledger and the stores.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    let shape = Shape { complaints: args.complaints, rate: args.rate, spike: args.spike };
    let plan = Plan::of(&texts::all()?, shape, now());
    let outside = Outside::start().await?;
    let mut settings: Vec<Setting> = outside
        .settings(now())?
        .into_iter()
        .map(|(variable, value)| Setting { service: "notification", variable, value })
        .collect();
    // One of the two tenants lets the machine take up plain complaints.
    let (service, variable) = ("intake", "REDRESS__INTAKE__MACHINE_ACCEPTS_FOR");
    settings.push(Setting { service, variable, value: "tenant-a".to_owned() });
    let launched = launch::launch(&settings).await?;
    let shown = show(&launched, &outside, plan).await;
    eprintln!("ending …");
    let stopped = launched.stop().await;
    let report = shown?;
    println!("\n{}", report.table());
    if args.json {
        println!("{}", report.json());
    }
    stopped.and(report.verdict())
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process: the complaints are of now")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn show(launched: &Launched, outside: &Outside, plan: Plan) -> anyhow::Result<Report> {
    let secret = callback::subscribe(outside, launched).await?;
    let published = Published::follow(&launched.stack.endpoints().kafka)?;
    let mut stores = Stores::connect(&launched.service("intake")?.installation.database_url).await?;
    let ledger = Arc::new(Ledger::default());
    let driver = Arc::new(Driver::new(
        &launched.service("intake")?.addresses.http,
        gateways(launched)?,
        Arc::clone(&ledger),
    )?);

    println!("{}", plan.announcement());
    let begin = Instant::now();
    let uproar = begin + plan.spike_begins;
    let sending = driver.drive(plan, begin);
    let forgetting = forget(launched, uproar);
    let progress = progress(begin, &ledger, &mut stores, &published);
    tokio::select! {
        both = async { tokio::try_join!(sending, forgetting) } => both.map(drop)?,
        failed = progress => return Err(failed),
    }
    println!("all sent; waiting until everything accepted is published");
    quiet(&ledger, &mut stores, &published).await?;
    println!("and until all of it is understood, told and counted");
    settled(launched, stores.complaints().await?).await?;
    // Assessments have moved complaints on since.
    quiet(&ledger, &mut stores, &published).await?;

    let understood = Understood::look(launched).await?;
    let told = Told::look(launched, outside, &secret).await?;
    let measured = Measured::look(launched, now()).await?;
    for (heading, lines) in [
        ("understood", &understood.told),
        ("told: the first letter", &told.letter),
        ("measured", &measured.told),
    ] {
        println!("\n── {heading}\n{}", lines.join("\n"));
    }
    let report = Report::of(&ledger.close(), &stores.contents().await?, &published.contents());
    Ok(report.and(&understood, &told, &measured))
}

/// Waits until the other services have caught up with intake, at most for the limit: what is missing then is told.
async fn settled(launched: &Launched, registered: u64) -> anyhow::Result<()> {
    let deadline = Instant::now() + SETTLED_LIMIT;
    while Instant::now() < deadline {
        let understood = understood::assessed(launched).await? == registered;
        let told = told::known(launched).await? == registered && told::waiting(launched).await? == 0;
        if understood && told && Measured::look(launched, now()).await?.complaints == registered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}

/// One gateway of each tenant, which brings in the complaints of many.
fn gateways(launched: &Launched) -> anyhow::Result<Vec<Gateway>> {
    let issuer = launched.site.issuer();
    let gateway = |tenant: &TenantId| {
        let claims = issuer.claims(tenant, "gateway-1", &[Role::Service], now());
        Ok(Gateway { tenant: tenant.to_string(), token: issuer.sign(&claims)? })
    };
    launched.tenants.iter().map(gateway).collect()
}

/// Redis loses everything when the spike begins.
async fn forget(launched: &Launched, at: Instant) -> anyhow::Result<()> {
    tokio::time::sleep_until(at).await;
    println!("the live room is in uproar; and Redis is killed and comes back empty");
    launched.stack.kill(Part::Redis).await;
    launched.stack.start_part(Part::Redis).await.context("Redis does not come back")
}

/// A line per second. Ends only by an error.
async fn progress(
    begin: Instant,
    ledger: &Ledger,
    stores: &mut Stores,
    published: &Published,
) -> anyhow::Error {
    println!("   s     sent  accepted  registered  published   lag");
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.tick().await;
    loop {
        second.tick().await;
        let registered = match stores.complaints().await {
            Ok(registered) => registered,
            Err(error) => return error.context("the service's database cannot be read"),
        };
        let (sent, accepted) = ledger.so_far();
        let published = published.complaints();
        let lag = accepted.saturating_sub(published);
        let at = begin.elapsed().as_secs();
        println!("{at:>4}  {sent:>7}  {accepted:>8}  {registered:>10}  {published:>9}  {lag:>4}");
    }
}

/// Waits until nothing is on its way any more, at most for the limit: what is missing then is lost.
async fn quiet(ledger: &Ledger, stores: &mut Stores, published: &Published) -> anyhow::Result<()> {
    let deadline = Instant::now() + QUIET_LIMIT;
    while Instant::now() < deadline {
        let (submissions, versions) = stores.written().await?;
        if submissions >= ledger.written() && versions == published.versions() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
