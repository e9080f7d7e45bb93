//! `cargo xtask up`: the stack and the services, for anyone to point a client at.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{Role, TenantId};
use redress_simulator::Connectors;
use redress_testkit::TokenIssuer;
use serde_json::{Map, Value, json};

use crate::launch::{self, Clocks, Launched, Running};
use crate::{signals, workspace};

/// Start the stack and the services, print endpoints and tokens, and stay until Ctrl-C
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print endpoints and tokens as one line of JSON
    #[arg(long)]
    json: bool,
    /// End by itself after this time
    #[arg(long)]
    seconds: Option<u64>,
    /// What decides which payments stumble and what the platform's records say
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Who the ready-made tokens are for.
const CALLERS: &[(&str, &[Role])] = &[
    ("complainant", &[Role::Complainant]),
    ("respondent", &[Role::Respondent]),
    ("handler", &[Role::IntakeOfficer, Role::Handler]),
    ("supervisor", &[Role::Supervisor, Role::IntakeOfficer, Role::Handler]),
    ("admin", &[Role::Admin]),
    ("auditor", &[Role::Auditor]),
    ("service", &[Role::Service]),
];
const TOKENS_VALID: SignedDuration = SignedDuration::from_hours(12);

/// `{"<tenant>": {"<caller>": "<token>"}}`
type Tokens = BTreeMap<String, BTreeMap<&'static str, String>>;

