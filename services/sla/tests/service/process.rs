//! The process itself: its edges with their rules, what it does with what Kafka brings, and what is left of it after
//! `kill -9`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redress_devstack::{ServiceProcess, shared};
use redress_domain::{Clock as _, Role};
use redress_messaging::{KafkaConfig, LogReader, MARKS, Mark, Producer, TopicSpec, ensure_topics};
use redress_sla::topics::{CLOCKS, INVESTIGATION, LIFECYCLE};
use redress_testkit::{Addresses, TokenIssuer, Told, topic_prefix, wait_until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::bench::{Bench, TENANT, WallClock, in_seconds};
use crate::course::Case;

const LIMIT: Duration = Duration::from_mins(2);

/// An installed service: what a process of it needs.
struct Installation {
    bench: Bench,
    kafka: KafkaConfig,
    producer: Producer,
    redis: String,
    at: Addresses,
    issuer: TokenIssuer,
    dir: TempDir,
}

impl Installation {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        issuer.write_jwks(&dir.path().join("jwks.json")).unwrap();
        let mut kafka = KafkaConfig::at(shared().await.kafka.as_str(), "sla");
        kafka.topic_prefix = topic_prefix();
        let spec = |name| TopicSpec { name, partitions: 2, retention: Duration::from_hours(1) };
        ensure_topics(&kafka, &[LIFECYCLE, INVESTIGATION].map(spec)).await.unwrap();
        let producer = Producer::for_relay(&kafka).unwrap();
        let (bench, redis) = (Bench::new().await, shared().await.redis.clone());
        Self { bench, kafka, producer, redis, at: Addresses::claim(), issuer, dir }
    }

    fn start(&self, subcommand: &str) -> ServiceProcess {
        let dir: &Path = self.dir.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress-sla"));
        let jwks = self.dir.path().join("jwks.json");
        command.arg(subcommand).envs([
            ("REDRESS__POSTGRES__URL", self.bench.url.as_str()),
            ("REDRESS__KAFKA__BROKERS", &self.kafka.brokers),
            ("REDRESS__KAFKA__TOPIC_PREFIX", &self.kafka.topic_prefix),
            ("REDRESS__REDIS__URL", &self.redis),
            ("REDRESS__KAFKA__GROUP_INSTANCE_ID", "sla-0"),
            ("REDRESS__KAFKA__SESSION_TIMEOUT_MS", "6000"),
            ("REDRESS__RUNTIME__AUTH__ISSUER", self.issuer.issuer()),
            ("REDRESS__RUNTIME__AUTH__AUDIENCE", self.issuer.audience()),
            ("REDRESS__RUNTIME__AUTH__JWKS", jwks.to_str().unwrap()),
            ("REDRESS__RUNTIME__GRPC__LISTEN", &self.at.grpc),
            ("REDRESS__RUNTIME__HTTP__LISTEN", &self.at.http),
            ("REDRESS__RUNTIME__ADMIN__LISTEN", &self.at.admin),
        ]);
        ServiceProcess::start(subcommand, &command, dir).unwrap()
    }

    async fn serve(&self) -> ServiceProcess {
        let process = self.start("serve");
        process.wait_http(&self.at.admin, "/readyz", LIMIT).await.unwrap();
        process
    }

    async fn write(&self, events: impl IntoIterator<Item = &Told>) {
        let pending: Vec<_> =
            events.into_iter().map(|told| self.producer.enqueue(&told.outgoing()).unwrap()).collect();
        for pending in pending {
            pending.outcome().await.unwrap();
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder, role: Option<Role>) -> reqwest::Response {
        let tenant = TENANT.parse().unwrap();
        let token = role.map(|role| {
            let claims = self.issuer.claims(&tenant, "subject-1", &[role], WallClock.now());
            self.issuer.sign(&claims).unwrap()
        });
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value, role: Option<Role>) -> (StatusCode, Value) {
        let request = reqwest::Client::new()
            .post(format!("http://{}{path}", self.at.http))
            .header("content-type", "application/json")
            .header("accept-language", "en")
            .header("idempotency-key", "key-1")
            .body(body.to_string());
        let answer = self.send(request, role).await;
        let status = answer.status();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str, role: Option<Role>) -> (StatusCode, Value) {
        let request = reqwest::Client::new().get(format!("http://{}{path}", self.at.http));
        let answer = self.send(request, role).await;
        let status = answer.status();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }
}

/// The example of the contract with a pause, thresholds and an inline calendar.
fn question() -> Value {
    json!({
        "calendar": {
            "id": "house", "version": "3", "zone": "Asia/Shanghai",
            "weekly": (["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"].map(|day| json!({
                "day": format!("DAY_OF_WEEK_{day}"),
                "intervals": [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "18:00"}],
            }))),
            "exceptions": [{"date": "2026-03-13", "kind": "EXCEPTION_KIND_OFF", "name": "house holiday"}],
        },
        "unit": "DEADLINE_UNIT_WORKING_DAYS", "amount": 3, "start": "2026-03-09T10:00:00+08:00",
        "close": "DAY_CLOSE_BUSINESS_END",
        "pauses": [{"from": "2026-03-10T10:00:00+08:00", "to": "2026-03-11T10:00:00+08:00", "reason": "lab"}],
        "thresholds": [50],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_answers_in_the_contracts_shapes_and_by_the_rules_of_the_rpcs() {
    let installation = Installation::new().await;
    assert!(installation.start("migrate").wait_end(LIMIT).await.unwrap().success());
    assert!(installation.start("topics").wait_end(LIMIT).await.unwrap().success());
    let process = installation.serve().await;

    let preview = "/v1/deadlines:preview";
    let (status, mut answer) = installation.post(preview, &question(), Some(Role::Complainant)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let explanation = answer.as_object_mut().unwrap().remove("explanation").unwrap();
    assert!(explanation.as_array().unwrap().len() >= 5, "{explanation}");
    assert_eq!(
        answer,
        json!({
            "dueAt": "2026-03-16T18:00:00+08:00",
            "dueDate": "2026-03-16",
            "provisional": false,
            "thresholds": {"50": "2026-03-12T14:00:00+08:00", "100": "2026-03-16T18:00:00+08:00"},
            "countedDays": ["2026-03-11", "2026-03-12", "2026-03-16"],
            "heldDays": ["2026-03-10"],
            "intervals": [],
            "calendarVersion": "3",
        })
    );
    let stored = json!({
        "calendarId": "cn-office", "unit": "DEADLINE_UNIT_BUSINESS_MINUTES", "amount": "5",
        "start": "2026-03-09T11:58:00+08:00",
    });
    let (_, answer) = installation.post(preview, &stored, Some(Role::Service)).await;
    assert_eq!(answer["dueAt"], "2026-03-09T13:03:00+08:00");
    assert_eq!(
        answer["intervals"],
        json!([
            {"from": "2026-03-09T11:58:00+08:00", "to": "2026-03-09T12:00:00+08:00"},
            {"from": "2026-03-09T13:00:00+08:00", "to": "2026-03-09T13:03:00+08:00"},
        ])
    );
    let bad = json!({"calendarId": "none", "unit": "DEADLINE_UNIT_WORKING_DAYS", "amount": 0, "start": "2026-03-09"});
    let (status, problem) = installation.post(preview, &bad, Some(Role::Service)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let fields: Vec<&str> =
        problem["violations"].as_array().unwrap().iter().filter_map(|v| v["field"].as_str()).collect();
    assert!(fields.contains(&"amount") && fields.contains(&"start"), "{problem}");

    let (status, _) = installation.post(preview, &question(), None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = installation.get("/v1/clocks", Some(Role::Complainant)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = installation.get("/v1/clocks?colour=red", Some(Role::Handler)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, calendar) = installation.get("/v1/calendars/cn-7x12", Some(Role::Handler)).await;
    assert_eq!((status, &calendar["zone"]), (StatusCode::OK, &json!("Asia/Shanghai")));
    let (status, _) = installation.post("/v1/calendars", &json!({"calendar": {}}), Some(Role::Handler)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, problem) =
        installation.post("/v1/calendars", &json!({"calendar": {}}), Some(Role::Supervisor)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    clocks_that_come_near_are_told_as_they_do(&installation).await;
    what_happens_elsewhere_is_recorded_by_staff_and_services(&installation).await;
    every_path_of_the_document_asks_for_a_token(&installation).await;
    promises_what_it_publishes(&installation.kafka).await;
    assert!(process.terminate(Duration::from_secs(15)).await.unwrap().success());
}

async fn clocks_that_come_near_are_told_as_they_do(installation: &Installation) {
    let (status, problem) =
        installation.get("/v1/clocks:watch?withinSeconds=700000", Some(Role::Handler)).await;
    assert_eq!(
        (status, &problem["violations"][0]["field"]),
        (StatusCode::BAD_REQUEST, &json!("withinSeconds"))
    );
    let url = format!("http://{}/v1/clocks:watch?withinSeconds=900&definitions=C11", installation.at.http);
    let mut near = installation.send(reqwest::Client::new().get(url), Some(Role::Handler)).await;
    assert_eq!(near.status(), StatusCode::OK);
    assert_eq!(near.headers()["content-type"], "text/event-stream");
    // It is watched already when the clock is set.
    let request = Uuid::from_u128(0xA11);
    let case = Case::new(900).asked(in_seconds(-60), request, in_seconds(600));
    installation.write(&case.investigation.events).await;
    let mut told = String::new();
    while !told.contains("\n\n") || !told.contains("data:") {
        let chunk = tokio::time::timeout(LIMIT, near.chunk()).await.unwrap().unwrap().unwrap();
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let data = told.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
    let clock: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&clock["definition"], &clock["subjectId"]), (&json!("C11"), &json!(request.to_string())));
}

/// Of the complaint that was heard of before.
async fn what_happens_elsewhere_is_recorded_by_staff_and_services(installation: &Installation) {
    let callback = json!({
        "complaintId": Case::new(900).id.to_string(), "kind": "MILESTONE_KIND_CALLBACK_ASKED", "subjectId": "callback-1",
    });
    let (status, milestone) = installation.post("/v1/milestones", &callback, Some(Role::Service)).await;
    assert_eq!((status, &milestone["subjectId"]), (StatusCode::OK, &json!("callback-1")), "{milestone}");
    let bad = json!({"complaintId": Case::new(900).id.to_string(), "kind": "MILESTONE_KIND_CALLBACK_ASKED"});
    let (status, problem) = installation.post("/v1/milestones", &bad, Some(Role::Handler)).await;
    assert_eq!((status, &problem["violations"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("subjectId")));
    let (status, _) = installation.post("/v1/milestones", &callback, Some(Role::Complainant)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

async fn promises_what_it_publishes(kafka: &KafkaConfig) {
    let marks = LogReader::following(kafka, MARKS.name, 10).unwrap();
    wait_until("its topic is promised of", LIMIT, async || {
        let news = marks.off_the_runtime(|marks| Ok(marks.news())).await.unwrap();
        news.iter().any(|record| Mark::of_record(record).unwrap().topic == CLOCKS).then_some(())
    })
    .await;
}

async fn every_path_of_the_document_asks_for_a_token(installation: &Installation) {
    let (_, document) = installation.get("/openapi.json", None).await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 10);
    for (path, verbs) in paths {
        let path = path.replace(['{', '}'], "");
        let (status, _) = match verbs.get("get") {
            Some(_) => installation.get(&path, None).await,
            None => installation.post(&path, &json!({}), None).await,
        };
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_again_and_again_fires_every_clock_once() {
    let installation = Installation::new().await;
    let cases: Vec<Case> = (0..40)
        .map(|n| {
            let request = Uuid::from_u128(0xF000 + n);
            let asked = Case::new(n).asked(in_seconds(-100), request, in_seconds(-40));
            // Every second one was in time, by an event that stands behind in the log.
            if n % 2 == 0 { asked.submitted(in_seconds(-50), request) } else { asked }
        })
        .collect();
    assert!(installation.start("topics").wait_end(LIMIT).await.unwrap().success());
    let mut process = installation.serve().await;
    let (asked, answered) = (
        cases.iter().map(|case| &case.investigation.events[0]).collect::<Vec<_>>(),
        cases.iter().flat_map(|case| &case.investigation.events[1..]).collect::<Vec<_>>(),
    );
    for part in asked.chunks(10) {
        installation.write(part.iter().copied()).await;
        process.kill9().await;
        process = installation.serve().await;
    }
    installation.write(answered).await;
    // The lifecycle is at its end; what is due is declared once the clock of the log has passed it.
    let count = async |state: &str| -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM clock WHERE definition = 'C11' AND state = $1")
            .bind(state)
            .fetch_one(installation.bench.db.pool())
            .await
            .unwrap()
    };
    wait_until("all are judged", LIMIT, async || {
        (count("breached").await + count("met").await == 40).then_some(())
    })
    .await;
    assert_eq!((count("breached").await, count("met").await), (20, 20));
    // Each told of its start and of its end, and of nothing twice: every event takes a version.
    let versions: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT stream_version FROM case_file")
        .fetch_all(installation.bench.db.pool())
        .await
        .unwrap();
    assert_eq!(versions, [2]);
    assert!(process.terminate(Duration::from_secs(15)).await.unwrap().success());
}
