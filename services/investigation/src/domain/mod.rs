//! The rules, pure: no input or output, and time is an argument.

pub mod burden;
pub mod case;
pub mod checklist;
pub mod conclusion;
pub mod conflict;
pub mod consultation;
pub mod course;
pub mod evidence;
pub mod finding;
pub mod goods_test;
pub mod hearing;
pub mod opening;
pub mod records;
mod refusal;
pub mod request;
pub mod timeline;

pub use refusal::Refusal;
