//! The collector that `k8s/monitoring` configures, as a process between the services and what notes their telemetry.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use redress_devstack::{ServiceProcess, free_port};
use serde_json::{Value, json};

use super::super::install::{self, Programs};
use crate::command;

const SHIPPED: &str = "k8s/monitoring/collector.yaml";
const OF_COMPOSE: &str = "k8s/compose/collector.yaml";
/// Where the shipped configuration sends traces to.
const TARGET: &str = "TRACES_ENDPOINT";
const LIMIT: Duration = Duration::from_mins(1);

/// A running collector; ends with this value.
pub(super) struct Collector {
    process: ServiceProcess,
    url: String,
}

impl Collector {
    /// Starts it; `target` is where it sends everything on, as a URL.
    pub(super) async fn start(root: &Path, folder: &Path, target: &str) -> anyhow::Result<Self> {
        let tools = install::collector().await?;
        let [port, health] = [(); 2].map(|()| free_port());
        let shipped = folder.join("collector.yaml");
        fs::write(&shipped, shipped_configuration(root)?)?;
        let here = folder.join("collector-here.yaml");
        fs::write(&here, on_this_machine(port, health).to_string())?;
        let mut start = Command::new(tools.path("otelcol"));
        start.arg("--config").arg(&shipped).arg("--config").arg(&here);
        start.env(TARGET, target.trim_start_matches("http://"));
        let process = ServiceProcess::start("collector", &start, folder)?;
        process.wait_http(&format!("127.0.0.1:{health}"), "/", LIMIT).await?;
        Ok(Self { process, url: format!("http://127.0.0.1:{port}") })
    }

    /// Where it takes telemetry.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it; what it holds is sent before.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.process.terminate(LIMIT).await?;
        Ok(())
    }
}

/// The configurations of `k8s/`, judged by the collector itself.
pub(super) async fn configurations_are_valid(root: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let tools = install::collector().await?;
    let shipped = folder.join("collector-shipped.yaml");
    fs::write(&shipped, shipped_configuration(root)?)?;
    for file in [shipped, root.join(OF_COMPOSE)] {
        valid(&tools, &file).await.with_context(|| file.display().to_string())?;
    }
    Ok(())
}

async fn valid(tools: &Programs, file: &Path) -> anyhow::Result<()> {
    let mut validate = tools.command("otelcol");
    validate.arg("validate").arg("--config").arg(file).env(TARGET, "traces:4317");
    command::output(validate).await?;
    Ok(())
}

/// What the collector's `ConfigMap` holds.
fn shipped_configuration(root: &Path) -> anyhow::Result<String> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(root.join(SHIPPED))?)?;
    let map = objects.iter().find(|object| object["kind"] == "ConfigMap");
    let text = map.and_then(|map| map["data"]["config.yaml"].as_str());
    Ok(text.with_context(|| format!("{SHIPPED} has no ConfigMap with config.yaml"))?.to_owned())
}

/// Comes over what is shipped: ports of this machine, every trace at once, and metrics, which Prometheus takes elsewhere.
fn on_this_machine(port: u16, health: u16) -> Value {
    let every_one = json!([{"name": "every one", "type": "always_sample"}]);
    json!({
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": format!("127.0.0.1:{port}")}}}},
        "processors": {"tail_sampling": {"decision_wait": "1s", "policies": every_one}},
        "extensions": {"health_check": {"endpoint": format!("127.0.0.1:{health}")}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"metrics": {
                "receivers": ["otlp"],
                "processors": ["memory_limiter", "batch"],
                "exporters": ["otlp_grpc"],
            }},
        },
    })
}
