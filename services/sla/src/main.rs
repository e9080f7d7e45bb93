//! The process `redress-sla`; see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress_sla::crash::arm();
    redress_runtime::run::<redress_sla::Sla>()
}
