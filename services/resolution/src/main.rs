//! The process `redress-resolution`; see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress_runtime::run::<redress_resolution::Resolution>()
}
