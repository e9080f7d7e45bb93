//! How much is taken on at once.
//!
//! One limit for the process, not one per connection or per transport: callers share the same processor. Of the
//! limit a class may use only its share, counted over everything in flight, so that a complaint coming in is the
//! last to be refused. Refused: limits of tower and tonic (per connection, first come first served).

mod limiter;
mod slots;
mod tenants;

pub(crate) use limiter::{Limiter, Permit};
pub(crate) use tenants::{Share, Tenants};
