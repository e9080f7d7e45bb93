//! The rules of intake: pure, with time and actor as arguments.

pub mod audit;
pub mod lifecycle;
