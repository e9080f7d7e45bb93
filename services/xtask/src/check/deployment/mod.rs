//! What the chart and `k8s/` say about the code, held against the code: a name that is wrong here shows in a cluster only.
//!
//! These checks read files alone and run everywhere. Whether `k8s/` is what the chart renders needs helm: that is
//! compared where helm is, and said not to have been compared where it is not.

mod code;
mod compose;
mod dockerfile;
mod metrics;
mod objects;
mod rendered;
mod strimzi;
mod workloads;

use std::path::{Path, PathBuf};

pub(super) use code::instruments;
pub(crate) use dockerfile::{ImageStage, image_stages};
pub(crate) use objects::of_rendering;
pub(super) use rendered::compare;
pub(crate) use rendered::compare_by;

/// One line per statement that the code does not bear out; paths are relative to `root`.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut found = metrics::findings(root, files)?;
    found.extend(workloads::findings(root)?);
    found.extend(objects::findings(root, files)?);
    found.extend(strimzi::findings(root)?);
    found.extend(compose::findings(root)?);
    found.extend(dockerfile::findings(root, files)?);
    Ok(found)
}

fn read(root: &Path, file: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {}", file.display()))
}

fn has_extension(file: &Path, wanted: &str) -> bool {
    file.extension().is_some_and(|extension| extension == wanted)
}
