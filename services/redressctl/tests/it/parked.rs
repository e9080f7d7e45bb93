use redress_domain::{ComplaintId, Role};
use redress_testkit::wait_until;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn a_parked_record_is_listed_applied_again_once_its_cause_is_gone_or_given_up() {
    let world = World::start("intake", 1, &[]).await;
    let tenant = world.tenant();
    let (caller, admin) = (tenant.token("c-1", Role::Complainant), tenant.token("admin-1", Role::Admin));
    let empty = tenant.run(&admin, &["parked", "list", "intake"]).await;
    assert_eq!((empty.code, empty.out.as_str()), (0, ""), "{empty:?}");
    assert!(empty.told.contains("nothing is parked"), "{}", empty.told);

    let mut database = PgConnection::connect(&world.installation.database_url).await.unwrap();
    let refused = ["parked-1", "parked-2"]
        .map(|key| format!("'{}'", ComplaintId::derive(&tenant.id, "c-1", &key.parse().unwrap()).as_uuid()));
    let constraint = format!(
        "ALTER TABLE complaint ADD CONSTRAINT not_these CHECK (complaint_id NOT IN ({})) NOT VALID",
        refused.join(", ")
    );
    database.execute(AssertSqlSafe(constraint)).await.unwrap();
    for key in ["parked-1", "parked-2"] {
        let submitted =
            tenant.run(&caller, &["complaint", "submit", "--text", "x", "--request-id", key]).await;
        assert_eq!(submitted.code, 0, "{submitted:?}");
    }
    let list = ["parked", "list", "intake", "-o", "json"];
    let both = async || {
        let events = tenant.run(&admin, &list).await.json()["events"].as_array()?.clone();
        (events.len() == 2).then_some(events)
    };
    let events = wait_until("both are parked", PATIENCE, both).await;
    assert_eq!(events[0]["cause"], "HANDLER_REFUSED");
    let position = |event: &serde_json::Value| {
        let position = &event["position"];
        let topic = position["topic"].as_str().unwrap();
        format!("{topic}/{}/{}", position["partition"], position["offset"].as_str().unwrap())
    };
    let table = tenant.run(&admin, &["parked", "list", "intake"]).await;
    assert!(table.out.contains(&position(&events[0])) && table.out.contains("not_these"), "{}", table.out);

    let topic = events[0]["position"]["topic"].as_str().unwrap();
    let redrive = ["parked", "redrive", "intake", "--topic", topic, "--reason", "the constraint is gone"];
    let early = tenant.run(&admin, &redrive).await;
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.out.contains("applied 0") && early.out.contains("still parked 2"), "{}", early.out);

    let given_up = position(&events[1]);
    let discard = ["parked", "discard", "intake", "--position", &given_up, "--reason", "a test made it"];
    let nobody_to_ask = tenant.run(&admin, &discard).await;
    assert_eq!(nobody_to_ask.code, 2, "{nobody_to_ask:?}");
    assert!(nobody_to_ask.told.contains("--yes"), "{}", nobody_to_ask.told);
    let discarded = tenant.run(&admin, &[&discard[..], &["--yes"]].concat()).await;
    assert_eq!((discarded.code, discarded.out.as_str()), (0, "given up 1 of 1\n"), "{discarded:?}");

    database.execute("ALTER TABLE complaint DROP CONSTRAINT not_these").await.unwrap();
    let applied = tenant.run(&admin, &redrive).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.out.starts_with("applied 1,"), "{}", applied.out);
    let left = tenant.json(&admin, &["parked", "list", "intake"]).await;
    assert_eq!(left["events"], serde_json::json!([]));
    let registered: i64 =
        sqlx::query_scalar("SELECT count(*) FROM complaint").fetch_one(&mut database).await.unwrap();
    assert_eq!(registered, 1);
}
