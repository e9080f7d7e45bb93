//! The world outside of the services, over their public interfaces alone: HTTP, gRPC, SMTP, callbacks.
//!
//! Three parts. [`connectors`] stand where an installation has the platform's own systems: payments, order and live data,
//! the message box, a mail server, a callback address. [`story`] has the people: complainants, merchants, anchors and the
//! staff that handles their cases, each with a token that is given to the simulator, each case by a script that a seed
//! has chosen ([`plan`]) and the [`driver`] begins. [`ledger`] is the account of what was sent, told and paid, kept from what the outside saw, so
//! that the services' stores can be held against it: [`reckoning`] does so, and is the one part that looks inside.
//!
//! No script waits for days. Where the installation's time can be moved on (with the profile `test` alone, see
//! [`redress_testkit::MovedTime`]), who never answers lets a deadline pass, and time is moved when nothing else is left to
//! do; elsewhere the handler gives such a request up.
#![warn(missing_docs)]

pub mod connectors;
mod dice;
pub mod driver;
pub mod ledger;
pub mod plan;
pub mod reckoning;
pub mod story;
pub mod texts;

pub use connectors::Connectors;
