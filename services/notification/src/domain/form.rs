//! What form a field's value has: how it is read, and how it stands in a letter.
//!
//! Callers give every value as text. A value that does not have its form is refused before a notice is queued, so that
//! a letter never shows a raw code or a time without its zone.

use jiff::Timestamp;
use minijinja::Value;

use super::lexicon::Lexicon;
use super::vocabulary::Vocabulary;

/// Most entries of a list.
pub const MOST_LINES: usize = 30;

/// Most characters of an entry of a list of orders.
const ORDER_MOST: usize = 1_000;
/// Most characters of paragraphs: a ruling's reasons have as many.
pub const PARAGRAPHS_MOST: usize = 20_000;
/// Stands between the parts of an entry of a list of orders.
pub const AND: &str = " + ";
/// Stands between a code and the amount that belongs to it.
pub const OF: char = '|';

/// The form of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line, up to 300 characters.
    Text,
    /// One or more paragraphs, up to 20,000 characters.
    Paragraphs,
    /// Lines of text, an entry each; 1 to 30 of up to 300 characters.
    Lines,
    /// An instant in RFC 3339; stands in a letter in the tenant's zone, with the zone's name.
    Instant,
    /// A whole number from 1 to 999.
    Number,
    /// An address that begins with `https://`, up to 500 characters.
    Link,
    /// A code of a vocabulary, and nothing else.
    Code(Vocabulary),
    /// A code of a vocabulary, or words of the sender's own.
    Phrase(Vocabulary),
    /// Lines, each a phrase.
    Phrases(Vocabulary),
    /// A code of a vocabulary, or paragraphs of the sender's own.
    Explained(Vocabulary),
    /// Lines, each of one or more phrases with ` + ` between them; an amount follows its phrase after a bar:
    /// `return_and_refund|CNY 299.00 + freight|CNY 12.00`.
    Orders(Vocabulary),
}

impl Form {
    /// Whether `text`, which is not empty, has this form.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Text | Self::Phrase(_) => is_line(text),
            Self::Paragraphs | Self::Explained(_) => {
                text.chars().count() <= PARAGRAPHS_MOST && !text.contains(|c| is_hostile(c) && c != '\n')
            }
            Self::Lines | Self::Phrases(_) => {
                let count = lines(text).count();
                (1..=MOST_LINES).contains(&count) && lines(text).all(is_line)
            }
            Self::Orders(_) => {
                let fits = |line: &str| line.chars().count() <= ORDER_MOST && !line.contains(is_hostile);
                (1..=MOST_LINES).contains(&lines(text).count()) && lines(text).all(fits)
            }
            Self::Instant => text.parse::<Timestamp>().is_ok(),
            Self::Number => text.parse::<u16>().is_ok_and(|number| (1..=999).contains(&number)),
            Self::Link => {
                text.len() <= 500
                    && text.starts_with("https://")
                    && text.chars().all(|c| c.is_ascii_graphic())
            }
            Self::Code(vocabulary) => vocabulary.has(text),
        }
    }

    /// The value as it stands in a letter. `text` fits.
    pub fn present(self, text: &str, lexicon: &Lexicon, zone: &jiff::tz::TimeZone) -> Presented {
        let phrase = |vocabulary, code: &str| match vocabulary {
            Vocabulary::Rule => lexicon.rule(code),
            vocabulary => lexicon.entry(vocabulary, code),
        };
        match self {
            Self::Text | Self::Paragraphs | Self::Number | Self::Link => {
                Presented::One(text.trim().to_owned())
            }
            Self::Lines => Presented::Many(lines(text).map(str::to_owned).collect()),
            Self::Instant => {
                let instant = text.parse::<Timestamp>().unwrap_or_default();
                Presented::One(lexicon.instant(instant, zone))
            }
            Self::Code(vocabulary) | Self::Phrase(vocabulary) => {
                Presented::One(phrase(vocabulary, text.trim()))
            }
            Self::Explained(vocabulary) => {
                let text = text.trim();
                Presented::One(lexicon.phrase(vocabulary, text).unwrap_or(text).to_owned())
            }
            Self::Phrases(vocabulary) => {
                Presented::Many(lines(text).map(|line| phrase(vocabulary, line)).collect())
            }
            Self::Orders(vocabulary) => {
                let entry = |entry: &str| phrase(vocabulary, entry);
                let line = |line: &str| line.split(AND).map(entry).collect::<Vec<_>>().join(AND);
                Presented::Many(lines(text).map(line).collect())
            }
        }
    }

    /// What stands for an optional value that was not given.
    pub fn absent(self) -> Presented {
        match self {
            Self::Lines | Self::Phrases(_) | Self::Orders(_) => Presented::Many(Vec::new()),
            _ => Presented::One(String::new()),
        }
    }
}

/// A value in the words of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// A text.
    One(String),
    /// The entries of a list.
    Many(Vec<String>),
}

impl Presented {
    /// The texts that a letter must hold to hold this value.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl From<Presented> for Value {
    fn from(presented: Presented) -> Self {
        match presented {
            Presented::One(text) => text.into(),
            Presented::Many(texts) => texts.into(),
        }
    }
}

/// `text` without what a letter could not show as it is.
pub fn cleaned(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !is_hostile(*c)).collect()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn is_line(text: &str) -> bool {
    text.chars().count() <= 300 && !text.contains(is_hostile)
}

/// Control characters, and those that turn the direction of what follows: they make a letter show what it does not say.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_letter_could_not_show_as_it_is_does_not_fit() {
        for (form, good, bad) in [
            (Form::Text, "staff-0042", "two\nlines"),
            (Form::Text, "工号0042", "\u{202e}gnp.exe"),
            (Form::Paragraphs, "one\n\ntwo", "bell\u{7}"),
            (Form::Lines, "one\n\n two ", " \n "),
            (Form::Instant, "2026-12-02T10:00:00Z", "2026-12-02"),
            (Form::Number, "15", "0"),
            (Form::Link, "https://example.invalid/s/1", "http://example.invalid/"),
            (Form::Code(Vocabulary::Category), "CQ01", "CQ10"),
            (Form::Orders(Vocabulary::Remedy), "freight|CNY 12.00 + refund_only|CNY 1.00", " \n "),
            (Form::Phrase(Vocabulary::Rule), "anything.in@words", "a\u{0}b"),
        ] {
            assert!(form.fits(good), "{form:?} {good}");
            assert!(!form.fits(bad), "{form:?} {bad:?}");
        }
        assert!(!Form::Text.fits(&"长".repeat(301)));
    }

    #[test]
    fn what_people_typed_elsewhere_is_shown_without_what_turns_or_hides_it() {
        assert_eq!(cleaned("a\u{202e}b\u{7}\r\nc"), "ab\nc");
        assert!(Form::Paragraphs.fits(&cleaned("\u{2066}x")));
    }
}
