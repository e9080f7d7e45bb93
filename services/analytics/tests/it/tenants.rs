//! No call shows anything of another tenant: tried with every RPC that the contract has.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use jiff::SignedDuration;
use prost::Message as _;
use redress_proto::analytics::v1 as wire;
use redress_proto::analytics::v1::analytics_service_server::AnalyticsService as _;
use redress_proto::convert::to_wire_time;
use reqwest::StatusCode;
use serde_json::Value;
use tonic::Code;
use uuid::Uuid;

use crate::bench::{Bench, call, supervisor};
use crate::history::{History, TENANTS, begin};
use crate::log::{LIMIT, counted, written};
use crate::process::{Installation, span};

/// A tenant of whom nothing was ever told, or one of whom something was.
async fn seen_by(tenant: &str, method: &str, bench: &Bench, history: &History) -> bool {
    let caller = || supervisor(tenant);
    let from = Some(to_wire_time(begin()));
    let until = Some(to_wire_time(begin() + SignedDuration::from_hours(24 * 30)));
    match method {
        // The dictionary is the same for all and tells of nobody.
        "ListMetricDefinitions" => false,
        "QueryMetrics" => {
            let metric = "complaints".into();
            let request = wire::QueryMetricsRequest { metric, from, until, ..Default::default() };
            !bench.grpc.query_metrics(call(caller(), request)).await.unwrap().into_inner().rows.is_empty()
        }
        "ListSlaFacts" => {
            let request = wire::ListSlaFactsRequest { from, until };
            let facts = bench.grpc.list_sla_facts(call(caller(), request)).await.unwrap().into_inner();
            !facts.try_collect::<Vec<_>>().await.unwrap().is_empty()
        }
        "GetCaseFacts" => {
            let case = history.cases.iter().find(|case| case.tenant == TENANTS[0]).unwrap();
            let request = wire::GetCaseFactsRequest { complaint_id: case.id.to_string() };
            match bench.grpc.get_case_facts(call(caller(), request)).await {
                Ok(_) => true,
                Err(refused) => {
                    assert_eq!(refused.code(), Code::NotFound, "the same as for what does not exist");
                    false
                }
            }
        }
        "DrillDown" => {
            let metric = "complaints".into();
            let request = wire::DrillDownRequest { metric, from, until, ..Default::default() };
            !bench.grpc.drill_down(call(caller(), request)).await.unwrap().into_inner().cases.is_empty()
        }
        "ExportDataset" => {
            let request = wire::ExportDatasetRequest { from, until };
            let chunks = bench.grpc.export_dataset(call(caller(), request)).await.unwrap().into_inner();
            let chunks: Vec<wire::ExportDatasetResponse> = chunks.try_collect().await.unwrap();
            let file: Vec<u8> = chunks.into_iter().flat_map(|part| part.chunk).collect();
            csv::Reader::from_reader(file.as_slice()).records().count() > 0
        }
        other => panic!("{other} is not tried: does it show anything of another tenant?"),
    }
}

