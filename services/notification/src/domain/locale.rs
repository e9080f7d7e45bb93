//! The languages that letters are written in.

use redress_domain::coded_enum;

coded_enum! {
    /// A language with its script, as a BCP 47 tag; it names the folder of its templates.
    Locale {
        /// Chinese in simplified characters.
        ZhHans = "zh-Hans",
        /// Chinese in traditional characters.
        ZhHant = "zh-Hant",
        /// English.
        En = "en",
    }
}

impl Locale {
    /// The language of letters to somebody who writes in `tag`. None for languages that letters are not written in.
    ///
    /// A script decides before a region: `zh-Hans-HK` is simplified, `zh-HK` traditional, plain `zh` simplified.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let mut parts = tag.split(['-', '_']).map(str::to_ascii_lowercase);
        match parts.next()?.as_str() {
            "en" => Some(Self::En),
            "zh" => {
                let parts: Vec<String> = parts.collect();
                let has = |wanted: &[&str]| parts.iter().any(|part| wanted.contains(&part.as_str()));
                let traditional = !has(&["hans"]) && has(&["hant", "tw", "hk", "mo"]);
                Some(if traditional { Self::ZhHant } else { Self::ZhHans })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_written_in_the_script_of_whoever_reads_it() {
        for (tag, locale) in [
            ("zh", Some(Locale::ZhHans)),
            ("zh-CN", Some(Locale::ZhHans)),
            ("zh-Hans-HK", Some(Locale::ZhHans)),
            ("zh_TW", Some(Locale::ZhHant)),
            ("zh-HK", Some(Locale::ZhHant)),
            ("zh-Hant", Some(Locale::ZhHant)),
            ("EN-gb", Some(Locale::En)),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Locale::of_tag(tag), locale, "{tag}");
        }
    }
}
