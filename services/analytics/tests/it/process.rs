//! The process itself: its edges with their rules, and what is left of it after `kill -9`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::SignedDuration;
use redress_analytics::topics::LIFECYCLE;
use redress_devstack::ServiceProcess;
use redress_domain::{Clock as _, Role};
use redress_proto::analytics::v1 as wire;
use redress_proto::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use redress_proto::convert::to_wire_time;
use redress_testkit::{Addresses, TokenIssuer, bearing, wait_until};
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use crate::bench::Bench;
use crate::history::{History, TENANTS, begin};
use crate::log::{LIMIT, Log, WallClock, counted, expected, written};

/// An installed service: what a process of it needs.
pub(crate) struct Installation {
    pub(crate) bench: Bench,
    pub(crate) log: Log,
    at: Addresses,
    issuer: TokenIssuer,
    dir: TempDir,
}

impl Installation {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        issuer.write_jwks(&dir.path().join("jwks.json")).unwrap();
        let (bench, log) = (Bench::new().await, Log::new().await);
        Self { bench, log, at: Addresses::claim(), issuer, dir }
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress-analytics"));
        let jwks = self.dir.path().join("jwks.json");
        command.arg(subcommand).envs([
            ("REDRESS__POSTGRES__URL", self.bench.database.url.as_str()),
            ("REDRESS__KAFKA__BROKERS", &self.log.kafka.brokers),
            ("REDRESS__KAFKA__TOPIC_PREFIX", &self.log.kafka.topic_prefix),
            ("REDRESS__KAFKA__GROUP_INSTANCE_ID", "analytics-0"),
            ("REDRESS__KAFKA__SESSION_TIMEOUT_MS", "6000"),
            ("REDRESS__POSTGRES__LOCK_TIMEOUT_MS", "290000"),
            ("REDRESS__POSTGRES__STATEMENT_TIMEOUT_MS", "300000"),
            ("REDRESS__ANALYTICS__QUESTIONS__STATEMENT_TIMEOUT_MS", "600000"),
            // Of other services; one environment starts all.
            ("REDRESS__RUNTIME__AUTH__ISSUER", self.issuer.issuer()),
            ("REDRESS__RUNTIME__AUTH__AUDIENCE", self.issuer.audience()),
            ("REDRESS__RUNTIME__AUTH__JWKS", jwks.to_str().unwrap()),
            ("REDRESS__RUNTIME__GRPC__LISTEN", &self.at.grpc),
            ("REDRESS__RUNTIME__HTTP__LISTEN", &self.at.http),
            ("REDRESS__RUNTIME__ADMIN__LISTEN", &self.at.admin),
        ]);
        command
    }

    pub(crate) async fn serve(&self) -> ServiceProcess {
        let process = self.start("serve");
        process.wait_http(&self.at.admin, "/readyz", LIMIT).await.unwrap();
        process
    }

    fn start(&self, subcommand: &str) -> ServiceProcess {
        let dir: &Path = self.dir.path();
        ServiceProcess::start(subcommand, &self.command(subcommand), dir).unwrap()
    }

    fn token(&self, role: Role) -> String {
        self.token_of(TENANTS[0], role)
    }

    fn token_of(&self, tenant: &str, role: Role) -> String {
        let claims = self.issuer.claims(&tenant.parse().unwrap(), "subject-1", &[role], WallClock.now());
        self.issuer.sign(&claims).unwrap()
    }

    /// What a supervisor of a tenant is answered: status and body.
    pub(crate) async fn answered(&self, tenant: &str, path: &str) -> (StatusCode, String) {
        let request = reqwest::Client::new().get(format!("http://{}{path}", self.at.http));
        let answer = request.bearer_auth(self.token_of(tenant, Role::Supervisor)).send().await.unwrap();
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str, role: Option<Role>) -> reqwest::Response {
        let request = reqwest::Client::new().get(format!("http://{}{path}", self.at.http));
        let request = match role {
            Some(role) => request.bearer_auth(self.token(role)),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path, Some(Role::Supervisor)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

/// The whole history.
pub(crate) fn span() -> String {
    format!("from={}&until={}", begin(), begin() + SignedDuration::from_hours(24 * 30))
}

/// What the dashboards show of all tenants together.
async fn trends_are_told(installation: &Installation) {
    let address = format!("http://{}/metrics", installation.at.admin);
    let told = reqwest::get(address).await.unwrap().text().await.unwrap();
    for series in [
        "redress_complaint_assessed_total{redress_category=",
        "redress_complaint_ended_total{redress_outcome=",
        "redress_complaint_satisfaction_count",
        "redress_complaint_assessment_delay_seconds_count",
    ] {
        assert!(told.contains(series), "{series}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_counts_what_it_reads_and_answers_over_http_and_grpc_by_the_same_rules() {
    let installation = Installation::new().await;
    let history = History::of(10, 80);
    let own = history.cases.iter().filter(|case| case.tenant == TENANTS[0]).count();
    let written = written(&history.streams, 10);
    installation.log.write(written.iter().copied()).await;
    let process = installation.start("migrate");
    assert!(process.wait_end(LIMIT).await.unwrap().success(), "migrating again changes nothing");
    let process = installation.serve().await;
    assert_eq!(counted(&installation.bench.db, written.len(), 0).await, expected(&history.streams).await);

    trends_are_told(&installation).await;

    let complaints = format!("/v1/metrics?metric=complaints&{}", span());
    let told = installation.json(&complaints).await;
    assert_eq!(told["rows"][0]["value"].as_f64(), Some(f64::from(u32::try_from(own).unwrap())));
    let split =
        installation.json(&format!("{complaints}&dimension=DIMENSION_CHANNEL&windowSeconds=86400")).await;
    let total: f64 = split["rows"].as_array().unwrap().iter().map(|row| row["value"].as_f64().unwrap()).sum();
    assert_eq!(told["rows"][0]["value"].as_f64(), Some(total));

    let refused = |path: String, role, status| {
        let installation = &installation;
        async move { assert_eq!(installation.get(&path, role).await.status(), status, "{path}") }
    };
    refused(complaints.clone(), None, StatusCode::UNAUTHORIZED).await;
    refused(complaints.clone(), Some(Role::Complainant), StatusCode::FORBIDDEN).await;
    refused(format!("{complaints}&colour=red"), Some(Role::Auditor), StatusCode::BAD_REQUEST).await;
    refused(format!("/v1/facts.csv?{}", span()), Some(Role::Handler), StatusCode::FORBIDDEN).await;
    refused("/v1/facts.csv".into(), Some(Role::Auditor), StatusCode::BAD_REQUEST).await;

    let file = installation.get(&format!("/v1/facts.csv?{}", span()), Some(Role::Auditor)).await;
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    let file = file.bytes().await.unwrap();
    assert_eq!(csv::Reader::from_reader(&*file).records().count(), own);

    let cases = installation.json(&format!("/v1/metrics/cases?metric=complaints&{}", span())).await;
    let id = cases["cases"][0]["complaintId"].as_str().unwrap();
    assert_eq!(installation.json(&format!("/v1/facts/{id}")).await["complaintId"], id);
    every_path_of_the_document_is_served(&installation).await;
    the_same_over_grpc(&installation, own).await;
    assert!(process.terminate(Duration::from_secs(15)).await.unwrap().success());
}

async fn every_path_of_the_document_is_served(installation: &Installation) {
    let document = installation.json("/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 5);
    for path in paths.keys() {
        let answer = installation.get(&path.replace("{complaintId}", "x"), None).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let definitions = installation.json("/v1/metrics/definitions").await;
    let names = definitions["definitions"].as_array().unwrap().iter().map(|entry| &entry["name"]);
    assert!(names.clone().any(|name| name == "repeat_rate"));
    assert_eq!(names.count(), installation.bench.questions.dictionary.entries().len());
}

async fn the_same_over_grpc(installation: &Installation, own: usize) {
    let endpoint = format!("http://{}", installation.at.grpc);
    let mut client = AnalyticsServiceClient::connect(endpoint).await.unwrap();
    let question = wire::QueryMetricsRequest {
        metric: "complaints".into(),
        from: Some(to_wire_time(begin())),
        until: Some(to_wire_time(begin() + SignedDuration::from_hours(24 * 30))),
        ..Default::default()
    };
    let request = bearing(&installation.token(Role::Service), question);
    let answer = client.query_metrics(request).await.unwrap().into_inner();
    assert_eq!(answer.rows[0].population, i64::try_from(own).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_questions_wait_for_an_answer_what_is_told_is_counted() {
    let installation = Installation::new().await;
    let process = installation.serve().await;
    // Questions about incidents wait for this table; what the lifecycle tells goes elsewhere.
    let mut tx = installation.bench.db.pool().begin().await.unwrap();
    // Held for as long as this takes, on a slow machine too.
    let hold = "SET LOCAL idle_in_transaction_session_timeout = 0; \
                LOCK TABLE incident_member IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(hold).execute(&mut *tx).await.unwrap();
    let path = format!("/v1/metrics?metric=incidents&{}", span());
    let mut questions = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let url = format!("http://{}{path}", installation.at.http);
        let request = reqwest::Client::new().get(url).bearer_auth(installation.token(Role::Supervisor));
        questions.spawn(async move { request.send().await.map(|answer| answer.status()) });
    }
    let waiting = async || {
        let sql =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'incident_member'::regclass";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap();
        (count > 0).then_some(count)
    };
    let connections = wait_until("questions wait in the database", LIMIT, waiting).await;
    assert!(connections <= 4, "{connections}");

    let history = History::of(12, 20);
    let written = written(&history.streams, 12);
    let own: Vec<_> = written.iter().copied().filter(|told| told.topic == LIFECYCLE).collect();
    installation.log.write(own.iter().copied()).await;
    let read = async || {
        let sql = "SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE topic LIKE '%lifecycle%'";
        let read: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap();
        (read == i64::try_from(own.len()).unwrap()).then_some(())
    };
    wait_until("the lifecycle is counted while they wait", LIMIT, read).await;
    tx.rollback().await.unwrap();
    questions.join_all().await;
    assert!(process.terminate(Duration::from_secs(15)).await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_twenty_times_under_load_loses_and_doubles_nothing() {
    let installation = Installation::new().await;
    let history = History::of(11, 400);
    let written = written(&history.streams, 11);
    let mut process = installation.serve().await;
    let read = async || {
        let read: i64 = sqlx::query_scalar("SELECT coalesce(sum(next_offset), 0)::bigint FROM progress")
            .fetch_one(installation.bench.db.pool())
            .await
            .unwrap();
        read
    };
    for part in written.chunks(written.len().div_ceil(20)) {
        let before = read().await;
        installation.log.write(part.iter().copied()).await;
        // Killed as soon as some of it was read.
        wait_until("it reads on", LIMIT, async || (read().await > before).then_some(())).await;
        process.kill9().await;
        process = installation.serve().await;
    }
    let expected = expected(&history.streams).await;
    assert_eq!(counted(&installation.bench.db, written.len(), 0).await, expected);
    assert!(process.terminate(Duration::from_secs(15)).await.unwrap().success());
}
