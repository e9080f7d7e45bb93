//! The pure rules of deadlines: no I/O, no clock, no randomness.

pub mod calendar;
pub mod engine;
pub mod explain;
pub mod interval;
pub mod pause;
pub mod preview;
pub mod time_limit;
pub mod unit;
