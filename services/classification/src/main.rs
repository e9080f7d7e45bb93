//! The process `redress-classification`; see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress_runtime::run::<redress_classification::Classification>()
}
