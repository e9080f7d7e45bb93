//! The calendars and policies of a tenant: those that come with the product, and those that it published. A calendar that
//! it published goes over the product's of that name, whatever the product ships later.
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

type Versions = BTreeMap<(String, u32), Arc<Calendar>>;

/// What a tenant's clocks go by, at one moment. Never changes.
#[derive(Debug, Clone, Default)]
pub struct Book {
    published: Versions,
    /// The same for all tenants.
    shipped: Arc<Versions>,
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
        newest(&self.published, id).or_else(|| newest(&self.shipped, id)).or_else(|| compiled_in(id))
    }

    /// A version of a calendar.
    pub fn version(&self, id: &str, version: u32) -> Option<Arc<Calendar>> {
        let key = (id.to_owned(), version);
        let kept = self.published.get(&key).or_else(|| self.shipped.get(&key)).cloned();
        kept.or_else(|| {
            compiled_in(id).filter(|(number, _)| *number == version).map(|(_, calendar)| calendar)
        })
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
        self.published.len() + self.shipped.len() + self.policies.len()
    }
}

fn entry(one: store::calendar::Version) -> ((String, u32), Arc<Calendar>) {
    ((one.id, one.version), Arc::new(one.calendar))
}

fn newest(versions: &Versions, id: &str) -> Option<(u32, Arc<Calendar>)> {
    let newest = versions.range((id.to_owned(), 0)..=(id.to_owned(), u32::MAX)).next_back();
    newest.map(|((_, version), calendar)| (*version, Arc::clone(calendar)))
}

fn names(versions: &Versions) -> impl Iterator<Item = (&str, u32)> {
    versions.keys().map(|(id, version)| (id.as_str(), *version))
}

/// The calendar of the code, and the number of its version: what there is before a migration has written the product's
/// calendars down, the first of which has this very number.
fn compiled_in(id: &str) -> Option<(u32, Arc<Calendar>)> {
    let calendar = known(id)?;
    Some((calendar.version().parse().unwrap_or(1), Arc::new(calendar.clone())))
}

/// The books of all tenants that were asked about.
#[derive(Debug)]
pub struct Books {
    refresh: Duration,
    kept: Mutex<HashMap<TenantId, (Instant, Arc<Book>)>>,
    /// What was read of the product's calendars, for whichever tenant.
    shipped: Mutex<Arc<Versions>>,
}

impl Books {
    /// None yet.
    pub fn new(settings: &SlaConfig) -> Self {
        Self { refresh: settings.book_refresh(), kept: Mutex::default(), shipped: Mutex::default() }
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
        let shipped = self.shipped();
        let new = store::calendar::unknown(conn, tenant, (names(&kept.published), names(&shipped))).await?;
        let known: Vec<u32> = kept.policies.keys().copied().collect();
        let policies = store::policy::unknown(conn, tenant, &known).await?;
        let (new_shipped, new): (Vec<_>, Vec<_>) = new.into_iter().partition(|version| version.shipped);
        let shipped = self.keep_shipped(new_shipped);
        let book = if new.is_empty() && policies.is_empty() && kept.shipped.len() == shipped.len() {
            kept
        } else {
            let mut book = Book { shipped, ..Book::clone(&kept) };
            book.published.extend(new.into_iter().map(entry));
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

    fn shipped(&self) -> Arc<Versions> {
        Arc::clone(&self.shipped.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that is known of the product's, with `new`.
    fn keep_shipped(&self, new: Vec<store::calendar::Version>) -> Arc<Versions> {
        let mut shipped = self.shipped.lock().unwrap_or_else(PoisonError::into_inner);
        if !new.is_empty() {
            Arc::make_mut(&mut shipped).extend(new.into_iter().map(entry));
        }
        Arc::clone(&shipped)
    }

    fn kept(&self, tenant: &TenantId) -> Option<(Instant, Arc<Book>)> {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).cloned()
    }
}
