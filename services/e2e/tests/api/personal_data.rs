//! Personal data go in everywhere they may, and are then searched for everywhere they must not be.

use std::time::Duration;

use redress_e2e::collector::Collector;
use redress_e2e::evidence::{LIFECYCLE, SUBMISSIONS};
use redress_e2e::submissions::{attachment, plain, whole};
use redress_proto::types::v1::Submission;
use redress_testkit::{Canary, wait_until};
use reqwest::Method;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::service::{PATIENCE, Service, Tenant};

/// Values of the canary in `bytes`: as they are, as the hexadecimal digits of a database's text, and as the numbers of
/// Rust's debugging form.
fn leaks(canary: &Canary, bytes: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = canary.found_in(bytes).into_iter().map(str::to_owned).collect();
    let sink = String::from_utf8_lossy(bytes).to_lowercase();
    // The mark stands in every value that is no number, also in a part of one.
    let mark = canary.wechat.trim_start_matches("wx_");
    let values = [mark, &mark.to_lowercase(), &canary.phone, &canary.identity_number];
    for value in values {
        let numbers = format!("{:?}", value.as_bytes());
        if sink.contains(&hex::encode(value)) || sink.contains(numbers.trim_matches(['[', ']'])) {
            found.push(format!("{value} in disguise"));
        }
    }
    found
}

/// A place where things end up: nothing of the canary is in it, and `witness`, which may be there, is. So the search
/// has seen what it claims to have searched.
fn assert_clean(place: &str, bytes: &[u8], canary: &Canary, witness: &str) {
    assert_eq!(leaks(canary, bytes), [] as [String; 0], "in {place}");
    let seen = bytes.windows(witness.len()).any(|window| window == witness.as_bytes());
    assert!(seen, "{place} was searched, but {witness} is not in it either");
}

#[test]
fn the_search_sees_values_in_every_disguise() {
    let canary = Canary::new();
    for disguise in [
        canary.name.clone(),
        format!(r"(1,\x{})", hex::encode(format!("vor{}nach", canary.name))),
        hex::encode(&canary.text[canary.text.find("CANARY").unwrap()..]),
        hex::encode(canary.email.to_lowercase()),
        format!("Bytes({:?})", canary.phone.as_bytes()),
        json!({ "text": canary.text }).to_string().to_uppercase(),
    ] {
        assert_ne!(leaks(&canary, disguise.as_bytes()), [] as [String; 0], "{disguise}");
    }
    assert_eq!(leaks(&Canary::new(), canary.text.as_bytes()), [] as [String; 0]);
}

