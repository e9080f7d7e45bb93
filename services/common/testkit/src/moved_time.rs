use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// By how much the databases follow later than the processes: what a process has dated before a jump is in its database
/// by then, and no mark says otherwise.
const BEHIND: SignedDuration = SignedDuration::from_secs(1);

/// The time of an installation, which can be moved on: processes and databases alike, in days that pass in seconds.
///
/// A jump is one for all processes, at the instant at which their file is renamed into place. The databases follow,
/// and until the last of them does, those that are behind only judge later: sla waits for the marks of all.
pub struct MovedTime {
    file: PathBuf,
    databases: Vec<String>,
    steps: Mutex<Vec<Step>>,
}

/// From an instant by the machine's clock on, the installation is so much ahead.
#[derive(Debug, Clone, Copy)]
struct Step {
    from: Timestamp,
    ahead: SignedDuration,
}

impl MovedTime {
    /// Of the processes that are started with [`settings`](Self::settings), and of `databases`, superusers' URLs. `file` is
    /// made with the first jump.
    pub fn new(file: PathBuf, databases: Vec<String>) -> Self {
        Self { file, databases, steps: Mutex::default() }
    }

    /// What makes a process follow.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("REDRESS__RUNTIME__TIME__PROFILE", "test".to_owned()),
            ("REDRESS__RUNTIME__TIME__SHIFT_FILE", self.file.display().to_string()),
        ]
    }

    /// What time it is in the installation.
    pub fn now(&self) -> Timestamp {
        real() + self.ahead()
    }

    /// Moves the installation's time on until it is `instant`; one that is past is a fault of the caller.
    ///
    /// # Errors
    /// If a database is not reached. Those that are not stay behind, which delays what they judge and falsifies nothing;
    /// the next jump takes them along.
    pub async fn move_to(&self, instant: Timestamp) -> anyhow::Result<()> {
        self.move_by(instant.duration_since(self.now())).await
    }

    /// Moves the installation's time on, by whole seconds.
    ///
    /// # Errors
    /// As of [`move_to`](Self::move_to).
    pub async fn move_by(&self, by: SignedDuration) -> anyhow::Result<()> {
        ensure!(by > SignedDuration::ZERO, "time moves on and not back: {by:?}");
        let ahead = self.ahead() + SignedDuration::from_secs(by.as_secs() + 1);
        let partial = self.file.with_extension("partial");
        std::fs::write(&partial, ahead.as_secs().to_string())?;
        std::fs::rename(&partial, &self.file).context("the file of the time")?;
        let step = Step { from: real() + BEHIND, ahead };
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
        let function = self.function();
        for database in &self.databases {
            let mut database = PgConnection::connect(database).await?;
            database.execute(AssertSqlSafe(function.as_str())).await?;
            database.close().await?;
        }
        Ok(())
    }

    fn ahead(&self) -> SignedDuration {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.last().map_or(SignedDuration::ZERO, |step| step.ahead)
    }

    /// `redress_time` with all steps so far: what was recorded before a jump is dated as it was then.
    fn function(&self) -> String {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let case = |step: &Step| format!("WHEN instant >= '{}' THEN {} ", step.from, step.ahead.as_secs());
        let cases: String = steps.iter().rev().map(case).collect();
        format!(
            "CREATE OR REPLACE FUNCTION redress_time(instant timestamptz) RETURNS timestamptz
             LANGUAGE sql STABLE PARALLEL SAFE
             AS $$ SELECT instant + interval '1 second' * (CASE {cases}ELSE 0 END) $$"
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "what is moved is the machine's time")]
fn real() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use redress_devstack::shared;

    use super::*;
    use crate::{TestDatabase, unique_name};

    /// What the kit's migrations make.
    const AS_INSTALLED: &str = "CREATE FUNCTION redress_time(instant timestamptz) RETURNS timestamptz
         LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT instant'";

    #[tokio::test]
    async fn a_jump_moves_a_database_on_and_leaves_what_it_recorded_before_where_it_was() {
        let database = TestDatabase::create(shared().await, "moved_time").await;
        let mut conn = PgConnection::connect(&database.url).await.unwrap();
        conn.execute(AS_INSTALLED).await.unwrap();
        let dir = std::env::temp_dir().join(unique_name("moved"));
        std::fs::create_dir(&dir).unwrap();
        let time = MovedTime::new(dir.join("shift"), vec![database.url.clone()]);
        let real = time.now();
        for days in [2, 3] {
            time.move_by(SignedDuration::from_hours(24 * days)).await.unwrap();
        }
        assert!(time.move_by(SignedDuration::ZERO).await.is_err(), "time does not stand still either");
        let of = async |conn: &mut PgConnection, at: Timestamp| {
            let hours = "SELECT extract(epoch FROM redress_time(t) - t)::bigint / 3600 FROM (SELECT $1::timestamptz AS t) AS t";
            sqlx::query_scalar::<_, i64>(hours).bind(at.to_string()).fetch_one(conn).await.unwrap()
        };
        assert_eq!(of(&mut conn, real).await, 0, "before the first jump");
        assert_eq!(of(&mut conn, real + SignedDuration::from_mins(1)).await, 5 * 24);
        assert_eq!(time.now().duration_since(real).as_hours(), 5 * 24);
        assert_eq!(std::fs::read_to_string(dir.join("shift")).unwrap(), (5 * 86_400 + 2).to_string());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
