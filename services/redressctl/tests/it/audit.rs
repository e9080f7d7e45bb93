use redress_domain::Role;

use crate::complaints::submitted;
use crate::world::World;

#[tokio::test]
async fn the_ends_of_the_chains_are_kept_elsewhere_and_a_chain_that_does_not_lead_there_is_noticed() {
    let tenant = World::shared().await.tenant();
    let auditor = tenant.token("auditor-1", Role::Auditor);
    submitted(&tenant, &tenant.token("c-1", Role::Complainant), &["--text", "x"]).await;
    let kept = tenant.json(&auditor, &["audit", "verify"]).await;
    assert_eq!((&kept["intact"], &kept["entries"]), (&true.into(), &"1".into()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heads.json");
    std::fs::write(&file, kept.to_string()).unwrap();
    let against = ["audit", "verify", "--against", file.to_str().unwrap()];

    // What was appended since does not matter.
    submitted(&tenant, &tenant.token("c-1", Role::Complainant), &["--text", "y"]).await;
    let later = tenant.run(&auditor, &against).await;
    assert_eq!(later.code, 0, "{later:?}");
    assert!(later.out.starts_with("intact: 2 entries"), "{}", later.out);

    let mut longer = kept.clone();
    longer["heads"][0]["seq"] = "7".into();
    std::fs::write(&file, longer.to_string()).unwrap();
    let cut = tenant.run(&auditor, &against).await;
    assert_eq!(cut.code, 1, "{cut:?}");
    assert!(cut.out.contains("broken: chain") && cut.out.contains("CUT_SHORT"), "{}", cut.out);

    let handler = tenant.token("handler-1", Role::Handler);
    let denied = tenant.run(&handler, &["audit", "verify"]).await;
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.told.contains("auditors and supervisors"), "{}", denied.told);
}
