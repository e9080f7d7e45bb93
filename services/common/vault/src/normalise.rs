//! One form for values that people write in many, so that a blind index finds them.
//!
//! Pure and deliberately shallow: nothing is looked up and nothing is corrected. A stored index depends on these rules,
//! so a change of a rule means indexing anew.

/// A telephone number as `+` and country code, or as bare digits where it is a short or service number (`95588`).
///
/// Numbers without a country code are taken as Chinese: mobiles of eleven digits, land lines with their leading zero.
/// Full-width digits, blanks, brackets, dots, dashes and invisible marks do not count. `None` if anything else occurs
/// or the length is no telephone number's (3 to 15 digits).
///
/// ```
/// # use redress_vault::normalise_phone;
/// let one = normalise_phone("+86 138-0000-0000");
/// assert_eq!(one.as_deref(), Some("+8613800000000"));
/// assert_eq!(one, normalise_phone("１３８００００００００"));
/// assert_eq!(one, normalise_phone("0086 138 0000 0000"));
/// ```
pub fn normalise_phone(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(16);
    let mut international = false;
    for c in visible(text) {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !international => international = true,
            ' ' | '\t' | '-' | '.' | '(' | ')' | '‐' | '‑' | '–' | '—' | '−' => {}
            _ => return None,
        }
    }
    if !international && digits.strip_prefix("00").is_some_and(|rest| !rest.starts_with('0')) {
        digits.drain(..2);
        international = true;
    }
    if !(3..=15).contains(&digits.len()) {
        return None;
    }
    Some(match china(&digits, international) {
        Some(national) => format!("+86{national}"),
        None if international => format!("+{digits}"),
        None => digits,
    })
}

/// The national part, without the trunk zero, of what is a Chinese number.
fn china(digits: &str, international: bool) -> Option<&str> {
    match digits.strip_prefix("86") {
        Some(rest) if international => Some(without_trunk_zero(rest).unwrap_or(rest)),
        Some(rest) if is_mobile(rest) => Some(rest),
        _ if international => None,
        _ if is_mobile(digits) => Some(digits),
        _ => without_trunk_zero(digits).filter(|rest| (9..=11).contains(&rest.len())),
    }
}

fn is_mobile(national: &str) -> bool {
    national.len() == 11 && matches!(national.as_bytes(), [b'1', b'3'..=b'9', ..])
}

fn without_trunk_zero(number: &str) -> Option<&str> {
    number.strip_prefix('0').filter(|rest| !rest.starts_with('0'))
}

/// An e-mail address in lower case, without surrounding blanks. `None` unless it is two parts around one `@`.
///
/// The part before `@` is lowered too: no provider of note tells its case. Dots and `+tags` stay, since their meaning
/// differs between providers.
///
/// ```
/// # use redress_vault::normalise_email;
/// assert_eq!(normalise_email(" Test.User＠Example.COM ").as_deref(), Some("test.user@example.com"));
/// ```
pub fn normalise_email(text: &str) -> Option<String> {
    let folded: String = visible(text).flat_map(char::to_lowercase).collect();
    let address = folded.trim();
    let (local, domain) = address.split_once('@')?;
    let fits = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    fits.then(|| address.to_owned())
}

/// The characters without full-width forms and invisible marks (phone books add marks of writing direction).
fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter_map(|c| match c {
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => None,
        '\u{3000}' | '\u{A0}' => Some(' '),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => Some(c),
    })
}
