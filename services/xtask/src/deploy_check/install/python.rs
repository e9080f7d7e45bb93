//! Linters that come as Python packages.

use std::fs;

use tokio::process::Command;

use super::{Programs, required, set};
use crate::command;

const REQUIREMENTS: &str = include_str!("../../../deploy/requirements.txt");

/// hadolint, shellcheck, typos, yamllint; and a `python` that has Grafana's SDK.
pub(in crate::deploy_check) async fn python() -> anyhow::Result<Programs> {
    let folder = set("python", REQUIREMENTS, async |folder| {
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
