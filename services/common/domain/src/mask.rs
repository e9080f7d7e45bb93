//! Taking out of a text what identifies a person, before it leaves the installation or another party reads it.
//!
//! Taken out: values that came beside the text and are personal (names, contacts), mail addresses, numbers of seven digits
//! and more (telephone, identity card, bank card, order), also where blanks or dashes stand between or the digits are
//! written as characters, and what follows a word that announces an account of a messenger. What is left out is replaced by
//! as many `*`, so that the rest stays where it was.
//!
//! A name in the middle of a story is not recognised by anybody here; whoever may not hear it gets no text at all.

/// From how many digits on a number may be somebody's.
const DIGITS: usize = 7;
/// Shorter values are words that occur by chance.
const SHORTEST: usize = 2;
/// Words behind which an account's name stands.
const ANNOUNCE: [&str; 9] = ["微信", "wechat", "weixin", "vx", "wx", "qq", "whatsapp", "telegram", "支付宝"];
/// Shortest name of an account.
const ACCOUNT: usize = 4;

/// The text with `known` values and whatever looks personal replaced.
pub fn mask(text: &str, known: &[&str]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut hidden = vec![false; characters.len()];
    for value in known {
        let value: Vec<char> = value.trim().chars().collect();
        if value.len() >= SHORTEST {
            occurrences(&characters, &value, |from| hide(&mut hidden, from, from + value.len()));
        }
    }
    numbers(&characters, &mut hidden);
    addresses(&characters, &mut hidden);
    accounts(&characters, &mut hidden);
    characters.into_iter().zip(hidden).map(|(c, hidden)| if hidden { '*' } else { c }).collect()
}

fn hide(hidden: &mut [bool], from: usize, to: usize) {
    let to = to.min(hidden.len());
    hidden[from.min(to)..to].fill(true);
}

/// Every place of `value`, whatever the case of its letters.
fn occurrences(text: &[char], value: &[char], mut found: impl FnMut(usize)) {
    let same = |a: &char, b: &char| a.to_lowercase().eq(b.to_lowercase());
    for (from, window) in text.windows(value.len()).enumerate() {
        if window.iter().zip(value).all(|(a, b)| same(a, b)) {
            found(from);
        }
    }
}

fn is_digit(c: char) -> bool {
    c.is_numeric() || "零〇一二三四五六七八九幺".contains(c)
}

/// What may stand between the digits of one number.
fn joins(c: char) -> bool {
    matches!(c, ' ' | '-' | '·' | '\u{2010}'..='\u{2015}' | '\u{a0}' | '\u{3000}')
}

fn numbers(text: &[char], hidden: &mut [bool]) {
    let mut at = 0;
    while at < text.len() {
        if !is_digit(text[at]) {
            at += 1;
            continue;
        }
        let (from, mut to, mut digits) = (at, at, 0);
        while at < text.len() && (is_digit(text[at]) || (joins(text[at]) && at - to < 2)) {
            if is_digit(text[at]) {
                digits += 1;
                to = at + 1;
            }
            at += 1;
        }
        // The last letter of an identity card's number.
        if digits >= DIGITS {
            let check = text.get(to).is_some_and(|c| matches!(c, 'x' | 'X'));
            hide(hidden, from, to + usize::from(check));
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._%+-".contains(c)
}

fn addresses(text: &[char], hidden: &mut [bool]) {
    for at in (0..text.len()).filter(|&at| matches!(text[at], '@' | '\u{ff20}')) {
        let before = text[..at].iter().rev().take_while(|c| is_name(**c)).count();
        let after = text[at + 1..].iter().take_while(|c| is_name(**c)).count();
        if before > 0 && after > 0 {
            hide(hidden, at - before, at + 1 + after);
        }
    }
}

fn accounts(text: &[char], hidden: &mut [bool]) {
    for word in ANNOUNCE {
        let word: Vec<char> = word.chars().collect();
        occurrences(text, &word, |from| {
            let end = from + word.len();
            // `wx_abc` is an account as a whole; `微信号:abc` announces one.
            let attached = word[0].is_ascii();
            let begin = text[end..].iter().take(4).position(char::is_ascii_alphanumeric).map(|gap| end + gap);
            let is_account = |c: &&char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let Some(begin) = begin else { return };
            let length = text[begin..].iter().take_while(is_account).count();
            if length >= ACCOUNT {
                hide(hidden, if attached && begin <= end + 1 { from } else { begin }, begin + length);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_addresses_and_accounts_are_taken_out_and_the_matter_stays() {
        for (text, masked) in [
            ("请打13800000000联系我", "请打***********联系我"),
            ("电话 138-0000 0000,急", "电话 *************,急"),
            ("一三八零零零零零零零零打给我", "***********打给我"),
            ("身份证00000000000000000X不退", "身份证******************不退"),
            ("写信到a.b@canary.invalid好吗", "写信到******************好吗"),
            ("加微信号:abc_1234说", "加微信号:********说"),
            ("我是wx_abc1234,退款", "我是**********,退款"),
            ("下单10天了,付了299元,订单2000件", "下单10天了,付了299元,订单2000件"),
        ] {
            assert_eq!(mask(text, &[]), masked);
        }
    }

    #[test]
    fn what_is_known_to_be_personal_is_taken_out_wherever_it_stands() {
        assert_eq!(mask("测试某甲说,找测试某甲", &["测试某甲"]), "****说,找****");
        assert_eq!(mask("Mail ZHANG or zhang", &["Zhang"]), "Mail ***** or *****");
        assert_eq!(mask("一个字", &["一", ""]), "一个字", "a single character occurs by chance");
    }

    proptest! {
        #[test]
        fn the_rest_stays_where_it_was(text in any::<String>(), known in "\\PC{0,6}") {
            let masked = mask(&text, &[&known]);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(masked.chars().zip(text.chars()).all(|(masked, c)| masked == c || masked == '*'));
        }

        #[test]
        fn no_number_of_seven_digits_is_left(text in "[0-9 a-z一二三,-]{0,60}") {
            let masked = mask(&text, &[]);
            let longest = masked.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
            prop_assert!(longest < DIGITS, "{}", masked);
        }
    }
}
