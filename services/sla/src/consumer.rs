//! What sla consumes: one subscription per topic, each in a group of its own, since an installation may not have every
//! service, or not yet.

use std::time::Duration;

use redress_outbox::{Guard, Subscription};

use crate::app::Desk;
use crate::app::hear::Hear;
use crate::topics::{ASSESSMENTS, INVESTIGATION, LIFECYCLE, NOTICES, RESOLUTION};

/// Deadlines are of minutes at least, and each batch costs the database the same statements.
const APART: Duration = Duration::from_millis(150);

/// Each topic with the end of its group's name.
pub(crate) const HEARD: [(&str, &str); 5] = [
    ("", LIFECYCLE),
    ("-assessments", ASSESSMENTS),
    ("-investigation", INVESTIGATION),
    ("-resolution", RESOLUTION),
    ("-notices", NOTICES),
];

/// What is told on `topic`.
pub(crate) fn heard(desk: Desk, topic: &'static str) -> Subscription {
    Subscription::new(topic, Guard::Version, Hear { desk, topic }).apart(APART)
}
