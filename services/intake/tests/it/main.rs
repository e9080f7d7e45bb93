//! Intake on a real PostgreSQL: the register, the commands, the queries and the audit chains, without the processes
//! around them (those are the end-to-end tests' matter).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod assessments;
mod audit;
mod audit_parts;
mod bench;
mod case_commands;
mod clocks;
mod commands;
mod consuming;
mod decisions;
mod erasure;
mod facts;
mod merging;
mod numbers;
mod queries;
mod receipts;
mod recusals;
mod register;
mod roles;
mod views;
mod watching;
