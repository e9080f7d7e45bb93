//! What the server says of rendered objects without keeping them.

use anyhow::{Context as _, ensure};

use super::super::cases::{CASES, Case};
use super::super::chart::{kustomization_folders, kustomized};
use super::plane::ControlPlane;

/// A mistake: the case in whose rendering it is made, what stands there, what is put in its place, and what the server says.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "minimal",
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
        "would violate PodSecurity",
    ),
    ("minimal", "revisionHistoryLimit: 5", "revisionHistoryLimits: 5", "revisionHistoryLimits"),
    // What client-side apply takes with a warning, and Helm 3 silently.
    ("minimal", "- name: OTEL_RESOURCE_ATTRIBUTES", "- name: POD_NAME", "duplicate entries for key"),
    (
        "minimal",
        "maxUnavailable: 1\n",
        "maxUnavailable: 1\n  minAvailable: 1\n",
        "minAvailable and maxUnavailable",
    ),
    ("full", "cooldownPeriod: 300", "cooldownPeriod: long", "cooldownPeriod"),
    ("full", "type: PathPrefix", "type: Prefix", "Prefix"),
];

/// Names that are something else in YAML where they are not quoted.
const NAMES: &[&str] = &["y", "no", "true", "null", "off"];

/// Without this, a server that takes everything would pass all that follows.
pub(super) async fn wrong_is_refused(plane: &ControlPlane) -> anyhow::Result<()> {
    for (name, right, wrong, told) in MISTAKES {
        let case = CASES.iter().find(|case| case.name == *name).context("a case of that name")?;
        let rendered = plane.rendered("redress", &case.arguments()).await?;
        ensure!(rendered.contains(right), "case {name} renders no `{right}`, so the mistake cannot be made");
        let objects = rendered.replace(right, wrong);
        plane.refused(plane.judge(&objects)?, told).await.with_context(|| wrong.trim().to_owned())?;
    }
    Ok(())
}

pub(super) async fn cases(plane: &ControlPlane) -> anyhow::Result<()> {
    for case in CASES {
        accept(plane, "redress", case).await.with_context(|| format!("case {}", case.name))?;
    }
    Ok(())
}

/// With the case that makes the most objects.
pub(super) async fn names(plane: &ControlPlane) -> anyhow::Result<()> {
    let full = CASES.iter().find(|case| case.name == "full").context("the full case")?;
    for name in NAMES {
        accept(plane, name, full).await.with_context(|| format!("release {name}"))?;
    }
    Ok(())
}

async fn accept(plane: &ControlPlane, release: &str, case: &Case) -> anyhow::Result<()> {
    let rendered = plane.rendered(release, &case.arguments()).await?;
    plane.told(plane.judge(&rendered)?).await?;
    Ok(())
}

/// Namespaces of overlays are made first: what lies in one that does not exist cannot be judged.
pub(super) async fn kustomizations(plane: &ControlPlane) -> anyhow::Result<()> {
    for folder in kustomization_folders()? {
        let built = kustomized(plane.kubectl(&["kustomize", &folder])).await?;
        let namespace = std::path::Path::new(&folder).join("namespace.yaml");
        if namespace.is_file() {
            let mut create = plane.kubectl(&["apply", "--server-side", "-f"]);
            create.arg(&namespace);
            plane.told(create).await.with_context(|| folder.clone())?;
        }
        plane.told(plane.judge(&built)?).await.with_context(|| folder.clone())?;
    }
    Ok(())
}
