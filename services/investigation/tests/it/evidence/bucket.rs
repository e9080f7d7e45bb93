//! Files in buckets: a real server that speaks S3's protocol, over a folder.

use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use redress_investigation::objects::{EvidenceConfig, S3Config};
use redress_proto::investigation::v1 as wire;
use redress_testkit::wait_until;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::samples::CHAT;
use super::{Shelf, chat, files_in, header};
use crate::bench::{complainant, reason, staff};

const KEY: &str = "redress";
const SECRET: &str = "a-secret-of-tests";
const PATIENCE: Duration = Duration::from_secs(60);

/// The server; it ends with this value.
struct Server {
    at: SocketAddr,
    root: std::path::PathBuf,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(root: &std::path::Path) -> Self {
        for bucket in ["evidence", "papers"] {
            std::fs::create_dir_all(root.join(bucket)).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        Self { at, root: root.to_owned(), task: serve(root, listener) }
    }

    /// Away, with every connection that it had.
    async fn stop(&mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }

    /// Back at the same address.
    async fn back(&mut self) {
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.task = serve(&self.root, listener);
    }

    fn config(&self) -> EvidenceConfig {
        let s3 = S3Config {
            region: "cn-test-1".into(),
            endpoint: format!("http://{}", self.at),
            allow_http: true,
            access_key_id: KEY.into(),
            secret_access_key: SECRET.to_owned().into(),
            patience_s: 20,
        };
        EvidenceConfig {
            store: "s3://evidence/redress/plain".into(),
            sensitive_store: "s3://papers".into(),
            s3,
            ..EvidenceConfig::in_folder(&self.root)
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn serve(root: &std::path::Path, listener: TcpListener) -> JoinHandle<()> {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    tokio::spawn(async move {
        let mut open = JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service.clone();
            open.spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                // Whoever was cut off is the test's matter.
                server.serve_connection(TokioIo::new(socket), service).await.ok();
            });
        }
    })
}

/// A server with a shelf over it.
async fn shelf() -> (Server, Shelf) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let config = server.config();
    (server, Shelf::over(folder, &config).await)
}

/// More than two parts of an upload.
fn large() -> Vec<u8> {
    CHAT.repeat(250_000).into_bytes()
}

/// Files that lie in a bucket.
fn lie(server: &Server, bucket: &str) -> usize {
    files_in(&server.root.join(bucket)).len()
}

/// What uploads that were never completed left on the server, by the names that it gives them.
fn parts(server: &Server) -> Vec<String> {
    files_in(&server.root).into_iter().filter(|name| name.contains("upload")).collect()
}

#[tokio::test]
async fn a_bucket_keeps_small_and_large_files_gives_them_back_and_shows_that_they_are_whole() {
    let (server, shelf) = shelf().await;
    let (small, many) = (CHAT.as_bytes(), large());
    let one = shelf.kept(&complainant(), chat("one"), small).await;
    let two = shelf.kept(&complainant(), chat("two"), &many).await;
    let paper = header("three", wire::EvidenceType::IdentityDocument, "application/pdf");
    shelf.kept(&complainant(), paper, b"%PDF-1.7\n").await;
    assert_eq!((lie(&server, "evidence/redress/plain"), lie(&server, "papers")), (2, 1), "apart, and prefixed");
    assert!(shelf.get(&staff("handler-1"), &one).await.unwrap().1 == small);
    assert!(shelf.get(&staff("handler-1"), &two).await.unwrap().1 == many);
    assert_eq!(parts(&server), Vec::<String>::new());
    assert!(shelf.verify(true).await.intact);

    let place = files_at(&server, &two);
    let mut altered = std::fs::read(&place).unwrap();
    altered[9_000_000] ^= 1;
    std::fs::write(&place, altered).unwrap();
    let verdict = shelf.verify(true).await;
    assert_eq!((verdict.faults[0].evidence_id.as_str(), verdict.faults[0].reason.as_str()), (two.as_str(), "CONTENT_ALTERED"));
}

fn files_at(server: &Server, evidence: &str) -> std::path::PathBuf {
    let id = crate::bench::id(1);
    server.root.join("evidence/redress/plain/tenant-a").join(id).join(evidence)
}

#[tokio::test]
async fn of_an_upload_that_is_refused_after_some_parts_nothing_is_left_in_the_bucket() {
    let (server, shelf) = shelf().await;
    let told = wire::EvidenceHeader { sha256: "00".repeat(32), ..chat("one") };
    assert_eq!(reason(shelf.submit(&complainant(), told, &large()).await), "EVIDENCE_HASH_DIFFERS");
    let mut binary = large();
    binary.push(0);
    assert_eq!(reason(shelf.submit(&complainant(), chat("two"), &binary).await), "EVIDENCE_CONTENT_DIFFERS");
    assert_eq!((lie(&server, "evidence"), parts(&server)), (0, Vec::new()));
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
    shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
}

#[tokio::test]
async fn with_wrong_credentials_nothing_is_kept_and_what_was_announced_is_swept_with_the_right_ones() {
    let (server, mut shelf) = shelf().await;
    let config = server.config();
    let s3 = S3Config { secret_access_key: "another".to_owned().into(), ..config.s3.clone() };
    shelf.reopen(&EvidenceConfig { s3, ..config });
    for (name, bytes) in [("one", CHAT.as_bytes()), ("two", &large())] {
        let refused = shelf.submit(&complainant(), chat(name), bytes).await;
        assert_eq!(reason(refused), "DEPENDENCY_UNAVAILABLE", "{name}");
    }
    assert_eq!((lie(&server, "evidence"), shelf.bench.count("SELECT count(*) FROM evidence").await), (0, 0));
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 2);
    shelf.reopen(&server.config());
    assert_eq!(shelf.files.sweep_older_than(Duration::ZERO).await.unwrap(), 2);
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);
    shelf.kept(&complainant(), chat("one"), CHAT.as_bytes()).await;
}

#[tokio::test]
async fn a_store_that_is_away_for_a_moment_is_waited_for_and_one_that_stays_away_is_told() {
    let (mut server, mut shelf) = shelf().await;
    server.stop().await;
    let (who, bytes) = (complainant(), large());
    let bring = shelf.submit(&who, chat("one"), &bytes);
    let return_soon = async {
        // It has begun: there is no way back from here but the store's.
        wait_until("the upload has begun", PATIENCE, async || {
            (shelf.bench.count("SELECT count(*) FROM pending_object").await == 1).then_some(())
        })
        .await;
        server.back().await;
    };
    let (kept, ()) = tokio::join!(bring, return_soon);
    let kept = kept.unwrap().evidence.unwrap();
    assert!(shelf.get(&staff("handler-1"), &kept.evidence_id).await.unwrap().1 == bytes);

    server.stop().await;
    let hasty = server.config();
    let hasty = EvidenceConfig { s3: S3Config { patience_s: 1, ..hasty.s3.clone() }, ..hasty };
    shelf.reopen(&hasty);
    assert_eq!(reason(shelf.submit(&complainant(), chat("two"), &bytes).await), "DEPENDENCY_UNAVAILABLE");
    assert_eq!(reason(shelf.get(&staff("handler-1"), &kept.evidence_id).await), "DEPENDENCY_UNAVAILABLE");
}
