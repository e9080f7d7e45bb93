//! How many deliveries a worker takes in hand.

/// The size of a worker's hand. What its channels had no turn for goes back and is opened anew later, which costs a
/// reading of personal fields each time: so a worker takes no more than it last carried, and twice as many when all went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand {
    size: u16,
    most: u16,
}

impl Hand {
    /// The hand of a worker that has at most `most` deliveries in it.
    pub const fn new(most: u16) -> Self {
        Self { size: most, most }
    }

    /// How many deliveries it takes, at least one.
    pub const fn size(self) -> u16 {
        self.size
    }

    /// The hand after a round in which `deferred` of `claimed` deliveries went back untried.
    #[must_use]
    pub fn after(self, claimed: usize, deferred: usize) -> Self {
        let carried = u16::try_from(claimed.saturating_sub(deferred)).unwrap_or(u16::MAX);
        let size = if deferred > 0 { carried } else { self.size.saturating_mul(2) };
        Self { size: size.clamp(1, self.most.max(1)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_what_its_channels_carry_and_more_once_they_carry_all() {
        let hand = Hand::new(32).after(32, 24);
        assert_eq!(hand.size(), 8);
        assert_eq!(hand.after(8, 8).size(), 1, "one to see whether there is a turn again");
        assert_eq!(hand.after(8, 0).size(), 16);
        assert_eq!(hand.after(8, 0).after(16, 0).after(32, 0).size(), 32);
    }
}
