//! The audit chain: each entry's hash covers the entry and the hash before it, so that an edit, a gap or another order
//! shows.
//!
//! A tenant has [`CHAINS`] chains instead of one: a single chain would put all its writers in one queue. The complaint's
//! id chooses the chain, so the entries of one complaint lie in one chain, in order.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Chains per tenant: a multiple of the partition counts in use (6, 12, 24, 48), see the migration of the audit tables.
pub const CHAINS: u32 = 48;

/// A hash of a chain.
pub type Hash = [u8; 32];

/// What comes before the first entry.
pub const GENESIS: Hash = [0; 32];

/// What was done, by whom, and where it led. Carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The complaint.
    pub complaint_id: Uuid,
    /// The lifecycle version reached; none for what is no lifecycle event.
    pub state_version: Option<i32>,
    /// Code of the state afterwards.
    pub state: String,
    /// Name of the event.
    pub action: String,
    /// Who acted.
    pub actor: String,
    /// Code of the kind of decider.
    pub decided_by: String,
    /// When it happened; whole microseconds, as the database keeps them.
    pub happened_at: Timestamp,
    /// When it was recorded; whole microseconds.
    pub recorded_at: Timestamp,
    /// The facts as JSON, to the letter.
    pub detail: String,
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Position of the last entry; 0 for an empty chain.
    pub seq: i64,
    /// Hash of the last entry.
    pub hash: Hash,
}

impl Head {
    /// An empty chain.
    pub const EMPTY: Self = Self { seq: 0, hash: GENESIS };

    /// The end after `entry` of `tenant`'s chain number `chain`.
    #[must_use]
    pub fn append(self, tenant: &str, chain: u32, entry: &Entry) -> Self {
        let seq = self.seq + 1;
        Self { seq, hash: hash(&self.hash, tenant, chain, seq, entry) }
    }
}

/// How a chain does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An entry's content or hash was changed, or it stands where another one stood.
    Altered,
    /// An entry between others is gone.
    Missing,
    /// Entries at the end are gone.
    CutShort,
    /// The recorded end names another hash than the last entry.
    HeadDiffers,
}

impl Cause {
    /// The code told to callers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Altered => "ALTERED",
            Self::Missing => "MISSING",
            Self::CutShort => "CUT_SHORT",
            Self::HeadDiffers => "HEAD_DIFFERS",
        }
    }
}

/// The first entry that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// Its position.
    pub seq: i64,
    /// How.
    pub cause: Cause,
}

/// Walks one chain entry by entry, in the order of positions.
#[derive(Debug)]
pub struct Verifier<'a> {
    tenant: &'a str,
    chain: u32,
    head: Head,
    known: Option<Head>,
}

impl<'a> Verifier<'a> {
    /// Before the first entry of `tenant`'s chain number `chain`. `known` is an end of the chain that was kept
    /// elsewhere: a chain that was written anew from the first entry on fits in itself and shows only by it.
    pub const fn new(tenant: &'a str, chain: u32, known: Option<Head>) -> Self {
        Self { tenant, chain, head: Head::EMPTY, known }
    }

    /// The same after an entry up to which the chain was walked before.
    #[must_use]
    pub const fn after(self, head: Head) -> Self {
        Self { head, ..self }
    }

    /// Recomputes the next entry as stored.
    pub fn check(&mut self, seq: i64, entry: &Entry, stored: &Hash) -> Result<(), Break> {
        let expected = self.head.seq + 1;
        if seq != expected {
            return Err(Break { seq: expected, cause: Cause::Missing });
        }
        let next = self.head.append(self.tenant, self.chain, entry);
        let written_anew = self.known.is_some_and(|known| known.seq == seq && known.hash != next.hash);
        if next.hash != *stored || written_anew {
            return Err(Break { seq, cause: Cause::Altered });
        }
        self.head = next;
        Ok(())
    }

    /// After the last entry: compares with the recorded end and with the end kept elsewhere.
    pub fn finish(self, recorded: Option<Head>) -> Result<Head, Break> {
        for end in [recorded, self.known].into_iter().flatten() {
            if end.seq > self.head.seq {
                return Err(Break { seq: self.head.seq + 1, cause: Cause::CutShort });
            }
        }
        match recorded {
            Some(end) if end != self.head => Err(Break { seq: self.head.seq, cause: Cause::HeadDiffers }),
            None if self.head.seq > 0 => Err(Break { seq: self.head.seq, cause: Cause::HeadDiffers }),
            _ => Ok(self.head),
        }
    }

    /// The end reached so far.
    pub const fn head(&self) -> Head {
        self.head
    }
}