fn methods() -> BTreeSet<String> {
    let set = prost_types::FileDescriptorSet::decode(redress_proto::DESCRIPTORS).unwrap();
    let files = set.file.iter().filter(|file| file.package() == "redress.analytics.v1");
    let services = files.flat_map(|file| &file.service);
    services.flat_map(|service| &service.method).map(|method| method.name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rpc_shows_anything_of_another_tenant() {
    let bench = Bench::new().await;
    bench.counted_through(begin() + SignedDuration::from_hours(24 * 30)).await;
    let mut history = History::of(7, 60);
    history
        .streams
        .retain(|stream| stream.events.first().is_none_or(|told| told.meta.tenant.as_str() == TENANTS[0]));
    bench.apply_all(history.streams.clone()).await;
    for method in methods() {
        if method != "ListMetricDefinitions" {
            assert!(seen_by(TENANTS[0], &method, &bench, &history).await, "{method} shows the tenant's own");
        }
        for stranger in [TENANTS[1], "tenant-c"] {
            assert!(!seen_by(stranger, &method, &bench, &history).await, "{method} shows another's");
        }
    }
}

/// Everything that is served over HTTP, by the document that the edge gives of itself.
async fn routes(installation: &Installation) -> Vec<String> {
    let (_, document) = installation.answered(TENANTS[0], "/openapi.json").await;
    let document: Value = serde_json::from_str(&document).unwrap();
    document["paths"].as_object().unwrap().keys().cloned().collect()
}

/// What a tenant sees of complaints over a route, of all those that there are.
async fn seen_over(
    installation: &Installation,
    (tenant, route): (&str, &str),
    history: &History,
) -> BTreeSet<Uuid> {
    let all = history.cases.iter().map(|case| case.id);
    let named_in = |body: &str| all.clone().filter(|id| body.contains(&id.to_string())).collect();
    let answer = |path: String| async move {
        let (status, body) = installation.answered(tenant, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    };
    match route {
        // The dictionary is the same for all and tells of nobody.
        "/v1/metrics/definitions" => BTreeSet::new(),
        "/v1/metrics" => {
            let told = answer(format!("{route}?metric=complaints&{}", span())).await;
            let told: Value = serde_json::from_str(&told).unwrap();
            let rows = told["rows"].as_array().into_iter().flatten();
            let sum: f64 = rows.map(|row| row["value"].as_f64().unwrap()).sum();
            // A number names nobody: it is that of the tenant's own complaints, or others are among them.
            let own: BTreeSet<Uuid> = of(history, tenant);
            assert!((sum - f64::from(u32::try_from(own.len()).unwrap())).abs() < 0.5, "{tenant}: {sum}");
            own
        }
        "/v1/metrics/cases" => {
            named_in(&answer(format!("{route}?metric=complaints&pageSize=100&{}", span())).await)
        }
        "/v1/facts.csv" => named_in(&answer(format!("{route}?{}", span())).await),
        "/v1/facts/{complaintId}" => {
            let nobodys = installation.answered(tenant, &format!("/v1/facts/{}", Uuid::from_u128(1))).await;
            assert_eq!(nobodys.0, StatusCode::NOT_FOUND);
            let mut seen = BTreeSet::new();
            for id in all {
                let answered = installation.answered(tenant, &format!("/v1/facts/{id}")).await;
                if answered.0 == StatusCode::OK {
                    seen.insert(id);
                } else {
                    assert_eq!(answered, nobodys, "the same as for what does not exist");
                }
            }
            seen
        }
        other => panic!("{other} is not tried: does it show anything of another tenant?"),
    }
}

fn of(history: &History, tenant: &str) -> BTreeSet<Uuid> {
    history.cases.iter().filter(|case| case.tenant == tenant).map(|case| case.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_every_route_a_tenant_sees_its_own_complaints_and_no_other() {
    let installation = Installation::new().await;
    let history = History::of(14, 60);
    let written = written(&history.streams, 14);
    installation.log.write(written.iter().copied()).await;
    let process = installation.serve().await;
    counted(&installation.bench.db, written.len(), 0).await;
    for tenant in TENANTS {
        assert!(!of(&history, tenant).is_empty(), "{tenant} has something to see");
    }
    for route in routes(&installation).await {
        for tenant in [TENANTS[0], TENANTS[1], "tenant-c"] {
            let seen = seen_over(&installation, (tenant, &route), &history).await;
            let own = if route.ends_with("definitions") { BTreeSet::new() } else { of(&history, tenant) };
            assert_eq!(seen, own, "{tenant} over {route}");
        }
    }
    assert!(process.terminate(LIMIT).await.unwrap().success());
}

#[tokio::test]
async fn a_call_that_the_runtime_has_not_let_in_is_refused() {
    let bench = Bench::new().await;
    let refused = bench.grpc.query_metrics(tonic::Request::new(wire::QueryMetricsRequest::default())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
}
