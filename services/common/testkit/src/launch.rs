//! Services as processes on a stack, installed as an operator would: a role and a database for each, a key file, the
//! issuer's key set, `migrate`, `topics`, `serve`.
//!
//! Used by the end-to-end tests, the load tests, the demo and `cargo xtask up`, so that all of them run the same thing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use redress_devstack::{Endpoints, ServiceProcess, free_port};
use redress_domain::TenantId;
use redress_vault::FileKeyProvider;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::TokenIssuer;

/// Sections that only some services have; a key of another's would be refused.
const ONLY_SOME: [(&str, &[&str]); 3] = [
    ("REDRESS__REDIS__", &["intake", "classification", "sla"]),
    ("REDRESS__VAULT__", &["intake", "classification", "investigation", "notification", "resolution"]),
    ("REDRESS__INVESTIGATION__", &["investigation"]),
];
const STEP_LIMIT: Duration = Duration::from_mins(2);
const READY_LIMIT: Duration = Duration::from_mins(3);

/// What services that work together share: one stack, one prefix of topics, one issuer, one key file.
pub struct Site {
    postgres: String,
    name: String,
    dir: PathBuf,
    settings: Vec<(&'static str, String)>,
    issuer: TokenIssuer,
}

/// Everything that a process of one service needs on a stack; any number of processes may be served from it, together or
/// one after the other.
pub struct Installation {
    site: Arc<Site>,
    binary: PathBuf,
    settings: Vec<(&'static str, String)>,
    /// The superuser's URL of the service's database, for looking at what the service wrote.
    pub database_url: String,
}

/// Where a process listens, each as `127.0.0.1:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The gRPC services.
    pub grpc: String,
    /// The HTTP edge.
    pub http: String,
    /// Probes and metrics.
    pub admin: String,
}

impl Addresses {
    /// Free ports, kept for this process: whoever restarts a service gives it the same ones.
    pub fn claim() -> Self {
        let [grpc, http, admin] = [(), (), ()].map(|()| format!("127.0.0.1:{}", free_port()));
        Self { grpc, http, admin }
    }
}

impl Site {
    /// Topics will begin with `topic_prefix` (6 partitions); keys and logs lie in a folder `name` in the stack's own,
    /// and all of it goes with the stack. The tenants get fresh keys, and tokens come from [`issuer`](Self::issuer).
    ///
    /// `name` and `topic_prefix` are unique on the stack; see [`unique_name`](crate::unique_name) and
    /// [`topic_prefix`](crate::topic_prefix).
    pub fn prepare(
        stack: &Endpoints,
        name: &str,
        topic_prefix: &str,
        tenants: &[TenantId],
    ) -> anyhow::Result<Arc<Self>> {
        let dir = stack.dir.join(name);
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let (key_file, jwks) = (dir.join("vault.toml"), dir.join("jwks.json"));
        FileKeyProvider::create(&key_file, tenants)?;
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress")?;
        issuer.write_jwks(&jwks)?;
        let folder_url = |folder: &str| format!("file://{}", dir.join(folder).display());
        let settings = vec![
            ("REDRESS__KAFKA__BROKERS", stack.kafka.clone()),
            ("REDRESS__KAFKA__TOPIC_PREFIX", topic_prefix.to_owned()),
            ("REDRESS__REDIS__URL", stack.redis.clone()),
            ("REDRESS__VAULT__KEY_FILE", key_file.display().to_string()),
            ("REDRESS__INVESTIGATION__EVIDENCE__STORE", folder_url("evidence")),
            ("REDRESS__INVESTIGATION__EVIDENCE__SENSITIVE_STORE", folder_url("evidence-sensitive")),
            // Scripted people show each other a copy and go on; how long a side is waited for is investigation's own test.
            ("REDRESS__INVESTIGATION__HEARING_HOURS", "0".to_owned()),
            ("REDRESS__RUNTIME__AUTH__ISSUER", issuer.issuer().to_owned()),
            ("REDRESS__RUNTIME__AUTH__AUDIENCE", issuer.audience().to_owned()),
            ("REDRESS__RUNTIME__AUTH__JWKS", jwks.display().to_string()),
        ];
        let (postgres, name) = (stack.postgres.clone(), name.to_owned());
        Ok(Arc::new(Self { postgres, name, dir, settings, issuer }))
    }

    /// Who issues the tokens that the services take.
    pub fn issuer(&self) -> &TokenIssuer {
        &self.issuer
    }

    fn settings_of(&self, service: &str) -> impl Iterator<Item = (&'static str, String)> {
        let has = move |variable: &str| {
            let section = ONLY_SOME.iter().find(|(section, _)| variable.starts_with(section));
            section.is_none_or(|(_, services)| services.contains(&service))
        };
        self.settings.iter().filter(move |(variable, _)| has(variable)).cloned()
    }

