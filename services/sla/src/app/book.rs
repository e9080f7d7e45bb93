//! The calendars and policies of a tenant: those that come with the product, and those that it published.
//!
//! Kept in memory, since every batch needs them. What was published elsewhere is noticed within
//! `sla.book_refresh_ms`; what depends on it does not rely on more: a policy takes effect a minute after its publication,
//! and clocks that were computed with an old calendar are looked for until there are none.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use crate::config::SlaConfig;
use crate::domain::calendar::{Calendar, known};
use crate::domain::course::{Calendars, Policies};
use crate::domain::policy::Policy;
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store;

/// What a tenant's clocks go by, at one moment. Never changes.
#[derive(Debug, Clone, Default)]
pub struct Book {
    published: BTreeMap<(String, u32), Arc<Calendar>>,
    /// By version.
    policies: BTreeMap<u32, (Timestamp, Arc<Policy>)>,
}

/// What is known of the rules before anything was published.
fn builtin(version: u32) -> Option<Arc<Policy>> {
    Some(Policy::builtin()).filter(|policy| policy.version() == version)
}

/// Clocks ask for the version they were computed with, else for the newest.
impl Calendars for Book {
    fn get(&self, id: &str, version: Option<&str>) -> Option<Arc<Calendar>> {
        match version {
            None => self.newest(id).map(|(_, calendar)| calendar),
            Some(version) => self.version(id, version.parse().ok()?),
        }
    }
}

/// The newest version that holds at the instant; the product's before the first.
impl Policies for Book {
    fn effective(&self, at: Timestamp) -> Arc<Policy> {
        let holding = self.policies.values().rev().find(|(effective_at, _)| *effective_at <= at);
        holding.map_or_else(Policy::builtin, |(_, policy)| Arc::clone(policy))
    }

    fn of_version(&self, version: u32) -> Option<Arc<Policy>> {
        let own = self.policies.get(&version).map(|(_, policy)| Arc::clone(policy));
        own.or_else(|| builtin(version))
    }
}

impl Book {
    /// The newest version of a calendar; a tenant's own goes over the product's.
    pub fn newest(&self, id: &str) -> Option<(u32, Arc<Calendar>)> {
        let own = self.published.range((id.to_owned(), 0)..=(id.to_owned(), u32::MAX)).next_back();
        own.map(|((_, version), calendar)| (*version, Arc::clone(calendar))).or_else(|| shipped(id))
    }

    /// A version of a calendar.
    pub fn version(&self, id: &str, version: u32) -> Option<Arc<Calendar>> {
        let own = self.published.get(&(id.to_owned(), version)).cloned();
        own.or_else(|| shipped(id).filter(|(number, _)| *number == version).map(|(_, calendar)| calendar))
    }

    /// The policy that a clock runs under.
    pub fn rules(&self, told: &Told) -> Arc<Policy> {
        self.of_version(told.policy_version).unwrap_or_else(|| self.effective(told.started_at))
    }

    /// Every policy there was: the product's, and those that were published.
    pub fn policies(&self) -> impl Iterator<Item = Arc<Policy>> + use<'_> {
        std::iter::once(Policy::builtin()).chain(self.policies.values().map(|(_, policy)| Arc::clone(policy)))
    }

    /// Whether it knows the calendars and policies that clocks were computed with.
    pub fn knows(&self, told: &[Told]) -> bool {
        told.iter().all(|told| {
            let pin = told.calendar.as_ref();
            pin.is_none_or(|pin| Calendars::get(self, &pin.id, Some(&pin.version)).is_some())
                && self.of_version(told.policy_version).is_some()
        })
    }

    /// How many versions are in it.
    fn entries(&self) -> usize {
        self.published.len() + self.policies.len()
    }

    /// The newest published version of each calendar of the tenant's own.
    pub fn own(&self) -> BTreeMap<&str, u32> {
        self.published.keys().map(|(id, version)| (id.as_str(), *version)).collect()
    }
}

/// The calendar that comes with the product, and the number of its version.
fn shipped(id: &str) -> Option<(u32, Arc<Calendar>)> {
    let calendar = known(id)?;
    Some((calendar.version().parse().unwrap_or(1), Arc::new(calendar.clone())))
}

/// The books of all tenants that were asked about.
#[derive(Debug)]
pub struct Books {
    refresh: Duration,
    kept: Mutex<HashMap<TenantId, (Instant, Arc<Book>)>>,
}

impl Books {
    /// None yet.
    pub fn new(settings: &SlaConfig) -> Self {
        Self { refresh: settings.book_refresh(), kept: Mutex::default() }
    }

    /// A tenant's, at most `sla.book_refresh_ms` old.
    pub async fn of(&self, conn: &mut PgConnection, tenant: &TenantId) -> Result<Arc<Book>, Error> {
        match self.kept(tenant) {
            Some((read_at, book)) if read_at.elapsed() < self.refresh => Ok(book),
            kept => self.read(conn, tenant, kept.map(|(_, book)| book)).await,
        }
    }

    /// A tenant's as it is in the database now.
    pub async fn fresh(&self, conn: &mut PgConnection, tenant: &TenantId) -> Result<Arc<Book>, Error> {
        let kept = self.kept(tenant).map(|(_, book)| book);
        self.read(conn, tenant, kept).await
    }

    async fn read(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        kept: Option<Arc<Book>>,
    ) -> Result<Arc<Book>, Error> {
        let read_at = Instant::now();
        let kept = kept.unwrap_or_default();
        let known: Vec<(&str, u32)> =
            kept.published.keys().map(|(id, version)| (id.as_str(), *version)).collect();
        let new = store::calendar::unknown(conn, tenant, &known).await?;
        let known: Vec<u32> = kept.policies.keys().copied().collect();
        let policies = store::policy::unknown(conn, tenant, &known).await?;
        let book = if new.is_empty() && policies.is_empty() {
            kept
        } else {
            let mut book = Book::clone(&kept);
            book.published
                .extend(new.into_iter().map(|(id, version, calendar)| ((id, version), Arc::new(calendar))));
            book.policies.extend(
                policies.into_iter().map(|one| (one.version, (one.effective_at, Arc::new(one.policy)))),
            );
            Arc::new(book)
        };
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever taken out of a book: whoever read earlier and comes later knows less.
        let newer = all.get(tenant).filter(|(_, other)| other.entries() > book.entries()).cloned();
        if let Some((_, newer)) = newer {
            return Ok(newer);
        }
        all.insert(tenant.clone(), (read_at, Arc::clone(&book)));
        Ok(book)
    }

    fn kept(&self, tenant: &TenantId) -> Option<(Instant, Arc<Book>)> {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).cloned()
    }
}
