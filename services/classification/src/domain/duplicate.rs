//! Whether two complaints look the same. Linking, never dropping: a person decides what follows.

/// Bits in which two near texts may differ, of 64.
pub const NEAR: u32 = 10;
/// How many likenesses make two complaints suspected to be the same.
pub const ENOUGH: usize = 2;

/// Points of the same complainant.
pub const COMPLAINANT: u32 = 80;
/// Points of the same order.
pub const ORDER: u32 = 60;
/// Points of an equal text; the farthest near one counts half.
pub const TEXT: u32 = 60;
/// Points that each differing bit takes off.
pub const PER_BIT: u32 = TEXT / (2 * NEAR);
/// All that there are.
const WHOLE: u32 = COMPLAINANT + ORDER + TEXT;

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
/// Complainant, order and near text each speak for it; any two of them are enough. An order or a text alone is not: two
/// buyers may copy one text, and one order may go wrong twice. The score ranks what is suspected and decides nothing.
pub fn compare(one: &Traits<'_>, other: &Traits<'_>) -> Option<Likeness> {
    let (mut points, mut features) = (0, Vec::new());
    if !one.complainant.is_empty() && one.complainant == other.complainant {
        points += COMPLAINANT;
        features.push("same_complainant");
    }
    if !one.order.is_empty() && one.order == other.order {
        points += ORDER;
        features.push("same_order");
    }
    if let (Some(one), Some(other)) = (one.text_hash, other.text_hash) {
        let differing = (one ^ other).count_ones();
        if differing <= NEAR {
            points += TEXT - PER_BIT * differing;
            features.push("near_text");
        }
    }
    let score = f64::from(points) / f64::from(WHOLE);
    (features.len() >= ENOUGH).then_some(Likeness { score, features })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: u64 = 0x5aa5_0ff0_c33c_9669;

    /// Traits whose text differs from [`HASH`] in the lowest `differing` bits.
    fn traits<'a>(complainant: &'a [u8], order: &'a str, differing: u32) -> Traits<'a> {
        Traits { complainant, order, text_hash: Some(HASH ^ ((1 << differing) - 1)) }
    }

    #[test]
    fn any_two_likenesses_are_enough_however_near_the_text_is() {
        let of_order = traits(b"one", "TEST-0001", 0);
        let of_person = traits(b"one", "", 0);
        let mut before = f64::INFINITY;
        for differing in 0..=NEAR {
            let by_order = compare(&of_order, &traits(b"other", "TEST-0001", differing)).unwrap();
            assert_eq!(by_order.features, ["same_order", "near_text"], "{differing} bits");
            assert!(by_order.score < before, "the nearer text ranks first, {differing} bits");
            before = by_order.score;
            let by_person = compare(&of_person, &traits(b"one", "TEST-0002", differing)).unwrap();
            assert_eq!(by_person.features, ["same_complainant", "near_text"], "{differing} bits");
        }
        let far = traits(b"one", "TEST-0001", NEAR + 1);
        let by_both = compare(&of_order, &far).unwrap();
        assert_eq!(by_both.features, ["same_complainant", "same_order"], "in other words");
    }

    #[test]
    fn one_likeness_is_not_enough() {
        let one = traits(b"one", "TEST-0001", 0);
        assert_eq!(compare(&one, &traits(b"other", "TEST-0002", 0)), None, "a copied text");
        assert_eq!(compare(&one, &traits(b"one", "TEST-0002", NEAR + 1)), None, "a person with two matters");
        assert_eq!(
            compare(&one, &traits(b"other", "TEST-0001", NEAR + 1)),
            None,
            "an order gone wrong twice"
        );
        let unknown = traits(b"", "", 0);
        assert_eq!(compare(&unknown, &unknown), None, "what nobody named is nothing in common");
    }
}
