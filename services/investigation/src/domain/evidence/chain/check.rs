//! Checking a chain, link by link.

use redress_domain::coded_enum;
use uuid::Uuid;

use super::{Anchor, Hash, link};

coded_enum! {
    /// What does not fit.
    FaultKind {
        /// A link is not there.
        LinkMissing = "LINK_MISSING",
        /// A link is not the one that was written.
        LinkAltered = "LINK_ALTERED",
        /// The chain does not end where it was seen to end.
        HeadMismatch = "HEAD_MISMATCH",
        /// A file is not the one that was received or made.
        ContentAltered = "CONTENT_ALTERED",
        /// A file is not there.
        ContentMissing = "CONTENT_MISSING",
    }
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The link, from 1.
    pub seq: u64,
    /// The piece, if it can be told.
    pub evidence: Option<Uuid>,
    /// What.
    pub kind: FaultKind,
}

/// A link as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its number.
    pub seq: u64,
    /// The digest of its text, or the digest that stands for it.
    pub digest: Hash,
    /// Its hash.
    pub hash: Hash,
    /// The piece it names, for the report.
    pub evidence: Option<&'a Uuid>,
}

/// Checks a chain, link by link in the order of their numbers.
///
/// After a fault it goes on from what it found, so that a single alteration is told once and where it is.
#[derive(Debug)]
pub struct Checker {
    at: Anchor,
    faults: Vec<Fault>,
    links: u64,
}

impl Checker {
    /// At the beginning of a chain.
    pub fn new(tenant: &str, complaint: Uuid) -> Self {
        Self { at: Anchor::empty(tenant, complaint), faults: Vec::new(), links: 0 }
    }

    /// The next link.
    pub fn push(&mut self, found: Found<'_>) {
        let expected = self.at.count + 1;
        for seq in expected..found.seq.min(expected + 100) {
            self.faults.push(Fault { seq, evidence: None, kind: FaultKind::LinkMissing });
        }
        let follows = link(&self.at.head, found.seq, &found.digest) == found.hash;
        // Behind a gap the hash before it is unknown.
        if found.seq < expected || (found.seq == expected && !follows) {
            let evidence = found.evidence.copied();
            self.faults.push(Fault { seq: found.seq, evidence, kind: FaultKind::LinkAltered });
        }
        self.at = Anchor { count: found.seq, head: found.hash };
        self.links += 1;
    }

    /// What does not fit, given where the chain was seen to end, and how many links there are.
    pub fn finish(mut self, anchor: Option<&Anchor>) -> (u64, Vec<Fault>) {
        let seen = anchor.copied();
        let found = self.at;
        match seen {
            Some(anchor) if anchor.count > found.count => {
                for seq in (found.count + 1..=anchor.count).take(100) {
                    self.faults.push(Fault { seq, evidence: None, kind: FaultKind::LinkMissing });
                }
            }
            Some(anchor) if anchor == found => {}
            _ => self.faults.push(Fault { seq: found.count, evidence: None, kind: FaultKind::HeadMismatch }),
        }
        (self.links, self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;
    use proptest::prelude::*;

    const COMPLAINT: Uuid = Uuid::from_u128(7);

    fn texts(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("{{\"n\":{n}}}")).collect()
    }

    /// Links as they are stored, and the anchor.
    fn chain(texts: &[String]) -> (Vec<(u64, String, Hash)>, Anchor) {
        let mut anchor = Anchor::empty("acme", COMPLAINT);
        let mut links = Vec::new();
        for text in texts {
            anchor = anchor.with(text);
            links.push((anchor.count, text.clone(), anchor.head));
        }
        (links, anchor)
    }

    fn faults(links: &[(u64, String, Hash)], anchor: Option<&Anchor>) -> Vec<(u64, FaultKind)> {
        let mut checker = Checker::new("acme", COMPLAINT);
        for (seq, text, hash) in links {
            checker.push(Found { seq: *seq, digest: digest(text), hash: *hash, evidence: None });
        }
        checker.finish(anchor).1.into_iter().map(|fault| (fault.seq, fault.kind)).collect()
    }

    #[test]
    fn a_chain_as_it_was_written_has_no_fault() {
        let (links, anchor) = chain(&texts(5));
        assert_eq!(faults(&links, Some(&anchor)), []);
        assert_eq!(faults(&[], Some(&Anchor::empty("acme", COMPLAINT))), []);
    }

    #[test]
    fn one_altered_byte_is_told_where_it_is() {
        let (links, anchor) = chain(&texts(5));
        let mut text = links.clone();
        text[2].1 = text[2].1.replace('2', "3");
        assert_eq!(faults(&text, Some(&anchor)), [(3, FaultKind::LinkAltered)]);
        let mut hash = links;
        hash[2].2[0] ^= 1;
        let kinds = [(3, FaultKind::LinkAltered), (4, FaultKind::LinkAltered)];
        assert_eq!(faults(&hash, Some(&anchor)), kinds);
    }

    #[test]
    fn the_last_link_is_missed_and_so_is_any_other() {
        let (mut links, anchor) = chain(&texts(5));
        let last = links.pop();
        assert_eq!(faults(&links, Some(&anchor)), [(5, FaultKind::LinkMissing)]);
        links.extend(last);
        links.remove(1);
        assert_eq!(faults(&links, Some(&anchor)), [(2, FaultKind::LinkMissing)]);
        assert_eq!(faults(&[], None), [(0, FaultKind::HeadMismatch)]);
    }

    #[test]
    fn two_swapped_links_are_both_told() {
        let (mut links, anchor) = chain(&texts(5));
        let (second, third) = (links[1].1.clone(), links[2].1.clone());
        (links[1].1, links[2].1) = (third, second);
        assert_eq!(faults(&links, Some(&anchor)), [(2, FaultKind::LinkAltered), (3, FaultKind::LinkAltered)]);
    }

    #[test]
    fn a_chain_that_was_cut_and_written_on_does_not_end_where_it_did() {
        let (_, anchor) = chain(&texts(3));
        let (forged, _) = chain(&["a".into(), "b".into(), "c".into()]);
        assert_eq!(faults(&forged, Some(&anchor)), [(3, FaultKind::HeadMismatch)]);
    }

    #[test]
    fn a_chain_does_not_stand_for_another_complaints() {
        let (links, anchor) = chain(&texts(1));
        let mut other = Checker::new("acme", Uuid::from_u128(8));
        other.push(Found { seq: 1, digest: digest(&links[0].1), hash: links[0].2, evidence: None });
        assert_eq!(other.finish(Some(&anchor)).1[0].kind, FaultKind::LinkAltered);
    }

    proptest! {
        #[test]
        fn any_change_of_a_text_or_an_order_is_found(n in 2..8_usize, at in 0..8_usize, swap in any::<bool>()) {
            let (mut links, anchor) = chain(&texts(n));
            let at = at % (n - 1);
            if swap { links.swap(at, at + 1) } else { links[at].1.push(' ') }
            prop_assert!(!faults(&links, Some(&anchor)).is_empty());
        }
    }
}
