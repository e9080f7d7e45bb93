//! Files in buckets: a server that speaks S3's protocol, over a folder in which one can look.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use redress_investigation::app::evidence::Files;
use redress_investigation::domain::evidence::{Content, MediaType, Unfit};
use redress_investigation::objects::{
    EvidenceConfig, Limits, NotTaken, ObjectError, Place, S3Config, Writer, ingest,
};
use redress_proto::investigation::v1 as wire;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::samples::{film, photograph};
use super::{Shelf, chat, files_in, header};
use crate::bench::{Bench, complainant, reason, shop, staff};

const KEY: &str = "evidence-writer";
const SECRET: &str = "secret-of-the-evidence-writer";
/// More than two parts of an upload, and no whole number of them.
const LARGE: usize = (20 << 20) + 17;
const LIMITS: Limits =
    Limits { most_bytes: 100 << 20, idle: Duration::from_secs(30), total: Duration::from_mins(1) };

/// The server. It lives as long as the test.
struct Server {
    folder: TempDir,
    address: SocketAddr,
}

impl Server {
    /// With two buckets, `plain` and `sensitive`.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for bucket in ["plain", "sensitive"] {
            std::fs::create_dir(folder.path().join(bucket)).unwrap();
        }
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A client that goes away is none of the server's trouble.
                    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { folder, address }
    }

    fn config(&self) -> S3Config {
        S3Config {
            region: "cn-north-1".into(),
            endpoint: format!("http://{}", self.address),
            allow_http: true,
            access_key_id: KEY.into(),
            secret_access_key: SECRET.into(),
            patience_s: 5,
        }
    }

    fn place(&self) -> Place {
        Place::open("s3://plain/kept", &self.config()).unwrap()
    }

    /// What lies in a bucket.
    fn bucket(&self, name: &str) -> Vec<String> {
        files_in(&self.folder.path().join(name))
    }

    /// Parts of uploads that were not completed: the server keeps them beside its buckets.
    fn parts(&self) -> Vec<String> {
        let mut all = files_in(self.folder.path());
        all.retain(|name| name.starts_with(".upload"));
        all
    }
}

fn large() -> Vec<u8> {
    b"0123456789abcdef".iter().copied().cycle().take(LARGE).collect()
}

fn chunks(bytes: &[u8]) -> impl Iterator<Item = Result<Bytes, &'static str>> {
    bytes.chunks(300_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
}

fn text() -> Content {
    Content::new(MediaType::Text)
}

#[tokio::test]
async fn a_file_of_any_size_is_in_the_bucket_whole_and_comes_back_as_it_went() {
    let server = Server::start().await;
    let place = server.place();
    for (n, size) in [1, 1_000, 8 << 20, LARGE].into_iter().enumerate() {
        let bytes = &large()[..size];
        let key = format!("tenant-a/case/{n}");
        let stored = ingest(&place, &key, stream::iter(chunks(bytes)), text(), LIMITS).await.unwrap();
        assert_eq!((stored.size, stored.sha256), (size as u64, Sha256::digest(bytes).into()));
        assert_eq!(place.hash(&key).await.unwrap(), stored);
        assert!(place.whole(&key).await.unwrap() == bytes, "{size} bytes come back");
        let end = u64::try_from(size).unwrap();
        assert_eq!(place.range(&key, end - 1..end).await.unwrap(), bytes[size - 1..]);
        assert!(server.folder.path().join("plain/kept").join(&key).exists(), "under the prefix");
    }
    assert_eq!((server.bucket("plain").len(), server.parts()), (4, vec![]));
    place.remove("tenant-a/case/3").await.unwrap();
    place.remove("tenant-a/case/3").await.unwrap();
    assert!(matches!(place.hash("tenant-a/case/3").await, Err(ObjectError::Missing { .. })));
    assert_eq!(server.bucket("plain").len(), 3);
}

