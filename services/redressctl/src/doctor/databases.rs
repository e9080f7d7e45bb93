//! The services' databases: whether their schema is current, and their clock.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use futures::future::join_all;
use jiff::Timestamp;
use redress_domain::Clock as _;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use super::finding::{Finding, Level};
use super::{LIMIT, skew, unnamed};
use crate::context::Context;
use crate::installation::Service;

const CHECK: &str = "schema";

pub(super) async fn look(context: &Context, services: &[Service]) -> Vec<Finding> {
    let databases = &context.settings.postgres;
    if databases.is_empty() {
        return vec![unnamed(CHECK, "PostgreSQL", "postgres")];
    }
    let asked = services.iter().map(async |service| match databases.get(service) {
        Some(url) => of_one(context, *service, url).await,
        None => vec![unnamed(CHECK, service.name(), "postgres")],
    });
    join_all(asked).await.concat()
}

async fn of_one(context: &Context, service: Service, url: &SecretString) -> Vec<Finding> {
    let name = service.name();
    let Ok(options) = PgConnectOptions::from_str(url.expose_secret()) else {
        // Not the library's words: they may quote the password.
        let wrong = Finding::new(CHECK, name, Level::Problem, "its URL is no PostgreSQL connection string");
        return vec![wrong.remedy(format!("Correct postgres.{name} in the settings file."))];
    };
    let asked = async {
        let mut connection = options.application_name("redressctl").connect().await?;
        let answer = ask(context, &mut connection).await;
        // The answer is there; how the connection ends is the server's matter.
        let _ = connection.close().await;
        answer
    };
    match timeout(LIMIT, asked).await {
        Ok(Ok(answer)) => vec![
            of_schema(service, answer.applied.as_deref()),
            of_disk(name, answer.waits_for_disk),
            skew::judge(&format!("PostgreSQL of {name}"), answer.before, answer.there, answer.after),
        ],
        Ok(Err(error)) => vec![away(name, &error.to_string())],
        Err(_) => vec![away(name, "no answer in time")],
    }
}

fn away(name: &str, cause: &str) -> Finding {
    Finding::new(CHECK, name, Level::Problem, format!("its database cannot be asked: {cause}"))
        .remedy(format!("Check that PostgreSQL runs and that postgres.{name} in the settings file is right."))
}

struct Answer {
    /// Version and whether it was applied to its end; none where nothing was ever migrated.
    applied: Option<Vec<(i64, bool)>>,
    waits_for_disk: bool,
    before: Timestamp,
    there: Timestamp,
    after: Timestamp,
}

async fn ask(context: &Context, connection: &mut PgConnection) -> sqlx::Result<Answer> {
    let known: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut *connection)
        .await?;
    let mut applied = None;
    if known.is_some() {
        let rows = sqlx::query_as("SELECT version, success FROM _sqlx_migrations ORDER BY version");
        applied = Some(rows.fetch_all(&mut *connection).await?);
    }
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut *connection).await?;
    let before = context.clock.now();
    let there: i64 = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        .fetch_one(&mut *connection)
        .await?;
    let after = context.clock.now();
    // Milliseconds of any real clock are a timestamp; another is told as its skew.
    let there = Timestamp::from_millisecond(there).unwrap_or(Timestamp::MAX);
    Ok(Answer { applied, waits_for_disk: fsync == "on", before, there, after })
}

fn of_schema(service: Service, applied: Option<&[(i64, bool)]>) -> Finding {
    let name = service.name();
    let migrate = format!("Run `redress-{name} migrate`.");
    let finding = |level, message: String| Finding::new(CHECK, name, level, message);
    let Some(applied) = applied else {
        return finding(Level::Problem, "was never migrated".to_owned()).remedy(migrate);
    };
    if let Some((version, _)) = applied.iter().find(|(_, whole)| !whole) {
        return finding(Level::Problem, format!("version {version} was applied in part")).remedy(format!(
            "Look at the log of `redress-{name} migrate`, undo what it left, delete that row of _sqlx_migrations and run \
             it again."
        ));
    }
    let applied: BTreeSet<i64> = applied.iter().map(|(version, _)| *version).collect();
    let expected: BTreeSet<i64> = service.migrations().iter().copied().collect();
    let missing: Vec<String> = expected.difference(&applied).map(ToString::to_string).collect();
    if !missing.is_empty() {
        return finding(Level::Problem, format!("lacks version {}", missing.join(", "))).remedy(migrate);
    }
    let newer: Vec<String> = applied.difference(&expected).map(ToString::to_string).collect();
    if !newer.is_empty() {
        let message = format!("has version {}, which this redressctl does not know", newer.join(", "));
        return finding(Level::Warning, message).remedy("Use the redressctl of the installation's version.");
    }
    let newest = applied.last().copied().unwrap_or_default();
    finding(Level::Ok, format!("is current, version {newest}"))
}

fn of_disk(name: &str, waits: bool) -> Finding {
    if waits {
        return Finding::new("database", name, Level::Ok, "waits for the disk");
    }
    Finding::new(
        "database",
        name,
        Level::Warning,
        "fsync is off: a machine that dies takes committed data with it",
    )
    .remedy("For tests only. In production: fsync = on.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Vec<(i64, bool)> {
        Service::Intake.migrations().iter().map(|version| (*version, true)).collect()
    }

    #[test]
    fn a_schema_is_current_behind_ahead_or_broken() {
        let judge = |applied: Option<&[(i64, bool)]>| of_schema(Service::Intake, applied);
        assert!(judge(Some(&current())).is(Level::Ok));
        assert!(judge(None).text().contains("`redress-intake migrate`"));
        let mut behind = current();
        let (newest, _) = behind.pop().unwrap();
        let told = judge(Some(&behind));
        assert!(
            told.is(Level::Problem) && told.text().contains(&format!("lacks version {newest}")),
            "{told:?}"
        );
        let ahead = [current(), vec![(9_999, true)]].concat();
        assert!(judge(Some(&ahead)).is(Level::Warning));
        let broken = [current(), vec![(9_999, false)]].concat();
        assert!(judge(Some(&broken)).is(Level::Problem));
    }
}
