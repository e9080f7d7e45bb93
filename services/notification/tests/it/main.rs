//! Notification on a real PostgreSQL, with a mail server, callback receivers and a message box of the tests' own: small,
//! and spoken to over real sockets. The process as a whole, with Kafka, is in `process`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod bench;
mod callbacks;
mod email;
mod fairness;
mod hearing;
mod hearing_appeals;
mod hearing_clocks;
mod hearing_copies;
mod in_app;
mod installed;
mod isolation;
mod mailbox;
mod mediated;
mod people;
mod process;
mod reacting;
mod receipts;
mod replay;
mod sending;
mod settings;
mod surveys;
mod webhooks;
