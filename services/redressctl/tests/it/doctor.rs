use std::path::Path;

use redress_devstack::free_port;
use redress_domain::Role;
use serde_json::Value;

use crate::world::{Ended, Tenant, World};

/// The settings of an operator of `tenant`'s installation, with what a test puts in the place of the truth.
struct Settings<'a> {
    prefix: &'a str,
    database: &'a str,
    partitions: u16,
    redis: &'a str,
}

impl<'a> Settings<'a> {
    fn of(world: &'a World) -> Self {
        let (prefix, database) = (&*world.prefix, &*world.installation.database_url);
        Self { prefix, database, partitions: 6, redis: &world.stack.redis }
    }

    fn write(&self, world: &World, file: &Path) {
        let text = format!(
            "[services]\nintake = 'http://{}'\n[probes]\nintake = 'http://{}'\n\
             [kafka]\nbrokers = '{}'\ntopic_prefix = '{}'\npartitions = {}\n\
             [redis]\nurl = '{}'\n[postgres]\nintake = '{}'\n",
            world.at.grpc,
            world.at.admin,
            world.stack.kafka,
            self.prefix,
            self.partitions,
            self.redis,
            self.database
        );
        std::fs::write(file, text).unwrap();
    }
}

async fn look(tenant: &Tenant<'_>, settings: &Settings<'_>) -> Ended {
    let file = tempfile::NamedTempFile::new().unwrap();
    settings.write(tenant.world, file.path());
    let line = ["doctor", "intake", "-o", "json", "--config", file.path().to_str().unwrap()];
    let admin = tenant.token("admin-1", Role::Admin);
    tenant.run(&admin, &line).await
}

/// The levels and texts of the findings of a kind.
fn findings(ended: &Ended, check: &str) -> Vec<(String, String)> {
    let report = ended.json();
    let of_kind = report["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_kind
        .map(|finding| {
            let told = format!("{} {}", text(&finding["message"]), text(&finding["remedy"]));
            (text(&finding["level"]), told)
        })
        .collect()
}

#[tokio::test]
async fn an_installation_that_is_well_has_no_problem_and_each_part_was_looked_at() {
    let tenant = World::shared().await.tenant();
    let ended = look(&tenant, &Settings::of(tenant.world)).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    for (check, level) in [
        ("services", "ok"),
        ("parked", "ok"),
        ("outbox", "ok"),
        ("schema", "ok"),
        ("redis", "ok"),
        ("clock", "ok"),
        // The brokers of tests have one replica, and their databases do not wait for the disk.
        ("topics", "warning"),
        ("database", "warning"),
        ("collector", "skipped"),
    ] {
        let found = findings(&ended, check);
        assert!(!found.is_empty() && found.iter().all(|(found, _)| found == level), "{check}: {found:?}");
    }
    // A partition may be paused for a moment while many tests run.
    assert!(findings(&ended, "consumers").iter().all(|(level, _)| level != "problem"));
    assert_eq!(findings(&ended, "consumers").len(), 1);
    assert_eq!(findings(&ended, "topics").len(), 2);
    assert_eq!(findings(&ended, "clock").len(), 2);
}

#[tokio::test]
async fn what_is_missing_is_a_problem_with_its_remedy() {
    let tenant = World::shared().await.tenant();
    let world = tenant.world;
    let nowhere = format!("redis://127.0.0.1:{}", free_port());
    for (settings, check, remedy) in [
        (Settings { prefix: "nobody.", ..Settings::of(world) }, "topics", "`redress-intake topics`"),
        (Settings { partitions: 48, ..Settings::of(world) }, "topics", "the settings say 48"),
        (
            Settings { database: &world.stack.postgres, ..Settings::of(world) },
            "schema",
            "`redress-intake migrate`",
        ),
        (Settings { redis: &nowhere, ..Settings::of(world) }, "redis", "redis.url"),
    ] {
        let ended = look(&tenant, &settings).await;
        assert_eq!(ended.code, 1, "{check}: {ended:?}");
        let found = findings(&ended, check);
        let told = |(level, text): &(String, String)| level == "problem" && text.contains(remedy);
        assert!(found.iter().any(told), "{remedy} in {found:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_or_not_ready_is_told_with_why() {
    let world = World::start("intake", 1, &[]).await;
    let tenant = world.tenant();
    let well = look(&tenant, &Settings::of(&world)).await;
    assert_eq!(well.code, 0, "{well:?}");
    world.process.kill9().await;
    let away = look(&tenant, &Settings::of(&world)).await;
    assert_eq!(away.code, 1, "{away:?}");
    let found = findings(&away, "services");
    assert!(found[0].0 == "problem" && found[0].1.contains("--at intake=URL"), "{found:?}");
    assert!(findings(&away, "parked").is_empty());
}

#[tokio::test]
async fn people_get_a_table_and_what_to_do() {
    let tenant = World::shared().await.tenant();
    let ended = tenant.run("", &["doctor", "intake"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["CHECK", "is ready at", "[kafka]", "0 problem(s)"] {
        assert!(ended.out.contains(part), "{part} in {}", ended.out);
    }
}
