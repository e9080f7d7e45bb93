//! `cargo xtask test`: everything that must hold, on a machine that has Rust and nothing else.

use anyhow::{Context as _, ensure};
use redress_devstack::{Endpoints, STACK_VARIABLE, Stack, StackOptions};

use crate::command::{self, cargo};
use crate::launch::BUILT_VARIABLE;
use crate::steps::Steps;
use crate::{check, deploy_check, tools, workspace};

/// One scope and one set of features for all steps, so that nothing is compiled twice.
const SCOPE: &str = "--locked --workspace --all-features";

/// The steps. Rules that fail do not keep the tests from running; a build that fails does.
pub(crate) async fn run() -> anyhow::Result<()> {
    workspace::enter()?;
    let mut steps = Steps::default();
    steps.run("tools: PostgreSQL, Redis, Java, Maven", tools::ensure_stack()).await;
    check::rules(&mut steps, false).await;
    deploy_check::always(&mut steps).await;
    // All targets: the end-to-end tests start the services' binaries.
    let built = steps.run("build", command::run(cargo(&format!("build {SCOPE} --all-targets")))).await;
    if built.is_some()
        && let Some(stack) = steps.run("stack: start", start()).await
    {
        steps.run("tests: unit, property, component, end to end, docs", tests(stack.endpoints())).await;
        let stop = async {
            stack.stop().await;
            Ok(())
        };
        steps.run("stack: stop", stop).await;
        if std::env::var_os("CI").is_some() {
            steps.run("the tests left the tree as it was", async { unchanged(&workspace::changes()?) }).await;
        }
        deploy_check::if_changed(&mut steps).await;
    }
    steps.finish()
}

async fn start() -> anyhow::Result<Stack> {
    Stack::start(StackOptions::default()).await.context("the stack cannot start")
}

/// All tests share one stack, each in a corner of its own; tests of faults start another.
async fn tests(stack: &Endpoints) -> anyhow::Result<()> {
    let mut test = cargo(&format!("test {SCOPE} --no-fail-fast"));
    test.env(STACK_VARIABLE, serde_json::to_string(stack)?).env(BUILT_VARIABLE, "1");
    command::run(test).await.context("a test failed; its output is above")
}

fn unchanged(changes: &str) -> anyhow::Result<()> {
    ensure!(
        changes.is_empty(),
        "commit or ignore what the tests made, for example new snapshots:\n{changes}"
    );
    Ok(())
}
