//! Enumerations of the contract as words on the command line and in tables: `CHANNEL_LIVE_COMMENT` is `live_comment`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use redress_proto::intake::v1::RefusalReason;
use redress_proto::sla::v1::{ClockState, DayOfWeek, ExceptionKind, ExtensionState};
use redress_proto::types::v1::{
    Category, Channel, ComplaintState, ContactType, DecidedBy, Origin, PartyKind, Severity,
};

/// More than any enumeration here has values.
const MOST: i32 = 64;

/// An enumeration of the contract.
pub(crate) trait Words: TryFrom<i32> + Copy + Send + Sync + 'static {
    /// What all its names begin with.
    const PREFIX: &'static str;
    fn full(self) -> &'static str;
}

macro_rules! words {
    ($($name:ident $prefix:literal),+ $(,)?) => {
        $(impl Words for $name {
            const PREFIX: &'static str = $prefix;
            fn full(self) -> &'static str {
                self.as_str_name()
            }
        })+
    };
}

words! {
    Category "CATEGORY_",
    Channel "CHANNEL_",
    ClockState "CLOCK_STATE_",
    ComplaintState "COMPLAINT_STATE_",
    ContactType "CONTACT_TYPE_",
    DayOfWeek "DAY_OF_WEEK_",
    DecidedBy "DECIDED_BY_",
    ExceptionKind "EXCEPTION_KIND_",
    ExtensionState "EXTENSION_STATE_",
    Origin "ORIGIN_",
    PartyKind "PARTY_KIND_",
    RefusalReason "REFUSAL_REASON_",
    Severity "SEVERITY_",
}

/// The values that can be told, without the zero that stands for nothing.
fn all<E: Words>() -> impl Iterator<Item = E> {
    (1..MOST).filter_map(|number| E::try_from(number).ok())
}

/// A name without its prefix.
fn tail<E: Words>(value: E) -> &'static str {
    value.full().strip_prefix(E::PREFIX).unwrap_or(value.full())
}

/// The word in tables; empty for nothing told, the number for a value that this version does not know.
pub(crate) fn word<E: Words>(number: i32) -> String {
    match (number, E::try_from(number)) {
        (0, _) => String::new(),
        (_, Ok(value)) => tail(value).to_lowercase(),
        (number, Err(_)) => number.to_string(),
    }
}

/// Reads a word: with or without its prefix, in any case, with `-` or `_`.
pub(crate) fn read<E: Words>(text: &str) -> Option<E> {
    let name = text.replace('-', "_").to_uppercase();
    all::<E>().find(|value| value.full() == name || tail(*value) == name)
}

/// The parser of an argument; a mistake is answered with the words that there are, and shells complete them.
pub(crate) fn parser<E: Words>() -> impl TypedValueParser<Value = E> {
    // clap takes names that live as long as the process; there are a few dozen, made once.
    let values = all::<E>().map(|value| {
        let word: &'static str = String::leak(tail(value).to_lowercase());
        PossibleValue::new(word).alias(value.full())
    });
    PossibleValuesParser::new(values).try_map(|text| read::<E>(&text).ok_or("no such word"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_with_and_without_their_prefix() {
        for text in ["live_comment", "LIVE_COMMENT", "live-comment", "CHANNEL_LIVE_COMMENT"] {
            assert_eq!(read::<Channel>(text), Some(Channel::LiveComment), "{text}");
        }
        assert_eq!(read::<Channel>("pigeon"), None);
        assert_eq!(read::<Channel>("unspecified"), None);
    }

    #[test]
    fn every_value_has_a_word_that_leads_back_to_it() {
        fn leads_back<E: Words + PartialEq + std::fmt::Debug>() {
            let values: Vec<E> = all().collect();
            assert!(!values.is_empty());
            for value in values {
                assert!(value.full().starts_with(E::PREFIX), "{value:?}");
                assert_eq!(read::<E>(&tail(value).to_lowercase()), Some(value));
            }
        }
        leads_back::<ComplaintState>();
        leads_back::<Category>();
        leads_back::<PartyKind>();
        leads_back::<ClockState>();
        leads_back::<RefusalReason>();
    }

    #[test]
    fn a_value_of_a_later_version_is_shown_by_its_number() {
        assert_eq!(word::<Channel>(2), "message");
        assert_eq!((word::<Channel>(0), word::<Channel>(99)), (String::new(), "99".to_owned()));
    }
}
