use redress_e2e::submissions::plain;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Tenant, tenant};

/// A body that is right but for what a test spoils.
fn body(spoil: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "channel": "CHANNEL_APP", "text": "收到的与直播间里说的不符",
        "complainant": {"kind": "PARTY_KIND_CONSUMER"},
    });
    spoil(&mut body);
    body
}

/// Sends bytes as a body, with a key.
async fn send(tenant: &Tenant<'_>, body: Vec<u8>) -> redress_e2e::client::Answer {
    let request = tenant.http.request(Method::POST, "/v1/complaints").bearer_auth(tenant.complainant());
    tenant.http.exchange(request.header("idempotency-key", "k-1").body(body)).await.unwrap()
}

async fn refused(tenant: &Tenant<'_>, body: &Value) -> Vec<(String, String)> {
    let answer = send(tenant, body.to_string().into_bytes()).await;
    assert_eq!((answer.status, answer.reason()), (400, "INVALID_INPUT"), "{}", answer.body);
    answer.violations()
}

/// Nothing of what was refused was kept: when one complaint is accepted at last, it is the only one anywhere.
pub(crate) async fn nothing_was_kept(tenant: &Tenant<'_>) {
    assert_eq!(tenant.redis_keys().await, [] as [String; 0]);
    tenant.registered(&tenant.complainant(), "k-1", &plain("现在填对了")).await;
    assert_eq!(tenant.records("redress.intake.submissions.v1").await.len(), 1);
    for table in ["complaint", "submission", "party", "subject_key", "audit_entry"] {
        assert_eq!(tenant.rows(table).await, 1, "rows in {table}");
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_with_field_and_reason_and_nothing_is_kept() {
    let tenant = tenant().await;
    let body = json!({
        "channel": "CHANNEL_PIGEON",
        "language": "中文",
        "colour": "red",
        "submittedAt": "2999-01-01T00:00:00Z",
        "complainant": {"kind": "PARTY_KIND_CARRIER", "contacts": [{"type": "CONTACT_TYPE_EMAIL"}]},
        "respondents": [{"kind": "PARTY_KIND_MERCHANT"}, {"kind": "PARTY_KIND_CONSUMER"}],
        "order": {"orderNo": 7, "paid": {"currency": "cny", "amountMinor": -1}, "orderedAt": "yesterday"},
        "live": {"offsetMs": -1},
        "demand": {"remedies": ["refund only"]},
        "attachments": [{"mediaType": "image/png", "sha256": "XYZ", "objectKey": ""}],
    });
    assert_eq!(
        refused(&tenant, &body).await,
        pairs(&[
            ("attachments[0].objectKey", "REQUIRED"),
            ("attachments[0].sha256", "MALFORMED"),
            ("channel", "UNKNOWN_ENUM_VALUE"),
            ("colour", "UNKNOWN_FIELD"),
            ("complainant.contacts[0].value", "REQUIRED"),
            ("complainant.kind", "NOT_ALLOWED"),
            ("demand.remedies[0]", "MALFORMED"),
            ("language", "MALFORMED"),
            ("live.offsetMs", "OUT_OF_RANGE"),
            ("order.orderNo", "WRONG_TYPE"),
            ("order.orderedAt", "MALFORMED_TIME"),
            ("order.paid.amountMinor", "OUT_OF_RANGE"),
            ("order.paid.currency", "MALFORMED"),
            ("respondents[1].kind", "NOT_ALLOWED"),
            ("submittedAt", "IN_FUTURE"),
            ("text", "REQUIRED"),
        ])
    );
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn each_single_mistake_is_told_by_its_own_field_and_reason() {
    let tenant = tenant().await;
    let file = json!({"mediaType": "image/png", "sha256": "0".repeat(64), "objectKey": "o-1"});
    let cases = [
        (body(|b| b["text"] = Value::Null), ("text", "REQUIRED")),
        (body(|b| b["text"] = " \n".into()), ("text", "REQUIRED")),
        (body(|b| b["text"] = "诉".repeat(20_001).into()), ("text", "TOO_LONG")),
        (body(|b| b["channel"] = "CHANNEL_UNSPECIFIED".into()), ("channel", "REQUIRED")),
        (body(|b| b["channel"] = "chat".into()), ("channel", "UNKNOWN_ENUM_VALUE")),
        (body(|b| b["channel"] = 1.into()), ("channel", "WRONG_TYPE")),
        (body(|b| b["complainant"] = Value::Null), ("complainant", "REQUIRED")),
        (body(|b| b["complainant"] = json!({})), ("complainant.kind", "REQUIRED")),
        (body(|b| b["complainant"]["kin"] = "x".into()), ("complainant.kin", "UNKNOWN_FIELD")),
        (body(|b| b["submittedAt"] = "2999-01-01T00:00:00Z".into()), ("submittedAt", "IN_FUTURE")),
        (body(|b| b["attachments"] = vec![file.clone(); 21].into()), ("attachments", "TOO_MANY")),
        (
            body(|b| b["order"] = json!({"orderNo": "1", "order_no": "2"})),
            ("order.order_no", "DOUBLED_FIELD"),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refused(&tenant, &body).await, pairs(&[expected]));
    }
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_text_of_exactly_twenty_thousand_characters_is_accepted_and_kept_whole() {
    let tenant = tenant().await;
    let text = "诉".repeat(20_000);
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain(&text)).await;
    assert_eq!(tenant.view(&tenant.officer(), &id).await["text"], text);
}

#[tokio::test]
async fn what_is_no_json_document_of_utf_8_is_refused_by_its_reason() {
    let tenant = tenant().await;
    for (body, reason) in [
        (&b"{\"text\":"[..], "MALFORMED_JSON"),
        (b"", "MALFORMED_JSON"),
        (b"{\"text\":\"\xff\xfe\"}", "INVALID_UTF8"),
        (b"[]", "WRONG_TYPE"),
        (b"\"text\"", "WRONG_TYPE"),
    ] {
        let answer = send(&tenant, body.to_vec()).await;
        assert_eq!((answer.status, answer.reason()), (400, "INVALID_INPUT"));
        assert_eq!(answer.violations(), pairs(&[("", reason)]));
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(send(&tenant, nested.into_bytes()).await.status, 400);
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_body_over_256_kib_is_refused_as_too_large() {
    let tenant = tenant().await;
    let oversized = body(|b| b["demand"] = json!({"text": "x".repeat(256 * 1024)}));
    let answer = send(&tenant, oversized.to_string().into_bytes()).await;
    assert_eq!((answer.status, answer.reason()), (413, "BODY_TOO_LARGE"));
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_key_that_is_missing_or_malformed_is_told_beside_all_else_that_is_wrong() {
    let tenant = tenant().await;
    let call = |body: &Value| {
        let request = tenant.http.request(Method::POST, "/v1/complaints").bearer_auth(tenant.complainant());
        request.json(body)
    };
    let wrong = body(|b| b["colour"] = 1.into());
    let none = tenant.http.exchange(call(&wrong)).await.unwrap();
    let expected = pairs(&[("Idempotency-Key", "REQUIRED"), ("colour", "UNKNOWN_FIELD")]);
    assert_eq!((none.status, none.violations()), (400, expected));
    let unreadable = tenant.http.exchange(call(&json!([]))).await.unwrap();
    assert_eq!(unreadable.violations(), pairs(&[("", "WRONG_TYPE"), ("Idempotency-Key", "REQUIRED")]));
    for key in ["", "钥匙", "two words", &"k".repeat(129)] {
        let header = reqwest::header::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        let call = call(&wrong).header("idempotency-key", header);
        let expected = pairs(&[("Idempotency-Key", "MALFORMED"), ("colour", "UNKNOWN_FIELD")]);
        assert_eq!(tenant.http.exchange(call).await.unwrap().violations(), expected, "{key}");
    }
    nothing_was_kept(&tenant).await;
}

#[tokio::test]
async fn a_verb_is_told_at_once_what_is_wrong_with_key_form_and_rules_and_where_body_and_path_disagree() {
    let tenant = tenant().await;
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    let decision = json!({"colour": 1, "decision": "ADMISSIBILITY_NO", "complaintId": "another"});
    let answer = tenant.act(&tenant.officer(), &id, "decideAdmissibility", "two words", &decision).await;
    assert_eq!(
        answer.violations(),
        pairs(&[
            ("Idempotency-Key", "MALFORMED"),
            ("colour", "UNKNOWN_FIELD"),
            ("complaintId", "CONTRADICTION"),
            ("facts", "REQUIRED"),
            ("refusalReason", "REQUIRED"),
            ("rule", "MALFORMED"),
        ])
    );
    let other_key = json!({"requestId": "w-2"});
    let answer = tenant.act(&tenant.complainant(), &id, "withdraw", "w-1", &other_key).await;
    assert_eq!(answer.violations(), pairs(&[("Idempotency-Key", "CONTRADICTION")]));
    let repeated = json!({"requestId": "w-1", "complaintId": id});
    assert_eq!(tenant.act(&tenant.complainant(), &id, "withdraw", "w-1", &repeated).await.status, 200);
}

#[tokio::test]
async fn a_time_may_be_written_without_its_seconds() {
    let tenant = tenant().await;
    let short = body(|b| b["submittedAt"] = "2026-01-02T03:04Z".into());
    assert_eq!(send(&tenant, short.to_string().into_bytes()).await.status, 202);
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_answered_with_a_problem() {
    let tenant = tenant().await;
    for (method, path, status, reason) in [
        (Method::GET, "/v1/nothing", 404, "NOT_FOUND"),
        (Method::DELETE, "/v1/complaints", 405, "METHOD_NOT_ALLOWED"),
        (Method::PUT, "/v1/complaints/1", 405, "METHOD_NOT_ALLOWED"),
        (Method::POST, "/v1/complaints/1:dance", 404, "NOT_FOUND"),
        (Method::POST, "/v1/complaints/1", 404, "NOT_FOUND"),
    ] {
        let request = tenant.http.request(method.clone(), path).bearer_auth(tenant.officer());
        let answer = tenant.http.exchange(request.header("idempotency-key", "k-1")).await.unwrap();
        assert_eq!((answer.status, answer.reason()), (status, reason), "{method} {path}");
    }
}

#[tokio::test]
async fn a_query_string_is_held_to_the_same_rules() {
    let tenant = tenant().await;
    let path =
        "/v1/complaints?state=COMPLAINT_STATE_LOST&receivedFrom=noon&pageSize=-1&colour=red&respondent=%00";
    let answer = tenant.http.get(&tenant.officer(), path).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.violations(),
        pairs(&[
            ("colour", "UNKNOWN_FIELD"),
            ("pageSize", "OUT_OF_RANGE"),
            ("receivedFrom", "MALFORMED_TIME"),
            ("respondent", "CONTROL_CHARACTER"),
            ("state", "UNKNOWN_ENUM_VALUE"),
        ])
    );
}
