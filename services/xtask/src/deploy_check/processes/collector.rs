//! The collector that `k8s/monitoring` configures, as a process between the services and what notes their telemetry.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use redress_devstack::{ServiceProcess, free_port};
use serde_json::{Value, json};

use super::super::install;

const SHIPPED: &str = "k8s/monitoring/collector.yaml";
const OF_COMPOSE: &str = "k8s/compose/collector.yaml";
/// Where the shipped configuration sends traces to.
const TARGET: &str = "TRACES_ENDPOINT";
/// How the configurations name every address of a pod or container.
const ANYWHERE: &str = "0.0.0.0:";
/// A collector's log when all that it is made of has started.
const READY: &str = "Everything is ready";
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

/// Starts the collector with each configuration of `k8s/`, changed in nothing but addresses. `otelcol validate` would not do:
/// it takes what a component looks at only when it starts, such as a policy's type.
pub(super) async fn starts_as_shipped(root: &Path, folder: &Path) -> anyhow::Result<()> {
    // Readiness is read from a log, which shall not be that of an earlier run.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let of_compose = fs::read_to_string(root.join(OF_COMPOSE)).context(OF_COMPOSE)?;
    for (name, file, text) in [
        ("collector-shipped", SHIPPED, shipped_configuration(root)?),
        ("collector-of-compose", OF_COMPOSE, of_compose),
    ] {
        starts(name, &text, folder).await.context(file)?;
    }
    Ok(())
}

async fn starts(name: &str, text: &str, folder: &Path) -> anyhow::Result<()> {
    let tools = install::collector().await?;
    let file = folder.join(format!("{name}.yaml"));
    fs::write(&file, on_free_ports(text, free_port))?;
    let own_metrics = folder.join("own-metrics.yaml");
    fs::write(&own_metrics, own_metrics_at(free_port()).to_string())?;
    let mut start = Command::new(tools.path("otelcol"));
    start.arg("--config").arg(&file).arg("--config").arg(&own_metrics);
    // Nobody listens there: nothing is sent.
    start.env(TARGET, format!("127.0.0.1:{}", free_port()));
    let process = ServiceProcess::start(name, &start, folder)?;
    let ready = async || fs::read_to_string(process.log()).is_ok_and(|log| log.contains(READY));
    process.wait_ready(LIMIT, ready).await?;
    process.terminate(LIMIT).await?;
    Ok(())
}

/// Every port of every address, on loopback instead.
fn on_free_ports(text: &str, free: impl Fn() -> u16) -> String {
    let mut parts = text.split(ANYWHERE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let after = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        format!("{before}127.0.0.1:{}{after}", free())
    })
}

/// A collector tells its own metrics at port 8888 unless it is told otherwise; somebody may have that.
fn own_metrics_at(port: u16) -> Value {
    let reader = json!({"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": port}}}});
    json!({"service": {"telemetry": {"metrics": {"readers": [reader]}}}})
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn ports_are_free_ones_of_loopback_and_nothing_else_is_changed() {
        let next = Cell::new(20_000);
        let free = || next.replace(next.get() + 1);
        let text = "a: {grpc: {endpoint: \"0.0.0.0:4317\"}, wait: 15s}\nb: 0.0.0.0:13133\nc: ${env:X}\n";
        assert_eq!(
            on_free_ports(text, free),
            "a: {grpc: {endpoint: \"127.0.0.1:20000\"}, wait: 15s}\nb: 127.0.0.1:20001\nc: ${env:X}\n"
        );
    }
}
