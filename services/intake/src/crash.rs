//! Points on the path of a complaint at which a test ends the process without warning. Compiled out without the feature
//! `failpoints`; with it, off unless the environment variable `FAILPOINTS` names a point.

use crate::error::Error;

/// Arms the points that `FAILPOINTS` names, for as long as the process lives. Without this call the variable is not read.
#[cfg(feature = "failpoints")]
pub fn arm() {
    std::mem::forget(fail::FailScenario::setup());
}

/// Nothing to arm: the points are compiled out.
#[cfg(not(feature = "failpoints"))]
pub const fn arm() {}

/// Ends the process at once, as `kill -9` does: nothing is flushed, nothing is told. The type fits the place of a point
/// in a fallible function; there is never a value of it.
#[cfg(feature = "failpoints")]
pub fn now() -> Error {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// Never reached: the points are compiled out.
#[cfg(not(feature = "failpoints"))]
pub fn now() -> Error {
    redress_domain::Problem::internal().into()
}
