//! Reading what a question is about; everything that does not fit is told at once.

use jiff::Timestamp;
use redress_domain::{Problem, Violations};
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::from_wire_time;

use crate::domain::metric::{Definition, Dictionary, Unit};
use crate::domain::selection::{Dimension, Span};

/// Collects what does not fit in a question.
#[derive(Debug, Default)]
pub(super) struct Reader {
    found: Violations,
}

impl Reader {
    /// The span of receipt; both ends are mandatory.
    pub(super) fn span(
        &mut self,
        from: Option<&pbjson_types::Timestamp>,
        until: Option<&pbjson_types::Timestamp>,
    ) -> Option<Span> {
        let (from, until) = (self.time("from", from), self.time("until", until));
        let span = Span { from: from?, until: until? };
        if span.from < span.until {
            return Some(span);
        }
        self.found.add("until", "OUT_OF_RANGE", "it must be later than `from`");
        None
    }

    fn time(&mut self, field: &str, wire: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
        match wire.map(from_wire_time) {
            Some(Ok(time)) => return Some(time),
            Some(Err(_)) => self.found.add(field, "MALFORMED_TIME", "the time is outside the calendar"),
            None => self.found.add(field, "REQUIRED", "a time is mandatory"),
        }
        None
    }

    /// The entry of the dictionary.
    pub(super) fn metric<'a>(&mut self, dictionary: &'a Dictionary, name: &str) -> Option<&'a Definition> {
        let found = dictionary.find(name);
        if found.is_none() {
            self.found.add("metric", "UNKNOWN_METRIC", "ListMetricDefinitions names the metrics there are");
        }
        found
    }

    /// Amounts of different currencies have no sum: such a metric is told by currency.
    pub(super) fn unit(&mut self, unit: Unit, dimension: Option<Dimension>) {
        if unit == Unit::MinorUnits && dimension != Some(Dimension::Currency) {
            self.found.add("dimension", "CURRENCY_REQUIRED", "amounts of money are told by currency");
        }
    }

    /// The dimension, none if none is asked for.
    pub(super) fn dimension(&mut self, wire: i32) -> Option<Dimension> {
        match wire::Dimension::try_from(wire) {
            Ok(wire::Dimension::Unspecified) => return None,
            Ok(wire::Dimension::Channel) => return Some(Dimension::Channel),
            Ok(wire::Dimension::Category) => return Some(Dimension::Category),
            Ok(wire::Dimension::Merchant) => return Some(Dimension::Merchant),
            Ok(wire::Dimension::Anchor) => return Some(Dimension::Anchor),
            Ok(wire::Dimension::LiveRoom) => return Some(Dimension::LiveRoom),
            Ok(wire::Dimension::Severity) => return Some(Dimension::Severity),
            Ok(wire::Dimension::State) => return Some(Dimension::State),
            Ok(wire::Dimension::Outcome) => return Some(Dimension::Outcome),
            Ok(wire::Dimension::Cause) => return Some(Dimension::Cause),
            Ok(wire::Dimension::Currency) => return Some(Dimension::Currency),
            Err(_) => self.found.add("dimension", "UNKNOWN_ENUM_VALUE", "there is no such dimension"),
        }
        None
    }

    /// The value of `dimension`; none if the text is empty.
    pub(super) fn value(&mut self, dimension: Option<Dimension>, text: &str) -> Option<String> {
        match dimension {
            _ if text.is_empty() => return None,
            Some(dimension) if dimension.takes(text) => return Some(text.to_owned()),
            Some(_) => self.found.add("value", "UNKNOWN_VALUE", "the dimension has no such value"),
            None => self.found.add("value", "DIMENSION_REQUIRED", "a value needs its dimension"),
        }
        None
    }

    /// Notes that a number is outside its bounds.
    pub(super) fn out_of_range(&mut self, field: &str, bounds: &'static str) {
        self.found.add(field, "OUT_OF_RANGE", bounds);
    }

    /// The question, if all of it fits.
    pub(super) fn finish<T>(self, question: Option<T>) -> Result<T, Problem> {
        match question {
            Some(question) if self.found.is_empty() => Ok(question),
            _ => Err(Problem::invalid(self.found)),
        }
    }
}
