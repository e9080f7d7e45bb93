//! A run of the simulator's scripts over all services, and what its accounts say in the end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use redress_domain::Role;
use redress_simulator::driver::{Driver, Gateway};
use redress_simulator::ledger::{Book, Ledger};
use redress_simulator::plan::{Intention, Plan, Planned, Script, Shape};
use redress_simulator::reckoning::{Arrived, Stores};
use redress_simulator::story::{Services, Stage, Tokens};
use redress_simulator::texts;
use redress_testkit::wait_until;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::installation::{SETTLED, Way, now, right_in_the_end};

/// For each step: debug builds on two cores are slow.
const PATIENCE: Duration = Duration::from_mins(4);

/// A run that goes on.
pub(crate) struct Played {
    way: Arc<Way>,
    ledger: Arc<Ledger>,
    driver: Arc<Driver>,
    complaints: u64,
    driving: JoinHandle<anyhow::Result<()>>,
    /// What has not begun.
    later: VecDeque<Plan>,
}

impl Played {
    /// Begins a run of that shape on services that run already.
    pub(crate) fn begin(way: &Arc<Way>, shape: Shape) -> Self {
        Self::of(way, plan(shape), None)
    }

    /// Begins with so many of the steady stream and of the live room; the others wait for [`Self::comes_on`].
    pub(crate) fn in_waves(way: &Arc<Way>, shape: Shape, wave: usize) -> Self {
        let mut waves = waves(plan(shape), wave);
        let first = waves.pop_front().unwrap();
        Self { later: waves, ..Self::of(way, first, None) }
    }

    /// Begins what is planned; with all calls in one trace, if there is one.
    pub(crate) fn of(way: &Arc<Way>, plan: Plan, trace: Option<&str>) -> Self {
        let ledger = Arc::new(Ledger::default());
        let complaints = complaints(&plan);
        let services = Services {
            intake: way.grpc("intake"),
            classification: way.grpc("classification"),
            investigation: way.grpc("investigation"),
            resolution: way.grpc("resolution"),
            sla: way.grpc("sla"),
        };
        let issuing = Arc::clone(way);
        let tokens: Tokens = Arc::new(move |_, subject, role| Ok(issuing.token_of(subject, role)));
        let (tenants, members) = ([way.tenant.clone()], plan.in_spike());
        let mut stage =
            Stage::new(&services, &tenants, tokens, members, Arc::clone(&ledger), PATIENCE).unwrap();
        if let Some(time) = way.time() {
            stage = stage.with_time(Arc::clone(time));
        }
        if let Some(trace) = trace {
            stage = stage.within_trace(trace).unwrap();
        }
        let gateway =
            Gateway { tenant: way.tenant.to_string(), token: way.token_of("gateway-1", Role::Service) };
        let (http, stage) = (way.http("intake"), Arc::new(stage));
        let driver = Arc::new(Driver::new(&http, vec![gateway], Arc::clone(&ledger), stage).unwrap());
        let driving = tokio::spawn(Arc::clone(&driver).drive(plan, Instant::now()));
        Self { way: Arc::clone(way), ledger, driver, complaints, driving, later: VecDeque::new() }
    }

    /// Waits until the cases have come so many steps further. Where they have all ended before, the next wave begins: however
    /// slow or fast the machine is, cases are at work afterwards.
    pub(crate) async fn comes_on(&mut self, steps: i64) {
        let begun = wait_until("the cases can be counted", SETTLED, async || steps_of(&self.way).await).await;
        while !self.reaches(begun + steps).await {
            (&mut self.driving).await.unwrap().unwrap();
            let next = self.later.pop_front().unwrap();
            self.complaints += complaints(&next);
            self.driving = tokio::spawn(Arc::clone(&self.driver).drive(next, Instant::now()));
        }
    }

    /// Whether so many steps are in intake's history before all cases have ended.
    async fn reaches(&self, steps: i64) -> bool {
        let ended = || self.driving.is_finished().then_some(false);
        let reached = async || (steps_of(&self.way).await? >= steps).then_some(true);
        wait_until(&format!("{steps} steps of the cases"), SETTLED, async || reached().await.or_else(ended))
            .await
    }

    /// Waits for the scripts and then for the stores: nothing is lost, doubled, parked, unpaid, untold or left behind, and
    /// all accounts agree.
    pub(crate) async fn ends(self) -> (Book, Stores) {
        self.driving.await.unwrap().unwrap();
        let book = self.ledger.close();
        assert_eq!(book.wrong, [""; 0]);
        assert_eq!((book.accepted.len() as u64, book.left_behind()), (self.complaints, 0));
        let databases = self.way.databases();
        let stores = right_in_the_end(SETTLED, async || match Stores::look(&databases).await {
            Ok(found) => {
                let differs = found.disagreements(&self.ledger.close(), &Arrived::at(&self.way.connectors));
                (found, differs)
            }
            Err(error) => (Stores::default(), vec![error.to_string()]),
        })
        .await;
        // Each was registered by one submission; whatever came again under its key was told from it.
        let registered = "SELECT count(*) FROM submission WHERE disposition = 'registered'";
        let registered = self.way.count("intake", registered).await;
        assert_eq!((registered.unsigned_abs(), stores.parked), (self.complaints, 0));
        (book, stores)
    }
}

fn complaints(plan: &Plan) -> u64 {
    plan.planned.iter().filter(|planned| planned.intention != Intention::Nonsense).count() as u64
}

/// The steady stream in pieces, each beginning with its first; with as many of the live room, the first.
fn waves(mut plan: Plan, of: usize) -> VecDeque<Plan> {
    let (spike, steady): (Vec<_>, Vec<_>) =
        plan.planned.drain(..).partition(|planned| planned.script == Script::Spike);
    let mut waves: VecDeque<Plan> = steady.chunks(of).map(|wave| part(&plan, wave)).collect();
    waves[0].planned.extend(spike.into_iter().take(of));
    waves
}

fn part(of: &Plan, wave: &[Planned]) -> Plan {
    let begins = wave[0].at;
    let planned =
        wave.iter().map(|planned| Planned { at: planned.at.saturating_sub(begins), ..planned.clone() });
    Plan { planned: planned.collect(), ..*of }
}

/// None while the database is away.
async fn steps_of(way: &Way) -> Option<i64> {
    let mut database = PgConnection::connect(&way.databases()["intake"]).await.ok()?;
    let steps = "SELECT coalesce(sum(stream_version), 0)::bigint FROM complaint";
    sqlx::query_scalar(steps).fetch_one(&mut database).await.ok()
}

/// A plan of that shape, all of one tenant: the installation has no other.
pub(crate) fn plan(shape: Shape) -> Plan {
    let mut plan = Plan::of(&texts::all().unwrap(), shape, now());
    for planned in &mut plan.planned {
        planned.tenant = 0;
    }
    plan
}
