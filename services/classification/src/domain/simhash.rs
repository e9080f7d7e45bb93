//! Near-duplicates: a 64-bit fingerprint of a text's words, such that texts that differ little have fingerprints that
//! differ in few bits (Charikar 2002).
//!
//! A word is a pair of neighbouring Han characters or a Latin word or number. Pairs do what a segmenter does, without
//! its dictionary.

use super::normalize::Normalizer;

/// A fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SimHash(pub u64);

/// How many bands a fingerprint is looked up by. Two that differ in fewer bits than there are bands share one whole.
pub const BANDS: usize = 4;

impl SimHash {
    /// The fingerprint of a text in whatever form; `None` if it has no words, since all such texts would be alike.
    pub fn of(text: &str, normalizer: &Normalizer) -> Option<Self> {
        let normal = normalizer.normalize(text);
        let mut votes = [0_i32; 64];
        let mut any = false;
        for_each_word(normal.text(), |word| {
            any = true;
            let hash = fnv(word);
            for (bit, vote) in votes.iter_mut().enumerate() {
                *vote += if hash >> bit & 1 == 1 { 1 } else { -1 };
            }
        });
        let bits = votes.iter().enumerate().filter(|(_, vote)| **vote > 0);
        any.then(|| Self(bits.fold(0, |hash, (bit, _)| hash | 1 << bit)))
    }

    /// In how many bits two fingerprints differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// The bands, each with its place in the upper half so that equal bits in different places are different keys.
    pub fn bands(self) -> [u32; BANDS] {
        let bytes = self.0.to_be_bytes();
        std::array::from_fn(|band| {
            let at = band * 2;
            let bits = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            (u32::try_from(band).unwrap_or_default() << 16) | u32::from(bits)
        })
    }
}

fn for_each_word(text: &str, mut each: impl FnMut(&str)) {
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_ascii_alphanumeric() {
            let mut end = start + 1;
            while let Some((at, _)) = chars.next_if(|(_, c)| c.is_ascii_alphanumeric()) {
                end = at + 1;
            }
            each(&text[start..end]);
        } else if is_han(c)
            && let Some(&(at, next)) = chars.peek()
            && is_han(next)
        {
            each(&text[start..at + next.len_utf8()]);
        }
    }
}

fn is_han(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c)
}

/// FNV-1a with a final mix: stable over versions and machines, which a library's default hasher does not promise.
fn fnv(word: &str) -> u64 {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ mixed >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(text: &str) -> SimHash {
        SimHash::of(text, &Normalizer::new().unwrap()).unwrap()
    }

    const ONE: &str = "主播说这款锅是三层不粘涂层,收到以后煎个鸡蛋就粘得一塌糊涂,涂层第三天就开始掉,找客服客服说让我自己联系厂家";

    #[test]
    fn a_text_and_its_slight_rewording_are_near_and_another_matter_is_far() {
        let reworded = ONE.replace("一塌糊涂", "一塌糊涂啊").replace("客服客服", "客服,客服");
        assert!(hash(ONE).distance(hash(&reworded)) <= 6);
        let other = "快递显示已经签收了但是我没有收到,驿站里也找不到,打电话给快递员一直没有人接,请帮我查一下包裹在哪里";
        assert!(hash(ONE).distance(hash(other)) > 16);
    }

    #[test]
    fn the_form_of_the_writing_does_not_matter() {
        assert_eq!(hash("退貨運費 ABC"), hash("退货\u{200B}运费 abc"));
        assert_eq!(SimHash::of("😡!!", &Normalizer::new().unwrap()), None);
    }

    proptest! {
        #[test]
        fn hashes_that_differ_in_fewer_bits_than_bands_share_a_band(hash: u64, flips in prop::collection::vec(0..64_u32, 0..BANDS)) {
            let other = flips.iter().fold(hash, |hash, bit| hash ^ 1 << bit);
            let shared = SimHash(hash).bands().into_iter().any(|band| SimHash(other).bands().contains(&band));
            prop_assert!(shared);
        }
    }
}
