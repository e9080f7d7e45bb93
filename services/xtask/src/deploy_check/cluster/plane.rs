//! A control plane on loopback: the API server of Kubernetes with its store, and nothing that runs pods.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use redress_devstack::{ServiceProcess, free_port};
use serde_json::json;
use tokio::process::Command;

use super::super::install::{self, Programs};
use crate::command;

/// Where releases go unless they say otherwise.
pub(super) const NAMESPACE: &str = "redress";
/// Where the chart with every switch on has its topics.
const OF_KAFKA: &str = "kafka";
/// Room for a machine that does other things as well.
const START_LIMIT: Duration = Duration::from_mins(2);
const STOP_LIMIT: Duration = Duration::from_mins(1);
const CALL_LIMIT: Duration = Duration::from_mins(4);

/// What a control plane is made of.
pub(super) struct Tools {
    kubernetes: Programs,
    helm3: Programs,
    server: Programs,
    store: Programs,
    crds: PathBuf,
}

impl Tools {
    pub(super) async fn install() -> anyhow::Result<Self> {
        Ok(Self {
            kubernetes: install::kubernetes().await?,
            helm3: install::helm3().await?,
            server: install::server().await?,
            store: install::etcd().await?,
            crds: install::crds().await?,
        })
    }
}

/// A running control plane.
pub(super) struct ControlPlane {
    // In this order: a server whose store is gone lingers, and holds its port.
    server: ServiceProcess,
    store: ServiceProcess,
    tools: Tools,
    folder: PathBuf,
}

impl ControlPlane {
    /// Starts it with the namespaces and definitions that releases need.
    pub(super) async fn start(tools: Tools) -> anyhow::Result<Self> {
        let folder = std::env::current_dir()?
            .join("target/deploy-check")
            .join(redress_testkit::unique_name("cluster"));
        fs::create_dir_all(&folder)?;
        let [client, peer, port] = [(); 3].map(|()| free_port());
        let store = ServiceProcess::start("etcd", &store(&tools, &folder, client, peer), &folder)?;
        store.wait_http(&format!("127.0.0.1:{client}"), "/health", START_LIMIT).await?;
        let token = redress_testkit::unique_name("token");
        let key = key(&folder).await?;
        fs::write(folder.join("tokens.csv"), format!("{token},admin,1,\"system:masters\"\n"))?;
        fs::write(folder.join("kubeconfig"), kubeconfig(port, &token))?;
        let server =
            ServiceProcess::start("kube-apiserver", &server(&tools, &folder, client, port, &key), &folder)?;
        let plane = Self { server, store, tools, folder };
        let ready = async || command::output(plane.kubectl(&["get", "--raw=/readyz"])).await.is_ok();
        plane.server.wait_ready(START_LIMIT, ready).await?;
        plane.furnish().await?;
        Ok(plane)
    }

    async fn furnish(&self) -> anyhow::Result<()> {
        let crds = self.tools.crds.display().to_string();
        // Not applied: the annotation with the whole object would be too long.
        self.told(self.kubectl(&["create", "-f", &crds])).await?;
        self.told(self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]))
            .await?;
        for namespace in [NAMESPACE, OF_KAFKA] {
            self.told(self.kubectl(&["create", "namespace", namespace])).await?;
            let mut label = self.kubectl(&["label", "namespace", namespace]);
            label.args(
                ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted")),
            );
            self.told(label).await?;
        }
        Ok(())
    }

    /// A folder that goes with the control plane.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How it is reached.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// kubectl, talking to it.
    pub(super) fn kubectl(&self, arguments: &[&str]) -> Command {
        self.of_this_server(self.tools.kubernetes.command("kubectl"), arguments)
    }

    /// helm, talking to it.
    pub(super) fn helm(&self, arguments: &[&str]) -> Command {
        self.of_this_server(self.tools.kubernetes.command("helm"), arguments)
    }

    /// The same of Helm 3, which merges on its own side.
    pub(super) fn helm3(&self, arguments: &[&str]) -> Command {
        self.of_this_server(self.tools.helm3.command("helm3"), arguments)
    }

    fn of_this_server(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.args(arguments).env("KUBECONFIG", self.kubeconfig());
        // Nothing of the caller's: no plugins, no caches of other servers.
        for variable in ["KUBECACHEDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, self.folder.join("client"));
        }
        command.env("HELM_NAMESPACE", NAMESPACE);
        command
    }

    /// What a command tells; it must end well, and in time.
    pub(super) async fn told(&self, command: Command) -> anyhow::Result<String> {
        tokio::time::timeout(CALL_LIMIT, command::output(command)).await.context("a command hangs")?
    }

    /// Fails unless the command fails and tells `why`.
    pub(super) async fn refused(&self, command: Command, why: &str) -> anyhow::Result<()> {
        match self.told(command).await {
            Ok(told) => bail!("this must be refused with `{why}` and was accepted: {told}"),
            Err(error) => {
                let told = format!("{error:#}");
                ensure!(told.contains(why), "this is to be refused with `{why}`; it was with: {told}");
                Ok(())
            }
        }
    }

    /// What helm renders with what this server knows.
    pub(super) async fn rendered(&self, release: &str, values: &[String]) -> anyhow::Result<String> {
        let mut template = self.helm(&["template", release, super::CHART, "--dry-run=server"]);
        template.args(values);
        self.told(template).await
    }

    /// Has the server judge objects as if they were applied; a warning is an error.
    pub(super) fn judge(&self, objects: &str) -> anyhow::Result<Command> {
        let file = self.folder.join("objects.yaml");
        fs::write(&file, objects)?;
        let mut apply =
            self.kubectl(&["apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f"]);
        apply.arg(file);
        Ok(apply)
    }

    /// Ends it, with everything that it knew.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.server.terminate(STOP_LIMIT).await?;
        self.store.terminate(STOP_LIMIT).await?;
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

fn store(tools: &Tools, folder: &Path, client: u16, peer: u16) -> std::process::Command {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    let mut store = std::process::Command::new(tools.store.path("etcd"));
    store.arg("--unsafe-no-fsync").arg("--data-dir").arg(folder.join("etcd"));
    store.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    store.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    store.args(["--initial-cluster", &format!("default={peer}")]);
    store
}

fn server(tools: &Tools, folder: &Path, client: u16, port: u16, key: &Path) -> std::process::Command {
    let mut server = std::process::Command::new(tools.server.path("kube-apiserver"));
    let path = |name: &str| folder.join(name).display().to_string();
    let key = key.display();
    server.args([
        format!("--etcd-servers=http://127.0.0.1:{client}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", path("pki")),
        "--service-account-issuer=https://redress.local".to_owned(),
        format!("--service-account-key-file={key}"),
        format!("--service-account-signing-key-file={key}"),
        format!("--token-auth-file={}", path("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // It waits for an account that only a controller makes.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--enable-priority-and-fairness=false".to_owned(),
    ]);
    server
}

/// A key for tokens of accounts; nobody gets one.
async fn key(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join("sa.key");
    let mut make = Command::new("openssl");
    make.args(["genrsa", "-out"]).arg(&file).arg("2048");
    command::output(make).await.context("on Debian run: apt-get install -y openssl")?;
    Ok(file)
}

/// JSON is YAML.
fn kubeconfig(port: u16, token: &str) -> String {
    let cluster = json!({"server": format!("https://127.0.0.1:{port}"), "insecure-skip-tls-verify": true});
    let context = json!({"cluster": "loopback", "user": "admin", "namespace": NAMESPACE});
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "loopback", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "loopback", "context": context}],
        "current-context": "loopback",
    })
    .to_string()
}
