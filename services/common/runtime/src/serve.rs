//! A service from its listeners to its last flush.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use prometheus::Registry;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::admission::Admission;
use crate::config::RuntimeConfig;
use crate::grpc::CallLayer;
use crate::health;
use crate::overload::{Limiter, Tenants};
use crate::policy::Policy;
use crate::running::Running;
use crate::server::{Bound, serve_grpc, serve_http};
use crate::{Context, Parts, Readiness, Service, Settings as _, Task, shutdown};

/// Serves until asked to leave. An error says what failed, at start, while serving or in leaving.
pub(crate) async fn serve<S: Service>(config: Arc<S::Config>, registry: Registry) -> anyhow::Result<()> {
    let asked = shutdown::on_signal()?;
    let runtime = config.runtime();
    forget(runtime.admin.ready_file.as_deref())?;
    let context = Context::new(runtime, crate::clock::configured(&runtime.time))?;
    let keys = context.readiness.condition("issuer_keys");
    let mut parts = S::build(Arc::clone(&config), context.clone()).await.context("build the service")?;
    let refresh = Arc::clone(&context.authenticator).keep_fresh(keys, context.stop.clone());
    parts.tasks.push(Task::new("issuer keys", refresh));
    let drain = std::mem::take(&mut parts.drain);

    let mut tasks = Running::default();
    let mut servers = Running::default();
    // Answers until the very end, so that probes see the process leave.
    let mut admin = Running::default();
    for task in std::mem::take(&mut parts.tasks) {
        tasks.spawn(task);
    }
    open(&config, &context, parts, registry, &mut servers, &mut admin).await?;

    let failure = tokio::select! {
        () = asked.cancelled() => None,
        failure = tasks.ended_early() => Some(failure),
        failure = servers.ended_early() => Some(failure),
        failure = admin.ended_early() => Some(failure),
    };
    if let Some(failure) = &failure {
        tracing::error!(error = format!("{failure:#}"), "a part has ended; the process leaves");
    }
    let left = leave(runtime, &context, servers, tasks, drain).await;
    failure.map_or(left, Err)
}

/// Opens the ports and serves them.
async fn open<C: crate::Settings>(
    config: &Arc<C>,
    context: &Context,
    parts: Parts,
    registry: Registry,
    servers: &mut Running,
    admin: &mut Running,
) -> anyhow::Result<()> {
    let runtime = config.runtime();
    let policy = checked_policy(&parts)?;
    let reporter = tonic_health::server::HealthReporter::new();
    tokio::spawn(health::follow(context.readiness.clone(), reporter.clone(), policy.services()));
    let admission = Arc::new(Admission {
        policy,
        authenticator: Arc::clone(&context.authenticator),
        limiter: Limiter::new(&runtime.overload),
        tenants: Tenants::new(&runtime.overload),
    });
    let routes = with_reflection(parts.grpc, parts.descriptors, runtime.grpc.reflection)?
        .add_service(health::service(&reporter))
        .prepare();
    let admin_routes = Routes::new(health::service(&reporter))
        .into_axum_router()
        .merge(health::router(context.readiness.clone(), registry))
        // Tonic's own answers everything with 200: a probe with a wrong path would find every process well.
        .fallback(async || http::StatusCode::NOT_FOUND);

    let grpc = Bound::to("runtime.grpc.listen", runtime.grpc.listen).await?;
    let probes = Bound::to("runtime.admin.listen", runtime.admin.listen).await?;
    let mut addresses = json!({ "grpc": grpc.address, "admin": probes.address });
    admin.spawn(Task::new("admin server", serve_http(probes, admin_routes, CancellationToken::new())));
    if let Some(routes) = parts.http {
        let http = Bound::to("runtime.http.listen", runtime.http.listen).await?;
        addresses["http"] = json!(http.address);
        let edge = crate::http::edge(routes, Arc::clone(&admission));
        servers.spawn(Task::new("HTTP server", serve_http(http, edge, context.draining.clone())));
    }
    let (config, draining) = (Arc::clone(config), context.draining.clone());
    servers.spawn(Task::new("gRPC server", async move {
        serve_grpc(grpc, routes, CallLayer(admission), &config.runtime().grpc, draining).await
    }));
    tracing::info!(addresses = %addresses, "listening");
    tokio::spawn(announce(context.readiness.clone(), runtime.admin.ready_file.clone(), addresses));
    Ok(())
}

fn checked_policy(parts: &Parts) -> anyhow::Result<Policy> {
    let policy = Policy::new(parts.policy).with_uploads(parts.descriptors)?;
    let gaps = policy.gaps(parts.descriptors).context("the service's descriptors")?;
    anyhow::ensure!(gaps.is_empty(), "the policy does not fit the services: {}", gaps.join("; "));
    Ok(policy)
}

fn with_reflection(routes: Routes, descriptors: &'static [u8], offered: bool) -> anyhow::Result<Routes> {
    if !offered {
        return Ok(routes);
    }
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Both versions: older tools ask for the alpha.
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}

/// Stage by stage: no more work, calls in flight, tasks, flushes. Each has its time; what does not end is left behind.
async fn leave(
    config: &RuntimeConfig,
    context: &Context,
    mut servers: Running,
    mut tasks: Running,
    drain: Vec<Task>,
) -> anyhow::Result<()> {
    shutdown::arm_hard_stop();
    context.readiness.leave();
    context.draining.cancel();
    let calls_until = Instant::now() + Duration::from_millis(config.shutdown.drain_ms);
    // A server's graceful end may never come (a peer that does not close), so it is raced with the deadline.
    let _ = servers.ended(calls_until).await;

    context.stop.cancel();
    let until = Instant::now() + Duration::from_millis(config.shutdown.tasks_ms);
    let mut outcome = tasks.ended(until).await;
    for Task { name, future } in drain {
        let flushed = tokio::time::timeout_at(until, future).await;
        let flushed = flushed.map_err(|_| anyhow!("took too long")).flatten();
        outcome = outcome.and(flushed.with_context(|| name));
    }
    tracing::info!(clean = outcome.is_ok(), "leaving");
    outcome
}

async fn announce(readiness: Readiness, file: Option<std::path::PathBuf>, addresses: serde_json::Value) {
    readiness.wait_for(true).await;
    tracing::info!("ready");
    if let Some(file) = file {
        // Renamed into place: whoever waits for the file finds it whole.
        let partial = file.with_extension("partial");
        let written =
            std::fs::write(&partial, addresses.to_string()).and_then(|()| std::fs::rename(&partial, &file));
        if let Err(error) = written {
            tracing::error!(%error, file = %file.display(), "the ready file could not be written");
        }
    }
}

/// An old ready file would tell of a process that is gone.
fn forget(ready_file: Option<&Path>) -> anyhow::Result<()> {
    match ready_file.map(std::fs::remove_file) {
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("the old ready file")
        }
        _ => Ok(()),
    }
}
