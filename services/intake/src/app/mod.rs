//! What intake does, one file per use: load → decide → save.

pub mod accept;
pub mod assessments;
pub mod audit;
pub mod behind;
pub mod commands;
pub mod facts;
mod given_up;
pub mod publish;
pub mod queries;
pub mod register;
mod reported;
pub mod sight;
mod told;
pub mod transition;
mod verifications;
pub mod view;
pub mod watch;
pub mod watchers;
