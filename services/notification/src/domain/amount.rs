//! Amounts of money as letters show them: the currency's code and its own number of decimal places.

/// Currencies without a minor unit in use (ISO 4217).
const WHOLE: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF"];
/// Currencies with three decimal places.
const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// `minor` units of `currency`, such as `CNY 299.00`.
pub fn amount(currency: &str, minor: i64) -> String {
    let places = if WHOLE.contains(&currency) {
        0
    } else if THOUSANDTHS.contains(&currency) {
        3
    } else {
        2
    };
    let unit = 10_u64.pow(places);
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    let whole = minor / unit;
    match usize::try_from(places) {
        Ok(width @ 1..) => format!("{currency} {sign}{whole}.{:0width$}", minor % unit),
        _ => format!("{currency} {sign}{whole}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_decimal_places_of_its_currency() {
        assert_eq!(amount("CNY", 29_900), "CNY 299.00");
        assert_eq!(amount("CNY", 5), "CNY 0.05");
        assert_eq!(amount("JPY", 1_200), "JPY 1200");
        assert_eq!(amount("KWD", 1_234), "KWD 1.234");
    }
}
