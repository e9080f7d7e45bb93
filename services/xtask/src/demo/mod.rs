//! `cargo xtask demo`: complaints go the whole way, from the first word to the closed case, and the proof that none was
//! lost, paid twice or left behind.
//!
//! A steady rate first, then a live room in uproar. Some callers repeat themselves, some send another body under the same
//! key, some send nonsense. Between the two Redis is killed and comes back empty, so that the register has to recognise
//! what the filter has forgotten. What was accepted is argued by the simulator's people, each by a script. Those whose
//! respondent never answers come last: when nothing else is left to do, the installation's time is moved on past their
//! deadlines. The simulator keeps its own ledger; in the end it is compared with what the services' stores hold.

mod asking;
mod callback;
mod lag;
mod measured;
mod memory;
mod progress;
mod published;
mod report;
mod stores;
mod told;
mod understood;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use redress_devstack::Part;
use redress_domain::{Role, TenantId};
use redress_simulator::driver::{Driver, Gateway};
use redress_simulator::ledger::Ledger;
use redress_simulator::plan::{Plan, Shape};
use redress_simulator::reckoning::{Arrived, Databases, Stores as Reckoned};
use redress_simulator::story::{Services, Stage, Tokens};
use redress_simulator::{Connectors, texts};
use tokio::time::Instant;

use crate::launch::{self, Clocks, Launched, Setting};
use crate::{signals, workspace};
use lag::Lag;
use measured::Measured;
use memory::Memory;
use progress::Progress;
use published::Published;
use report::Report;
use stores::Stores;
use told::Told;
use understood::Understood;

/// Lead complaints the whole way through all services, a live-room spike among them, and show that none is lost
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the main numbers of the table once more as a last line of JSON
    #[arg(long)]
    json: bool,
    /// How many complaints; two thirds of them at the steady rate, the others in the spike
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(30..=100_000))]
    complaints: u32,
    /// Complaints per second before the spike
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Complaints per second in the spike
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    spike: u32,
    /// What decides who complains of what, how each case goes and which payments stumble
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stay after the summary, with everything running, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// How long the service may take to catch up after the last answer.
const QUIET_LIMIT: Duration = Duration::from_secs(30);

/// How long the other services may take after that.
const SETTLED_LIMIT: Duration = Duration::from_mins(1);

/// How long somebody repeats a step of a case that the services do not take yet.
const PATIENCE: Duration = Duration::from_mins(2);

/// Fails if anything was lost, doubled, unpaid, untold, left behind, or counted differently by the ledger and the stores.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let (launched, shown) = Box::pin(signals::unless_interrupted(play(args))).await?;
    if let Ok(report) = &shown {
        println!("\n{}\n{LOOK_NEXT}", report.table());
        if args.keep {
            println!("\n{}\nCtrl-C ends all of it.", where_to_look(&launched));
            signals::interrupted().await;
        }
    }
    eprintln!("ending …");
    let stopped = signals::unless_interrupted(launched.stop()).await;
    let report = shown?;
    if args.json {
        println!("{}", report.json());
    }
    stopped.and(report.verdict())
}

/// Everything up to the report; what was started goes on running.
async fn play(args: &Args) -> anyhow::Result<(Launched, anyhow::Result<Report>)> {
    workspace::enter()?;
    let shape = Shape { complaints: args.complaints, rate: args.rate, spike: args.spike, seed: args.seed };
    let plan = Plan::of(&texts::all()?, shape, now());
    let connectors = Connectors::start(args.seed, "127.0.0.1:0").await?;
    let mut settings: Vec<Setting> = connectors.settings(now())?;
    // One of the two tenants lets the machine take up plain complaints.
    settings.push(("intake", "REDRESS__INTAKE__MACHINE_ACCEPTS_FOR", "tenant-a".to_owned()));
    let launched = launch::launch(&settings, Clocks::Moved).await?;
    let shown = Box::pin(show(&launched, &connectors, plan)).await;
    Ok((launched, shown))
}

const LOOK_NEXT: &str = "
look next: `cargo xtask demo --keep` stays, with all databases to look into; `cargo xtask up` gives you an installation of
your own; services/simulator/README.md tells what the people do, services/docs/ARCHITECTURE.md how the services work.";

