//! Intake: accepts complaints, registers them and owns their lifecycle.

pub mod domain;
