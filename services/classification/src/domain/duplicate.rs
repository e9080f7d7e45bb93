//! Whether two complaints look the same. Linking, never dropping: a person decides what follows.

/// Bits in which two near texts may differ, of 64.
const NEAR: u32 = 10;
/// From this score on two complaints are suspected to be the same.
const SUSPECTED: f64 = 0.5;

const COMPLAINANT: f64 = 0.4;
const ORDER: f64 = 0.3;
const TEXT: f64 = 0.3;

/// By what two complaints are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits<'a> {
    /// Keyed hash of the complainant; empty if unknown.
    pub complainant: &'a [u8],
    /// The order; empty if none was named.
    pub order: &'a str,
    /// Similarity hash of the text; none for texts too short to compare.
    pub text_hash: Option<u64>,
}

/// Why two complaints look the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// How alike they are, 0 to 1.
    pub score: f64,
    /// What is alike.
    pub features: Vec<&'static str>,
}

/// Compares two complaints; `None` if they do not look the same.
///
/// Complainant, order and near text each speak for it; two of them are enough. An order or a text alone is not: two
/// buyers may copy one text, and one order may go wrong twice.
pub fn compare(one: &Traits<'_>, other: &Traits<'_>) -> Option<Likeness> {
    let mut found = Likeness { score: 0.0, features: Vec::new() };
    if !one.complainant.is_empty() && one.complainant == other.complainant {
        found.score += COMPLAINANT;
        found.features.push("same_complainant");
    }
    if !one.order.is_empty() && one.order == other.order {
        found.score += ORDER;
        found.features.push("same_order");
    }
    if let (Some(one), Some(other)) = (one.text_hash, other.text_hash) {
        let differing = (one ^ other).count_ones();
        if differing <= NEAR {
            // An equal text counts in full, the farthest near one by half.
            found.score += TEXT * (1.0 - f64::from(differing) / f64::from(2 * NEAR));
            found.features.push("near_text");
        }
    }
    (found.features.len() >= 2 && found.score >= SUSPECTED).then_some(found)
}
