//! Sla on a real PostgreSQL and Kafka: what the other services tell, in every order, late and twice; what time makes due,
//! by one worker and by several, with and without a death in between; and what people ask and do.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod bench;
mod calendars;
mod course;
mod escalations;
mod extensions;
mod firing;
mod isolation;
mod keeping;
mod losses;
mod milestones;
mod order;
mod process;
mod properties;
mod questions;
mod reads;
mod redis;
mod shipped;
mod woken;
