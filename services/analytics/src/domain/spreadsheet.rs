//! Text that a spreadsheet must take for text.

use std::borrow::Cow;

/// What spreadsheets take for the beginning of a formula, or strip before they look for one (OWASP, CSV injection);
/// some read the full-width forms alike.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// `text` as it may stand in a cell: behind an apostrophe if it would be taken for a formula.
///
/// Identifiers of merchants and rooms are other people's text, and an export is opened by whoever leads the handlers.
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_computed_stands_behind_an_apostrophe_and_others_as_they_are() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠SUM"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for text in ["shop-1", "店铺", "", "a=b", "'x"] {
            assert_eq!(cell(text), text);
        }
    }
}
