use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::task::AbortHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::transport::Server;

use crate::wait_until;

/// A gRPC server on loopback that can do nothing: it answers every call with UNIMPLEMENTED and keeps its headers, to see
/// what a client puts on the wire. Ends when dropped.
#[derive(Debug)]
pub struct HeardCalls {
    /// Where it listens.
    pub url: String,
    heard: Heard,
    task: AbortHandle,
}

/// Path and headers of each call.
type Heard = Arc<Mutex<Vec<(String, HeaderMap)>>>;

impl HeardCalls {
    /// On a free port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let heard = Heard::default();
        let router = Router::new().fallback(hear).with_state(Arc::clone(&heard));
        let server = Server::builder().add_routes(router.into());
        let serving = server.serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(serving).abort_handle();
        Ok(Self { url, heard, task })
    }

    /// The headers of the first call whose path ends with `method`, once it has come.
    ///
    /// # Panics
    /// If none comes `within` this time.
    pub async fn headers_of(&self, method: &str, within: Duration) -> HeaderMap {
        let heard = async || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.iter().find(|(path, _)| path.ends_with(method)).map(|(_, headers)| headers.clone())
        };
        wait_until(&format!("a call of {method}"), within, heard).await
    }
}

async fn hear(State(heard): State<Heard>, request: Request) -> Response {
    let call = (request.uri().path().to_owned(), request.headers().clone());
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    Status::unimplemented("nothing can be done here").into_http()
}

impl Drop for HeardCalls {
    fn drop(&mut self) {
        self.task.abort();
    }
}
