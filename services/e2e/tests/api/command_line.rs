use std::process::{Command, Output};

use redress_devstack::shared;
use redress_testkit::{Installation, built_binary, topic_prefix, unique_name};

use crate::service::service;

const SECRET: &str = "hunter2-of-nobody";

/// The binary with nothing set, not even by the shell of whoever runs the tests.
fn intake(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(built_binary("redress-intake").unwrap());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REDRESS_")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(environment.iter().copied());
    command
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn config_prints_what_is_in_force_with_its_secrets_masked() {
    let url = format!("postgres://app:{SECRET}@db.invalid:5432/redress");
    let printed = run(intake(
        &["config"],
        &[
            ("REDRESS__POSTGRES__URL", &url),
            ("REDRESS__KAFKA__SECURITY__SASL_PASSWORD", SECRET),
            ("REDRESS__REDIS__URL", &format!("redis://:{SECRET}@cache.invalid")),
            ("REDRESS__RUNTIME__AUTH__ISSUER", "https://issuer.invalid"),
            ("REDRESS__RUNTIME__AUTH__JWKS", "/etc/redress/jwks.json"),
            ("REDRESS__INTAKE__REVIEW_DAYS", "31"),
        ],
    ))
    .await;
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let config = text(&printed.stdout);
    assert!(!config.contains(SECRET) && !text(&printed.stderr).contains(SECRET), "{config}");
    for shown in ["postgres://***@db.invalid:5432/redress", "redis://***@cache.invalid", "review_days = 31"] {
        assert!(config.contains(shown), "{shown} in {config}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_configuration_is_told_and_the_process_does_not_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[intake]\nreview_days = \"many\"\ncolour = \"red\"\n").unwrap();
    let refused = run(intake(
        &["serve", "--config", file.path().to_str().unwrap()],
        &[
            ("REDRESS__REDIS__TIMEOUT_MS", "soon"),
            ("REDRESS__INTAKE__ROLE", SECRET),
            ("REDRESS__POSTGRES__PASSWORD", SECRET),
        ],
    ))
    .await;
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    for key in ["intake.review_days", "intake.colour", "redis.timeout_ms", "intake.role", "postgres.password"]
    {
        assert!(told.contains(key), "{key} in {told}");
    }
    assert!(told.contains("must be one of `both`, `accept`, `register`"), "{told}");
    assert!(!told.contains(SECRET), "a secret in the wrong place is not told either: {told}");
    assert!(
        told.contains("REDRESS__REDIS__TIMEOUT_MS") && told.contains(file.path().to_str().unwrap()),
        "{told}"
    );
}

#[tokio::test]
async fn an_unknown_command_or_a_missing_file_ends_with_code_2() {
    for arguments in [&["dance"][..], &["config", "--config", "/nowhere/at-all.toml"]] {
        let refused = run(intake(arguments, &[])).await;
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", text(&refused.stderr));
        assert!(!refused.stderr.is_empty());
    }
}

#[tokio::test]
async fn healthcheck_succeeds_where_a_process_is_ready_and_fails_where_none_is() {
    let service = service().await;
    let check = |address: &str| {
        let mut command = service.installation.command("healthcheck");
        command.env("REDRESS__RUNTIME__ADMIN__LISTEN", address);
        run(command)
    };
    let healthy = check(&service.at.admin).await;
    assert!(healthy.status.success(), "{}", text(&healthy.stderr));
    let free = format!("127.0.0.1:{}", redress_devstack::free_port());
    assert_eq!(check(&free).await.status.code(), Some(1));
}

#[tokio::test]
async fn migrate_and_topics_may_be_repeated() {
    let tenant = "only".parse().unwrap();
    let prepared =
        Installation::prepare(shared().await, &unique_name("again"), &topic_prefix(), &[tenant]).await;
    let installation = prepared.unwrap();
    for subcommand in ["migrate", "topics"] {
        let again = run(installation.command(subcommand)).await;
        assert!(again.status.success(), "{subcommand}: {}", text(&again.stdout));
    }
}
