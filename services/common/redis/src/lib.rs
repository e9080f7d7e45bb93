//! Redis: a fast memory that may vanish.
//!
//! Nothing here is the truth: losing all of Redis changes no answer, only speed. Hence the one habit of this crate: a
//! call ends within a short limit, and a caller treats each [`RedisError`] as "nothing remembered". Redis that is
//! away, hangs, was flushed or was restarted empty delays no start and fails no request.
//!
//! Every key of the product is built in [`keys`]; every script is a file of its own.
//!
//! A connection pool was refused: one multiplexed connection carries far more than a process asks of it, and pools
//! serve blocking commands, which have no place on a request's path. Whoever needs long scripts takes a [`Redis`] of
//! its own, so that they delay nobody else.
#![warn(missing_docs)]

mod answers;
mod breaker;
mod client;
mod config;
mod dedupe;
mod error;
mod gather;
pub mod keys;
mod measure;
mod similar;
mod timers;

pub use breaker::{Breaker, Change};
pub use client::Redis;
pub use config::RedisConfig;
pub use dedupe::{DedupeFilter, Remembered};
pub use error::{RedisConfigError, RedisError};
pub use similar::{SimilarText, SimilarTexts};
pub use timers::{Armed, Claimed, IndexSize, IndexState, Rebuild, RebuildError, Rebuilt, Timer, TimerIndex};
