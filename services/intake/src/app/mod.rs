//! What intake does, one file per use: load → decide → save.

pub mod accept;
pub mod assessments;
pub mod audit;
pub mod commands;
pub mod publish;
pub mod queries;
pub mod register;
pub mod transition;
pub mod view;
pub mod watch;

pub use redress_proto::personal;
