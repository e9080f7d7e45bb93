//! The pieces a text is weighed by: single Han characters, pairs of neighbours, Latin words without their endings, and pairs
//! of such words.
//!
//! Characters instead of words, because a dictionary splits new wordings wrongly and a pair is found in any; runs of three
//! were measured and added nothing.

/// Endings that leave the meaning, longest first.
const ENDINGS: [&str; 12] = ["ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "ly", "'s", "s", "e"];
/// What is left of a word keeps at least that many letters.
const SHORTEST_STEM: usize = 3;

/// Calls `visit` with each piece and the bytes it stands at.
pub(super) fn visit(text: &str, mut visit: impl FnMut(&str, usize, usize)) {
    let mut neighbour: Option<usize> = None;
    let mut word: Option<(usize, usize)> = None;
    let mut pair = String::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let start = at;
        at += c.len_utf8();
        if is_han(c) {
            word = None;
            for from in [Some(start), neighbour].into_iter().flatten() {
                visit(text.get(from..at).unwrap_or_default(), from, at);
            }
            neighbour = Some(start);
            continue;
        }
        neighbour = None;
        if !c.is_ascii_alphabetic() {
            word = word.filter(|_| matches!(c, ' ' | '-' | '\''));
            continue;
        }
        at = end_of_word(text, at);
        let stem_here = stem(text, start, at);
        visit(stem_here, start, at);
        if let Some((from, to)) = word {
            pair.clear();
            pair.extend([stem(text, from, to), " ", stem_here]);
            visit(&pair, from, at);
        }
        word = Some((start, at));
    }
}

fn is_han(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c)
}

fn end_of_word(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let part = |at: &usize| bytes.get(*at).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'\'');
    (from..bytes.len()).find(|at| !part(at)).unwrap_or(bytes.len())
}

/// A Latin word without its ending.
fn stem(text: &str, start: usize, end: usize) -> &str {
    let word = text.get(start..end).unwrap_or_default().trim_end_matches('\'');
    let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    stems.into_iter().find(|stem| stem.len() >= SHORTEST_STEM).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_characters_words_and_their_pairs() {
        let mut pieces = Vec::new();
        visit("没发货,never shipped", |piece, start, end| pieces.push((piece.to_owned(), end - start)));
        let expected = [
            ("没", 3),
            ("发", 3),
            ("没发", 6),
            ("货", 3),
            ("发货", 6),
            ("never", 5),
            ("shipp", 7),
            ("never shipp", 13),
        ];
        let expected: Vec<(String, usize)> =
            expected.map(|(piece, length)| (piece.to_owned(), length)).into();
        assert_eq!(pieces, expected);
    }
}
