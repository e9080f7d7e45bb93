use std::collections::HashMap;

use jiff::SignedDuration;
use redress_domain::Role::{self, Admin, Auditor, Complainant, Handler, IntakeOfficer, Supervisor};
use redress_e2e::submissions::plain;
use redress_testkit::{TokenIssuer, bearing, call_by_path};
use reqwest::Method;
use serde_json::json;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::calls::{VERBS, methods, path};
use crate::service::{Tenant, tenant};

/// Every route of the edge, with the id in it.
fn routes(id: &str) -> Vec<(Method, String)> {
    let own = [
        (Method::POST, "/v1/complaints".to_owned()),
        (Method::GET, "/v1/complaints".to_owned()),
        (Method::GET, format!("/v1/complaints/{id}")),
        (Method::GET, format!("/v1/complaints/{id}/events")),
    ];
    let verbs = VERBS.iter().map(|(verb, _)| (Method::POST, format!("/v1/complaints/{id}:{verb}")));
    own.into_iter().chain(verbs).collect()
}

/// Values of the header `authorization` that prove nothing, each with the reason that is told.
fn worthless(tenant: &Tenant<'_>) -> Vec<(&'static str, Option<String>, &'static str)> {
    let issuer = tenant.service.installation.issuer();
    let claims = || tenant.claims("c-1", &[Complainant, IntakeOfficer, Supervisor, Auditor, Admin]);
    let stranger = TokenIssuer::generate(issuer.issuer(), issuer.audience()).unwrap();
    let good = issuer.sign(&claims()).unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other_issuer = redress_testkit::Claims { iss: "https://elsewhere.invalid".into(), ..claims() };
    let no_tenant = redress_testkit::Claims { tenant: String::new(), ..claims() };
    let bearer = |token: String| Some(format!("Bearer {token}"));
    vec![
        ("no token", None, "TOKEN_MISSING"),
        ("another scheme", Some(format!("Basic {good}")), "TOKEN_MISSING"),
        ("expired", bearer(issuer.sign(&claims().expired()).unwrap()), "TOKEN_EXPIRED"),
        (
            "expired by more than the skew of clocks",
            bearer(issuer.sign(&claims().valid_for(SignedDuration::from_secs(-60))).unwrap()),
            "TOKEN_EXPIRED",
        ),
        (
            "for another audience",
            bearer(issuer.sign(&claims().for_audience("elsewhere")).unwrap()),
            "TOKEN_INVALID",
        ),
        ("of another issuer", bearer(issuer.sign(&other_issuer).unwrap()), "TOKEN_INVALID"),
        ("without a tenant", bearer(issuer.sign(&no_tenant).unwrap()), "TOKEN_INVALID"),
        ("unsigned", bearer(issuer.unsigned(&claims()).unwrap()), "TOKEN_INVALID"),
        (
            "signed by another key of that name",
            bearer(issuer.sign_with_wrong_key(&claims()).unwrap()),
            "TOKEN_INVALID",
        ),
        ("of an unknown key", bearer(stranger.sign(&claims()).unwrap()), "TOKEN_INVALID"),
        ("without its signature", bearer(format!("{signed}.")), "TOKEN_INVALID"),
        ("with a signature cut short", bearer(format!("{signed}.{}", &signature[4..])), "TOKEN_INVALID"),
        ("garbage", bearer("garbage".to_owned()), "TOKEN_INVALID"),
    ]
}

