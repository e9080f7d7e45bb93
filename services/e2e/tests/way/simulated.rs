//! A small mix of the simulator's scripts over all services: every account agrees in the end.

use std::sync::Arc;
use std::time::Duration;

use redress_domain::Role;
use redress_simulator::driver::{Driver, Gateway};
use redress_simulator::ledger::Ledger;
use redress_simulator::plan::{Plan, Shape};
use redress_simulator::reckoning::{Arrived, Stores};
use redress_simulator::story::{Services, Stage, Tokens};
use redress_simulator::texts;
use redress_testkit::wait_until;
use tokio::time::Instant;

use crate::installation::{SETTLED, Way, now};

/// One deck of scripts, and ten of a live room.
const SHAPE: Shape = Shape { complaints: 30, rate: 2, spike: 10, seed: 7 };
/// For each step: debug builds on two cores are slow.
const PATIENCE: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_cases_goes_the_whole_way_and_the_stores_agree_with_what_the_outside_saw() {
    let way = Arc::new(Way::prepare().await);
    let _processes = way.serve_all().await;
    let ledger = Arc::new(Ledger::default());
    let plan = one_tenants(Plan::of(&texts::all().unwrap(), SHAPE, now()));
    let services = Services {
        intake: way.grpc("intake"),
        classification: way.grpc("classification"),
        investigation: way.grpc("investigation"),
        resolution: way.grpc("resolution"),
    };
    let issuing = Arc::clone(&way);
    let tokens: Tokens = Arc::new(move |_, subject, role| Ok(issuing.token_of(subject, role)));
    let tenants = [way.tenant.clone()];
    let members = plan.in_spike();
    let stage = Stage::new(&services, &tenants, tokens, members, Arc::clone(&ledger), PATIENCE).unwrap();
    let gateway = Gateway { tenant: way.tenant.to_string(), token: way.token_of("gateway-1", Role::Service) };
    let (http, stage) = (way.http("intake"), Arc::new(stage));
    let driver = Arc::new(Driver::new(&http, vec![gateway], Arc::clone(&ledger), stage).unwrap());
    driver.drive(plan, Instant::now()).await.unwrap();

    let book = ledger.close();
    assert_eq!(book.wrong, [] as [String; 0]);
    assert_eq!((book.accepted.len(), book.left_behind()), (30, 0));
    let databases = way.databases();
    let agreed = async || {
        let found = Stores::look(&databases).await.unwrap();
        let differs = found.disagreements(&ledger.close(), &Arrived::at(&way.connectors));
        differs.is_empty().then_some(found)
    };
    let stores = wait_until("the stores agree with the ledger", SETTLED, agreed).await;
    assert_eq!((stores.refused, stores.withdrawn, stores.open), (1, 2, 1));
    assert_eq!(stores.closed, 26);
    // All but those that were refused, withdrawn or handed back have paid something, once.
    assert_eq!(stores.remedies_paid, 26);
    assert_eq!(stores.deadlines_missed, 0);
}

/// All of one tenant: the installation has no other.
fn one_tenants(mut plan: Plan) -> Plan {
    for planned in &mut plan.planned {
        planned.tenant = 0;
    }
    plan
}
