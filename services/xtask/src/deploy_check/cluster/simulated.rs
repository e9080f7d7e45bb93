//! What a cluster has beyond its API server: controllers, a scheduler, and three nodes in three zones that only pretend to
//! run pods (kwok).

use std::fs;
use std::process::Command;
use std::time::Duration;

use redress_devstack::{ServiceProcess, free_port};
use serde_json::{Value, json};

use super::super::install::{self, Programs};
use super::plane::ControlPlane;

pub(super) const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];
const START_LIMIT: Duration = Duration::from_mins(2);
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// The programs.
pub(super) struct Tools {
    controllers: Programs,
    kwok: Programs,
    stages: Vec<std::path::PathBuf>,
}

impl Tools {
    pub(super) async fn install() -> anyhow::Result<Self> {
        Ok(Self {
            controllers: install::controllers().await?,
            kwok: install::kwok().await?,
            stages: install::kwok_stages().await?,
        })
    }
}

/// A running simulation.
pub(super) struct Simulated {
    tools: Tools,
    controllers: ServiceProcess,
    scheduler: ServiceProcess,
    /// None while nothing runs pods.
    kubelets: Option<ServiceProcess>,
}

impl Simulated {
    pub(super) async fn start(plane: &ControlPlane, tools: Tools) -> anyhow::Result<Self> {
        let mut controllers = with_server(&tools.controllers, "kube-controller-manager", plane);
        let key = plane.folder().join("sa.key").display().to_string();
        controllers.arg(format!("--service-account-private-key-file={key}"));
        // Without measurements; but whoever is below the least is lifted at once.
        controllers.arg("--horizontal-pod-autoscaler-sync-period=2s");
        // kwok is stopped on purpose for a while, and would not make pods ready again that a lost node has made unready.
        controllers.arg("--node-monitor-grace-period=10m");
        let scheduler = with_server(&tools.controllers, "kube-scheduler", plane);
        let controllers = ServiceProcess::start("kube-controller-manager", &controllers, plane.folder())?;
        let scheduler = ServiceProcess::start("kube-scheduler", &scheduler, plane.folder())?;
        let mut simulated = Self { tools, controllers, scheduler, kubelets: None };
        let nodes = plane.folder().join("nodes.json");
        let items: Vec<Value> = NODES.iter().map(|name| node(name)).collect();
        fs::write(&nodes, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())?;
        plane.told(plane.kubectl(&["create", "-f", &nodes.display().to_string()])).await?;
        simulated.start_kubelets(plane).await?;
        Ok(simulated)
    }

    /// Lets nodes run pods.
    pub(super) async fn start_kubelets(&mut self, plane: &ControlPlane) -> anyhow::Result<()> {
        let mut kwok = Command::new(self.tools.kwok.path("kwok"));
        kwok.arg("--kubeconfig").arg(plane.kubeconfig());
        kwok.args(["--manage-all-nodes=true", "--node-ip=127.0.0.1", "--node-lease-duration-seconds=0"]);
        for stage in &self.tools.stages {
            kwok.arg("-c").arg(stage);
        }
        // Its own settings, not the caller's.
        kwok.env("KWOK_WORKDIR", plane.folder().join("kwok"));
        let kwok = ServiceProcess::start("kwok", &kwok, plane.folder())?;
        let wait = ["wait", "--for=condition=Ready", "node", "--all", "--timeout=2s"];
        let ready = async || crate::command::output(plane.kubectl(&wait)).await.is_ok();
        kwok.wait_ready(START_LIMIT, ready).await?;
        self.kubelets = Some(kwok);
        Ok(())
    }

    /// From now on pods are placed and never run.
    pub(super) async fn stop_kubelets(&mut self) -> anyhow::Result<()> {
        if let Some(kubelets) = self.kubelets.take() {
            kubelets.terminate(STOP_LIMIT).await?;
        }
        Ok(())
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop_kubelets().await?;
        self.scheduler.terminate(STOP_LIMIT).await?;
        self.controllers.terminate(STOP_LIMIT).await?;
        Ok(())
    }
}

fn with_server(programs: &Programs, program: &str, plane: &ControlPlane) -> Command {
    let mut command = Command::new(programs.path(program));
    command.arg(format!("--kubeconfig={}", plane.kubeconfig().display()));
    command.args([
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        &format!("--secure-port={}", free_port()),
    ]);
    command
}

fn node(name: &str) -> Value {
    let labels = json!({
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": name.replace("node", "zone"),
    });
    // Pods ask for room on disk too, of which kwok gives none by itself.
    let room = json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"capacity": room, "allocatable": room},
    })
}
