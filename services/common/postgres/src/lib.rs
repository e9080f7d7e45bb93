//! PostgreSQL as every service uses it: one pool, one way to run a transaction, one reading of its errors.
//!
//! - [`Db`] is a pool that opens on first use, so that a start never waits for the database.
//! - `&Db` is an executor of single statements whose answer is waited for within a limit, also where the server's host
//!   is gone without a word.
//! - [`Db::run_tx`] runs a whole transaction in a task of its own. A caller that goes away cannot cut it in half: in
//!   sqlx 0.9 a cancelled `begin` gives the connection back with its transaction open, and the next borrower's
//!   acknowledged writes vanish with it. [`after_commit`] leaves it something to be done when it is committed.
//! - [`kind_of`] and [`constraint_of`] read an error by SQLSTATE and constraint name, never by its text.
//! - [`migrate`] runs the migrations of the shared kit and of the service as one history.
//!
//! Refused: a second pool library, a trait per table, and an own semaphore in front of the pool: callers are bounded
//! by the overload limit of the process and by one batch per consumer.
#![warn(missing_docs)]

mod config;
mod db;
mod error;
mod executor;
mod migration;
mod transaction;

pub use config::PostgresConfig;
pub use db::Db;
pub use error::{DbError, blames_values, constraint_of, kind_of, summary_of};
pub use migration::{migrate, schema_is_current};
pub use transaction::{TransactionError, after_commit};
