use std::path::Path;

use redress_domain::Role;

use crate::world::World;

#[tokio::test]
async fn rule_files_are_tested_against_the_running_rule_set() {
    let world = World::start("classification", 1, &[]).await;
    let tenant = world.tenant();
    let supervisor = tenant.token("supervisor-1", Role::Supervisor);
    let running = concat!(env!("CARGO_MANIFEST_DIR"), "/../classification/data/rules/units.yaml");
    let same = tenant.json(&supervisor, &["rules", "test", running]).await;
    assert_eq!((&same["passed"], &same["changedExamples"]), (&true.into(), &serde_json::json!([])), "{same}");

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let broken = folder.path().join("rules/units.yaml");
    std::fs::write(&broken, "no: [such\n").unwrap();
    let refused = tenant.run(&supervisor, &["rules", "test", broken.to_str().unwrap()]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.out.contains("rules/units.yaml:") && refused.out.contains("does not pass"),
        "{}",
        refused.out
    );

    let handler = tenant.token("handler-1", Role::Handler);
    let denied = tenant.run(&handler, &["rules", "test", running]).await;
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.told.contains("role supervisor"), "{}", denied.told);
}

/// The rule set that comes with the service, with texts for learning and measuring beside it.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../classification/data");

/// Copies the files of a folder of the set.
fn copied(from: &str, to: &Path) {
    std::fs::create_dir_all(to.join(from)).unwrap();
    for entry in std::fs::read_dir(Path::new(DATA).join(from)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(from).join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_whole_rule_set_is_tested_weights_of_words_and_all() {
    let world = World::start("classification", 1, &[]).await;
    let tenant = world.tenant();
    let supervisor = tenant.token("supervisor-1", Role::Supervisor);
    // A build without optimisation reads thousands of examples for a while.
    let test = ["--timeout", "600", "rules", "test"];
    let same = tenant.json(&supervisor, &[&test[..], &[DATA]].concat()).await;
    assert_eq!((&same["passed"], &same["changedExamples"]), (&true.into(), &serde_json::json!([])), "{same}");

    // A rule that calls whatever is not sent an anomaly of the order.
    let folder = tempfile::tempdir().unwrap();
    copied("examples", folder.path());
    let rule = "- {id: n-1, all: [ship_stuck], then: {sub: order_anomaly}, score: 50}\n";
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/new.yaml"), rule).unwrap();
    let path = folder.path().to_str().unwrap();
    let changed = tenant.run(&supervisor, &[&test[..], &[path]].concat()).await;
    assert_eq!(changed.code, 1, "{changed:?}");
    assert!(changed.out.contains("examples whose labels change:\n  examples/"), "{}", changed.out);

    // Words that weigh nothing any more.
    let folder = tempfile::tempdir().unwrap();
    copied("words", folder.path());
    let table = folder.path().join("words/subcategories.txt");
    let head: Vec<String> =
        std::fs::read_to_string(&table).unwrap().lines().take(5).map(str::to_owned).collect();
    std::fs::write(&table, head.join("\n") + "\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let changed = tenant.run(&supervisor, &[&test[..], &["-o", "json", path]].concat()).await;
    assert_ne!(changed.json()["changedExamples"], serde_json::json!([]), "{changed:?}");
}
