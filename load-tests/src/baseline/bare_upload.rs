//! The floor of taking evidence in: a server that takes the same stream, hashes it, writes it to a file, waits for the
//! disk, and does nothing else.
//!
//! It runs as a process of its own, this binary's `raw-upload`, as investigation does.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use aws_lc_rs::digest;
use redress_devstack::ServiceProcess;
use redress_proto::investigation::v1::submit_evidence_request::Part;
use redress_proto::investigation::v1::{EvidenceItem, SubmitEvidenceRequest, SubmitEvidenceResponse};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{ClientStreamingService, Grpc as GrpcServer, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::procfs::Named;
use crate::site::Site;

const READY_LIMIT: Duration = Duration::from_secs(10);

/// Serves until the process is ended. Files lie in `folder` under numbers.
pub(crate) async fn serve(listen: SocketAddr, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let disk = Disk { folder: folder.into(), next: Arc::default() };
    Ok(Server::builder().add_service(disk).serve_with_incoming(incoming).await?)
}

/// Routes by name only: the generated server would want every method of the service.
#[derive(Debug, Clone)]
struct Disk {
    folder: PathBuf,
    next: Arc<AtomicU64>,
}

impl NamedService for Disk {
    const NAME: &'static str = "redress.investigation.v1.InvestigationService";
}

impl Service<http::Request<Body>> for Disk {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let codec = ProstCodec::<SubmitEvidenceResponse, SubmitEvidenceRequest>::default();
        let writing = Writing(self.clone());
        Box::pin(async move { Ok(GrpcServer::new(codec).client_streaming(writing, request).await) })
    }
}

/// One upload on its way to the disk.
struct Writing(Disk);

impl ClientStreamingService<SubmitEvidenceRequest> for Writing {
    type Response = SubmitEvidenceResponse;
    type Future = BoxFuture<Response<SubmitEvidenceResponse>, Status>;

    fn call(&mut self, request: Request<Streaming<SubmitEvidenceRequest>>) -> Self::Future {
        let Self(disk) = self;
        let file = disk.folder.join(disk.next.fetch_add(1, Ordering::Relaxed).to_string());
        Box::pin(async move { Ok(Response::new(written(&file, request.into_inner()).await?)) })
    }
}

async fn written(
    file: &Path,
    mut stream: Streaming<SubmitEvidenceRequest>,
) -> Result<SubmitEvidenceResponse, Status> {
    let failed = |error: std::io::Error| Status::internal(error.kind().to_string());
    let mut file = File::create_new(file).await.map_err(failed)?;
    let (mut hash, mut size) = (digest::Context::new(&digest::SHA256), 0);
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(chunk)) = message.part {
            hash.update(&chunk);
            size += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
            file.write_all(&chunk).await.map_err(failed)?;
        }
    }
    file.sync_all().await.map_err(failed)?;
    let sha256 = hex::encode(hash.finish());
    let evidence = EvidenceItem { sha256, size, ..EvidenceItem::default() };
    Ok(SubmitEvidenceResponse { evidence: Some(evidence), evidence_request: None })
}

/// A ready process of it.
#[derive(Debug)]
pub(crate) struct BareUpload {
    process: ServiceProcess,
    folder: PathBuf,
    /// Where it answers gRPC.
    pub(crate) grpc: String,
}

impl BareUpload {
    /// On the disk that investigation uses too.
    pub(crate) async fn start(site: &Site) -> anyhow::Result<Self> {
        let (grpc, folder) =
            (format!("127.0.0.1:{}", redress_devstack::free_port()), site.dir().join("raw-upload"));
        let mut command = Command::new(std::env::current_exe().context("cannot find the running binary")?);
        command.args(["raw-upload", "--listen", &grpc, "--folder"]).arg(&folder);
        let process = ServiceProcess::start("raw-upload", &command, site.dir())?;
        process.wait_ready(READY_LIMIT, async || TcpStream::connect(&grpc).await.is_ok()).await?;
        Ok(Self { process, folder, grpc })
    }

    pub(crate) fn named(&self) -> Named {
        Named { name: "bare", pid: self.process.pid() }
    }

    /// Removes what was written.
    pub(crate) async fn clear(&self) -> anyhow::Result<()> {
        tokio::fs::remove_dir_all(&self.folder).await?;
        Ok(tokio::fs::create_dir_all(&self.folder).await?)
    }
}