    /// Makes the database `<name>_<service>`, its schema and the service's topics. The binary is the one that was built
    /// beside the caller's.
    pub async fn install(self: &Arc<Self>, service: &str) -> anyhow::Result<Installation> {
        let name = format!("{}_{service}", self.name);
        // No superuser, so that revoked rights are really revoked.
        let role = format!("redress_{service}");
        let created = create_database(&self.postgres, &role, &name).await;
        created.with_context(|| format!("cannot make the database of {service}"))?;
        let database_url = database_url(&self.postgres, &name);
        let own = database_url.replacen("//postgres@", &format!("//{role}@"), 1);
        let installation = Installation {
            site: Arc::clone(self),
            binary: built_binary(&format!("redress-{service}"))?,
            settings: self.settings_of(service).chain([("REDRESS__POSTGRES__URL", own)]).collect(),
            database_url,
        };
        installation.run("migrate").await?;
        installation.run("topics").await?;
        Ok(installation)
    }
}

impl Installation {
    /// Intake on a site of its own; see [`Site::prepare`].
    pub async fn prepare(
        stack: &Endpoints,
        name: &str,
        topic_prefix: &str,
        tenants: &[TenantId],
    ) -> anyhow::Result<Self> {
        Site::prepare(stack, name, topic_prefix, tenants)?.install("intake").await
    }

    /// Who issues the tokens that the service takes.
    pub fn issuer(&self) -> &TokenIssuer {
        self.site.issuer()
    }

    /// A process that is ready. Its output is appended to `<process>.log`; `overrides` are further variables, such as
    /// `REDRESS__INTAKE__ROLE`, and win.
    pub async fn serve(
        &self,
        process: &str,
        at: &Addresses,
        overrides: &[(&str, &str)],
    ) -> anyhow::Result<ServiceProcess> {
        let process = self.begin(process, at, overrides)?;
        process.wait_http(&at.admin, "/readyz", READY_LIMIT).await?;
        Ok(process)
    }

    /// The same, not waited for: one that a failpoint stops may never be ready.
    pub fn begin(
        &self,
        process: &str,
        at: &Addresses,
        overrides: &[(&str, &str)],
    ) -> anyhow::Result<ServiceProcess> {
        let mut command = self.command("serve");
        command
            .env("REDRESS__RUNTIME__GRPC__LISTEN", &at.grpc)
            .env("REDRESS__RUNTIME__HTTP__LISTEN", &at.http)
            .env("REDRESS__RUNTIME__ADMIN__LISTEN", &at.admin)
            .envs(overrides.iter().copied());
        Ok(ServiceProcess::start(process, &command, &self.site.dir)?)
    }

    /// Runs a subcommand that ends by itself.
    async fn run(&self, subcommand: &str) -> anyhow::Result<()> {
        let process = ServiceProcess::start(subcommand, &self.command(subcommand), &self.site.dir)?;
        let status = process.wait_end(STEP_LIMIT).await?;
        let log = || std::fs::read_to_string(process.log()).unwrap_or_default();
        ensure!(status.success(), "{} {subcommand} ended with {status}:\n{}", self.binary.display(), log());
        Ok(())
    }

    /// The binary with a subcommand and this installation's settings, for what the other methods do not do.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(subcommand).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The binary `name` of the build that the caller belongs to: beside the caller's own, or one folder up, where test
/// binaries have it.
pub fn built_binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find the running binary")?;
    let folders = own.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(name)).find(|binary| binary.is_file()).with_context(|| {
        let folder = own.parent().unwrap_or(Path::new("."));
        format!("{name} is not built beside {}: run cargo build -p {name} --all-features", folder.display())
    })
}

async fn create_database(server: &str, role: &str, name: &str) -> sqlx::Result<()> {
    let mut server = PgConnection::connect(server).await?;
    // Names cannot be bound; these are the caller's own. Roles are the server's, and several installations on one server
    // share theirs: the first one makes it.
    let create_role = format!(
        "DO $$ BEGIN
             CREATE ROLE {role} LOGIN;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN
             NULL;
         END $$"
    );
    server.execute(AssertSqlSafe(create_role.as_str())).await?;
    // From template0: nobody is ever connected to it.
    let create = format!(r#"CREATE DATABASE "{name}" OWNER {role} TEMPLATE template0"#);
    server.execute(AssertSqlSafe(create.as_str())).await?;
    server.close().await
}

fn database_url(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap_or((server, ""));
    format!("{base}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unique_name;
    use redress_devstack::shared;

    const ROLE: &str = "redress_launched";

    #[tokio::test]
    async fn installations_made_side_by_side_share_the_role_and_own_their_databases() {
        let server = &shared().await.postgres;
        let names = [unique_name("launch"), unique_name("launch")];
        let (one, two) =
            tokio::join!(create_database(server, ROLE, &names[0]), create_database(server, ROLE, &names[1]));
        one.and(two).unwrap();
        for name in names {
            let url = database_url(server, &name).replacen("//postgres@", &format!("//{ROLE}@"), 1);
            let mut own = PgConnection::connect(&url).await.unwrap();
            own.execute("CREATE TABLE mine (n int)").await.unwrap();
            let superuser: bool =
                sqlx::query_scalar("SELECT usesuper FROM pg_user WHERE usename = current_user")
                    .fetch_one(&mut own)
                    .await
                    .unwrap();
            assert!(!superuser);
        }
    }

    #[test]
    fn a_binary_that_was_not_built_is_told_with_the_command_that_builds_it() {
        let told = built_binary("redress-nothing").unwrap_err().to_string();
        assert!(told.contains("run cargo build -p redress-nothing"), "{told}");
    }
}
