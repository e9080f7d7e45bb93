//! Numbers as people write them: `6,299.00`, `2.3万`, `两万三千多`, `sixty`.

/// A number and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: f64,
}

/// Every number of the text, in order.
pub(super) fn find(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let number = match c {
            '0'..='9' => Some(digits(text, at)),
            'a'..='z' => word(text, at),
            _ if chinese_digit(c).is_some() || chinese_power(c).is_some() => Some(chinese(text, at)),
            _ => None,
        };
        at = match number {
            Some(number) => {
                found.push(number);
                number.end
            }
            None if c.is_ascii_alphabetic() => end_of_word(text, at),
            None => at + c.len_utf8(),
        };
    }
    found
}

/// Digits with separators of thousands and a fraction, then a power such as 万 or `k`.
fn digits(text: &str, start: usize) -> Number {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = start;
    let mut value = 0.0_f64;
    let mut fraction = 0.0_f64;
    loop {
        match bytes.get(end) {
            Some(d @ b'0'..=b'9') => {
                let d = f64::from(d - b'0');
                if fraction > 0.0 {
                    value += d * fraction;
                    fraction /= 10.0;
                } else {
                    value = value * 10.0 + d;
                }
            }
            Some(b',') if fraction == 0.0 && digit(end + 1) && digit(end + 2) && digit(end + 3) => {}
            Some(b'.') if fraction == 0.0 && digit(end + 1) => fraction = 0.1,
            _ => break,
        }
        end += 1;
    }
    if bytes.get(end) == Some(&b'k') && !bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric) {
        return Number { start, end: end + 1, value: value * 1_000.0 };
    }
    if let Some(after) = text.get(end..).and_then(|rest| rest.strip_prefix(' ')) {
        let stop = end_of_word(text, end + 1);
        let power = after.get(..stop - end - 1).and_then(english).filter(|&power| power >= 1_000.0);
        if let Some(power) = power {
            return Number { start, end: stop, value: value * power };
        }
    }
    for c in text.get(end..).unwrap_or_default().chars() {
        // 8千多, 1.2万: a power after digits multiplies; 多 and 余 are left to the unit behind.
        let Some(power) = chinese_power(c).filter(|&p| p >= 1_000.0) else { break };
        value *= power;
        end += c.len_utf8();
    }
    Number { start, end, value }
}

/// Chinese numerals, with 百 千 万 亿 as powers and 几 as "several".
fn chinese(text: &str, start: usize) -> Number {
    let (mut total, mut section, mut digit) = (0.0_f64, 0.0_f64, None::<f64>);
    let mut end = start;
    for c in text.get(start..).unwrap_or_default().chars() {
        if let Some(d) = chinese_digit(c) {
            // 二零二五: digits in a row are read one after the other.
            digit = Some(digit.map_or(d, |before| before * 10.0 + d));
        } else if let Some(power) = chinese_power(c) {
            if power >= 10_000.0 {
                let section_value = section + digit.take().unwrap_or(0.0);
                total = (total + if section_value == 0.0 { 1.0 } else { section_value }) * power;
                section = 0.0;
            } else {
                section += digit.take().unwrap_or(1.0) * power;
            }
        } else {
            break;
        }
        end += c.len_utf8();
    }
    Number { start, end, value: total + section + digit.unwrap_or(0.0) }
}

fn chinese_digit(c: char) -> Option<f64> {
    Some(match c {
        '零' | '〇' => 0.0,
        '一' | '壹' => 1.0,
        '二' | '两' | '贰' => 2.0,
        // 几 is read as three: "several dozen" is beyond every threshold of ten.
        '三' | '叁' | '几' => 3.0,
        '四' | '肆' => 4.0,
        '五' | '伍' => 5.0,
        '六' | '陆' => 6.0,
        '七' | '柒' => 7.0,
        '八' | '捌' => 8.0,
        '九' | '玖' => 9.0,
        _ => return None,
    })
}

fn chinese_power(c: char) -> Option<f64> {
    Some(match c {
        '十' | '拾' => 10.0,
        '百' | '佰' => 100.0,
        '千' | '仟' => 1_000.0,
        '万' => 10_000.0,
        '亿' => 100_000_000.0,
        _ => return None,
    })
}

/// An English number word, with a power behind it.
fn word(text: &str, start: usize) -> Option<Number> {
    if start
        .checked_sub(1)
        .and_then(|before| text.as_bytes().get(before))
        .is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let end = end_of_word(text, start);
    let value = english(text.get(start..end)?)?;
    let next = text.get(end..)?.strip_prefix([' ', '-']).map(|_| end + 1);
    let power = next.and_then(|at| {
        let end = end_of_word(text, at);
        let power = english(text.get(at..end)?).filter(|&p| p >= 100.0)?;
        Some((end, power))
    });
    Some(match power {
        Some((end, power)) => Number { start, end, value: value * power },
        None => Number { start, end, value },
    })
}

fn english(word: &str) -> Option<f64> {
    Some(match word {
        "one" => 1.0,
        "two" => 2.0,
        "three" => 3.0,
        "four" => 4.0,
        "five" => 5.0,
        "six" => 6.0,
        "seven" => 7.0,
        "eight" => 8.0,
        "nine" => 9.0,
        "ten" => 10.0,
        "eleven" => 11.0,
        "twelve" | "dozen" => 12.0,
        "thirteen" => 13.0,
        "fourteen" => 14.0,
        "fifteen" => 15.0,
        "sixteen" => 16.0,
        "seventeen" => 17.0,
        "twenty" => 20.0,
        "dozens" => 24.0,
        "thirty" => 30.0,
        "forty" => 40.0,
        "fifty" => 50.0,
        "sixty" => 60.0,
        "seventy" => 70.0,
        "eighty" => 80.0,
        "ninety" => 90.0,
        "hundred" => 100.0,
        "hundreds" => 200.0,
        "thousand" => 1_000.0,
        "thousands" => 2_000.0,
        "million" => 1_000_000.0,
        _ => return None,
    })
}

fn end_of_word(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    (start..bytes.len()).find(|&at| !bytes[at].is_ascii_alphabetic()).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for (text, value) in [
            ("6,299.50", 6_299.5),
            ("2.3万", 23_000.0),
            ("8千", 8_000.0),
            ("两万三千", 23_000.0),
            ("十二", 12.0),
            ("一百零五", 105.0),
            ("六万", 60_000.0),
            ("几十", 30.0),
            ("5k", 5_000.0),
            ("1.9 million", 1_900_000.0),
            ("two hundred", 200.0),
            ("eleven", 11.0),
        ] {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}");
            assert!((found[0].value - value).abs() < 0.001, "{text}: {}", found[0].value);
            assert_eq!(found[0].end, text.len(), "{text}");
        }
    }

    #[test]
    fn a_word_that_only_contains_a_number_word_is_none() {
        assert!(find("someone often phones").is_empty());
    }
}
