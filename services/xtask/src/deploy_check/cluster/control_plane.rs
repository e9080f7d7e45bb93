//! etcd and kube-apiserver as child processes on loopback, gone with this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use std::time::Duration;

use anyhow::Context as _;
use redress_devstack::{ServiceProcess, free_port};
use tokio::process::Command;
use uuid::Uuid;

use crate::command;
use crate::deploy_check::install::Programs;

const READY_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A control plane whose only user may everything.
pub(super) struct ControlPlane {
    programs: Programs,
    kubeconfig: PathBuf,
    folder: PathBuf,
    // The server ends before the store it writes to; otherwise it lingers.
    server: ServiceProcess,
    store: ServiceProcess,
}

impl ControlPlane {
    pub(super) async fn start(kubernetes: &Programs, etcd: &Programs, root: &Path) -> anyhow::Result<Self> {
        let folder = fs::canonicalize(root)?
            .join("target/deploy-check")
            .join(format!("cluster-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (store, store_url) = start_store(etcd, &folder).await?;
        let token = token();
        let port = free_port();
        let server = start_server(kubernetes, &folder, &store_url, &token, port).await?;
        let kubeconfig = folder.join("kubeconfig");
        fs::write(&kubeconfig, config(port, &token))?;
        let this = Self { programs: kubernetes.clone(), kubeconfig, folder, server, store };
        this.wait_ready().await?;
        Ok(this)
    }

    async fn wait_ready(&self) -> anyhow::Result<()> {
        let ready = async || {
            let mut ask = self.kubectl();
            ask.args(["get", "--raw", "/readyz", "--request-timeout=2s"]);
            command::output(ask).await.is_ok_and(|answer| answer == "ok")
        };
        self.server.wait_ready(READY_LIMIT, ready).await.context("kube-apiserver does not become ready")
    }

    pub(super) const fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(super) fn kubectl(&self) -> Command {
        self.with_config("kubectl")
    }

    pub(super) fn helm(&self) -> Command {
        let mut helm = self.with_config("helm");
        // Whatever the caller has set up of helm is not ours.
        helm.env("HELM_CACHE_HOME", self.folder.join("helm"))
            .env("HELM_CONFIG_HOME", self.folder.join("helm"));
        helm
    }

    fn with_config(&self, program: &str) -> Command {
        let mut command = self.programs.command(program);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// A namespace under Pod Security *restricted*, unless it is there.
    pub(super) async fn namespace(&self, name: &str) -> anyhow::Result<()> {
        let object = format!(
            r#"{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{name}", "labels": {{
                "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}}}}}}"#
        );
        let mut apply = self.kubectl();
        apply.args(["apply", "--server-side", "-f", "-"]);
        super::piped(apply, &object).await.map(drop)
    }

    /// Makes the custom resources and waits until they are served.
    pub(super) async fn install(&self, resources: &Path) -> anyhow::Result<()> {
        let mut create = self.kubectl();
        create.args(["create", "--filename"]).arg(resources);
        command::output(create).await?;
        let mut wait = self.kubectl();
        wait.args(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
        command::output(wait).await.map(drop)
    }

    /// Ends both; what they wrote goes with them unless they would not end.
    pub(super) async fn stop(self) {
        for (name, process) in [("kube-apiserver", self.server), ("etcd", self.store)] {
            if let Err(error) = process.terminate(STOP_LIMIT).await {
                eprintln!("{name} does not end: {error}");
                return;
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} is left: {error}", self.folder.display());
        }
    }
}

async fn start_store(etcd: &Programs, folder: &Path) -> anyhow::Result<(ServiceProcess, String)> {
    let [client, peer] = [free_port(), free_port()].map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = std_command(etcd, "v3");
    command.arg("--unsafe-no-fsync").arg("--data-dir").arg(folder.join("etcd"));
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.arg("--initial-cluster").arg(format!("default={peer}"));
    let process = ServiceProcess::start("etcd", &command, folder)?;
    let address = client.trim_start_matches("http://").to_owned();
    process.wait_http(&address, "/health", READY_LIMIT).await.context("etcd does not become ready")?;
    Ok((process, client))
}

async fn start_server(
    kubernetes: &Programs,
    folder: &Path,
    store: &str,
    token: &str,
    port: u16,
) -> anyhow::Result<ServiceProcess> {
    let key = folder.join("accounts.key");
    let mut make_key = Command::new("openssl");
    make_key.args(["genrsa", "-out"]).arg(&key).arg("2048");
    command::output(make_key).await?;
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, format!("{token},admin,1,\"system:masters\"\n"))?;
    let mut command = std_command(kubernetes, "kube-apiserver");
    let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
    command.arg(format!("--etcd-servers={store}")).arg(format!("--secure-port={port}"));
    command.args([
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
    ]);
    command.arg(option("cert-dir", &folder.join("certificates"))).arg(option("token-auth-file", &tokens));
    command.arg("--service-account-issuer=https://cluster.invalid");
    command
        .arg(option("service-account-key-file", &key))
        .arg(option("service-account-signing-key-file", &key));
    command.args(["--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24"]);
    // Its controller, which would make each namespace's account, does not run.
    command.args(["--disable-admission-plugins=ServiceAccount", "--enable-priority-and-fairness=false"]);
    Ok(ServiceProcess::start("kube-apiserver", &command, folder)?)
}

fn std_command(programs: &Programs, program: &str) -> StdCommand {
    StdCommand::new(programs.command(program).as_std().get_program())
}

#[expect(clippy::disallowed_methods, reason = "a secret of one run, which nothing depends on")]
fn token() -> String {
    Uuid::new_v4().to_string()
}

fn config(port: u16, token: &str) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{{"name": "c", "cluster": {{"server": "https://127.0.0.1:{port}", "insecure-skip-tls-verify": true}}}}],
            "users": [{{"name": "u", "user": {{"token": "{token}"}}}}],
            "contexts": [{{"name": "c", "context": {{"cluster": "c", "user": "u"}}}}]}}"#
    )
}
