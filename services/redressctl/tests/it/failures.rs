use redress_devstack::free_port;
use redress_domain::Role;

use crate::world::{Ctl, World};

#[tokio::test]
async fn a_token_that_is_missing_forged_or_too_weak_is_refused_with_what_to_do() {
    let tenant = World::shared().await.tenant();
    let at = format!("intake=http://{}", tenant.world.at.grpc);
    let missing = Ctl::new(&["complaint", "list"]).with("REDRESSCTL_AT", &at).run().await;
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.told.contains("(UNAUTHENTICATED, TOKEN_MISSING)"), "{}", missing.told);
    assert!(missing.told.contains("--token-file"), "{}", missing.told);

    let forged = tenant.run(&tenant.forged(), &["complaint", "list"]).await;
    assert_eq!(forged.code, 1, "{forged:?}");
    assert!(
        forged.told.contains("UNAUTHENTICATED") && forged.told.contains("runtime.auth"),
        "{}",
        forged.told
    );

    let weak = tenant.token("c-1", Role::Complainant);
    let weak = tenant.run(&weak, &["parked", "list", "intake"]).await;
    assert_eq!(weak.code, 1, "{weak:?}");
    assert!(weak.told.contains("role admin"), "{}", weak.told);
}

#[tokio::test]
async fn the_token_may_come_from_a_file_or_standard_input() {
    use std::io::Write as _;
    use std::process::Stdio;
    let tenant = World::shared().await.tenant();
    let token = tenant.token("c-1", Role::Complainant);
    let at = format!("intake=http://{}", tenant.world.at.grpc);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{token}").unwrap();
    let named = ["complaint", "list", "--token-file", file.path().to_str().unwrap()];
    let ended = Ctl::new(&named).with("REDRESSCTL_AT", &at).run().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut piped = Ctl::new(&["complaint", "list", "--token-file", "-"]).with("REDRESSCTL_AT", &at);
    piped.command.stdin(Stdio::from(file.reopen().unwrap()));
    let ended = piped.run().await;
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_exit_code_3_with_the_address() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let call = || Ctl::new(&["complaint", "list"]).with("REDRESSCTL_AT", &format!("intake={url}"));
    let ended = call().run().await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.told.contains(&url) && ended.told.contains("--at intake=URL"), "{}", ended.told);
    let json = call().with("REDRESSCTL_OUTPUT", "json").run().await;
    assert_eq!(json.code, 3);
    assert_eq!(json.error()["code"], "UNAVAILABLE");
    assert_eq!(json.error()["reason"], "");
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up_after_the_time_limit() {
    // It takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("intake=http://{}", silent.local_addr().unwrap());
    let ended = Ctl::new(&["complaint", "list", "--timeout", "1"]).with("REDRESSCTL_AT", &at).run().await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.told.contains("--timeout"), "{}", ended.told);
}

#[tokio::test]
async fn an_unknown_id_is_told_as_such_and_programs_read_its_code() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("officer-1", Role::IntakeOfficer);
    let unknown = "00000000-0000-8000-8000-000000000000";
    let ended = tenant.run(&token, &["complaint", "show", unknown]).await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{ended:?}");
    assert!(
        ended.told.contains("(NOT_FOUND, NOT_FOUND)") && ended.told.contains("--wait 10"),
        "{}",
        ended.told
    );
    let ended = tenant.run(&token, &["complaint", "show", unknown, "-o", "json"]).await;
    assert_eq!((ended.code, &ended.error()["reason"]), (1, &"NOT_FOUND".into()));
    let malformed = tenant.run(&token, &["complaint", "show", "no-number", "-o", "json"]).await;
    assert_eq!(malformed.code, 1, "{malformed:?}");
    assert_eq!(malformed.error()["code"], "INVALID_ARGUMENT");
    assert!(malformed.error()["fields"][0]["field"].is_string(), "{malformed:?}");
}

#[tokio::test]
async fn http_beyond_this_machine_is_refused_before_the_token_leaves() {
    let ended = Ctl::new(&["complaint", "list"])
        .with("REDRESSCTL_AT", "intake=http://intake.invalid:7001")
        .with("REDRESSCTL_TOKEN", "not-to-be-sent")
        .run()
        .await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.told.contains("--allow-plaintext"), "{}", ended.told);
}

#[tokio::test]
async fn another_service_at_the_address_is_told() {
    let tenant = World::shared().await.tenant();
    let token = tenant.token("s-1", Role::Supervisor);
    let at = format!("sla=http://{}", tenant.world.at.grpc);
    let ended = tenant.ctl(&token, &["calendar", "get", "cn-office"]).with("REDRESSCTL_AT", &at).run().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.told.contains("sla"), "{}", ended.told);
}