/// Leads complaints along every way on which personal data come in; the first one's id.
async fn lead(tenant: &Tenant<'_>, canary: &Canary) -> String {
    let (owner, officer) = (tenant.complainant(), tenant.officer());
    // A key is a caller's own text too.
    let id = tenant.registered(&owner, &canary.phone, &whole(canary)).await;
    tenant.accepted(&owner, &canary.phone, &whole(canary)).await;
    let conflict = Submission { text: format!("改口了 {}", canary.text), ..whole(canary) };
    assert_eq!(tenant.post(&owner, &canary.phone, &conflict).await.status, 409);
    tenant.empty_redis().await;
    tenant.accepted(&owner, &canary.phone, &conflict).await;
    tenant.conflicting(&id).await;

    let ask = json!({"decision": "ADMISSIBILITY_NEEDS_COMPLETION", "missing": ["order.orderNo"]});
    let supply = json!({"text": canary.text, "attachments": [attachment(&canary.name)]});
    let withdrawal = json!({"reason": format!("{}劝我撤诉", canary.name)});
    for (token, verb, body) in [
        (&officer, "decideAdmissibility", &ask),
        (&owner, "supplyCompletion", &supply),
        (&owner, "withdraw", &withdrawal),
    ] {
        let answer = tenant.act(token, &id, verb, verb, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let other = tenant.registered(&owner, "k-2", &plain(&canary.text)).await;
    let refusal = json!({"decision": "ADMISSIBILITY_NO", "category": "CATEGORY_CQ09",
        "refusalReason": "REFUSAL_REASON_NO_DISPUTE", "facts": canary.text, "rule": "l04.3@2026-04-15"});
    let refused = tenant.act(&officer, &other, "decideAdmissibility", "d-2", &refusal).await;
    assert_eq!(refused.status, 200, "{}", refused.body);
    id
}

/// Calls that fail, with personal data where they do not belong; no answer repeats them.
async fn blunder(tenant: &Tenant<'_>, canary: &Canary) {
    let owner = tenant.complainant();
    let bodies = [
        json!({ canary.name.clone(): canary.text, "channel": canary.name, "text": [canary.text] })
            .to_string(),
        json!({"language": canary.name, "submittedAt": canary.phone, "respondents": [{"kind": canary.name}]})
            .to_string(),
        format!("{{\"text\": \"{}", canary.text),
    ];
    for body in bodies {
        let request = tenant.http.request(Method::POST, "/v1/complaints").bearer_auth(&owner);
        let answer = tenant.http.exchange(request.header("idempotency-key", "b-1").body(body)).await.unwrap();
        assert_eq!(answer.status, 400);
        assert_eq!(leaks(canary, answer.body.to_string().as_bytes()), [] as [String; 0]);
    }
    for path in ["/v1/complaints/", "/v1/complaints?respondent=", "/v1/complaints?pageToken=", "/v1/"] {
        let answer = tenant.http.get(&tenant.officer(), &format!("{path}{}", canary.email)).await.unwrap();
        assert_eq!(leaks(canary, answer.body.to_string().as_bytes()), [] as [String; 0], "{path}");
    }
    let token = format!("{}.{}.{}", canary.wechat, canary.wechat, canary.wechat);
    assert_eq!(tenant.http.get(&token, "/v1/complaints").await.unwrap().status, 401);
}

/// Every row of every table as the database writes it; bytes as hexadecimal digits.
async fn database(service: &Service) -> (Vec<String>, String) {
    let mut database = service.database().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    let mut text = String::new();
    for table in &tables {
        let query = format!("SELECT coalesce(string_agg(row::text, E'\\n'), '') FROM {table} AS row");
        let rows: String =
            sqlx::query_scalar(AssertSqlSafe(query.as_str())).fetch_one(&mut database).await.unwrap();
        text.push_str(&rows);
    }
    (tables, text)
}

/// All keys and values of Redis.
async fn redis(service: &Service) -> Vec<u8> {
    let mut connection = service.redis().await;
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    let mut all = Vec::new();
    for key in keys {
        // Of any type; nothing if it has expired meanwhile.
        let value: Option<Vec<u8>> = redis::cmd("DUMP").arg(&key).query_async(&mut connection).await.unwrap();
        all.extend(key);
        all.extend(value.unwrap_or_default());
    }
    all
}

#[tokio::test]
async fn personal_data_are_found_in_no_log_span_metric_record_row_or_key() {
    let collector = Collector::default();
    let endpoint = collector.start().await.unwrap();
    let service = Service::start(
        1,
        &[
            ("REDRESS__RUNTIME__TELEMETRY__LOG", "debug"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
            ("REDRESS__REDIS__TIMEOUT_MS", "5000"),
        ],
    )
    .await;
    let tenant = service.tenant().await;
    let canary = Canary::new();
    let id = lead(&tenant, &canary).await;
    blunder(&tenant, &canary).await;

    // The search can see: whoever may read the complaint is shown every value, and the file of keys opens them.
    let view = tenant.view(&tenant.officer(), &id).await.to_string();
    assert_eq!(canary.found_in(view.as_bytes()).len(), 9, "{view}");

    // Registered, repeated as another body, asked, supplied and withdrawn.
    tenant.records_of(LIFECYCLE, &id, 5).await;
    for topic in [SUBMISSIONS, LIFECYCLE] {
        for record in tenant.records(topic).await {
            let parts =
                [record.key.into_bytes(), format!("{:?}", record.headers).into_bytes(), record.payload];
            assert_clean(topic, &parts.concat(), &canary, tenant.id.as_str());
        }
    }
    let (tables, rows) = database(&service).await;
    assert!(tables.len() >= 14, "{tables:?}");
    assert_clean("the database", rows.as_bytes(), &canary, &id);
    assert_clean("Redis", &redis(&service).await, &canary, &id.replace('-', ""));
    let (_, metrics) = service.probe("/metrics").await;
    assert_clean("/metrics", metrics.as_bytes(), &canary, "http_server_request_duration");

    let exported = async || (!collector.received().metrics.is_empty()).then_some(());
    wait_until("metrics are exported", PATIENCE, exported).await;
    // In leaving the process flushes what it has not exported yet.
    assert!(service.process.terminate(Duration::from_secs(20)).await.unwrap().success());
    let received = collector.received();
    assert_clean("spans", &received.spans, &canary, "POST /v1/complaints");
    assert_clean("exported metrics", &received.metrics, &canary, "http.server.request.duration");
    assert_clean("exported logs", &received.logs, &canary, "leaving");
    let log = std::fs::read(service.process.log()).unwrap();
    assert_clean("the log", &log, &canary, r#""level":"DEBUG""#);
}
