//! What of this `cargo xtask test` runs: always what needs no Go build; the rest where it was not seen to pass yet, and on
//! request.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Args, Part, install};
use crate::steps::Steps;
use crate::workspace;

/// The variable that asks for the rest, whatever it takes.
const ASKED: &str = "REDRESS_DEPLOY_CHECK";
const CHEAP: [Part; 2] = [Part::Monitoring, Part::Files];
const REST: [Part; 3] = [Part::Chart, Part::Cluster, Part::Processes];
/// What the rest looks at.
const WATCHED: [&str; 4] = ["charts", "k8s", "services/xtask/deploy", "services/xtask/src/deploy_check"];

/// The part that every machine can do, in a minute or two.
pub(crate) async fn always(steps: &mut Steps) {
    for part in CHEAP {
        Box::pin(part.check(steps, false)).await;
    }
}

/// The rest, if what it looks at has changed since it passed on this machine.
pub(crate) async fn if_changed(steps: &mut Steps) {
    let known = async { Ok((stamp()?.exists(), install::all_cached())) };
    let Some((passed, tools)) = steps.run("deployment: whether charts/ or k8s/ have changed", known).await
    else {
        return;
    };
    match decide(std::env::var_os(ASKED).is_some(), passed, tools) {
        Decision::Run => {
            let before = steps.failures();
            for part in REST {
                Box::pin(part.check(steps, false)).await;
            }
            if steps.failures() == before {
                steps.run("deployment: noted as checked", async { note() }).await;
            }
        }
        Decision::Passed => {
            eprintln!("chart, cluster and processes passed with these charts/ and k8s/ before");
        }
        Decision::NoTools => eprintln!(
            "NOT CHECKED: chart, cluster and processes, for their tools are not built on this machine, which takes ten \
             minutes once: `cargo xtask deploy-check`, or {ASKED}=1 with this command"
        ),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Run,
    Passed,
    NoTools,
}

fn decide(asked: bool, passed: bool, tools: bool) -> Decision {
    match (asked, passed, tools) {
        (true, ..) | (false, false, true) => Decision::Run,
        (false, true, _) => Decision::Passed,
        (false, false, false) => Decision::NoTools,
    }
}

/// After `deploy-check`: the next test need not do the same again.
pub(super) fn note_if_all_well(steps: &Steps, args: &Args) -> anyhow::Result<()> {
    let done = |part: &Part| args.only.is_empty() || args.only.contains(part);
    if steps.failures() == 0 && REST.iter().all(done) { note() } else { Ok(()) }
}

fn note() -> anyhow::Result<()> {
    let stamp = stamp()?;
    std::fs::create_dir_all(stamp.parent().context("a stamp lies in a folder")?)?;
    Ok(std::fs::write(stamp, "")?)
}

/// The file that stands for a pass with the present files.
fn stamp() -> anyhow::Result<PathBuf> {
    let mut digest = DefaultHasher::new();
    for file in workspace::files()?.iter().filter(|file| watched(file)) {
        file.hash(&mut digest);
        std::fs::read(file).with_context(|| file.display().to_string())?.hash(&mut digest);
    }
    Ok(install::root()?.join("passed").join(format!("{:016x}", digest.finish())))
}

/// Values become variables: a key that a service does not know any more is seen when its process starts.
fn watched(file: &Path) -> bool {
    WATCHED.iter().any(|folder| file.starts_with(folder)) || file.ends_with("config/default.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_runs_when_something_changed_and_tools_are_there_and_always_on_request() {
        assert_eq!(decide(false, false, true), Decision::Run);
        assert_eq!(decide(true, true, false), Decision::Run);
        assert_eq!(decide(false, true, true), Decision::Passed);
        assert_eq!(decide(false, false, false), Decision::NoTools);
    }

    #[test]
    fn the_chart_and_the_configuration_are_watched_and_a_readme_is_not() {
        for watched_file in
            ["charts/redress/values.yaml", "k8s/base/redress.yaml", "services/sla/config/default.toml"]
        {
            assert!(watched(Path::new(watched_file)), "{watched_file}");
        }
        assert!(!watched(Path::new("services/sla/README.md")));
    }
}
