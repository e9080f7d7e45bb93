//! What a keyed operation is bound to, as bytes.

/// Gives a domain and its parts to `take`, each behind its length, so that no two lists share an encoding.
///
/// The domain names the operation and the version of its input: a key that serves two operations never gives the
/// result of one where the other is asked.
pub(crate) fn feed(domain: &str, parts: &[&[u8]], mut take: impl FnMut(&[u8])) {
    for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        take(&(part.len() as u64).to_be_bytes());
        take(part);
    }
}

/// The same as one text.
pub(crate) fn encode(domain: &str, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| 8 + part.len()).sum::<usize>() + 8 + domain.len();
    let mut encoded = Vec::with_capacity(length);
    feed(domain, parts, |bytes| encoded.extend_from_slice(bytes));
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn moving_a_byte_from_one_part_to_the_next_changes_the_encoding() {
        assert_ne!(encode("d", &[b"ab", b"c"]), encode("d", &[b"a", b"bc"]));
        assert_ne!(encode("d", &[b"ab"]), encode("da", &[b"b"]));
        assert_ne!(encode("d", &[b""]), encode("d", &[]));
    }
}
