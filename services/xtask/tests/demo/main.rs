//! `cargo xtask demo` and `up` as their user meets them: interrupted at any moment, or on a machine that is not ready.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod called;
mod interrupted;
mod unready;