#[tokio::test]
async fn of_an_upload_that_breaks_off_or_is_refused_nothing_is_left_in_the_bucket() {
    let server = Server::start().await;
    let place = server.place();
    let large = large();
    let cut = stream::iter(chunks(&large).chain([Err("gone")]));
    let why = ingest(&place, "t/c/1", cut, text(), LIMITS).await.unwrap_err();
    assert!(matches!(why, NotTaken::Unfit(Unfit::CutShort, size) if size == LARGE as u64), "{why:?}");
    let few = Limits { most_bytes: (LARGE - 1) as u64, ..LIMITS };
    let why = ingest(&place, "t/c/2", stream::iter(chunks(&large)), text(), few).await.unwrap_err();
    assert!(matches!(why, NotTaken::Unfit(Unfit::TooLarge, _)), "{why:?}");
    assert_eq!((server.bucket("plain"), server.parts()), (vec![], vec![]));

    // Parts did lie there before it was given up: else this would show nothing.
    let mut writer = Writer::new(&place, "t/c/3");
    for chunk in chunks(&large) {
        writer.put(chunk.unwrap()).await.unwrap();
    }
    assert_ne!(server.parts(), Vec::<String>::new());
    writer.give_up().await;
    assert_eq!((server.bucket("plain"), server.parts()), (vec![], vec![]));
}

#[tokio::test]
async fn a_server_that_does_not_know_the_key_or_is_away_is_told_as_such_and_soon() {
    let server = Server::start().await;
    let wrong = S3Config { secret_access_key: "another".into(), ..server.config() };
    let place = Place::open("s3://plain", &wrong).unwrap();
    let source = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"words"))]);
    let refused = ingest(&place, "t/c/1", source, text(), LIMITS).await.unwrap_err();
    assert!(matches!(refused, NotTaken::Store(_)), "{refused:?}");
    assert_eq!(server.bucket("plain"), Vec::<String>::new());

    let nobody = S3Config { endpoint: "http://127.0.0.1:1".into(), patience_s: 1, ..server.config() };
    let place = Place::open("s3://plain", &nobody).unwrap();
    let source = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"words"))]);
    let away = ingest(&place, "t/c/1", source, text(), LIMITS).await.unwrap_err();
    assert!(matches!(away, NotTaken::Store(_)), "{away:?}");
}

#[tokio::test]
async fn evidence_in_buckets_is_taken_shown_copied_and_proved_like_any_other() {
    let server = Server::start().await;
    let bench = Bench::new().await;
    bench.opened(1).await;
    let config = EvidenceConfig {
        store: "s3://plain".into(),
        sensitive_store: "s3://sensitive/apart".into(),
        s3: server.config(),
        ..EvidenceConfig::in_folder(server.folder.path())
    };
    assert_eq!(config.problems(), Vec::<String>::new());
    let files = Files::open(bench.desk.clone(), &config).unwrap();
    let shelf = Shelf { bench, files, folder: tempfile::tempdir().unwrap() };

    let film_header = header("film", wire::EvidenceType::ComplainantVideo, "video/mp4");
    let film_piece = shelf.kept(&complainant(), film_header, &film()).await;
    let photo = header("photo", wire::EvidenceType::ComplainantPhoto, "image/jpeg");
    let photo = shelf.kept(&complainant(), photo, &photograph()).await;
    let paper = header("paper", wire::EvidenceType::IdentityDocument, "application/pdf");
    shelf.kept(&complainant(), paper, b"%PDF-1.7\n").await;
    assert_eq!((server.bucket("plain").len(), server.bucket("sensitive").len()), (2, 1));
    assert!(shelf.get(&complainant(), &film_piece).await.unwrap().1 == film(), "it comes back as it went");
    shelf.render(&staff("handler-1"), &photo, wire::Audience::Respondent).await.unwrap();
    assert_ne!(shelf.get(&shop(), &photo).await.unwrap().1, photograph(), "the copy, without its place");

    let words = chat("cut");
    let lying = wire::EvidenceHeader { sha256: "00".repeat(32), ..words };
    assert_eq!(reason(shelf.submit(&complainant(), lying, b"words").await), "EVIDENCE_HASH_DIFFERS");
    assert_eq!(server.bucket("plain").len(), 3, "two pieces and a copy, and nothing of what was refused");
    assert_eq!(shelf.bench.count("SELECT count(*) FROM pending_object").await, 0);

    assert!(shelf.verify(true).await.intact);
    let name = server.bucket("plain").into_iter().find(|name| *name == film_piece).unwrap();
    let stored = server.folder.path().join("plain/tenant-a").join(crate::bench::id(1)).join(name);
    let mut bytes = std::fs::read(&stored).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(&stored, bytes).unwrap();
    let faults = shelf.verify(true).await.faults;
    assert_eq!(faults.len(), 1);
    assert_eq!(
        (faults[0].evidence_id.as_str(), faults[0].reason.as_str()),
        (film_piece.as_str(), "CONTENT_ALTERED")
    );
}
