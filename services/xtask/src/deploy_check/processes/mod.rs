//! "The configuration is really run": what the chart renders for an installation on the development stack is started as
//! processes, by the rules of a kubelet as far as they concern us: variables from `ConfigMap`s and secrets, mounted files,
//! probes by named ports, Jobs beside the pods, and at last the pod of `helm test`.
//!
//! A pod's address is one of loopback of its own (127.0.1.x), so that all listen on the ports that the chart names. Paths
//! below a mount lead to a folder of ours, for there is no file system per process.

mod collector;
mod container;
mod groups;
mod pods;
mod receiver;
mod stage;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_devstack::{ServiceProcess, Stack, StackOptions};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::Instant;

use super::install;
use crate::steps::Steps;
use crate::{command, launch, tools};

use pods::{Objects, Pod, Probe};
use stage::Stage;

/// For a debug build on a machine that does other things as well; the chart's own limits are for release builds.
const LIMIT: Duration = Duration::from_mins(3);
/// Between two looks at what has come.
const AGAIN: Duration = Duration::from_millis(100);
const AT_ONCE: Duration = Duration::from_secs(10);
/// Fewer than a Job's own, for a fault shall not take long to be told.
const JOB_TRIES: u32 = 10;
/// A service's exit code for a configuration that does not fit.
const MISTAKEN: i32 = 2;
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path) {
    let Some(tools) = steps.run("tools: helm", install::kubernetes()).await else { return };
    let starts = collector::starts_as_shipped(root, Path::new("target/deploy-check/collector"));
    if steps.run("collector: starts with the configurations of k8s/", starts).await.is_none() {
        return;
    }
    let built = async {
        tools::ensure_stack().await?;
        launch::build().await
    };
    if steps.run("build", built).await.is_none() {
        return;
    }
    let start = async { Stack::start(StackOptions::default()).await.context("the stack cannot start") };
    let Some(stack) = steps.run("stack: start", start).await else { return };
    let set = async {
        let stage = Stage::prepare(stack.endpoints(), root).await.context("the stage")?;
        let mut template = tools.command("helm");
        template
            .args(["template", "redress", "charts/redress", "--namespace", "redress", "--values"])
            .arg(stage.values());
        let objects = Objects::read(&command::output(template).await?)?;
        anyhow::Ok((stage, objects))
    };
    if let Some((stage, objects)) = steps.run("pods: databases, secrets, rendering", set).await {
        steps
            .run("pods: each Service leads to a port of a pod", async { objects.services_lead_somewhere() })
            .await;
        let mut running = Vec::new();
        let ready = steps
            .run("pods: Deployments and Jobs start, probes answer", run_all(&objects, &stage, &mut running))
            .await;
        if ready.is_some() {
            steps.run("pods: helm test passes", helm_test(&objects, &stage)).await;
            steps.run("pods: each reads what it is scaled on", groups::as_scaled(&objects)).await;
            steps
                .run("pods: what the HTTP edges say of themselves is clean", openapi(&objects, &stage))
                .await;
            steps.run("pods: they end by SIGTERM within the grace period", end(running)).await;
            // Only now: what is left of metrics is sent in the end.
            steps.run("pods: traces and metrics came through the collector", came(&objects, &stage)).await;
        }
        steps.run("collector: stop", stage.stop()).await;
    }
    stack.stop().await;
}

/// Pods and Jobs begin together, as they do in a cluster: readiness waits for schema and topics.
async fn run_all(
    objects: &Objects,
    stage: &Stage,
    running: &mut Vec<(Pod, ServiceProcess)>,
) -> anyhow::Result<()> {
    let pods = objects.pods()?;
    ensure!(pods.len() == 8, "eight Deployments are expected, there are {}", pods.len());
    for pod in pods {
        let process = start(objects, stage, &pod, pod.main()).with_context(|| pod.name.clone())?;
        running.push((pod, process));
    }
    for job in objects.jobs()? {
        for container in &job.containers {
            to_its_end(objects, stage, &job, container).await.with_context(|| job.name.clone())?;
        }
    }
    for (pod, process) in running.iter() {
        // Who is ready answers the others at once.
        for (probe, limit) in
            [(Probe::Readiness, LIMIT), (Probe::Startup, AT_ONCE), (Probe::Liveness, AT_ONCE)]
        {
            let (address, path) = pod.probe(probe)?;
            let answered = process.wait_http(&address, &path, limit).await;
            answered.with_context(|| format!("{}: {probe:?} at {address}{path}", pod.name))?;
        }
    }
    Ok(())
}

