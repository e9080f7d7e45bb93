//! What letters cite of the law: nothing that `data/law.toml` does not know, and the same in every language.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Sources, builtin, path};
use crate::domain::kind::NoticeKind;
use crate::domain::locale::Locale;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    law: Vec<Law>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Law {
    hans: String,
    hant: String,
    en: String,
    articles: BTreeMap<String, String>,
}

/// A law by its place in the register, and an article; 0 where the law is cited as a whole.
type Cited = BTreeSet<(usize, u32)>;

fn register() -> Vec<Law> {
    toml::from_str::<Register>(include_str!("../../../data/law.toml")).unwrap().law
}

/// `text` without the tags of templates.
fn untagged(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, tagged)) = rest.split_once("{%") {
        plain.push_str(before);
        rest = tagged.split_once("%}").unwrap().1;
    }
    plain + rest
}

fn cited(text: &str, locale: Locale, laws: &[Law]) -> Cited {
    let text = untagged(text);
    match locale {
        Locale::En => in_english(&text, laws),
        Locale::ZhHans => in_chinese(&text, laws, |law| &law.hans, '条'),
        Locale::ZhHant => in_chinese(&text, laws, |law| &law.hant, '條'),
    }
}

/// `《name》第十九条、第二十条`, `第十九条至第二十一条`: all articles up to the next name.
fn in_chinese(text: &str, laws: &[Law], name: fn(&Law) -> &String, article: char) -> Cited {
    let mut found = Cited::new();
    for piece in text.split('《').skip(1) {
        let (title, rest) = piece.split_once('》').unwrap();
        let law = laws.iter().position(|law| name(law) == title);
        let law = law.unwrap_or_else(|| panic!("the register has no 《{title}》"));
        let rest = rest.split(['\n', '"']).next().unwrap();
        let mut numbers: Vec<(u32, bool)> = Vec::new();
        let mut before = "";
        for part in rest.split('第').skip(1) {
            let number: String = part.chars().take_while(|c| *c != article).collect();
            if number.chars().count() < part.chars().count()
                && let Some(number) = chinese_number(&number)
            {
                numbers.push((number, before.ends_with('至')));
            }
            before = part;
        }
        add(&mut found, law, &numbers);
    }
    found
}

fn chinese_number(text: &str) -> Option<u32> {
    let digit =
        |c: char| "零一二三四五六七八九".chars().position(|d| d == c).and_then(|d| u32::try_from(d).ok());
    let (mut whole, mut open) = (0, None);
    for c in text.chars() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            c => {
                open = Some(digit(c)?);
                continue;
            }
        };
        whole += open.take().unwrap_or(1) * unit;
    }
    (!text.is_empty()).then_some(whole + open.unwrap_or_default())
}

/// `Articles 19 to 21 of the NAME`: the numbers before the name, back to where the sentence begins.
fn in_english(text: &str, laws: &[Law]) -> Cited {
    let mut found = Cited::new();
    for (law, name) in laws.iter().enumerate().map(|(place, law)| (place, law.en.as_str())) {
        for (at, _) in text.match_indices(name) {
            let begin = text[..at].rfind(['\n', ';', '(', '"']).map_or(0, |at| at + 1);
            let segment = &text[begin..at];
            let numbers = segment.find("Article").map(|at| &segment[at..]).unwrap_or_default();
            let words: Vec<&str> =
                numbers.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
            let mut articles = Vec::new();
            for (place, word) in words.iter().enumerate() {
                let before =
                    place.checked_sub(1).and_then(|place| words.get(place)).copied().unwrap_or_default();
                // Tags that stood between two alternatives are gone: `63Article`.
                let number = word.trim_end_matches("Articles").trim_end_matches("Article");
                if let Ok(number) = number.parse()
                    && before != "item"
                {
                    articles.push((number, before == "to"));
                }
            }
            add(&mut found, law, &articles);
        }
    }
    found
}

