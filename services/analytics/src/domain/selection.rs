//! Which complaints a question is about.

use jiff::Timestamp;
use redress_domain::{Category, Channel, Severity, coded_enum};

use super::metric::Population;
use super::state::State;

coded_enum! {
    /// By what a metric can be split. The code is the fact's column.
    Dimension {
        /// Through which channel it came.
        Channel = "channel",
        /// What it is about.
        Category = "category",
        /// The first merchant complained of.
        Merchant = "merchant",
        /// The anchor.
        Anchor = "anchor",
        /// The live room.
        LiveRoom = "live_room",
        /// How grave it is.
        Severity = "severity",
        /// Where it stands.
        State = "state",
        /// What it came to.
        Outcome = "outcome",
        /// Where the cause lay.
        Cause = "cause",
        /// The currency of its remedies.
        Currency = "currency",
    }
}

impl Dimension {
    /// Whether a complaint could have this value: one of the codes where there are codes, any text elsewhere.
    pub fn takes(self, value: &str) -> bool {
        match self {
            Self::Channel => value.parse::<Channel>().is_ok(),
            Self::Category => value.parse::<Category>().is_ok(),
            Self::Severity => value.parse::<Severity>().is_ok(),
            Self::State => value.parse::<State>().is_ok(),
            // The database's texts hold no NUL.
            Self::Merchant | Self::Anchor | Self::LiveRoom | Self::Outcome | Self::Cause | Self::Currency => {
                !value.contains('\0')
            }
        }
    }
}

/// A time of receipt, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Received at or after.
    pub from: Timestamp,
    /// Received before.
    pub until: Timestamp,
}

/// The complaints of a span that belong to a population, and, if asked for, have one value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// When they were received.
    pub span: Span,
    /// To which population they belong.
    pub among: Population,
    /// Up to when it is known which notices were sent; none if it is not. Acknowledgements that were due later are not
    /// judged.
    pub notices_through: Option<Timestamp>,
    /// Their value of a dimension; `None` as the value: those that have none.
    pub slice: Option<(Dimension, Option<String>)>,
}
