//! The workspace's members and what they depend on, as cargo tells it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::command::cargo;

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its folder, relative to the root, for example `services/common/domain`.
    pub(super) folder: PathBuf,
    /// What its manifest names.
    pub(super) dependencies: Vec<Dependency>,
}

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Whether only tests, examples and benches see it.
    pub(super) dev: bool,
    /// The folder, for members of the workspace.
    pub(super) folder: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    workspace_members: Vec<String>,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    manifest_path: PathBuf,
    dependencies: Vec<ManifestDependency>,
}

#[derive(Deserialize)]
struct ManifestDependency {
    name: String,
    kind: Option<String>,
    path: Option<PathBuf>,
}

/// Asks cargo, which also sees whether the committed lock file fits the manifests.
pub(super) async fn read() -> anyhow::Result<Vec<Member>> {
    let output = cargo("metadata --locked --format-version 1").output().await.context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "{}\nif Cargo.lock is missing or old: run cargo update --workspace and commit it",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> anyhow::Result<Vec<Member>> {
    let Metadata { workspace_root: root, workspace_members, packages } =
        serde_json::from_slice(json).context("cargo metadata has another form")?;
    let relative = |path: &Path| path.strip_prefix(&root).map(Path::to_owned).ok();
    let members = packages.iter().filter(|package| workspace_members.contains(&package.id)).map(|package| {
        let folder = package.manifest_path.parent().and_then(relative);
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            dev: dependency.kind.as_deref() == Some("dev"),
            folder: dependency.path.as_deref().and_then(relative),
        });
        Some(Member { folder: folder?, dependencies: dependencies.collect() })
    });
    members.collect::<Option<_>>().context("a member lies outside the workspace's folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_with_their_folders_and_outside_crates_without() {
        let json = br#"{"workspace_root": "/w", "workspace_members": ["a"], "packages": [
            {"id": "a", "manifest_path": "/w/services/intake/Cargo.toml", "dependencies": [
                {"name": "redress-domain", "kind": null, "path": "/w/services/common/domain"},
                {"name": "tokio", "kind": "dev", "path": null}]},
            {"id": "tokio", "manifest_path": "/registry/tokio/Cargo.toml", "dependencies": []}]}"#;
        let dependency = |name: &str, dev, folder: Option<&str>| Dependency {
            name: name.to_owned(),
            dev,
            folder: folder.map(PathBuf::from),
        };
        let expected = Member {
            folder: "services/intake".into(),
            dependencies: vec![
                dependency("redress-domain", false, Some("services/common/domain")),
                dependency("tokio", true, None),
            ],
        };
        assert_eq!(parse(json).unwrap(), [expected]);
    }
}
