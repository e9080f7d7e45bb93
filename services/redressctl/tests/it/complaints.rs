use redress_domain::Role;

use crate::world::{Tenant, World};

/// Submits as a complainant and waits until it is registered: id and number.
pub(crate) async fn submitted(tenant: &Tenant<'_>, token: &str, arguments: &[&str]) -> (String, String) {
    let line = [&["complaint", "submit", "--wait", "20"], arguments].concat();
    let answer = tenant.json(token, &line).await;
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("complaintId"), text("complaintNo"))
}

#[tokio::test]
async fn what_is_submitted_is_shown_listed_and_watched_under_its_id_and_its_number() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let about = ["--text", "主播说是真皮，收到的是人造革", "--channel", "app", "--live-room", "room-7"];
    let who = ["--respondent", "anchor:anchor-7", "--language", "zh-Hans"];
    let (id, number) = submitted(&tenant, &token, &[&about[..], &who].concat()).await;

    for key in [&id, &number] {
        let shown = tenant.json(&token, &["complaint", "show", key]).await;
        assert_eq!(shown["complaintId"], *id);
        assert_eq!(shown["channel"], "CHANNEL_APP");
        assert_eq!(shown["respondents"][0]["externalRef"], "anchor-7");
        assert_eq!(shown["history"][0]["event"], "ComplaintRegistered");
    }
    let card = tenant.run(&token, &["complaint", "show", &number]).await;
    assert_eq!(card.code, 0, "{card:?}");
    for part in [&*number, "received (version 1)", "主播说是真皮", "anchor anchor-7", "ComplaintRegistered"]
    {
        assert!(card.out.contains(part), "{part} in {}", card.out);
    }

    let (other, _) = submitted(&tenant, &token, &["--text", "another", "--live-room", "room-8"]).await;
    let listed = tenant.json(&token, &["complaint", "list", "--live-room", "room-7"]).await;
    assert_eq!(listed["complaints"].as_array().unwrap().len(), 1);
    assert_eq!(listed["complaints"][0]["complaintId"], *id);
    let first = tenant.json(&token, &["complaint", "list", "--limit", "1"]).await;
    assert_eq!(first["complaints"][0]["complaintId"], *other);
    let page = first["nextPageToken"].as_str().unwrap();
    let second = tenant.json(&token, &["complaint", "list", "--limit", "1", "--page-token", page]).await;
    assert_eq!(second["complaints"][0]["complaintId"], *id);
    let table = tenant.run(&token, &["complaint", "list", "--state", "received"]).await;
    assert_eq!(table.out.lines().count(), 3, "{}", table.out);
    let none = tenant.run(&token, &["complaint", "list", "--state", "closed"]).await;
    assert_eq!((none.code, none.out.as_str()), (0, ""));

    let watched =
        tenant.run(&token, &["complaint", "watch", &number, "--until", "received", "-o", "json"]).await;
    assert_eq!(watched.code, 0, "{watched:?}");
    let entry: serde_json::Value = serde_json::from_str(&watched.out).unwrap();
    assert_eq!((&entry["event"], &entry["version"]), (&"ComplaintRegistered".into(), &1.into()));
}

#[tokio::test]
async fn a_file_holds_the_submission_as_over_http_and_a_request_id_names_the_act() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let file = tempfile::NamedTempFile::new().unwrap();
    let body = r#"{"channel":"CHANNEL_ORDER_DETAIL","text":"破了","complainant":{"kind":"PARTY_KIND_CONSUMER"},
                   "order":{"orderNo":"TEST-1"}}"#;
    std::fs::write(file.path(), body).unwrap();
    let path = file.path().to_str().unwrap();
    let line = ["--file", path, "--request-id", "act-1"];
    let (id, _) = submitted(&tenant, &token, &line).await;
    let (again, _) = submitted(&tenant, &token, &line).await;
    assert_eq!(id, again);
    let shown = tenant.json(&token, &["complaint", "show", &id]).await;
    assert_eq!((&shown["order"]["orderNo"], &shown["text"]), (&"TEST-1".into(), &"破了".into()));

    let other = [&["complaint", "submit", "--text", "something else"][..], &line].concat();
    let reused = tenant.run(&token, &other).await;
    assert_eq!(reused.code, 1, "{reused:?}");
    assert!(reused.told.contains("(ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED)"), "{}", reused.told);
    assert!(reused.told.contains("take a new one"), "{}", reused.told);
}

#[tokio::test]
async fn without_a_request_id_a_fresh_one_is_told_and_leads_to_the_same_complaint() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let first = tenant.run(&token, &["complaint", "submit", "--text", "x", "-o", "json"]).await;
    assert_eq!(first.code, 0, "{first:?}");
    let request_id = first.told.trim().strip_prefix("request id ").unwrap();
    let line = ["complaint", "submit", "--text", "x", "--request-id", request_id];
    let again = tenant.json(&token, &line).await;
    assert_eq!(again["complaintId"], first.json()["complaintId"]);
}
