//! In which language a text is written: simplified or traditional Chinese, or English.

use redress_domain::coded_enum;

use super::normalize::Normalized;

coded_enum! {
    /// A language that lexicons, rules and notices exist for; codes are BCP 47 tags.
    Language {
        /// Chinese in simplified characters.
        ZhHans = "zh-Hans",
        /// Chinese in traditional characters.
        ZhHant = "zh-Hant",
        /// English.
        En = "en",
    }
}

/// Which scripts a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scripts {
    /// Han characters.
    pub han: usize,
    /// Latin words.
    pub latin: usize,
}

impl Scripts {
    /// Counts Han characters and Latin words.
    pub fn of(text: &str) -> Self {
        let mut scripts = Self { han: 0, latin: 0 };
        let mut in_word = false;
        for c in text.chars() {
            let letter = c.is_ascii_alphabetic();
            scripts.latin += usize::from(letter && !in_word);
            scripts.han += usize::from(('\u{4E00}'..='\u{9FFF}').contains(&c));
            in_word = letter || (in_word && c == '\'');
        }
        scripts
    }
}

/// The language of a text. A word weighs about two characters. Where the text has no letters the hint decides, then
/// simplified Chinese, the language most complaints come in.
pub fn detect(normal: &Normalized, hint: Option<Language>) -> Language {
    let scripts = Scripts::of(normal.text());
    if scripts.han == 0 && scripts.latin == 0 {
        return hint.unwrap_or(Language::ZhHans);
    }
    if scripts.latin * 2 > scripts.han {
        return Language::En;
    }
    // Half of everyday characters have one form only; one traditional form in twenty characters is no accident.
    let traditional = normal.simplified() * 20 >= scripts.han;
    match (traditional, hint) {
        // Short texts may hold no telling character.
        (false, Some(Language::ZhHant)) if normal.simplified() > 0 || scripts.han < 10 => Language::ZhHant,
        (true, _) => Language::ZhHant,
        (false, _) => Language::ZhHans,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normalize::Normalizer;

    #[test]
    fn the_text_tells_its_language_and_the_hint_only_where_it_does_not() {
        let normalizer = Normalizer::new().unwrap();
        let detect = |text: &str, hint| detect(&normalizer.normalize(text), hint);
        assert_eq!(detect("退货商家一直不退款", None), Language::ZhHans);
        assert_eq!(detect("賣家收到退貨一直不退款", Some(Language::En)), Language::ZhHant);
        assert_eq!(detect("My iPhone 充电 cable is dead", None), Language::En);
        assert_eq!(detect("买的 iPhone 充电器 Type-C 接口坏了,用不了", None), Language::ZhHans);
        assert_eq!(detect("退款", Some(Language::ZhHant)), Language::ZhHant);
        assert_eq!(detect("😡😡", None), Language::ZhHans);
    }
}