/// Stays until it is asked to end, which is no failure.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    // The platform's side of the installation: nothing is refused for lack of an outside.
    let connectors = Connectors::start(args.seed, "127.0.0.1:0").await?;
    let settings = connectors.settings(now())?;
    let launched = tokio::select! {
        launched = launch::launch(&settings, Clocks::Real) => launched?,
        () = signals::interrupted() => return Ok(()),
    };
    let tokens = tokens(launched.site.issuer(), &launched.tenants, now())?;
    let endpoints = endpoints(&launched, &tokens, &connectors);
    let variables = Variables::write(Path::new("target/up"), variables(&endpoints, &tokens))?;
    if args.json {
        println!("{endpoints}");
    } else {
        println!("{}", for_people(&launched, &endpoints, &tokens));
    }
    let stays = async {
        match args.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let no_longer_asked = tokio::select! {
        () = stays => Ok(()),
        () = signals::interrupted() => Ok(()),
        ended = died(&launched) => ended,
    };
    eprintln!("ending …");
    drop(variables);
    no_longer_asked.and(launched.stop().await)
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process: tokens are valid from now on")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits until a service has ended by itself, which none should.
async fn died(launched: &Launched) -> anyhow::Result<()> {
    loop {
        if let Some(ended) = launched.services.iter().find(|running| !running.process.is_alive()) {
            let log = std::fs::read_to_string(ended.process.log()).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(5).collect();
            anyhow::bail!(
                "{} has ended by itself; the last it said:\n{}",
                ended.name,
                end.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn tokens(issuer: &TokenIssuer, tenants: &[TenantId], now: Timestamp) -> anyhow::Result<Tokens> {
    let of_tenant = |tenant: &TenantId| {
        let token = |&(caller, roles): &(&'static str, &[Role])| {
            let claims = issuer.claims(tenant, &format!("{caller}-1"), roles, now).valid_for(TOKENS_VALID);
            Ok((caller, issuer.sign(&claims).with_context(|| format!("cannot sign a token for {caller}"))?))
        };
        Ok((tenant.to_string(), CALLERS.iter().map(token).collect::<anyhow::Result<_>>()?))
    };
    tenants.iter().map(of_tenant).collect()
}

fn endpoints(launched: &Launched, tokens: &Tokens, connectors: &Connectors) -> Value {
    let stack = launched.stack.endpoints();
    let servers =
        [("kafka", stack.pids.kafka), ("postgres", stack.pids.postgres), ("redis", stack.pids.redis)];
    let of_services = |value: fn(&Running) -> Value| {
        launched
            .services
            .iter()
            .map(|running| (running.name.to_owned(), value(running)))
            .collect::<Map<_, _>>()
    };
    let mut pids = of_services(|running| json!(running.process.pid()));
    pids.extend(servers.map(|(name, pid)| (name.to_owned(), json!(pid))));
    json!({
        "http": of_services(|running| json!(format!("http://{}", running.addresses.http))),
        "grpc": of_services(|running| json!(running.addresses.grpc)),
        "admin": of_services(|running| json!(format!("http://{}", running.addresses.admin))),
        "kafka": stack.kafka,
        "postgres": of_services(|running| json!(running.installation.database_url)),
        "redis": stack.redis,
        "pids": pids,
        "logs": stack.dir,
        "connectors": connectors.url,
        "callbacks": connectors.outside.callbacks.url,
        "smtp": format!("127.0.0.1:{}", connectors.outside.mail.port),
        "jwks": launched.site.issuer().jwks(),
        "tokens": tokens,
    })
}

/// A file with addresses and tokens as shell variables, so that the lines of the README work as they stand: those of the
/// installation that was started last. Goes with the installation that it describes. For its owner's eyes, since tokens
/// open for as long as they last.
struct Variables {
    file: PathBuf,
    text: String,
}

impl Variables {
    fn write(folder: &Path, text: String) -> anyhow::Result<Self> {
        let file = folder.join("env");
        // Renamed into place: a shell reads it whole, and it never has another owner's mode.
        let partial = folder.join(format!("env.{}", std::process::id()));
        let written = || {
            std::fs::create_dir_all(folder)?;
            let mut new =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
            new.write_all(text.as_bytes())?;
            std::fs::rename(&partial, &file)
        };
        written().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file, text })
    }
}

impl Drop for Variables {
    fn drop(&mut self) {
        // A later installation's file stays, and one that is gone already is as good.
        if std::fs::read_to_string(&self.file).is_ok_and(|text| text == self.text) {
            let _ = std::fs::remove_file(&self.file);
        }
    }
}

/// Tokens are those of the first tenant.
fn variables(endpoints: &Value, tokens: &Tokens) -> String {
    let text =
        |pointer: &str| endpoints.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let addresses = [("HTTP", text("/http/intake")), ("GRPC", text("/grpc/intake"))];
    let callers = tokens.values().next().into_iter().flatten();
    let callers = callers.map(|(caller, token)| (caller.to_uppercase(), token.clone()));
    let lines = addresses.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(callers);
    let lines: Vec<String> = lines.map(|(name, value)| format!("export REDRESS_{name}='{value}'")).collect();
    lines.join("\n") + "\n"
}

fn for_people(launched: &Launched, endpoints: &Value, tokens: &Tokens) -> String {
    let text = |pointer: &str| endpoints.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let of_services = launched.services.iter().map(|Running { name, addresses, .. }| {
        format!(
            "  {name:<14} HTTP http://{}  gRPC {}  metrics http://{}/metrics",
            addresses.http, addresses.grpc, addresses.admin
        )
    });
    let servers = [
        ("OpenAPI", format!("{}/openapi.json", text("/http/intake"))),
        ("Kafka", text("/kafka").to_owned()),
        ("PostgreSQL", text("/postgres/intake").to_owned()),
        ("Redis", text("/redis").to_owned()),
        ("logs", text("/logs").to_owned()),
        ("connectors", format!("{}  (payments, platform data, message box)", text("/connectors"))),
        ("mail server", text("/smtp").to_owned()),
        ("callbacks", text("/callbacks").to_owned()),
    ];
    let servers = servers.map(|(name, value)| format!("  {name:<14} {value}"));
    let addresses = of_services.chain(servers).collect::<Vec<_>>().join("\n");
    let of_tenant = |(tenant, callers): (&String, &BTreeMap<&str, String>)| {
        callers.iter().map(|(caller, token)| format!("  {tenant} {caller}: {token}")).collect::<Vec<_>>()
    };
    let listed = tokens.iter().flat_map(of_tenant).collect::<Vec<_>>().join("\n");
    let token =
        |caller| tokens.values().next().and_then(|callers| callers.get(caller)).map_or("", String::as_str);
    format!(
        "Addresses\n{addresses}\n\nTokens (12 h)\n{listed}\n\n\
         Complain:\n\
         curl -sS {http}/v1/complaints -H 'Authorization: Bearer {complainant}' -H 'Idempotency-Key: first-1' \
         -H 'Content-Type: application/json' -d '{body}'\n\n\
         Read the list as a handler:\n\
         grpcurl -plaintext -H 'authorization: Bearer {handler}' -d '{{}}' {grpc} \
         redress.intake.v1.IntakeService/ListComplaints\n\n\
         The same as shell variables: . target/up/env\n\
         Ctrl-C ends all of it.",
        http = text("/http/intake"),
        grpc = text("/grpc/intake"),
        complainant = token("complainant"),
        handler = token("handler"),
        body = r#"{"channel":"CHANNEL_APP","text":"主播说是真皮，收到是人造革","language":"zh-Hans","complainant":{"kind":"PARTY_KIND_CONSUMER"}}"#,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenant_has_a_token_for_each_caller_with_its_own_tenant_and_roles() {
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        let tokens = tokens(&issuer, &tenants, "2026-11-25T02:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(tokens.keys().collect::<Vec<_>>(), ["tenant-a", "tenant-b"]);
        let claims = claims_of(&tokens["tenant-b"]["supervisor"]);
        assert_eq!(claims["tenant"], "tenant-b");
        assert_eq!(claims["roles"], json!(["supervisor", "intake_officer", "handler"]));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 12 * 3_600);
        let callers: Vec<_> = tokens["tenant-a"].keys().copied().collect();
        assert_eq!(
            callers,
            ["admin", "auditor", "complainant", "handler", "respondent", "service", "supervisor"]
        );
    }

    #[test]
    fn the_lines_of_the_readme_find_their_variables() {
        let readme =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        let tokens =
            tokens(&issuer, &["tenant-a".parse().unwrap()], "2026-11-25T02:00:00Z".parse().unwrap()).unwrap();
        let endpoints = json!({"http": {"intake": "http://h"}, "grpc": {"intake": "g"}});
        let file = variables(&endpoints, &tokens);
        let used: Vec<&str> = readme
            .split("$REDRESS_")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase()).next().unwrap())
            .collect();
        assert!(used.len() >= 4, "{used:?}");
        for name in used {
            assert!(file.contains(&format!("export REDRESS_{name}='")), "{name} in {file}");
        }
        assert!(file.contains("export REDRESS_HTTP='http://h'"));
    }

    #[test]
    fn of_two_installations_side_by_side_the_later_ones_variables_stay_and_nobody_else_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let first = Variables::write(folder.path(), "export A='1'\n".into()).unwrap();
        let second = Variables::write(folder.path(), "export A='2'\n".into()).unwrap();
        let file = second.file.clone();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "export A='2'\n");
        drop(second);
        assert!(!file.exists());
    }

    fn claims_of(token: &str) -> Value {
        use base64::Engine as _;
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap())
            .unwrap()
    }
}
