//! What the service's database holds, read by its owner's superuser and not through the service.

use std::collections::BTreeMap;

use anyhow::Context as _;
use redress_simulator::ledger::Complaint;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// A connection of the demo's own.
pub(super) struct Stores(PgConnection);

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Each complaint with the number of their published events.
    pub(super) complaints: BTreeMap<Complaint, i64>,
    /// Submissions that repeated an earlier one.
    pub(super) repeated: u64,
    /// Submissions under a used key with another body.
    pub(super) conflicting: u64,
}

impl Stores {
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        Ok(Self(PgConnection::connect(url).await.context("cannot connect to intake's database")?))
    }

    /// How many submissions are written, and how many events they led to.
    pub(super) async fn written(&mut self) -> anyhow::Result<(u64, u64)> {
        let query = "SELECT (SELECT count(*) FROM submission),
                            (SELECT coalesce(sum(stream_version), 0)::bigint FROM complaint)";
        let (submissions, versions): (i64, i64) = sqlx::query_as(query).fetch_one(&mut self.0).await?;
        Ok((submissions.unsigned_abs(), versions.unsigned_abs()))
    }

    pub(super) async fn contents(&mut self) -> anyhow::Result<Contents> {
        let complaints: Vec<(String, Uuid, i64)> =
            sqlx::query_as("SELECT tenant, complaint_id, stream_version FROM complaint")
                .fetch_all(&mut self.0)
                .await?;
        let dispositions: Vec<(String, i64)> =
            sqlx::query_as("SELECT disposition, count(*) FROM submission GROUP BY disposition")
                .fetch_all(&mut self.0)
                .await?;
        let count =
            |name| dispositions.iter().find(|(found, _)| found == name).map_or(0, |(_, n)| n.unsigned_abs());
        Ok(Contents {
            complaints: complaints.into_iter().map(|(tenant, id, version)| ((tenant, id), version)).collect(),
            repeated: count("repeated"),
            conflicting: count("conflicting"),
        })
    }
}
