//! The images as far as they can be tried without a container engine: a Debian of the runtime base's release in a folder, the
//! runtime stage's commands in it, and there each program, started as the image's user with no variables.
//!
//! So a library that the base and the stage do not bring is seen here. The programs are those that were built on this
//! machine, not the image's release build; layers, labels and the builder's own base are not tried.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use redress_testkit::built_binary;
use tokio::process::Command;

use super::install;
use crate::check::{ImageStage, image_stages};
use crate::steps::Steps;
use crate::{command, launch};

const DOCKERFILE: &str = "k8s/images/Dockerfile";
/// Where an image has what it starts.
const PROGRAMS: &str = "usr/local/bin";
/// The variable that an engine gives.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The steps of this part; false where they cannot be made.
pub(super) async fn check(steps: &mut Steps, root: &Path) -> bool {
    let able = rustix::process::geteuid().is_root();
    if able {
        as_root(steps, root).await;
    } else {
        eprintln!(
            "NOT CHECKED: the images' runtime stage, for only root may change a process' root folder; so no pass is noted"
        );
    }
    able
}

async fn as_root(steps: &mut Steps, root: &Path) {
    let Some(stage) = steps.run("images: what the Dockerfile says", async { read(root) }).await else {
        return;
    };
    let Some(base) =
        steps.run("tools: a Debian of the images' release", install::debian(&stage.release)).await
    else {
        return;
    };
    let folder = root.join("target/deploy-check").join(redress_testkit::unique_name("image"));
    if steps.run("images: the runtime stage's commands", commands(&base, &folder, &stage)).await.is_some()
        && steps.run("build", build(&stage)).await.is_some()
    {
        steps.run("images: every program starts as the image's user", programs(&folder, &stage)).await;
        steps.run("images: doctor takes the settings of k8s/doctor", doctor()).await;
    }
    let removed = async { if folder.exists() { Ok(fs::remove_dir_all(&folder)?) } else { Ok(()) } };
    steps.run("images: the Debian is removed", removed).await;
}

fn read(root: &Path) -> anyhow::Result<ImageStage> {
    let stage = image_stages(&fs::read_to_string(root.join(DOCKERFILE))?)?;
    ensure!(
        !stage.commands.is_empty() && !stage.programs.is_empty(),
        "{DOCKERFILE} installs or starts nothing"
    );
    Ok(stage)
}

/// The services, and what else has an image.
async fn build(stage: &ImageStage) -> anyhow::Result<()> {
    let others = stage.programs.iter().map(String::as_str).filter(|program| !program.starts_with("redress-"));
    launch::build_with(&others.collect::<Vec<_>>()).await
}

async fn commands(base: &Path, folder: &Path, stage: &ImageStage) -> anyhow::Result<()> {
    fs::create_dir_all(folder.parent().context("a folder lies in another")?)?;
    let mut copy = Command::new("cp");
    copy.arg("--archive").arg(base).arg(folder);
    command::output(copy).await?;
    // As an engine does: the network is the host's.
    fs::copy("/etc/resolv.conf", folder.join("etc/resolv.conf"))?;
    for line in &stage.commands {
        command::output(inside(folder, "0:0", &["/bin/sh", "-c", line])).await?;
    }
    Ok(())
}

/// A process whose root is `folder`, and that inherits no variable.
fn inside(folder: &Path, user: &str, words: &[&str]) -> Command {
    let mut command = Command::new("chroot");
    command.arg(format!("--userspec={user}")).arg(folder).args(["/usr/bin/env", "-i", PATH]).args(words);
    command
}

async fn programs(folder: &Path, stage: &ImageStage) -> anyhow::Result<()> {
    for program in &stage.programs {
        let built: PathBuf = built_binary(program)?;
        let place = folder.join(PROGRAMS).join(program);
        fs::hard_link(&built, &place).or_else(|_| fs::copy(&built, &place).map(|_| ()))?;
        // Needs no setting; the loader has found every library by then.
        let said = command::output(inside(folder, &stage.user, &[program, "--help"])).await?;
        ensure!(
            said.contains(&format!("Usage: {program}")),
            "{program} does not tell how it is called, but: {said}"
        );
        fs::remove_file(place)?;
    }
    Ok(())
}

/// Of what the settings name nothing is there, which is found wanting; a key that the program does not know, or a service
/// that it does not find among them, would be told otherwise.
async fn doctor() -> anyhow::Result<()> {
    let mut doctor = Command::new(built_binary("redressctl")?);
    doctor.args(["--config", "k8s/doctor/redressctl.toml", "--output", "json", "doctor"]).kill_on_drop(true);
    let output = doctor.output().await.context("redressctl")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.code() == Some(1),
        "it ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    for service in launch::SERVICES {
        ensure!(said.contains(&format!("http://redress-{service}")), "{service} is not looked for: {said}");
    }
    ensure!(!said.contains("127.0.0.1"), "it looks at this machine: {said}");
    Ok(())
}
