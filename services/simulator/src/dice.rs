//! Chance that a seed decides: the same seed gives the same run.

use sha2::{Digest as _, Sha256};

/// A number that follows from the seed and what it is about, below `sides`.
pub(crate) fn throw(seed: u64, about: &str, sides: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(about.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(first) % sides.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_throws_the_same_and_another_seed_another() {
        let thrown = |seed| (0..40).map(|n| throw(seed, &n.to_string(), 6)).collect::<Vec<_>>();
        assert_eq!(thrown(1), thrown(1));
        assert_ne!(thrown(1), thrown(2));
        assert_eq!(thrown(1).into_iter().collect::<BTreeSet<_>>().len(), 6, "every side comes up");
    }
}
