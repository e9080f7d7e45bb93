//! The process `redress-investigation`; see the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    match redress_investigation::verify_pack::asked(std::env::args_os()) {
        Some(pack) => redress_investigation::verify_pack::run(&pack),
        None => redress_runtime::run::<redress_investigation::Investigation>(),
    }
}
