use std::collections::BTreeSet;

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::{HealthReporter, HealthService};

use super::Readiness;

/// The health service for a reporter; the main port and the admin port offer the same.
pub(crate) fn service(reporter: &HealthReporter) -> HealthServer<impl Health + use<>> {
    HealthServer::new(HealthService::from_health_reporter(reporter.clone()))
}

/// Reports each of `services` as serving while the process is ready. The empty name stands for living and is
/// always serving, so that a probe of it never restarts a process for the fault of another.
pub(crate) async fn follow(readiness: Readiness, reporter: HealthReporter, services: BTreeSet<&'static str>) {
    let mut ready = false;
    loop {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in &services {
            reporter.set_service_status(name, status).await;
        }
        readiness.wait_for(!ready).await;
        ready = !ready;
    }
}
