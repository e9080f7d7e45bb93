//! What the deadline engine promises, asked the way a caller asks: a request in JSON, an answer in JSON.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asking;
mod bad_input;
mod explanation;
mod law;
mod plans;
mod properties;
mod thresholds;
mod worked_examples;
