//! Money and deeds: ordered when the lifecycle has moved, carried out by the platform's own systems or by people, proved.
//!
//! A decision only orders ([`order_all`]): the rows, what is to be done about them and the events are written in the
//! transaction that handles intake's assent. A worker ([`dispatch`]) takes what is due, asks the executor, and writes
//! down what was heard, with the case locked. Nothing is asked for twice before it was asked what became of it.
//!
//! Refused: paying inside the transaction that decides (a remote call under a lock, and paid though it rolls back); a
//! saga of events between two of our own tables (the list of work is one row beside the remedy).

pub mod audit;
mod commands;
pub mod dispatch;
pub mod executor;
mod give_up;
mod ordering;
mod record;
mod recourse;
mod told;
mod undoing;
mod view;

pub use commands::{advance, confirm, order};
pub use give_up::{Asked, give_up};
pub use ordering::{Order, Orders, order_all, overdue, unsettled};
pub use recourse::{claim, settle};
pub use undoing::{Undoing, undo_all};
pub use view::{ledger, lines, shown};
