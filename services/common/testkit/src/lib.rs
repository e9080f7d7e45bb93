//! What tests of several crates need and no service may contain: development only.
//!
//! Nothing here imitates a server. Kafka, PostgreSQL and Redis come from `redress-devstack`; this crate gives each test
//! a corner of its own on them ([`TestDatabase`], [`topic_prefix`], [`unique_name`]), a clock that stands still
//! ([`FixedClock`]), time that is moved on for whole installations ([`MovedTime`]), credentials ([`TokenIssuer`],
//! [`JwksServer`]), calls that carry them ([`bearing`]) and calls of any method ([`call_by_path`]), events as they are
//! told and read ([`EventStream`], [`event_meta`], [`record`]), personal data that can be searched for ([`Canary`]), a way
//! to wait without sleeping ([`wait_until`]), a count of what a database is asked ([`Statements`]), traces
//! ([`make_traces`]), the world that services write to ([`MailServer`], [`CallbackReceiver`], [`HeardCalls`]), and the
//! services themselves as processes ([`Site`], [`Installation`]).
//!
//! Functions that only tests call panic when the world is not as they need it: a test cannot go on without.
#![warn(missing_docs)]

mod call;
mod callback_receiver;
mod canary;
mod clock;
mod database;
mod events;
mod heard_calls;
mod jwks_server;
mod launch;
mod mail_server;
mod moved_time;
mod outside;
mod spans;
mod statements;
mod tokens;
mod unique;
mod wait;

pub use call::{bearing, call_by_path};
pub use callback_receiver::{Callback, CallbackAnswer, CallbackReceiver};
pub use canary::Canary;
pub use clock::FixedClock;
pub use database::TestDatabase;
pub use events::{EventStream, Told, event_meta, outgoing, record};
pub use heard_calls::HeardCalls;
pub use jwks_server::JwksServer;
pub use launch::{Addresses, Installation, Site, built_binary};
pub use mail_server::{Mail, MailServer};
pub use moved_time::MovedTime;
pub use outside::Outside;
pub use spans::make_traces;
pub use statements::Statements;
pub use tokens::{Claims, TokenIssuer};
pub use unique::{topic_prefix, unique_name};
pub use wait::wait_until;
