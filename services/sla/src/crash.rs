//! Points on the way of a due clock at which a test ends the process without warning. Compiled out without the feature
//! `failpoints`; with it, off unless the environment variable `FAILPOINTS` names a point.

/// Arms the points that `FAILPOINTS` names, for as long as the process lives. Without this call the variable is not read.
#[cfg(feature = "failpoints")]
pub fn arm() {
    std::mem::forget(fail::FailScenario::setup());
}

/// Nothing to arm: the points are compiled out.
#[cfg(not(feature = "failpoints"))]
pub const fn arm() {}
