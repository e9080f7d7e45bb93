//! Evidence: what it is, in which form it is taken, how its custody is proved, and what others are shown of it.

mod allowance;
mod archive;
pub mod chain;
mod content;
pub mod film;
mod kind;
pub mod mask;
mod media;
pub mod pack;
pub mod picture;
mod redaction;
mod unfit;

pub use allowance::{Allowance, Provider, size_limit};
pub use content::Content;
pub use kind::EvidenceType;
pub use media::{Class, MediaType};
pub use redaction::{Audience, BUILT_IN, Decision, Policy, PolicyError, Treatment};
pub use unfit::Unfit;
