//! What resolution does, one file per use: load → decide → save + outbox.

pub mod commands;
pub mod entitlement;
pub mod incident_plan;
pub mod out;
pub mod publish;
pub mod queries;
pub mod react;
pub mod remedy;
pub mod rules;
pub mod save;
pub mod standing;
pub mod view;
pub mod wire;
pub mod words;

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{Clock, whole_microseconds};
use redress_outbox::Wake;
use redress_postgres::Db;
use redress_vault::Vault;

use crate::config::ResolutionConfig;
use crate::domain::authority::Authority;
use crate::domain::window::Windows;

/// What every use that writes needs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub db: Db,
    /// Seals, opens and recognises.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the relay that something waits.
    pub wake: Wake,
    /// Limits and windows.
    pub settings: Arc<ResolutionConfig>,
    /// Who may approve how much.
    pub authority: Arc<Authority>,
    /// How long can be appealed.
    pub windows: Arc<Windows>,
}

impl Desk {
    /// Now, as the database keeps it.
    pub fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }
}
