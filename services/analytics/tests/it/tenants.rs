//! No call shows anything of another tenant: tried with every RPC that the contract has.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use jiff::SignedDuration;
use prost::Message as _;
use redress_proto::analytics::v1 as wire;
use redress_proto::analytics::v1::analytics_service_server::AnalyticsService as _;
use redress_proto::convert::to_wire_time;
use tonic::Code;

use crate::bench::{Bench, call, supervisor};
use crate::history::{History, TENANTS, begin};

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

#[tokio::test]
async fn a_call_that_the_runtime_has_not_let_in_is_refused() {
    let bench = Bench::new().await;
    let refused = bench.grpc.query_metrics(tonic::Request::new(wire::QueryMetricsRequest::default())).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
}
