//! Listeners. One server for all three ports: tonic's, which also speaks HTTP/1 where it is allowed to.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::config::{GrpcConfig, TlsConfig};
use crate::grpc::CallLayer;

/// A port that is bound but not served yet.
pub(crate) struct Bound {
    incoming: TcpIncoming,
    pub(crate) address: SocketAddr,
}

impl Bound {
    /// `key` is the setting that has the address.
    pub(crate) async fn to(key: &str, listen: SocketAddr) -> anyhow::Result<Self> {
        let cannot = || {
            format!(
                "cannot listen on {listen}; if another program does, end it or choose another port in {key}"
            )
        };
        let listener = TcpListener::bind(listen).await.with_context(cannot)?;
        let address = listener.local_addr()?;
        Ok(Self { incoming: TcpIncoming::from(listener).with_nodelay(Some(true)), address })
    }
}

/// Serves gRPC until `draining`, then until the last call has ended.
pub(crate) async fn serve_grpc(
    bound: Bound,
    routes: Routes,
    layer: CallLayer,
    config: &GrpcConfig,
    draining: CancellationToken,
) -> anyhow::Result<()> {
    let ms = Duration::from_millis;
    let mut server = Server::builder()
        .http2_keepalive_interval(Some(ms(config.keepalive_interval_ms)))
        .http2_keepalive_timeout(Some(ms(config.keepalive_timeout_ms)))
        .max_connection_age(ms(config.max_connection_age_ms))
        .max_connection_age_grace(ms(config.max_connection_age_grace_ms));
    if let Some(tls) = tls(&config.tls).await? {
        server = server.tls_config(tls)?;
    }
    server
        .layer(layer)
        .add_routes(routes)
        .serve_with_incoming_shutdown(bound.incoming, draining.cancelled_owned())
        .await?;
    Ok(())
}

/// Serves HTTP/1 and HTTP/2 until `draining`, then until the last call has ended.
pub(crate) async fn serve_http(
    bound: Bound,
    routes: Router,
    draining: CancellationToken,
) -> anyhow::Result<()> {
    Server::builder()
        .accept_http1(true)
        .add_routes(Routes::from(routes))
        .serve_with_incoming_shutdown(bound.incoming, draining.cancelled_owned())
        .await?;
    Ok(())
}

async fn tls(config: &TlsConfig) -> anyhow::Result<Option<ServerTlsConfig>> {
    let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else {
        return Ok(None);
    };
    let read = async |path: &std::path::PathBuf| {
        tokio::fs::read(path).await.with_context(|| path.display().to_string())
    };
    let mut tls =
        ServerTlsConfig::new().identity(Identity::from_pem(read(certificate).await?, read(key).await?));
    if let Some(authorities) = &config.client_ca_file {
        tls = tls.client_ca_root(Certificate::from_pem(read(authorities).await?));
    }
    Ok(Some(tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_in_one_sentence_with_what_to_do() {
        let first = Bound::to("runtime.grpc.listen", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let told = Bound::to("runtime.http.listen", first.address).await.err().unwrap();
        assert_eq!(
            told.to_string(),
            format!(
                "cannot listen on {}; if another program does, end it or choose another port in runtime.http.listen",
                first.address
            )
        );
    }
}
