//! Configuration: an embedded default that names every key, a file over it, the environment over that.
//!
//! Unknown keys are refused and all problems are told at once, each with its key and its source. A key that the
//! default does not name does not exist, so the default is also the reference for people.

mod load;
mod mask;
mod sections;

pub use load::{Layers, Loaded, Problems, load};
pub use mask::effective;
pub(crate) use sections::empty_is_none;
pub use sections::{
    AdminConfig, AuthConfig, GrpcConfig, HttpConfig, OverloadConfig, Profile, RuntimeConfig, ShutdownConfig,
    TelemetryConfig, TimeConfig, TlsConfig,
};

use serde::de::DeserializeOwned;

/// The typed configuration of a service.
pub trait Settings: DeserializeOwned + Send + Sync + 'static {
    /// The section `[runtime]`.
    fn runtime(&self) -> &RuntimeConfig;

    /// What does not fit together although each key is right, one sentence each, beginning with the key.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }
}