#[tokio::test]
async fn without_a_token_that_proves_who_calls_every_route_answers_401() {
    let tenant = tenant().await;
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    for (what, authorization, reason) in worthless(&tenant) {
        for (method, path) in routes(&id) {
            let mut request = tenant.http.request(method.clone(), &path).header("idempotency-key", "k-2");
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            if method == Method::POST {
                request = request.json(&json!({}));
            }
            let answer = tenant.http.exchange(request).await.unwrap();
            assert_eq!((answer.status, answer.reason()), (401, reason), "{what}: {method} {path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    assert_eq!(tenant.rows("complaint").await, 1);
}

#[tokio::test]
async fn without_a_token_that_proves_who_calls_every_rpc_answers_unauthenticated() {
    let tenant = tenant().await;
    for (what, authorization, reason) in worthless(&tenant) {
        let token = authorization.as_deref().map(|value| value.strip_prefix("Bearer ").unwrap_or(""));
        for method in methods() {
            let request = token.map_or_else(|| Request::new(Vec::new()), |token| bearing(token, Vec::new()));
            let refused = call_by_path(&tenant.grpc, &path(&method), request).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{what}: {}", path(&method));
            if what != "another scheme" {
                assert_eq!(refused.get_error_details().error_info().unwrap().reason, reason, "{what}");
            }
        }
    }
}

/// Who may call what, as the design has it; a new RPC needs a row here.
fn allowed() -> HashMap<&'static str, &'static [Role]> {
    let readers: &[Role] = &[Complainant, Role::Service, IntakeOfficer, Handler, Supervisor, Auditor];
    let submitters: &[Role] = &[Complainant, Role::Service, IntakeOfficer, Handler, Supervisor];
    HashMap::from([
        ("SubmitComplaint", submitters),
        ("GetComplaint", readers),
        ("ListComplaints", readers),
        ("WatchComplaint", readers),
        ("SupplyCompletion", &[Complainant, Role::Service]),
        ("DecideAdmissibility", &[IntakeOfficer, Supervisor]),
        ("WithdrawComplaint", &[Complainant]),
        ("RequestRefusalReview", &[Complainant, Role::Service]),
        ("MergeComplaints", &[Handler, Supervisor]),
        ("UnmergeComplaint", &[Supervisor]),
        ("ReferExternally", &[Handler, Supervisor]),
        ("RecordReferralOutcome", &[Handler, Supervisor]),
        ("SuspendCase", &[Supervisor]),
        ("ResumeCase", &[Supervisor]),
        ("ReopenComplaint", &[Supervisor]),
        ("TransferComplaint", &[Handler, Supervisor]),
        ("EscalateComplaint", &[Complainant, Handler, Supervisor]),
        ("SplitMatter", &[IntakeOfficer, Supervisor]),
        ("QueryAudit", &[Auditor, Supervisor]),
        ("VerifyAuditChain", &[Auditor, Supervisor]),
        ("ListParked", &[Admin]),
        ("RedriveParked", &[Admin]),
        ("DiscardParked", &[Admin]),
        ("OutboxStatus", &[Admin]),
        ("ConsumerStatus", &[Admin]),
        ("ReplayFrom", &[Admin]),
    ])
}

#[tokio::test]
async fn a_role_opens_its_own_calls_and_no_others() {
    let tenant = tenant().await;
    let allowed = allowed();
    for method in methods() {
        let name = method.name();
        let permitted = allowed.get(name).unwrap_or_else(|| panic!("who may call {name}?"));
        for role in Role::ALL {
            let token = tenant.token("somebody", &[*role]);
            let answer = call_by_path(&tenant.grpc, &path(&method), bearing(&token, Vec::new())).await;
            let refused = answer.is_err_and(|status| status.code() == Code::PermissionDenied);
            assert_eq!(refused, !permitted.contains(role), "{name} as {}", role.code());
        }
        let nobody = tenant.token("somebody", &[]);
        let request = bearing(&nobody, Vec::new());
        let refused = call_by_path(&tenant.grpc, &path(&method), request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{name} without a role");
    }
}

#[tokio::test]
async fn over_http_a_role_that_may_not_is_answered_403() {
    let tenant = tenant().await;
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    for (role, verb) in [
        (Complainant, "decideAdmissibility"),
        (Handler, "decideAdmissibility"),
        (Auditor, "decideAdmissibility"),
        (IntakeOfficer, "withdraw"),
        (Handler, "supplyCompletion"),
    ] {
        let answer = tenant.act(&tenant.token("x", &[role]), &id, verb, "d-1", &json!({})).await;
        assert_eq!((answer.status, answer.reason()), (403, "PERMISSION_DENIED"), "{} {verb}", role.code());
    }
    let answer = tenant.http.get(&tenant.token("x", &[Admin]), "/v1/complaints").await.unwrap();
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn another_complainants_complaint_is_answered_like_one_that_does_not_exist() {
    let tenant = tenant().await;
    let (owner, stranger) = (tenant.complainant(), tenant.token("c-2", &[Complainant]));
    let id = tenant.registered(&owner, "k-1", &plain("别人看不到的话")).await;
    let number = tenant.view(&owner, &id).await["complaintNo"].as_str().unwrap().to_owned();
    for path in [format!("/v1/complaints/{id}"), format!("/v1/complaints/{number}")] {
        let answer = tenant.http.get(&stranger, &path).await.unwrap();
        assert_eq!((answer.status, answer.reason()), (404, "NOT_FOUND"), "{path}");
    }
    let events = tenant.http.request(Method::GET, &format!("/v1/complaints/{id}/events"));
    let answer = tenant.http.exchange(events.bearer_auth(&stranger)).await.unwrap();
    assert_eq!((answer.status, answer.reason()), (404, "NOT_FOUND"));
    for (verb, body) in [("withdraw", json!({})), ("supplyCompletion", json!({"text": "x"}))] {
        let answer = tenant.act(&stranger, &id, verb, "d-1", &body).await;
        assert_eq!((answer.status, answer.reason()), (404, "NOT_FOUND"), "{verb}");
    }
    let list = tenant.http.get(&stranger, "/v1/complaints").await.unwrap();
    assert_eq!(list.body["complaints"], json!([]));
    let own = tenant.http.get(&owner, "/v1/complaints").await.unwrap();
    assert_eq!(own.body["complaints"].as_array().unwrap().len(), 1);
    // Staff are no strangers, so the complaint was there to be found.
    assert_eq!(tenant.view(&tenant.officer(), &id).await["text"], "别人看不到的话");
}