/// Again and again, as `restartPolicy: OnFailure` does; but a mistake in the configuration stays one.
async fn to_its_end(objects: &Objects, stage: &Stage, job: &Pod, container: &Value) -> anyhow::Result<()> {
    for tries in 1.. {
        let process = start(objects, stage, job, container)?;
        let status = process.wait_end(LIMIT).await?;
        if status.success() {
            break;
        }
        let log = std::fs::read_to_string(process.log()).unwrap_or_default();
        let last = log.lines().last().unwrap_or_default();
        ensure!(status.code() != Some(MISTAKEN) && tries < JOB_TRIES, "ended with {status}:\n{log}");
        eprintln!("{} ended with {status} and is started again: {last}", job.name);
    }
    Ok(())
}

fn start(objects: &Objects, stage: &Stage, pod: &Pod, container: &Value) -> anyhow::Result<ServiceProcess> {
    let process = container::process(objects, stage, pod, container)?;
    let name = format!("{}-{}", pod.name, container["name"].as_str().unwrap_or_default());
    Ok(ServiceProcess::start(&name, &process, stage.folder())?)
}

/// Runs the pod of `helm test` as its container's command, with the names of Services made addresses.
async fn helm_test(objects: &Objects, stage: &Stage) -> anyhow::Result<()> {
    let pod = objects.test_pod()?;
    let mut process = Command::from(container::process(objects, stage, &pod, pod.main())?);
    process.kill_on_drop(true);
    let said = command::output(process).await?;
    ensure!(
        said.contains("registered after"),
        "the test ended well, but did not see the complaint registered:\n{said}"
    );
    Ok(())
}

/// Has each `OpenAPI` document judged that a pod with an edge answers.
async fn openapi(objects: &Objects, stage: &Stage) -> anyhow::Result<()> {
    let redocly = tools::redocly().await?;
    let mut seen = 0;
    for pod in objects.pods()? {
        let answer = reqwest::get(format!("http://{}/openapi.json", pod.port(&"http".into())?)).await;
        let Ok(answer) = answer.and_then(reqwest::Response::error_for_status) else { continue };
        let file = stage.folder().join(format!("{}-openapi.json", pod.name));
        std::fs::write(&file, answer.bytes().await?)?;
        let mut lint = Command::new(&redocly);
        // Rules that are errors fail; those of taste only warn.
        lint.args(["lint", "--extends=minimal", "--format=stylish"]).arg(&file);
        lint.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        command::output(lint).await.with_context(|| pod.name.clone())?;
        seen += 1;
    }
    ensure!(seen >= 6, "six pods at least have an HTTP edge with a document; {seen} answered");
    Ok(())
}

async fn end(running: Vec<(Pod, ServiceProcess)>) -> anyhow::Result<()> {
    for (pod, process) in running {
        let status = process.terminate(STOP_LIMIT).await.with_context(|| pod.name.clone())?;
        let log = || std::fs::read_to_string(process.log()).unwrap_or_default();
        ensure!(status.success(), "{} ended with {status}:\n{}", pod.name, log());
    }
    Ok(())
}

/// The collector holds what it has for a moment.
async fn came(objects: &Objects, stage: &Stage) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match told(objects, stage) {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
            outcome => return outcome,
        }
    }
}

/// Every pod's metrics and the acceptance's spans, under the pod's name and the namespace: the variables that carry them are
/// put together by the chart and by a kubelet.
fn told(objects: &Objects, stage: &Stage) -> anyhow::Result<()> {
    let (spans, metrics) = stage.receiver().received();
    for pod in objects.pods()? {
        let wanted = |attribute: &str, value: &str| (attribute.to_owned(), value.to_owned());
        let name = [wanted("service.instance.id", &pod.name), wanted("k8s.namespace.name", "redress")];
        let known = |resources: &[receiver::Resource]| {
            resources.iter().any(|own| name.iter().all(|it| own.contains(it)))
        };
        ensure!(known(&metrics), "no metrics of {} came; there are {metrics:?}", pod.name);
        let accepts = pod.name.ends_with("intake-accept");
        ensure!(!accepts || known(&spans), "no spans of {} came; there are {spans:?}", pod.name);
    }
    Ok(())
}