/// Where the cases can be looked at while everything runs.
fn where_to_look(launched: &Launched) -> String {
    let lines = launched.services.iter().map(|running| {
        let (grpc, database) = (&running.addresses.grpc, &running.installation.database_url);
        format!("  {:<14} gRPC {grpc}  {database}", running.name)
    });
    format!("look on\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process: the complaints are of now")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn show(launched: &Launched, connectors: &Connectors, plan: Plan) -> anyhow::Result<Report> {
    let memory = Memory::of(launched.services.iter().map(|running| running.process.pid()).collect());
    let secret = callback::subscribe(&connectors.outside, launched).await?;
    let published = Published::follow(&launched.stack.endpoints().kafka)?;
    let mut stores = Stores::connect(&launched.service("intake")?.installation.database_url).await?;
    let ledger = Arc::new(Ledger::default());
    let stage = Arc::new(stage(launched, plan.in_spike(), Arc::clone(&ledger))?);
    let http = &launched.service("intake")?.addresses.http;
    let driver = Arc::new(Driver::new(http, gateways(launched)?, Arc::clone(&ledger), stage)?);

    println!("{}", plan.announcement());
    let begin = Instant::now();
    let uproar = begin + plan.spike_begins;
    let playing = driver.drive(plan, begin);
    let forgetting = forget(launched, uproar);
    let lag = Lag::at(&launched.stack.endpoints().kafka)?;
    let progress = Progress { begin, ledger: &ledger, connectors, databases: databases(launched), lag };
    tokio::select! {
        both = async { tokio::try_join!(playing, forgetting) } => both.map(drop)?,
        failed = progress.show() => return Err(failed),
    }
    if launched.time.is_some() {
        let now = launched.now();
        println!("who never answered has let a deadline pass: by the services' clocks it is {now:.0} by now");
    }
    println!("all scripts are over; waiting until everything is published, told and counted");
    quiet(&ledger, &mut stores, &published).await?;
    let reckoned = settled(launched, connectors, &ledger).await?;
    quiet(&ledger, &mut stores, &published).await?;

    let understood = Understood::look(launched).await?;
    let told = Told::look(launched, &connectors.outside, &secret).await?;
    let measured = Measured::look(launched).await?;
    for (heading, lines) in [
        ("understood", &understood.told),
        ("told: the first letter", &told.letter),
        ("measured", &measured.told),
    ] {
        println!("\n── {heading}\n{}", lines.join("\n"));
    }
    let book = ledger.close();
    let report = Report::of(&book, &stores.contents().await?, &published.contents());
    let mut report = report.and(&book, reckoned, &Arrived::at(connectors), (&understood, &told, &measured));
    report.memory_mib = memory.peak_mib();
    Ok(report)
}

/// The people of all cases, with tokens of the installation's issuer.
fn stage(launched: &Launched, members: usize, ledger: Arc<Ledger>) -> anyhow::Result<Stage> {
    let grpc = |service: &str| anyhow::Ok(launched.service(service)?.addresses.grpc.clone());
    let services = Services {
        intake: grpc("intake")?,
        classification: grpc("classification")?,
        investigation: grpc("investigation")?,
        resolution: grpc("resolution")?,
        sla: grpc("sla")?,
    };
    let (site, time) = (Arc::clone(&launched.site), launched.time.clone());
    let tokens: Tokens = Arc::new(move |tenant, subject, role| {
        let (issuer, now) = (site.issuer(), time.as_ref().map_or_else(now, |time| time.now()));
        issuer.sign(&issuer.claims(tenant, subject, &[role], now))
    });
    let stage = Stage::new(&services, &launched.tenants, tokens, members, ledger, PATIENCE)?;
    Ok(match &launched.time {
        Some(time) => stage.with_time(Arc::clone(time)),
        None => stage,
    })
}

fn databases(launched: &Launched) -> Databases {
    let services = launched.services.iter();
    services.map(|running| (running.name.to_owned(), running.installation.database_url.clone())).collect()
}

/// Waits until the services' stores agree with the ledger, at most for the limit: what differs then is told.
async fn settled(launched: &Launched, connectors: &Connectors, ledger: &Ledger) -> anyhow::Result<Reckoned> {
    let deadline = Instant::now() + SETTLED_LIMIT;
    let databases = databases(launched);
    loop {
        let reckoned = Reckoned::look(&databases).await?;
        let agree = reckoned.disagreements(&ledger.close(), &Arrived::at(connectors)).is_empty();
        if agree || Instant::now() > deadline {
            return Ok(reckoned);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
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
