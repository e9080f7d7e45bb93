//! Up to when everything is counted.

use jiff::Timestamp;
use redress_domain::TenantId;
use redress_outbox::{Watermark, watermarks_of};
use sqlx::postgres::PgConnection;

use crate::error::Error;
use crate::topics::{self, LIFECYCLE, NOTICES};

/// How far the topics have been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Everything recorded up to then is counted, on every topic that this installation has; none while that cannot be
    /// said of one of them, or the lifecycle was never read.
    pub through: Option<Timestamp>,
    /// The same of notices alone; none if there are none to be read. What nobody did by then was not done.
    pub notices: Option<Timestamp>,
}

impl Counted {
    /// How far it is now for a tenant: not beyond a record of its own that is parked. Ask before what is counted is read:
    /// it may grow meanwhile, and must not be overstated.
    pub async fn now(conn: &mut PgConnection, tenant: &TenantId) -> Result<Self, Error> {
        Ok(Self::of(&watermarks_of(conn, tenant, &topics::ALL).await?))
    }

    fn of(topics: &[Watermark]) -> Self {
        let of = |topic: &str| topics.iter().find(|known| known.topic == topic)?.applied_through;
        // `None` is less than any time.
        let least = topics.iter().map(|known| known.applied_through).min().flatten();
        Self { through: of(LIFECYCLE).and(least), notices: of(NOTICES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(topic: &str, second: Option<i64>) -> Watermark {
        let applied_through = second.map(|second| Timestamp::from_second(second).unwrap());
        Watermark { topic: topic.to_owned(), applied_through, caused_through: None }
    }

    #[test]
    fn the_topic_that_lags_most_says_how_far_everything_is_counted() {
        let counted = Counted::of(&[at(LIFECYCLE, Some(20)), at(NOTICES, Some(10))]);
        assert_eq!((counted.through.unwrap().as_second(), counted.notices.unwrap().as_second()), (10, 10));
        assert_eq!(Counted::of(&[at(LIFECYCLE, Some(20)), at(NOTICES, None)]).through, None);
        assert_eq!(Counted::of(&[at(NOTICES, Some(10))]).through, None, "no lifecycle, nothing is counted");
        assert_eq!(Counted::of(&[]), Counted { through: None, notices: None });
    }
}