/// Adds articles, each with whether it ends a range that the one before begins.
fn add(found: &mut Cited, law: usize, articles: &[(u32, bool)]) {
    if articles.is_empty() {
        found.insert((law, 0));
    }
    let mut last = 0;
    for &(article, ends_range) in articles {
        found.extend((if ends_range { last } else { article }..=article).map(|article| (law, article)));
        last = article;
    }
}

/// The texts of a file of words, by where they stand.
fn leaves(value: &toml::Value, at: &str, all: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::String(text) => drop(all.insert(at.to_owned(), text.clone())),
        toml::Value::Table(table) => {
            table.iter().for_each(|(key, value)| leaves(value, &format!("{at}.{key}"), all));
        }
        toml::Value::Array(values) => {
            values.iter().enumerate().for_each(|(key, value)| leaves(value, &format!("{at}.{key}"), all));
        }
        _ => {}
    }
}

/// What each place of the built-in set cites in a language: a letter as a whole, each entry of the words.
fn citations(sources: &Sources, locale: Locale, laws: &[Law]) -> BTreeMap<String, Cited> {
    let mut all = BTreeMap::new();
    for &kind in NoticeKind::ALL {
        all.insert(kind.code().to_owned(), cited(sources.text(&path(kind, locale)).unwrap(), locale, laws));
    }
    let mut words = BTreeMap::new();
    let lexicon = sources.text(&format!("{locale}/lexicon.toml")).unwrap();
    leaves(&toml::Value::Table(toml::from_str(lexicon).unwrap()), "lexicon", &mut words);
    all.extend(words.into_iter().map(|(at, text)| (at, cited(&text, locale, laws))));
    all
}

#[test]
fn letters_cite_the_same_law_in_every_language_and_none_that_the_register_does_not_know() {
    let (sources, laws) = (builtin(), register());
    let first = citations(&sources, Locale::ZhHans, &laws);
    for &locale in Locale::ALL {
        let own = citations(&sources, locale, &laws);
        for (at, cited) in &own {
            assert_eq!(first.get(at), Some(cited), "{locale} {at} cites other articles than zh-Hans");
            for &(law, article) in cited.iter().filter(|(_, article)| *article != 0) {
                let known = laws[law].articles.contains_key(&article.to_string());
                assert!(
                    known,
                    "{locale} {at}: the register has no Article {article} of the {}",
                    laws[law].en
                );
            }
        }
    }
    // It found what there is, and everything that is registered is cited somewhere.
    let all: Cited = first.into_values().flatten().collect();
    let registered: Cited = laws
        .iter()
        .enumerate()
        .flat_map(|(place, law)| law.articles.keys().map(move |article| (place, article.parse().unwrap())))
        .collect();
    let cited: Cited = all.into_iter().filter(|(_, article)| *article != 0).collect();
    assert_eq!(cited, registered);
}

#[test]
fn articles_are_read_in_every_form_that_letters_use() {
    let laws = register();
    let of = |locale, text: &str| {
        cited(text, locale, &laws).into_iter().map(|(_, article)| article).collect::<Vec<_>>()
    };
    let law = "Measures for Handling Complaints and Reports in Market Supervision";
    assert_eq!(
        of(Locale::En, &format!("Articles 8 to 10 of the {law}; Article 16, item 1, of the {law}")),
        [8, 9, 10, 16]
    );
    let tagged = format!("{{% if x %}}Articles 62 and 63{{% else %}}Article 63{{% endif %}} of the {law}");
    assert_eq!(of(Locale::En, &tagged), [62, 63]);
    let name = "《中华人民共和国电子商务法》";
    assert_eq!(
        of(Locale::ZhHans, &format!("{name}第十九条至第二十一条、第一百四十八条（第三部分）")),
        [19, 20, 21, 148]
    );
    assert_eq!(of(Locale::ZhHans, &format!("{name}第十六条第一项")), [16]);
}
