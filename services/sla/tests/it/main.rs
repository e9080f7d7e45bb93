//! What the deadline engine promises, asked the way a caller asks: a request in JSON, an answer in JSON.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asking;
mod bad_input;
mod clocks;
mod course;
mod course_properties;
mod edges;
mod escalations;
mod explanation;
mod keeping;
mod law;
mod plans;
mod policies;
mod properties;
mod recalculation;
mod story;
mod telling;
mod thresholds;
mod vocabulary;
mod worked_examples;
