use std::process::Output;

use crate::process::command;

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command()
        .env("REDRESS__RUNTIME__AUTH__ISSUER", "https://issuer.example")
        .env("REDRESS__RUNTIME__AUTH__JWKS", "/keys.json")
        .envs(environment.iter().copied())
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn all_problems_are_told_at_once_each_with_its_key_and_source_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greeter.toml");
    let text = "[runtime.grpc]\nlisten = \"nowhere\"\nlissten = \"127.0.0.1:1\"\n[greeter]\npepper = 4711\n[other]\nkey = 1\n";
    std::fs::write(&file, text).unwrap();
    let output = run(
        &["--config", file.to_str().unwrap()],
        &[
            ("REDRESS__RUNTIME__SHUTDOWN__DRAIN_MS", "soon"),
            ("REDRESS__GREETER__TIMES", "10"),
            ("REDRESS__GREETER", "hunter2"),
            ("REDRESS__GREETER__COLOUR", "hunter2"),
            ("REDRESS__GREETER__TONE", "hunter2"),
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    let file = file.display();
    for problem in [
        &format!("runtime.grpc.listen ({file}): invalid socket address"),
        &format!("runtime.grpc.lissten ({file}): unknown key"),
        &format!("other.key ({file}): unknown key"),
        &format!("greeter.pepper ({file}): must be text"),
        "runtime.shutdown.drain_ms (REDRESS__RUNTIME__SHUTDOWN__DRAIN_MS): must be a whole number",
        "greeter (REDRESS__GREETER): is a section, not a key",
        "greeter.colour (REDRESS__GREETER__COLOUR): unknown key",
        "greeter.tone (REDRESS__GREETER__TONE): must be `warm` or `cool`",
        "greeter.times must be 1 to 9",
    ] {
        assert!(told.contains(problem), "{problem}\nis missing in\n{told}");
    }
    assert!(told.contains("9 problem(s)"), "{told}");
    assert!(!told.contains("hunter2") && !told.contains("4711"), "{told}");
}

#[test]
fn the_environment_comes_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greeter.toml");
    std::fs::write(&file, "[greeter]\ntimes = 2\n[runtime.overload]\nqueue_length = 7\n").unwrap();
    let environment = [("REDRESS_CONFIG", file.to_str().unwrap()), ("REDRESS__GREETER__TIMES", "3")];
    let output = run(&["config"], &environment);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed: toml::Table = stdout(&output).parse().unwrap();
    assert_eq!(printed["greeter"]["times"].as_integer(), Some(3));
    assert_eq!(printed["runtime"]["overload"]["queue_length"].as_integer(), Some(7));
    assert_eq!(printed["runtime"]["overload"]["max_in_flight"].as_integer(), Some(1024));
}

#[test]
fn the_printed_configuration_holds_no_secret() {
    let output = run(
        &["config"],
        &[
            ("REDRESS__GREETER__PEPPER", "hunter2"),
            ("REDRESS__RUNTIME__AUTH__JWKS", "https://reader:hunter2@issuer.example/keys?token=hunter2"),
        ],
    );
    let printed = stdout(&output);
    assert!(!printed.contains("hunter2") && !printed.contains("reader"), "{printed}");
    let printed: toml::Table = printed.parse().unwrap();
    assert_eq!(printed["greeter"]["pepper"].as_str(), Some("***"));
    assert_eq!(printed["runtime"]["auth"]["jwks"].as_str(), Some("https://***@issuer.example/keys?***"));
}

#[test]
fn keys_of_the_issuer_are_not_read_over_a_wire_in_clear() {
    let refused = |url| {
        let output = run(&["config"], &[("REDRESS__RUNTIME__AUTH__JWKS", url)]);
        (output.status.code() == Some(2)).then(|| stderr(&output))
    };
    for url in [
        "http://issuer.example/jwks.json",
        "http://10.0.0.1/jwks.json",
        "http://127.0.0.1.example/",
        "http://",
    ] {
        assert!(refused(url).is_some_and(|told| told.contains("runtime.auth.jwks")), "{url}");
    }
    for url in [
        "https://issuer.example/jwks.json",
        "http://127.0.0.1:8080/jwks.json",
        "http://[::1]/",
        "/etc/jwks.json",
    ] {
        assert_eq!(refused(url), None, "{url}");
    }
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_told_with_its_place() {
    let missing = run(&["--config", "/nowhere/greeter.toml"], &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("/nowhere/greeter.toml"), "{}", stderr(&missing));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greeter.toml");
    std::fs::write(&file, "[greeter]\ntimes = = 2\n").unwrap();
    let broken = run(&["--config", file.to_str().unwrap()], &[]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("line 2"), "{}", stderr(&broken));
}

#[test]
fn commands_say_by_their_exit_code_how_they_ended() {
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["topics"], 0),
        (&["migrate"], 1),
        (&["dance"], 2),
        // Nobody listens there.
        (&["healthcheck"], 1),
    ] {
        let output = run(arguments, &[("REDRESS__RUNTIME__ADMIN__LISTEN", "127.0.0.1:9")]);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    }
    let help = stdout(&run(&["--help"], &[]));
    for word in ["redress-greeter", "serve", "migrate", "topics", "config", "healthcheck", "REDRESS_CONFIG"] {
        assert!(help.contains(word), "{word} is missing in\n{help}");
    }
}

#[test]
fn time_is_moved_in_tests_alone() {
    let file = "REDRESS__RUNTIME__TIME__SHIFT_FILE";
    let output = run(&["serve"], &[(file, "/shift")]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("runtime.time.shift_file moves deadlines of real cases"), "{told}");
    let profile = ("REDRESS__RUNTIME__TIME__PROFILE", "production");
    assert_eq!(run(&["serve"], &[(file, "/shift"), profile]).status.code(), Some(2), "said outright");
    let shown = run(&["config"], &[(file, "/shift"), ("REDRESS__RUNTIME__TIME__PROFILE", "test")]);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
}
