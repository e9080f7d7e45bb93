//! What sla does, one file per use: load → decide → save + outbox.

mod aside;
mod background;
pub mod book;
pub mod calendars;
pub mod clocks;
pub mod due_soon;
pub mod escalate;
pub mod escalations;
pub mod explain;
pub mod extensions;
pub mod fire;
pub mod hear;
pub mod inputs;
pub mod keep;
pub mod milestones;
pub mod policies;
pub mod preview;
pub mod publish;
pub mod recalculate;
pub mod recount;
pub mod ship;
pub mod soon;
mod telemetry;
pub mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{Clock, whole_microseconds};
use redress_outbox::Wake;
use redress_postgres::Db;

use self::book::Books;
use self::soon::Noted;
use crate::config::SlaConfig;

/// What every use needs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub db: Db,
    /// Tells the time of calls. What is due is judged by the database's clock instead.
    pub clock: Arc<dyn Clock>,
    /// Tells the relay that something waits.
    pub wake: Wake,
    /// Limits and periods.
    pub settings: Arc<SlaConfig>,
    /// Calendars and policies by tenant.
    pub books: Arc<Books>,
    /// Told of what is due soon.
    pub noted: Noted,
}

impl Desk {
    /// What every use of a process shares.
    pub fn new(db: Db, clock: Arc<dyn Clock>, wake: Wake, settings: SlaConfig) -> Self {
        let books = Arc::new(Books::new(&settings));
        Self { db, clock, wake, settings: Arc::new(settings), books, noted: Noted::default() }
    }

    /// Now, as the database keeps it.
    pub fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }
}
