//! The vocabulary that every service shares, and nothing else.
//!
//! Pure: no I/O, no clock, no randomness. What a type says here holds on the wire, in the tables and in the logs;
//! the crate `redress-proto` converts to and from the generated messages and names the field that does not fit.
#![warn(missing_docs)]

mod backoff;
mod clock;
mod code;
mod complaint_no;
mod error_kind;
mod id;
mod mask;
mod money;
mod principal;
mod problem;
mod violation;
mod vocabulary;

pub use backoff::Backoff;
pub use clock::{Clock, whole_microseconds, whole_milliseconds};
pub use code::UnknownCode;
pub use complaint_no::{ComplaintNo, ComplaintNoError};
pub use error_kind::{Disposition, ErrorKind};
pub use id::{ComplaintId, IdError, IdempotencyKey, TenantId, derived_id, event_id};
pub use mask::mask;
pub use money::{Currency, Money, MoneyError};
pub use principal::{Principal, Role};
pub use problem::Problem;
pub use violation::{Violation, Violations};
pub use vocabulary::{
    Category, Channel, ContactType, DecidedBy, Matter, Origin, PartyKind, RemedyKind, Severity, UrgentReason,
};
