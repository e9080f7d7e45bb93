//! The rules of resolution, pure: time is an argument, nothing is read or written.

pub mod appeal;
pub mod authority;
pub mod case;
pub mod entitlement;
pub mod guard;
pub mod hearing;
pub mod liability;
pub mod line;
pub mod offer;
pub mod party;
pub mod proposal;
pub mod remedy;
pub mod report;
pub mod report_text;
pub mod rules;
pub mod ruling;
pub mod sanction;
pub mod settlement;
pub mod state;
pub mod terms;
pub mod text;
pub mod window;
