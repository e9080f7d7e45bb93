//! One form for a text, with the way back to the original.
//!
//! NFKC, lower case, simplified characters, no invisible characters, every run of blanks one blank. Character by
//! character: a composition across characters (a letter and a combining accent typed apart) is left alone, since no
//! term of the lexicons needs it and the map back stays exact.
//!
//! Traditional characters become simplified one by one, by a table made from `OpenCC`'s data once per rule set. Its
//! phrases were refused: they change lengths, and words that differ by region are terms of their own in `zh-hant`.

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization as _;

use super::assessment::Span;

/// First and last character of the table: the CJK Unified Ideographs that everyday Chinese is written with.
const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;

/// What `OpenCC` leaves to its phrases, and the little words of written Cantonese, by what the lexicons call them: a
/// denial is a denial in both.
const EVERYDAY: [(char, char); 15] = [
    ('著', '着'),
    ('唔', '不'),
    ('冇', '没'),
    ('咗', '了'),
    ('嘅', '的'),
    ('佢', '他'),
    ('喺', '在'),
    ('係', '是'),
    ('哋', '们'),
    ('嚟', '来'),
    ('俾', '给'),
    ('畀', '给'),
    ('攞', '拿'),
    ('嗰', '那'),
    ('啲', '些'),
];

/// A text in normal form.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    /// For each byte of `text`, where the character it came from begins in the original.
    origins: Vec<u32>,
    /// How many characters had to be simplified: what tells traditional writing from simplified.
    simplified: usize,
    /// The original's length in bytes.
    original_len: usize,
}

impl Normalized {
    /// The text in normal form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many characters were traditional forms.
    pub fn simplified(&self) -> usize {
        self.simplified
    }

    /// Where the bytes `start..end` of the normal form stand in the original.
    pub fn original(&self, start: usize, end: usize) -> Span {
        let at = |byte: usize| self.origins.get(byte).map_or(self.original_len, |&origin| origin as usize);
        let from = at(start);
        // The end is where the first character begins that the span no longer covers.
        let to = self.origins.get(end..).unwrap_or_default().iter().find(|&&o| o as usize > from);
        Span { start: from, end: to.map_or(self.original_len, |&origin| origin as usize).max(from) }
    }

    fn push(&mut self, c: char, origin: u32) {
        if c.is_whitespace() && c != '\n' {
            if self.text.is_empty() || self.text.ends_with([' ', '\n']) {
                return;
            }
            self.text.push(' ');
        } else {
            self.text.push(c);
        }
        self.origins.resize(self.text.len(), origin);
    }
}

/// Makes normal forms; costly to make, so make one per rule set.
#[derive(Debug, Clone)]
pub struct Normalizer {
    simplified: Box<[char]>,
}

impl Normalizer {
    /// Reads `OpenCC`'s table of characters. An error means that the compiled-in data of the library are broken.
    pub fn new() -> Result<Self, ferrous_opencc::error::OpenCCError> {
        let converter = OpenCC::from_config(BuiltinConfig::T2s)?;
        let identity = (FIRST..=LAST).filter_map(char::from_u32);
        // A line per character, so that no phrase is seen among neighbours.
        let lines: String = identity.clone().flat_map(|c| [c, '\n']).collect();
        let converted = converter.convert(&lines);
        let mut simplified: Box<[char]> = identity.collect();
        for (slot, line) in simplified.iter_mut().zip(converted.lines()) {
            let mut chars = line.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                *slot = c;
            }
        }
        for (written, common) in EVERYDAY {
            if let Some(slot) = simplified.get_mut(written as usize - FIRST as usize) {
                *slot = common;
            }
        }
        Ok(Self { simplified })
    }

    /// The normal form of `original`.
    pub fn normalize(&self, original: &str) -> Normalized {
        let mut normal = Normalized {
            text: String::with_capacity(original.len()),
            origins: Vec::with_capacity(original.len()),
            simplified: 0,
            original_len: original.len(),
        };
        for (at, c) in original.char_indices() {
            // A text beyond 4 GiB is refused long before; its tail would only lose its offsets.
            let origin = u32::try_from(at).unwrap_or(u32::MAX);
            self.push(&mut normal, c, origin);
        }
        normal
    }

    fn push(&self, normal: &mut Normalized, c: char, origin: u32) {
        match c {
            '\n' | ' '..='~' => normal.push(c.to_ascii_lowercase(), origin),
            '\u{4E00}'..='\u{9FFF}' => {
                let simple = self.simplified.get(c as usize - FIRST as usize).copied().unwrap_or(c);
                normal.simplified += usize::from(simple != c);
                normal.push(simple, origin);
            }
            // A typographic apostrophe is an apostrophe: "won’t" must be "won't".
            '’' | '‘' => normal.push('\'', origin),
            _ if is_invisible(c) => {}
            _ if c.is_control() => normal.push(' ', origin),
            _ => {
                for part in std::iter::once(c).nfkc().flat_map(char::to_lowercase) {
                    if !is_invisible(part) {
                        normal.push(part, origin);
                    }
                }
            }
        }
    }
}

/// Characters that show nothing and are put between letters to hide words, or come along with copied text.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normalize(text: &str) -> Normalized {
        Normalizer::new().unwrap().normalize(text)
    }

    #[test]
    fn full_width_traditional_and_hidden_characters_become_one_form() {
        let normal = normalize("退\u{200B}貨運費\u{3000}NT$1,590,不給退!Won’t");
        assert_eq!(normal.text(), "退货运费 nt$1,590,不给退!won't");
        assert_eq!(normal.simplified(), 4);
    }

    #[test]
    fn a_span_leads_back_to_the_letters_that_were_written() {
        let original = "問:㈱ 退\u{200B}貨!";
        let normal = normalize(original);
        let at = normal.text().find("退货").unwrap();
        let span = normal.original(at, at + "退货".len());
        assert_eq!(&original[span.start..span.end], "退\u{200B}貨");
    }

    proptest! {
        #[test]
        fn every_span_of_every_text_is_a_piece_of_the_original(text in "\\PC{0,60}", a in 0usize..80, b in 0usize..80) {
            let normal = normalize(&text);
            let span = normal.original(a.min(b), a.max(b));
            prop_assert!(text.get(span.start..span.end).is_some());
        }
    }
}
