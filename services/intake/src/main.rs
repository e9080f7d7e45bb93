//! The process `redress-intake`; see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress_intake::crash::arm();
    redress_runtime::run::<redress_intake::Intake>()
}
