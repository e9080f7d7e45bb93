//! What of this `cargo xtask test` runs: always what needs no Go build; the rest where it has not passed with the present
//! files, and on request.
//!
//! That it passed is noted twice: on this machine, and in a file that is committed with the change, so that a fresh machine
//! need not build for ten minutes what others have built. Who changes what the rest looks at and commits no note of a pass
//! has the rest run wherever his commit is tested.
//!
//! Rollouts on a simulated cluster (`--full`) are run by hand, before a release; the same file says with which files they
//! passed last.

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
/// What the rest looks at, and what it looks with. The runtime answers probes and reads configurations.
const WATCHED: [&str; 8] = [
    "charts",
    "k8s",
    "services/common/runtime",
    "services/xtask/deploy",
    "services/xtask/src/check/deployment",
    "services/xtask/src/deploy_check",
    "services/xtask/src/launch.rs",
    "services/xtask/src/tools.rs",
];
/// The digest of the files with which the rest passed, and after [`FULL`] of those with which rollouts did; committed.
const NOTE: &str = "services/xtask/deploy.passed";
const FULL: &str = "full ";

/// The part that every machine can do, in a minute or two.
pub(crate) async fn always(steps: &mut Steps) {
    for part in CHEAP {
        Box::pin(part.check(steps, false)).await;
    }
}

/// The rest, if what it looks at has changed since it passed.
pub(crate) async fn if_changed(steps: &mut Steps) {
    let known = async {
        let digest = digest()?;
        if !noted(&digest).full {
            eprintln!(
                "rollouts last passed with other files: cargo xtask deploy-check --full, before a release"
            );
        }
        passed(&digest)
    };
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
            let mut whole = true;
            for part in REST {
                whole &= Box::pin(part.check(steps, false)).await;
            }
            if whole && steps.failures() == before {
                steps.run("deployment: noted as checked", async { note(!in_ci, false) }).await;
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

/// After `deploy-check`: the next test need not do the same again. `whole`: no part left anything out.
pub(super) fn note_if_all_well(steps: &Steps, args: &Args, whole: bool) -> anyhow::Result<()> {
    let done = |part: &Part| args.only.is_empty() || args.only.contains(part);
    if whole && steps.failures() == 0 && REST.iter().all(done) { note(true, args.full) } else { Ok(()) }
}

/// On this machine, and in the tree if that may be changed. `full`: rollouts passed as well.
fn note(in_tree: bool, full: bool) -> anyhow::Result<()> {
    let digest = digest()?;
    let stamp = stamp(&digest)?;
    std::fs::create_dir_all(stamp.parent().context("a stamp lies in a folder")?)?;
    std::fs::write(stamp, "")?;
    let before = std::fs::read_to_string(NOTE).unwrap_or_default();
    let now = with_note(&before, &digest, full);
    if in_tree && now != before {
        std::fs::write(NOTE, now)?;
        eprintln!("{NOTE} says so now: commit it with the change");
    }
    Ok(())
}

/// The file's text after a pass; who has not rolled anything leaves what is said of that.
fn with_note(before: &str, digest: &str, full: bool) -> String {
    let rolled = before.lines().find_map(|line| line.strip_prefix(FULL));
    let rolled = if full { Some(digest) } else { rolled };
    let rolled = rolled.map(|digest| format!("{FULL}{digest}\n")).unwrap_or_default();
    format!("{digest}\n{rolled}")
}

fn passed(digest: &str) -> anyhow::Result<bool> {
    Ok(noted(digest).rest || stamp(digest)?.exists())
}

/// What the file says of the present files.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    rest: bool,
    full: bool,
}

fn noted(digest: &str) -> Noted {
    in_note(&std::fs::read_to_string(NOTE).unwrap_or_default(), digest)
}

fn in_note(note: &str, digest: &str) -> Noted {
    let says = |line: &str| note.lines().any(|own| own == line);
    Noted { rest: says(digest), full: says(&format!("{FULL}{digest}")) }
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
        for watched_file in [
            "charts/redress/values.yaml",
            "k8s/base/redress.yaml",
            "services/sla/config/default.toml",
            "services/common/runtime/src/health/admin.rs",
            "services/xtask/src/check/deployment/objects.rs",
            "services/xtask/src/launch.rs",
            "services/xtask/src/tools.rs",
        ] {
            assert!(watched(Path::new(watched_file)), "{watched_file}");
        }
        // The files that are named by themselves are there: a renamed one would be watched no more.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(WATCHED.iter().all(|path| root.join(path).exists()));
        assert!(!watched(Path::new("services/sla/README.md")) && !watched(Path::new(NOTE)));
    }

    #[test]
    fn a_pass_is_noted_and_rollouts_are_noted_only_where_they_were_run() {
        let first = with_note("", "a", false);
        assert_eq!(in_note(&first, "a"), Noted { rest: true, full: false });
        let rolled = with_note(&first, "b", true);
        assert_eq!(in_note(&rolled, "b"), Noted { rest: true, full: true });
        let later = with_note(&rolled, "c", false);
        assert_eq!(in_note(&later, "c"), Noted { rest: true, full: false });
        assert!(in_note(&later, "b").full && !in_note(&later, "b").rest, "{later}");
    }
}
