//! The notices as they arrived outside.

use std::collections::BTreeSet;

use redress_testkit::Outside;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::launch::Launched;

pub(super) struct Told {
    /// Notices that notification has written.
    pub(super) notices: u64,
    /// Mails that arrived.
    pub(super) mails: u64,
    /// Callbacks that arrived with a right signature.
    pub(super) callbacks: u64,
    /// What is wrong with them, in words.
    pub(super) disagreements: Vec<String>,
    /// One letter for people.
    pub(super) letter: Vec<String>,
}

async fn connect(launched: &Launched) -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect(&launched.service("notification")?.installation.database_url).await?)
}

impl Told {
    pub(super) async fn look(launched: &Launched, outside: &Outside, secret: &str) -> anyhow::Result<Self> {
        let mut stores = connect(launched).await?;
        let notices: i64 = sqlx::query_scalar("SELECT count(*) FROM notice").fetch_one(&mut stores).await?;
        let (mails, callbacks) = (outside.mail.mails(), outside.callbacks.received());
        let mut disagreements = Vec::new();
        let names: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
        if names.len() != mails.len() {
            disagreements.push(format!("{} mails, but only {} different notices", mails.len(), names.len()));
        }
        let signed = callbacks.iter().filter(|callback| callback.is_signed_with(secret)).count();
        if signed != callbacks.len() {
            disagreements.push(format!(
                "{} of {} callbacks are signed wrongly",
                callbacks.len() - signed,
                callbacks.len()
            ));
        }
        let ids: BTreeSet<&str> = callbacks.iter().map(|callback| callback.id.as_str()).collect();
        if ids.len() != callbacks.len() {
            disagreements.push(format!(
                "{} callbacks, but only {} different ones",
                callbacks.len(),
                ids.len()
            ));
        }
        // The first tenant's platform wants all its notices.
        let owed = "SELECT count(*) FROM notice WHERE tenant = $1";
        let owed = sqlx::query_scalar::<_, i64>(owed).bind(launched.tenants[0].as_str());
        let owed = owed.fetch_one(&mut stores).await?.unsigned_abs();
        if ids.len() as u64 != owed {
            disagreements.push(format!("{owed} callbacks are owed, {} came", ids.len()));
        }
        Ok(Self {
            notices: notices.unsigned_abs(),
            mails: mails.len() as u64,
            callbacks: signed as u64,
            disagreements,
            letter: mails.first().map(|mail| letter(&mail.text())).unwrap_or_default(),
        })
    }
}

/// Its lines, indented.
fn letter(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect()
}
