//! What of this `cargo xtask test` runs: always what needs no Go build; the rest where it has not passed with the present
//! files, and on request.
//!
//! That it passed is noted twice: on this machine, and in a file that is committed with the change, so that a fresh machine
//! need not build for ten minutes what others have built. Who changes what the rest looks at and commits no note of a pass
//! has the rest run wherever his commit is tested.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::{Args, Part, install};
use crate::steps::Steps;
use crate::workspace;

/// The variable that asks for the rest, whatever it takes.
const ASKED: &str = "REDRESS_DEPLOY_CHECK";
const CHEAP: [Part; 2] = [Part::Monitoring, Part::Files];
const REST: [Part; 4] = [Part::Chart, Part::Cluster, Part::Images, Part::Processes];
/// What the rest looks at.
const WATCHED: [&str; 4] = ["charts", "k8s", "services/xtask/deploy", "services/xtask/src/deploy_check"];
/// The digest of the files with which the rest passed; committed.
const NOTE: &str = "services/xtask/deploy.passed";

/// The part that every machine can do, in a minute or two.
pub(crate) async fn always(steps: &mut Steps) {
    for part in CHEAP {
        Box::pin(part.check(steps, false)).await;
    }
}

/// The rest, if what it looks at has changed since it passed.
pub(crate) async fn if_changed(steps: &mut Steps) {
    let known = async { passed(&digest()?) };
    let Some(passed) = steps.run("deployment: whether charts/ or k8s/ have changed", known).await else {
        return;
    };
    let in_ci = std::env::var_os("CI").is_some();
    let able = install::all_cached() || which::which("go").is_ok();
    match decide(std::env::var_os(ASKED).is_some(), passed, in_ci || able) {
        Decision::Run => {
            if !install::all_cached() {
                eprintln!("their tools are built first, once on this machine: ten minutes on two cores");
            }
            let before = steps.failures();
            for part in REST {
                Box::pin(part.check(steps, false)).await;
            }
            if steps.failures() == before {
                steps.run("deployment: noted as checked", async { note(!in_ci) }).await;
            }
        }
        Decision::Passed => {
            eprintln!("chart, cluster, images and processes passed with these charts/ and k8s/ before");
        }
        Decision::NoTools => eprintln!(
            "NOT CHECKED: chart, cluster, images and processes, which have changed: their tools are built by Go, which \
             this machine has not. Where CI is set this fails"
        ),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Run,
    Passed,
    NoTools,
}

/// `able`: the tools are there or can be built, or a failure to build them is wanted.
fn decide(asked: bool, passed: bool, able: bool) -> Decision {
    match (asked, passed, able) {
        (true, ..) | (false, false, true) => Decision::Run,
        (false, true, _) => Decision::Passed,
        (false, false, false) => Decision::NoTools,
    }
}

/// After `deploy-check`: the next test need not do the same again.
pub(super) fn note_if_all_well(steps: &Steps, args: &Args) -> anyhow::Result<()> {
    let done = |part: &Part| args.only.is_empty() || args.only.contains(part);
    if steps.failures() == 0 && REST.iter().all(done) { note(true) } else { Ok(()) }
}

/// On this machine, and in the tree if that may be changed.
fn note(in_tree: bool) -> anyhow::Result<()> {
    let digest = digest()?;
    let stamp = stamp(&digest)?;
    std::fs::create_dir_all(stamp.parent().context("a stamp lies in a folder")?)?;
    std::fs::write(stamp, "")?;
    if in_tree && !noted(&digest) {
        std::fs::write(NOTE, format!("{digest}\n"))?;
        eprintln!("{NOTE} says so now: commit it with the change");
    }
    Ok(())
}

fn passed(digest: &str) -> anyhow::Result<bool> {
    Ok(noted(digest) || stamp(digest)?.exists())
}

fn noted(digest: &str) -> bool {
    std::fs::read_to_string(NOTE).is_ok_and(|note| note.trim() == digest)
}

/// The file that stands for a pass on this machine.
fn stamp(digest: &str) -> anyhow::Result<PathBuf> {
    Ok(install::root()?.join("passed").join(digest))
}

/// Of the files that the rest looks at, wherever they lie and however git lists them.
fn digest() -> anyhow::Result<String> {
    let mut files: Vec<PathBuf> = workspace::files()?.into_iter().filter(|file| watched(file)).collect();
    files.sort();
    let mut all = Sha256::new();
    for file in files {
        let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
        all.update(file.display().to_string());
        all.update([0]);
        all.update(Sha256::digest(text));
    }
    let mut digest = String::new();
    for byte in all.finalize() {
        write!(digest, "{byte:02x}")?;
    }
    Ok(digest)
}

/// Values become variables: a key that a service does not know any more is seen when its process starts.
fn watched(file: &Path) -> bool {
    WATCHED.iter().any(|folder| file.starts_with(folder)) || file.ends_with("config/default.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_runs_when_something_changed_and_tools_can_be_had_and_always_on_request() {
        assert_eq!(decide(false, false, true), Decision::Run);
        assert_eq!(decide(true, true, false), Decision::Run);
        assert_eq!(decide(false, true, true), Decision::Passed);
        assert_eq!(decide(false, false, false), Decision::NoTools);
    }

    #[test]
    fn the_chart_and_the_configuration_are_watched_and_a_readme_and_the_note_itself_are_not() {
        for watched_file in
            ["charts/redress/values.yaml", "k8s/base/redress.yaml", "services/sla/config/default.toml"]
        {
            assert!(watched(Path::new(watched_file)), "{watched_file}");
        }
        assert!(!watched(Path::new("services/sla/README.md")) && !watched(Path::new(NOTE)));
    }
}
