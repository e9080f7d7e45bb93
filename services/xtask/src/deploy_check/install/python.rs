//! Linters that come as Python packages.

use std::fs;

use tokio::process::Command;

use super::{Programs, required, set};
use crate::{command, tools};

const REQUIREMENTS: &str = include_str!("../../../deploy/requirements.txt");

/// check-jsonschema, hadolint, shellcheck, typos, yamllint; and a `python` that has Grafana's SDK.
pub(in crate::deploy_check) async fn python() -> anyhow::Result<Programs> {
    let folder = set("python", REQUIREMENTS, async |folder| {
        ensure_venv().await?;
        let python = required("python3", "run: apt-get install -y python3-venv")?;
        fs::write(folder.join("requirements.txt"), REQUIREMENTS)?;
        let mut environment = Command::new(python);
        environment.args(["-m", "venv", "."]).current_dir(folder);
        command::run(environment).await?;
        let mut install = Command::new(folder.join("bin/pip"));
        install.args(["install", "--quiet", "--requirement", "requirements.txt"]).current_dir(folder);
        command::run(install).await
    })
    .await?;
    Ok(Programs(folder.join("bin")))
}

/// Debian has the module that makes environments in a package of its own.
async fn ensure_venv() -> anyhow::Result<()> {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import ensurepip, venv"]);
    if command::output(probe).await.is_ok() {
        return Ok(());
    }
    tokio::task::spawn_blocking(|| tools::install_debian("python3 with venv", "python3 python3-venv")).await?
}
