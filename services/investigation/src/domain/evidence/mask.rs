//! Takes personal data out of a text for somebody else's eyes: numbers, addresses, names behind their labels.
//!
//! The text stays readable: each value gives way to a mark that tells what stood there. What has no form (a name within a
//! sentence) is not found here; a person who prepares a copy by hand finds it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A kind of value with its pattern and its mark.
struct Kind {
    mark: &'static str,
    pattern: LazyLock<Option<Regex>>,
    /// Tells a value from a number that only looks like one.
    proof: fn(&str) -> bool,
}

macro_rules! kind {
    ($mark:literal, $pattern:literal, $proof:expr) => {
        Kind { mark: $mark, pattern: LazyLock::new(|| Regex::new($pattern).ok()), proof: $proof }
    };
}

/// In this order: a longer number is not taken for a shorter one within it. Digits may be full-width. `keep` is what
/// stands before the value and stays.
static KINDS: [Kind; 9] = [
    kind!(
        "[邮箱/email]",
        r"(?P<keep>)[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
        always
    ),
    kind!(
        "[证件号/identity number]",
        r"(?P<keep>^|[^0-9０-９A-Za-z])[1-9１-９][0-9０-９]{16}[0-9０-９XxＸｘ]",
        is_identity_number
    ),
    kind!("[卡号/card]", r"(?P<keep>^|[^0-9０-９A-Za-z])(?:[0-9０-９]{4}[ -]?){3,4}[0-9０-９]{1,7}", is_card),
    kind!(
        "[手机/mobile]",
        r"(?P<keep>^|[^0-9０-９A-Za-z])(?:(?:\+|00)?86[ -]?)?[1１][3-9３-９][0-9０-９][ -]?[0-9０-９]{4}[ -]?[0-9０-９]{4}",
        always
    ),
    kind!("[电话/telephone]", r"(?P<keep>^|[^0-9０-９A-Za-z])0[0-9]{2,3}[ -][0-9]{7,8}", always),
    kind!(
        "[账号/account]",
        r#"(?i)(?P<keep>(?:微信号?|wechat|weixin|qq号?|支付宝|alipay)"?\s*[:：是为=]?\s*"?)[A-Za-z0-9_-]{5,30}"#,
        always
    ),
    kind!(
        "[姓名/name]",
        r#"(?i)(?P<keep>(?:姓名|收货人|收件人|联系人|寄件人|签收人|户名|(?:receiver|recipient|consignee|contact|full|real)[ _-]?name|"name")"?\s*[:：=]\s*"?)[^\s,,;;。、"|]{1,40}(?: [A-Z][a-z]{1,20}){0,2}"#,
        always
    ),
    kind!(
        "[地址/address]",
        r#"(?i)(?P<keep>(?:收货地址|收件地址|寄件地址|住址|地址|address)"?\s*[:：=]\s*"?)[^\r\n";;。|]{2,120}"#,
        always
    ),
    kind!(
        "[地址/address]",
        r"(?P<keep>)(?:\p{Han}{2,8}(?:省|自治区))?\p{Han}{2,8}[市州]\p{Han}{1,10}[区县市](?:\p{Han}|[0-9０-９A-Za-z-]){0,30}[0-9０-９]{1,5}(?:号楼|号|栋|幢|单元|室|弄)",
        always
    ),
];

/// The text without personal data, and how many values were taken out.
pub fn masked(text: &str) -> (String, usize) {
    let mut count = 0;
    let mut all = text.to_owned();
    for kind in &KINDS {
        // A pattern that did not compile would fail the test of this module.
        let Some(pattern) = kind.pattern.as_ref() else { continue };
        let next = pattern.replace_all(&all, |found: &Captures<'_>| {
            let whole = &found[0];
            let keep = found.name("keep").map_or("", |keep| keep.as_str());
            if (kind.proof)(&whole[keep.len()..]) {
                count += 1;
                format!("{keep}{}", kind.mark)
            } else {
                whole.to_owned()
            }
        });
        all = next.into_owned();
    }
    (all, count)
}

const fn always(_: &str) -> bool {
    true
}

/// Digits and the check letter in their usual width.
fn plain(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|c| match c {
        '０'..='９' => Some(c as u32 - '０' as u32),
        'X' | 'x' | 'Ｘ' | 'ｘ' => Some(10),
        _ => c.to_digit(10),
    })
}

/// GB 11643: the last character follows from the others.
fn is_identity_number(text: &str) -> bool {
    const WEIGHTS: [u32; 18] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1];
    let sum: u32 = plain(text).zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    sum % 11 == 1
}

/// Luhn's check, as bank cards have it.
fn is_card(text: &str) -> bool {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    plain(text).rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(KINDS.iter().all(|kind| kind.pattern.is_some()));
    }

    #[test]
    fn values_give_way_to_marks_and_the_rest_stays() {
        for (text, expected) in [
            ("请打 13800138000 找我", "请打 [手机/mobile] 找我"),
            ("tel:+86 138-0013-8000.", "tel:[手机/mobile]."),
            ("１３８００１３８０００", "[手机/mobile]"),
            ("座机 010-12345678", "座机 [电话/telephone]"),
            ("身份证11010519491231002X", "身份证[证件号/identity number]"),
            ("卡 6222 0212 3456 7890 128 收", "卡 [卡号/card] 收"),
            ("mail a.b@example.com ok", "mail [邮箱/email] ok"),
            ("微信:abc_12345,快", "微信:[账号/account],快"),
            ("收货人:张三,两件", "收货人:[姓名/name],两件"),
            ("{\"name\":\"张三\",\"n\":1}", "{\"name\":\"[姓名/name]\",\"n\":1}"),
            ("{\"address\":\"北京市 1 号\",\"n\":1}", "{\"address\":\"[地址/address]\",\"n\":1}"),
            ("寄到浙江省杭州市西湖区文三路90号东部软件园3号楼502室吧", "[地址/address]吧"),
            ("Receiver name: Li Lei", "Receiver name: [姓名/name]"),
        ] {
            assert_eq!(masked(text).0, expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_value_stays() {
        for text in [
            "订单号 1234567890123456",
            "订单 240987654321098765",
            "2026-11-25 14:33:09 已发货",
            "价格 19900 分, 共 3 件",
            "编号 A13800138000",
        ] {
            assert_eq!(masked(text), (text.to_owned(), 0), "{text}");
        }
    }

    #[test]
    fn each_value_is_counted() {
        assert_eq!(masked("13800138000 13900139000 a@b.cn").1, 3);
    }
}