/// Every part is length-prefixed, so no two entries share an input.
fn hash(before: &Hash, tenant: &str, chain: u32, seq: i64, entry: &Entry) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"redress/audit/1");
    hash.update(before);
    let numbers = [
        i64::from(chain),
        seq,
        entry.state_version.map_or(-1, i64::from),
        entry.happened_at.as_microsecond(),
        entry.recorded_at.as_microsecond(),
    ];
    for number in numbers {
        hash.update(number.to_be_bytes());
    }
    hash.update(entry.complaint_id.as_bytes());
    for part in [tenant, &entry.state, &entry.action, &entry.actor, &entry.decided_by, &entry.detail] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(number: u8) -> Entry {
        Entry {
            complaint_id: Uuid::from_u128(u128::from(number)),
            state_version: Some(i32::from(number)),
            state: "received".into(),
            action: "ComplaintRegistered".into(),
            actor: "handler-0".into(),
            decided_by: "human".into(),
            happened_at: Timestamp::from_microsecond(1_000_000).unwrap(),
            recorded_at: Timestamp::from_microsecond(i64::from(number)).unwrap(),
            detail: "{}".into(),
        }
    }

    fn chain(length: u8) -> Vec<(i64, Entry, Hash)> {
        let mut head = Head::EMPTY;
        (0..length)
            .map(|number| {
                let entry = entry(number);
                head = head.append("acme", 7, &entry);
                (head.seq, entry, head.hash)
            })
            .collect()
    }

    fn verdict(
        entries: &[(i64, Entry, Hash)],
        recorded: Option<Head>,
        known: Option<Head>,
    ) -> Result<Head, Break> {
        let mut verifier = Verifier::new("acme", 7, known);
        for (seq, entry, hash) in entries {
            verifier.check(*seq, entry, hash)?;
        }
        verifier.finish(recorded)
    }

    fn end(entries: &[(i64, Entry, Hash)]) -> Option<Head> {
        entries.last().map(|(seq, _, hash)| Head { seq: *seq, hash: *hash })
    }

    proptest! {
        #[test]
        fn an_untouched_chain_fits_and_any_edit_shows_at_its_place(length in 1_u8..40, at in 0_usize..40, field in 0..6) {
            let mut entries = chain(length);
            let at = at % entries.len();
            prop_assert!(verdict(&entries, end(&entries), None).is_ok());
            let recorded = end(&entries);
            let (seq, edited, hash) = &mut entries[at];
            match field {
                0 => edited.detail.push(' '),
                1 => edited.actor.push('x'),
                2 => edited.state_version = None,
                3 => edited.happened_at = Timestamp::from_microsecond(1).unwrap(),
                4 => edited.complaint_id = Uuid::from_u128(u128::MAX),
                _ => hash[5] ^= 1,
            }
            let seq = *seq;
            prop_assert_eq!(verdict(&entries, recorded, None), Err(Break { seq, cause: Cause::Altered }));
        }

        #[test]
        fn a_gap_and_a_swap_show(length in 3_u8..40, at in 0_usize..37) {
            let entries = chain(length);
            let at = at % (entries.len() - 2);
            let mut gap = entries.clone();
            gap.remove(at);
            prop_assert_eq!(verdict(&gap, end(&entries), None).unwrap_err().cause, Cause::Missing);
            let mut swapped = entries.clone();
            let (first, second) = (swapped[at].1.clone(), swapped[at + 1].1.clone());
            swapped[at].1 = second;
            swapped[at + 1].1 = first;
            prop_assert!(verdict(&swapped, end(&entries), None).is_err());
        }
    }

    #[test]
    fn a_cut_end_shows_by_the_recorded_end_or_by_one_kept_elsewhere() {
        let entries = chain(5);
        let cut = &entries[..3];
        let whole = end(&entries);
        let at_four = Err(Break { seq: 4, cause: Cause::CutShort });
        assert_eq!(verdict(cut, whole, None), at_four);
        assert_eq!(verdict(cut, end(cut), whole), at_four);
        assert!(verdict(cut, end(cut), None).is_ok(), "without the end kept elsewhere nothing can be seen");
        assert_eq!(verdict(&entries, end(cut), None).unwrap_err().cause, Cause::HeadDiffers);
        assert_eq!(verdict(&entries, None, None).unwrap_err().cause, Cause::HeadDiffers);
    }

    #[test]
    fn a_chain_written_anew_shows_by_an_end_kept_elsewhere() {
        let kept = end(&chain(3));
        let mut head = Head::EMPTY;
        let anew: Vec<_> = (10..20)
            .map(|number| {
                let entry = entry(number);
                head = head.append("acme", 7, &entry);
                (head.seq, entry, head.hash)
            })
            .collect();
        assert!(verdict(&anew, end(&anew), None).is_ok());
        assert_eq!(verdict(&anew, end(&anew), kept), Err(Break { seq: 3, cause: Cause::Altered }));
    }

    #[test]
    fn an_entry_of_another_tenant_or_chain_has_another_hash() {
        let entry = entry(1);
        let here = Head::EMPTY.append("acme", 1, &entry);
        assert_ne!(here, Head::EMPTY.append("acne", 1, &entry));
        assert_ne!(here, Head::EMPTY.append("acme", 2, &entry));
    }
}
