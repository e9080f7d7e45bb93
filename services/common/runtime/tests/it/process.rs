//! The greeter as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use redress_testkit::{bearing, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tonic::body::Body;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::issuer::{ISSUER, Issuer};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A client without timers: tonic's own would end a call at its deadline before the service answers.
pub(crate) type Plain = Client<HttpConnector, Body>;

pub(crate) fn plain() -> Plain {
    let mut connector = HttpConnector::new();
    // Or a small frame waits for the acknowledgement of the one before.
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).http2_only(true).build(connector)
}

pub(crate) struct Greeter {
    child: Child,
    folder: TempDir,
    pub(crate) issuer: Issuer,
    pub(crate) grpc: Uri,
    client: Plain,
    pub(crate) http: String,
    pub(crate) admin: String,
}

/// The greeter's binary with an environment that has nothing of the test's own.
pub(crate) fn command() -> Command {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().and_then(Path::parent).unwrap().join("examples/greeter");
    assert!(binary.exists(), "{} is missing: cargo test -p redress-runtime builds it", binary.display());
    let mut command = Command::new(binary);
    command.env_clear();
    command
}

impl Greeter {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(environment: &[(&str, &str)]) -> Self {
        let mut greeter = Self::spawn(environment);
        let ready = greeter.folder.path().join("ready.json");
        greeter.until("ready", || ready.exists()).await;
        let addresses: Value = serde_json::from_str(&fs::read_to_string(ready).unwrap()).unwrap();
        let url = |port: &str| format!("http://{}", addresses[port].as_str().unwrap());
        greeter.grpc = url("grpc").parse().unwrap();
        (greeter.http, greeter.admin) = (url("http"), url("admin"));
        greeter
    }

    /// A process that may not become ready.
    pub(crate) fn spawn(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new("key-1");
        let keys = folder.path().join("keys.json");
        fs::write(&keys, issuer.jwks()).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command()
            .env("REDRESS__RUNTIME__GRPC__LISTEN", "127.0.0.1:0")
            .env("REDRESS__RUNTIME__HTTP__LISTEN", "127.0.0.1:0")
            .env("REDRESS__RUNTIME__ADMIN__LISTEN", "127.0.0.1:0")
            .env("REDRESS__RUNTIME__ADMIN__READY_FILE", folder.path().join("ready.json"))
            .env("REDRESS__RUNTIME__AUTH__ISSUER", ISSUER)
            .env("REDRESS__RUNTIME__AUTH__JWKS", keys)
            .envs(environment.iter().copied())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let (http, admin) = (String::new(), String::new());
        Self { child, folder, issuer, grpc: Uri::default(), client: plain(), http, admin }
    }

    pub(crate) fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for a condition.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        wait_until(what, PATIENCE, async || condition().then_some(())).await;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        wait_until("the process has ended", PATIENCE, async || self.child.try_wait().unwrap()).await
    }

    pub(crate) async fn call(&self, method: &str, token: Option<&str>, text: &str) -> Result<String, Status> {
        let text = text.to_owned();
        let request = match token {
            Some(token) => bearing(token, text),
            None => Request::new(text),
        };
        self.send(method, request).await
    }

    pub(crate) async fn send<M: prost::Message + 'static>(
        &self,
        method: &str,
        request: Request<M>,
    ) -> Result<String, Status> {
        let codec = ProstCodec::<M, String>::default();
        self.client().await?.unary(request, path(method), codec).await.map(tonic::Response::into_inner)
    }

    /// The stream of `Stay`, which has nothing to tell.
    pub(crate) async fn stay(&self, token: &str) -> Streaming<String> {
        let request = bearing(token, String::new());
        let codec = ProstCodec::<String, String>::default();
        let mut client = self.client().await.unwrap();
        client.server_streaming(request, path("Stay"), codec).await.unwrap().into_inner()
    }

    async fn client(&self) -> Result<tonic::client::Grpc<Plain>, Status> {
        let mut client = tonic::client::Grpc::with_origin(self.client.clone(), self.grpc.clone());
        client.ready().await.map_err(|error| Status::new(Code::Unavailable, error.to_string()))?;
        Ok(client)
    }

    /// What `Greet` answers to a caller without roles.
    pub(crate) async fn greet(&self, text: &str) -> Value {
        let answer = self.call("Greet", Some(&self.issuer.token(&[])), text).await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Waits until so many calls of `Hold` are being handled.
    pub(crate) async fn until_held(&self, count: u64) {
        let held = async || (self.greet("").await["held"] == count).then_some(());
        wait_until("calls are held", PATIENCE, held).await;
    }

    pub(crate) async fn metrics(&self) -> String {
        reqwest::get(format!("{}/metrics", self.admin)).await.unwrap().text().await.unwrap()
    }

    /// The value of the one series whose line begins so and holds all of `labels`.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let metrics = self.metrics().await;
        let line = metrics
            .lines()
            .find(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/redress.greeter.v1.GreeterService/{method}").parse().unwrap()
}

impl Drop for Greeter {
    /// Shows the log when the test fails.
    #[expect(clippy::print_stdout, reason = "what a failure is understood by")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
