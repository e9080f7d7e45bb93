//! The gRPC service: decode → app → encode, nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use redress_proto::analytics::v1 as wire;
use redress_proto::analytics::v1::analytics_service_server::AnalyticsService;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status};

use crate::App;
use crate::error::Error;

/// The service of `redress.analytics.v1`.
#[derive(Clone)]
pub struct Grpc {
    app: App,
}

impl Grpc {
    /// The service over `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AnalyticsService for Grpc {
    async fn list_metric_definitions(
        &self,
        _request: Request<wire::ListMetricDefinitionsRequest>,
    ) -> Answer<wire::ListMetricDefinitionsResponse> {
        Ok(Response::new(self.app.questions.definitions()))
    }

    async fn query_metrics(
        &self,
        request: Request<wire::QueryMetricsRequest>,
    ) -> Answer<wire::QueryMetricsResponse> {
        let (caller, message) = parts(request)?;
        self.app.questions.query(&caller, message).await.map(Response::new).map_err(refused)
    }

    type ListSlaFactsStream = Streamed<wire::ListSlaFactsResponse>;

    async fn list_sla_facts(
        &self,
        request: Request<wire::ListSlaFactsRequest>,
    ) -> Answer<Self::ListSlaFactsStream> {
        let (caller, message) = parts(request)?;
        let facts = self.app.questions.sla_facts(&caller, message).await.map_err(refused)?;
        Ok(Response::new(Box::pin(facts.map(|fact| fact.map_err(refused)))))
    }

    async fn get_case_facts(
        &self,
        request: Request<wire::GetCaseFactsRequest>,
    ) -> Answer<wire::GetCaseFactsResponse> {
        let (caller, message) = parts(request)?;
        let facts = self.app.questions.case(&caller, &message).await.map_err(refused)?;
        Ok(Response::new(wire::GetCaseFactsResponse { facts: Some(facts) }))
    }

    async fn drill_down(&self, request: Request<wire::DrillDownRequest>) -> Answer<wire::DrillDownResponse> {
        let (caller, message) = parts(request)?;
        self.app.questions.drill_down(&caller, message).await.map(Response::new).map_err(refused)
    }

    type ExportDatasetStream = Streamed<wire::ExportDatasetResponse>;

    async fn export_dataset(
        &self,
        request: Request<wire::ExportDatasetRequest>,
    ) -> Answer<Self::ExportDatasetStream> {
        let (caller, message) = parts(request)?;
        let chunks = self.app.questions.export(&caller, &message).map_err(refused)?;
        let told =
            chunks.map(|chunk| chunk.map(|chunk| wire::ExportDatasetResponse { chunk }).map_err(refused));
        Ok(Response::new(Box::pin(told)))
    }
}

fn refused(error: Error) -> Status {
    grpc::status(error.into_problem())
}
