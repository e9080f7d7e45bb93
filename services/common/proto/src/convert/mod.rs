//! Wire ⇄ domain. Errors name the field that does not fit.

mod time;
mod vocabulary;

use thiserror::Error;

pub use time::{from_wire_time, to_wire_time};

/// A value of a message that the domain has no word for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConvertError {
    /// An enumeration's zero value, or a number that this version does not know.
    #[error("{enumeration} {value} is unknown here")]
    Enumeration {
        /// The enumeration's name.
        enumeration: &'static str,
        /// The number that was given.
        value: i32,
    },
    /// An instant outside the years −9999 to 9999, or with a broken fraction.
    #[error("the time is outside the calendar")]
    Time,
}
