use redress_testkit::built_binary;

use crate::world::{Ctl, World};

const SECRET: &str = "hunter2-of-nobody";

#[tokio::test]
async fn a_configuration_is_judged_by_the_services_own_binary_all_problems_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(file.path(), format!("[intake]\nreview_days = \"{SECRET}\"\ncolour = \"red\"\n")).unwrap();
    let refused = Ctl::new(&["config", "check", "intake", path]).run().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for key in ["intake.review_days", "intake.colour"] {
        assert!(refused.out.contains(key), "{key} in {}", refused.out);
    }
    assert!(!refused.out.contains(SECRET), "{}", refused.out);
    let json = Ctl::new(&["config", "check", "intake", path, "-o", "json"]).run().await.json();
    assert_eq!((&json["service"], &json["fits"]), (&"intake".into(), &false.into()));
    assert!(json["problems"].as_array().unwrap().len() >= 2, "{json}");

    std::fs::write(
        file.path(),
        "[runtime.auth]\nissuer = \"https://issuer.invalid\"\njwks = \"/etc/jwks.json\"\n",
    )
    .unwrap();
    let fits = Ctl::new(&["config", "check", "intake", path]).run().await;
    assert_eq!(fits.code, 0, "{fits:?}");
    assert!(fits.out.contains("fits intake"), "{}", fits.out);
    // As in use: the variables of the environment come over the file.
    let spoiled =
        Ctl::new(&["config", "check", "intake", path]).with("REDRESS__REDIS__TIMEOUT_MS", "soon").run().await;
    assert_eq!(spoiled.code, 1, "{spoiled:?}");
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_told_with_how_to_name_it() {
    let line = ["config", "check", "intake", "x.toml", "--binary", "/nowhere/redress-intake"];
    let ended = Ctl::new(&line).run().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.told.contains("--binary"), "{}", ended.told);
    built_binary("redress-intake").unwrap();
}

#[tokio::test]
async fn a_settings_file_is_found_in_its_folder_and_a_wrong_one_is_refused() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", redress_domain::Role::Complainant);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("redress")).unwrap();
    let file = folder.path().join("redress/redressctl.toml");
    std::fs::write(&file, format!("[services]\nintake = \"http://{}\"\n", tenant.world.at.grpc)).unwrap();
    let call = || {
        Ctl::new(&["complaint", "list"])
            .with("XDG_CONFIG_HOME", folder.path().to_str().unwrap())
            .with("REDRESSCTL_TOKEN", &token)
    };
    let found = call().run().await;
    assert_eq!(found.code, 0, "{found:?}");
    std::fs::write(&file, "colour = 'red'\n").unwrap();
    let wrong = call().run().await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.told.contains("line 1") && wrong.told.contains("colour"), "{}", wrong.told);
}
