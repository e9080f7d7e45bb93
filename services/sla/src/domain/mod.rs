//! The pure rules of deadlines: no I/O, no clock, no randomness.

pub mod calendar;
pub mod course;
mod document;
pub mod engine;
pub mod escalation;
pub mod explain;
pub mod extension;
pub mod fact;
pub mod interval;
pub mod keeping;
pub mod milestone;
pub mod pause;
pub mod policy;
pub mod preview;
pub mod telling;
pub mod time_limit;
pub mod unit;
pub mod vocabulary;
