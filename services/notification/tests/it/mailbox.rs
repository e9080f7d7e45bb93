//! The platform's message box, behind a `ChannelAdapterService` of the tests' own.

use std::sync::{Arc, Mutex};

use redress_proto::notification::v1::channel_adapter_service_server::{
    ChannelAdapterService, ChannelAdapterServiceServer,
};
use redress_proto::notification::v1::{DeliverRequest, DeliverResponse};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// What it answers, and what it was given.
type State = (Result<DeliverResponse, Status>, Vec<DeliverRequest>);

#[derive(Clone)]
pub(crate) struct Mailbox {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Mailbox {
    pub(crate) async fn start() -> Self {
        Self::serve("http", Server::builder()).await
    }

    /// One that is spoken to by TLS alone; with the PEM text of its own authority.
    pub(crate) async fn start_with_tls(name: &str) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let authority = made.cert.pem();
        let identity = Identity::from_pem(&authority, made.signing_key.serialize_pem());
        let server = Server::builder().tls_config(ServerTlsConfig::new().identity(identity)).unwrap();
        (Self::serve("https", server).await, authority)
    }

    async fn serve(scheme: &str, mut server: Server) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let accepted = DeliverResponse { outcome: "accepted".into(), reason: String::new() };
        let mailbox = Self { url, state: Arc::new(Mutex::new((Ok(accepted), Vec::new()))) };
        let server = server
            .add_service(ChannelAdapterServiceServer::new(mailbox.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        mailbox
    }

    pub(crate) fn answers(&self, outcome: &str, reason: &str) {
        self.state.lock().unwrap().0 = Ok(DeliverResponse { outcome: outcome.into(), reason: reason.into() });
    }

    pub(crate) fn fails(&self, status: Status) {
        self.state.lock().unwrap().0 = Err(status);
    }

    pub(crate) fn delivered(&self) -> Vec<DeliverRequest> {
        self.state.lock().unwrap().1.clone()
    }
}

#[tonic::async_trait]
impl ChannelAdapterService for Mailbox {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        let mut state = self.state.lock().unwrap();
        state.1.push(request.into_inner());
        state.0.clone().map(Response::new)
    }
}
