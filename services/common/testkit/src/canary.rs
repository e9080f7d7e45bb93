use std::sync::atomic::{AtomicU32, Ordering};

/// Personal data that are visibly invented and cannot occur by chance: put them in, and search for them where they must
/// not come out.
///
/// Every value carries the canary's own mark, so two tests do not find each other's. The mark is ASCII: it survives
/// the `\u` escapes of JSON, which the Chinese around it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// A person's name.
    pub name: String,
    /// A telephone number: eleven digits, no number of any country.
    pub phone: String,
    /// A mail address of a domain that cannot exist (RFC 2606).
    pub email: String,
    /// A WeChat identifier.
    pub wechat: String,
    /// The address of a message box on the platform.
    pub in_app: String,
    /// A postal address.
    pub address: String,
    /// An identity card's number: eighteen digits, of no region.
    pub identity_number: String,
    /// A complaint's text.
    pub text: String,
    mark: String,
}

impl Canary {
    /// A canary that differs from every other of the tests that run now.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, n) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Digits for what has only digits; five differ by process and two by canary.
        let digits = format!("{:05}{:02}", pid % 100_000, n % 100);
        let mark = format!("CANARY{pid:x}n{n:x}");
        Self {
            name: format!("测试甲{mark}"),
            phone: format!("0000{digits}"),
            email: format!("{mark}@canary.invalid"),
            wechat: format!("wx_{mark}"),
            in_app: format!("box-{mark}"),
            address: format!("不存在省测试市{mark}路0号"),
            identity_number: format!("00{digits}000000000"),
            text: format!("主播说全场包邮，实际没有。{mark} 请尽快处理。"),
            mark,
        }
    }

    /// Which of the canary's values stand in `bytes`, whatever the case of their letters: empty if nothing leaked.
    ///
    /// The mark alone counts too, as `mark`: a value may have been cut or escaped around it.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let sink = bytes.to_ascii_lowercase();
        self.values()
            .into_iter()
            .filter(|(_, value)| contains(&sink, value.to_ascii_lowercase().as_bytes()))
            .map(|(field, _)| field)
            .collect()
    }

    fn values(&self) -> [(&'static str, &str); 9] {
        [
            ("name", &self.name),
            ("phone", &self.phone),
            ("email", &self.email),
            ("wechat", &self.wechat),
            ("in_app", &self.in_app),
            ("address", &self.address),
            ("identity_number", &self.identity_number),
            ("text", &self.text),
            ("mark", &self.mark),
        ]
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_found_wherever_it_stands_and_only_its_own() {
        let (canary, other) = (Canary::new(), Canary::new());
        for (field, value) in canary.values() {
            let log = format!("{{\"message\":\"caller {value} rang\"}}");
            assert!(canary.found_in(log.as_bytes()).contains(&field), "{field}");
            assert!(other.found_in(log.as_bytes()).is_empty(), "{field}");
        }
        assert!(canary.found_in("nothing personal: 00000000 测试甲 CANARY".as_bytes()).is_empty());
    }

    #[test]
    fn a_value_is_found_escaped_in_other_case_and_among_bytes() {
        let canary = Canary::new();
        let escaped = canary.name.replace("测试甲", "\\u6d4b\\u8bd5\\u7532");
        assert_eq!(canary.found_in(escaped.as_bytes()), ["mark"]);
        assert!(canary.found_in(canary.email.to_lowercase().as_bytes()).contains(&"email"));
        let framed = [&[0xff, 0, 0x12][..], canary.phone.as_bytes(), &[0]].concat();
        assert_eq!(canary.found_in(&framed), ["phone"]);
    }

    #[test]
    fn values_have_the_shape_of_what_they_stand_for() {
        let canary = Canary::new();
        assert_eq!(canary.phone.len(), 11);
        assert_eq!(canary.identity_number.len(), 18);
        assert!(
            [&canary.phone, &canary.identity_number].iter().all(|v| v.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
