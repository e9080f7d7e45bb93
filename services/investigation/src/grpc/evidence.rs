//! The calls about files: decode → app → encode, as streams.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use redress_domain::Principal;
use redress_proto::investigation::v1 as wire;
use redress_runtime::grpc;
use tonic::{Response, Status, Streaming};

use super::{Answer, answer};
use crate::App;
use crate::app::evidence;
use crate::error::Error;

/// What `GetEvidence` gives.
pub(super) type Content = BoxStream<'static, Result<wire::GetEvidenceResponse, Status>>;
/// What `ExportEvidencePack` gives.
pub(super) type Pack = BoxStream<'static, Result<wire::ExportEvidencePackResponse, Status>>;

pub(super) async fn submit(
    app: &App,
    caller: &Principal,
    stream: Streaming<wire::SubmitEvidenceRequest>,
) -> Answer<wire::SubmitEvidenceResponse> {
    answer(evidence::submit(&app.files, caller, stream).await, |kept| kept)
}

pub(super) async fn get(app: &App, caller: &Principal, request: wire::GetEvidenceRequest) -> Answer<Content> {
    streamed(evidence::get(&app.files, caller, request).await)
}

pub(super) async fn list(
    app: &App,
    caller: &Principal,
    request: wire::ListEvidenceRequest,
) -> Answer<wire::ListEvidenceResponse> {
    answer(evidence::list(&app.files, caller, &request).await, |found| found)
}

pub(super) async fn produce_rendition(
    app: &App,
    caller: &Principal,
    request: wire::ProduceRenditionRequest,
) -> Answer<wire::ProduceRenditionResponse> {
    let made = evidence::produce(&app.files, caller, request).await;
    answer(made, |rendition| wire::ProduceRenditionResponse { rendition: Some(rendition) })
}

pub(super) async fn verify_chain(
    app: &App,
    caller: &Principal,
    request: wire::VerifyEvidenceChainRequest,
) -> Answer<wire::VerifyEvidenceChainResponse> {
    answer(evidence::verify(&app.files, caller, &request).await, |verdict| verdict)
}

pub(super) async fn export_pack(
    app: &App,
    caller: &Principal,
    request: wire::ExportEvidencePackRequest,
) -> Answer<Pack> {
    streamed(evidence::export(&app.files, caller, &request).await)
}

fn streamed<M: Send + 'static>(
    begun: Result<BoxStream<'static, Result<M, Error>>, Error>,
) -> Answer<BoxStream<'static, Result<M, Status>>> {
    let parts = begun.map_err(|error| grpc::status(error.into_problem()))?;
    let told = parts.map(|part| part.map_err(|error| grpc::status(error.into_problem())));
    Ok(Response::new(told.boxed()))
}
