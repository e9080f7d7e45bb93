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
