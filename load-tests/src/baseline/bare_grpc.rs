//! The floor of any gRPC service: a server that decodes the request and answers, and nothing else.
//!
//! It runs as a process of its own, this binary's `raw-server`, so that its processor time is its own, as intake's is.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, bail};
use redress_devstack::ServiceProcess;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::{SubmitComplaintRequest, SubmitComplaintResponse};
use tokio::net::{TcpListener, TcpStream};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc as GrpcServer, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::harness::{Operation, at_rate};
use crate::driver::{Answer, Caller, Grpc};
use crate::procfs::cpu_of_tree;
use crate::site::Site;
use crate::texts::Texts;

const READY_LIMIT: Duration = Duration::from_secs(10);

/// Serves until the process is ended.
pub(crate) async fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(Server::builder().add_service(Bare).serve_with_incoming(incoming).await?)
}

/// Routes by name only: the generated server would want every method of the service.
#[derive(Debug, Clone)]
struct Bare;

impl NamedService for Bare {
    const NAME: &'static str = "redress.intake.v1.IntakeService";
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let codec = ProstCodec::<SubmitComplaintResponse, SubmitComplaintRequest>::default();
        Box::pin(async move { Ok(GrpcServer::new(codec).unary(Fixed, request).await) })
    }
}

/// Answers with as many bytes as intake.
struct Fixed;

impl UnaryService<SubmitComplaintRequest> for Fixed {
    type Response = SubmitComplaintResponse;
    type Future = Ready<Result<Response<SubmitComplaintResponse>, Status>>;

    fn call(&mut self, _: Request<SubmitComplaintRequest>) -> Self::Future {
        let time = || Some(to_wire_time(jiff::Timestamp::MAX));
        ready(Ok(Response::new(SubmitComplaintResponse {
            complaint_id: "00000000-0000-8000-8000-000000000000".to_owned(),
            complaint_no: "20261125-0000000000-0".to_owned(),
            received_at: time(),
            acknowledge_by: time(),
            duplicate: false,
        })))
    }
}

struct Calls {
    client: Grpc,
    callers: Vec<Caller>,
    texts: Texts,
}

impl Operation for Calls {
    async fn run(&self, number: u64) -> anyhow::Result<()> {
        let number = usize::try_from(number)?;
        let caller = &self.callers[number % self.callers.len()];
        match self.client.submit(number, caller, self.texts.request(number)).await {
            Answer::Accepted(_) => Ok(()),
            Answer::Rejected(error) | Answer::Unknown(error) => bail!("the bare server failed: {error}"),
        }
    }
}

/// Server processor time per call, microseconds, with the driver, payload and rate that intake gets.
pub(super) async fn measure(site: &Site, rate: u32, lasting: Duration) -> anyhow::Result<f64> {
    let address = format!("127.0.0.1:{}", redress_devstack::free_port());
    let mut command = Command::new(std::env::current_exe().context("cannot find the running binary")?);
    command.args(["raw-server", "--listen", &address]);
    let server = ServiceProcess::start("raw-server", &command, site.dir())?;
    server.wait_ready(READY_LIMIT, async || TcpStream::connect(&address).await.is_ok()).await?;

    let calls = Arc::new(Calls {
        client: Grpc::to(&address)?,
        callers: site.callers()?,
        texts: Texts::of_run("raw"),
    });
    at_rate(&calls, rate, super::WARM_UP).await?;
    let before = cpu_of_tree(server.pid())?;
    let done = at_rate(&calls, rate, lasting).await?;
    Ok(done.cpu_us(cpu_of_tree(server.pid())?.saturating_sub(before)))
}
