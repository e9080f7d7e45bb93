//! The chart as it was before: what an installation is upgraded from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::CHART;

/// An earlier chart.
pub(super) struct Previous {
    /// Its folder.
    pub(super) chart: PathBuf,
    /// Where it comes from, in words.
    pub(super) name: String,
}

/// The newest chart of another version in the project's history. Without one, what was committed last: the first version
/// has none before it, and a shallow clone knows none.
pub(super) fn find(root: &Path, into: &Path) -> anyhow::Result<Previous> {
    let manifest = format!("{CHART}/Chart.yaml");
    let present =
        version(&std::fs::read_to_string(root.join(&manifest))?).context("the chart has no version")?;
    let commits = git(root, &["log", "--format=%H", "--", &manifest])?;
    let mut found = ("HEAD".to_owned(), present.clone());
    for commit in commits.lines() {
        let text = git(root, &["show", &format!("{commit}:{manifest}")]).unwrap_or_default();
        if let Some(earlier) = version(&text).filter(|earlier| *earlier != present) {
            found = (commit.to_owned(), earlier);
            break;
        }
    }
    let (commit, version) = found;
    let archive = into.join("previous.tar");
    git(root, &["archive", "--output", &archive.display().to_string(), &commit, CHART])?;
    let folder = into.join("previous");
    std::fs::create_dir_all(&folder)?;
    let unpacked = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder).status();
    ensure!(unpacked.context("cannot run tar")?.success(), "tar cannot unpack what git archived");
    let name = if version == present {
        format!("{version} as committed, for there is no other version in this history")
    } else {
        format!("{version} of commit {}", commit.get(..10).unwrap_or(&commit))
    };
    Ok(Previous { chart: folder.join(CHART), name })
}

/// The version in a chart's manifest.
fn version(manifest: &str) -> Option<String> {
    manifest.lines().find_map(|line| line.strip_prefix("version: ")).map(|version| version.trim().to_owned())
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output().context("cannot run git")?;
    ensure!(output.status.success(), "git failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(root: &Path, version: &str) {
        let chart = root.join(CHART);
        std::fs::create_dir_all(&chart).unwrap();
        std::fs::write(chart.join("Chart.yaml"), format!("name: redress\nversion: {version}\n")).unwrap();
        git(root, &["add", "."]).unwrap();
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
        git(root, &[who.as_slice(), &["commit", "--quiet", "-m", version]].concat()).unwrap();
    }

    #[test]
    fn the_newest_chart_of_another_version_counts_and_else_what_was_committed() {
        let (root, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        git(root.path(), &["init", "--quiet"]).unwrap();
        commit(root.path(), "0.1.0");
        let only = find(root.path(), into.path()).unwrap();
        assert!(only.name.starts_with("0.1.0 as committed"), "{}", only.name);
        commit(root.path(), "0.2.0");
        commit(root.path(), "0.3.0");
        let found = find(root.path(), into.path()).unwrap();
        assert!(found.name.starts_with("0.2.0 of commit"), "{}", found.name);
        let manifest = std::fs::read_to_string(found.chart.join("Chart.yaml")).unwrap();
        assert_eq!(version(&manifest).unwrap(), "0.2.0");
    }
}
