use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use redress_domain::ErrorKind;
use redress_runtime::grpc::problem_of;
use redress_testkit::wait_until;
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::Code;

use crate::issuer::{Issuer, KeyServer, claims, now};
use crate::process::{Greeter, PATIENCE};

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims(&["handler"]);
    change(&mut claims);
    claims
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

/// Each bad token with the reason under which it is counted.
fn bad_tokens(issuer: &Issuer) -> Vec<(&'static str, String)> {
    let good = issuer.token(&["handler"]);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other_first = if signature.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("{signed}.{other_first}{}", &signature[1..]);
    let hmac = {
        // The classic: the public key as the secret of an HMAC.
        let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(&[]), &EncodingKey::from_secret(issuer.jwks().as_bytes())).unwrap()
    };
    vec![
        ("malformed", "nonsense".to_owned()),
        ("algorithm", unsigned(&json!({"alg": "none", "kid": "key-1"}), &claims(&[]))),
        ("algorithm", hmac),
        ("unknown_key", Issuer::new("key-of-nobody").token(&[])),
        ("signature", Issuer::new("key-1").token(&[])),
        ("signature", tampered),
        ("issuer", issuer.signed(&with(|claims| claims["iss"] = json!("https://other.example")))),
        ("issuer", issuer.signed(&with(|claims| drop(claims.as_object_mut().unwrap().remove("iss"))))),
        ("audience", issuer.signed(&with(|claims| claims["aud"] = json!(["other"])))),
        ("audience", issuer.signed(&with(|claims| drop(claims.as_object_mut().unwrap().remove("aud"))))),
        ("expired", issuer.signed(&with(|claims| claims["exp"] = json!(now() - 60)))),
        ("not_yet_valid", issuer.signed(&with(|claims| claims["nbf"] = json!(now() + 90)))),
        ("claims", issuer.signed(&with(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))))),
        ("claims", issuer.signed(&with(|claims| claims["tenant"] = json!("Not a tenant")))),
        ("claims", issuer.signed(&with(|claims| claims["sub"] = json!("")))),
    ]
}

#[tokio::test]
async fn a_stream_ends_when_its_callers_token_does() {
    let greeter = Greeter::start().await;
    // Clocks may differ by half a minute, so this one is good for a few seconds yet.
    let token = greeter.issuer.signed(&with(|claims| claims["exp"] = json!(now() - 27)));
    let request = reqwest::Client::new().get(format!("{}/v1/stay", greeter.http)).bearer_auth(&token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut stream, until) = (greeter.stay(&token).await, Instant::now() + PATIENCE);
    let status = tokio::time::timeout_at(until, stream.message()).await.expect("it ends").unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(problem_of(&status).unwrap().reason, "TOKEN_EXPIRED");
    let body = tokio::time::timeout_at(until, response.bytes()).await.expect("it ends").unwrap();
    assert!(body.is_empty());
}

#[tokio::test]
async fn every_bad_token_is_refused_and_counted_by_its_reason() {
    let greeter = Greeter::start().await;
    let bad = bad_tokens(&greeter.issuer);
    for (reason, token) in &bad {
        // Twice: a refusal must not be remembered as anything else.
        for _ in 0..2 {
            let status = greeter.call("Greet", Some(token), "").await.unwrap_err();
            assert_eq!(status.code(), Code::Unauthenticated, "{reason}: {token}");
            let problem = problem_of(&status).unwrap();
            assert_eq!(problem.reason, if *reason == "expired" { "TOKEN_EXPIRED" } else { "TOKEN_INVALID" });
        }
        let response = reqwest::Client::new()
            .post(format!("{}/v1/greetings", greeter.http))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401, "{reason}");
    }
    let status = greeter.call("Greet", None, "").await.unwrap_err();
    assert_eq!(problem_of(&status).unwrap().reason, "TOKEN_MISSING");
    for (reason, _) in &bad {
        let times = 3 * bad.iter().filter(|(other, _)| other == reason).count();
        let label = format!("reason=\"{reason}\"");
        let counted = greeter.metric("redress_auth_refused_total", &[&label]).await;
        assert!((counted - f64::from(u32::try_from(times).unwrap())).abs() < 0.5, "{reason}: {counted}");
    }
    assert_eq!(greeter.greet("").await["tenant"], "acme");
}

#[tokio::test]
async fn a_call_needs_its_role_and_an_rpc_without_a_row_is_denied_to_everyone() {
    let greeter = Greeter::start().await;
    let everything = greeter.issuer.token(&["handler", "supervisor", "admin", "auditor", "unheard_of"]);
    for (method, token) in [("Hold", greeter.issuer.token(&["complainant"])), ("Unruled", everything)] {
        let status = greeter.call(method, Some(&token), "").await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{method}");
        assert_eq!(problem_of(&status).unwrap().reason, "PERMISSION_DENIED");
    }
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_withdrawn_one_no_longer_accepted() {
    let (first, second) = (Issuer::new("key-1"), Issuer::new("key-2"));
    let server = KeyServer::start(first.jwks()).await;
    let greeter = Greeter::start_with(&[("REDRESS__RUNTIME__AUTH__JWKS", &server.url)]).await;
    let old = first.token(&[]);
    greeter.call("Greet", Some(&old), "").await.unwrap();
    server.publish(second.jwks());
    greeter.call("Greet", Some(&second.token(&[])), "").await.unwrap();
    // Remembered as good before, but its key is gone.
    let status = greeter.call("Greet", Some(&old), "").await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_bridged_for_a_bounded_time_and_comes_back_by_itself() {
    let issuer = Issuer::new("key-1");
    let server = KeyServer::start(issuer.jwks()).await;
    let greeter = Greeter::start_with(&[
        ("REDRESS__RUNTIME__AUTH__JWKS", &server.url),
        ("REDRESS__RUNTIME__AUTH__REFRESH_MS", "1000"),
        ("REDRESS__RUNTIME__AUTH__MAX_STALE_MS", "2000"),
    ])
    .await;
    let token = issuer.token(&[]);
    server.set_down(true);
    greeter.call("Greet", Some(&token), "").await.unwrap();
    let refused = async || greeter.call("Greet", Some(&token), "").await.err();
    let status = wait_until("stale keys are used no more", PATIENCE, refused).await;
    let problem = problem_of(&status).unwrap();
    assert_eq!((problem.kind, problem.reason.as_str()), (ErrorKind::Unavailable, "ISSUER_UNREACHABLE"));
    assert!(problem.retry_after.is_some());
    server.set_down(false);
    let believed = async || greeter.call("Greet", Some(&token), "").await.ok();
    wait_until("new keys are read", PATIENCE, believed).await;
}

#[tokio::test]
async fn without_keys_the_process_starts_but_is_not_ready() {
    let issuer = Issuer::new("key-1");
    let server = KeyServer::start(issuer.jwks()).await;
    server.set_down(true);
    let greeter = Greeter::spawn(&[("REDRESS__RUNTIME__AUTH__JWKS", &server.url)]);
    greeter.until("told", || greeter.log().contains("the issuer's keys could not be read")).await;
    assert!(!greeter.ready_file().exists());
    server.set_down(false);
    greeter.until("ready", || greeter.ready_file().exists()).await;
}
