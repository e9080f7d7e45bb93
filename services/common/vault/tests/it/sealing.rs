use std::sync::LazyLock;

use proptest::prelude::*;
use redress_vault::{Purpose, Vault, VaultError, WrappedKey};
use tokio::runtime::Runtime;

use crate::{complaint, tenant, vault};

static VAULT: LazyLock<Vault> = LazyLock::new(vault);
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// One field, sealed for tenant `acme` and complaint `c1`.
fn seal(field: &str, plain: &[u8]) -> (WrappedKey, Vec<u8>) {
    let sealer = RUNTIME.block_on(VAULT.sealer(&tenant("acme"), complaint("c1"))).unwrap();
    (sealer.wrapped_key().clone(), sealer.seal(field, plain).unwrap())
}

fn open(
    tenant_name: &str,
    key: &str,
    wrapped: &WrappedKey,
    field: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let (tenant, complaint) = (tenant(tenant_name), complaint(key));
    let opener = RUNTIME.block_on(VAULT.opener(&tenant, complaint, wrapped, Purpose::CaseHandling))?;
    opener.open(field, sealed).map(|plain| plain.to_vec())
}

proptest! {
    #[test]
    fn what_is_sealed_opens_in_its_place(field in ".{0,40}", plain in prop::collection::vec(any::<u8>(), 0..4096)) {
        let (wrapped, sealed) = seal(&field, &plain);
        prop_assert_eq!(sealed.len(), plain.len() + 29);
        let wrapped = WrappedKey::from_bytes(&wrapped.to_bytes()).unwrap();
        prop_assert_eq!(open("acme", "c1", &wrapped, &field, &sealed).unwrap(), plain);
    }

    #[test]
    fn any_flipped_bit_is_refused(plain in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index, bit in 0_u8..8) {
        let (wrapped, mut sealed) = seal("text", &plain);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(open("acme", "c1", &wrapped, "text", &sealed).is_err());
    }

    #[test]
    fn any_flipped_bit_of_the_wrapped_key_is_refused(at: prop::sample::Index, bit in 0_u8..8) {
        let (wrapped, sealed) = seal("text", b"text");
        let mut encoded = wrapped.to_bytes();
        let at = at.index(encoded.len());
        encoded[at] ^= 1 << bit;
        let opened = WrappedKey::from_bytes(&encoded).and_then(|wrapped| open("acme", "c1", &wrapped, "text", &sealed));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn any_cut_is_refused(plain in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index) {
        let (wrapped, sealed) = seal("text", &plain);
        prop_assert!(open("acme", "c1", &wrapped, "text", &sealed[..at.index(sealed.len())]).is_err());
    }

    #[test]
    fn another_field_is_refused(plain in prop::collection::vec(any::<u8>(), 0..64), one in ".{0,20}", other in ".{0,20}") {
        prop_assume!(one != other);
        let (wrapped, sealed) = seal(&one, &plain);
        prop_assert!(matches!(open("acme", "c1", &wrapped, &other, &sealed), Err(VaultError::Refused)));
    }
}

#[test]
fn another_complaint_is_refused_also_with_the_right_key() {
    let (wrapped, sealed) = seal("text", b"text");
    assert!(matches!(open("acme", "c2", &wrapped, "text", &sealed), Err(VaultError::Refused)));
}

#[test]
fn another_tenant_is_refused() {
    let (wrapped, sealed) = seal("text", b"text");
    assert!(matches!(open("beta", "c1", &wrapped, "text", &sealed), Err(VaultError::Refused)));
    assert!(matches!(open("gone", "c1", &wrapped, "text", &sealed), Err(VaultError::UnknownTenant(_))));
}

#[test]
fn another_complaints_data_key_is_refused() {
    let (_, sealed) = seal("text", b"text");
    let (other, _) = seal("text", b"text");
    assert!(matches!(open("acme", "c1", &other, "text", &sealed), Err(VaultError::Refused)));
}

#[test]
fn fields_added_later_open_under_the_first_wrapped_key() {
    let (wrapped, first) = seal("text", b"first");
    let sealer = RUNTIME.block_on(VAULT.sealer_from(&tenant("acme"), complaint("c1"), &wrapped)).unwrap();
    assert_eq!(sealer.wrapped_key(), &wrapped);
    let later = sealer.seal("completion.1", b"later").unwrap();
    assert_eq!(open("acme", "c1", &wrapped, "text", &first).unwrap(), b"first");
    assert_eq!(open("acme", "c1", &wrapped, "completion.1", &later).unwrap(), b"later");
}

#[test]
fn equal_values_are_sealed_differently_each_time() {
    let sealer = RUNTIME.block_on(VAULT.sealer(&tenant("acme"), complaint("c1"))).unwrap();
    assert_ne!(sealer.seal("text", b"same").unwrap(), sealer.seal("text", b"same").unwrap());
}

#[test]
fn an_opener_tells_its_purpose() {
    let (wrapped, _) = seal("text", b"");
    let acme = tenant("acme");
    let opening = VAULT.opener(&acme, complaint("c1"), &wrapped, Purpose::SubjectRequest);
    let opener = RUNTIME.block_on(opening).unwrap();
    assert_eq!(opener.purpose().code(), "subject_request");
    let codes: std::collections::HashSet<_> = Purpose::ALL.into_iter().map(Purpose::code).collect();
    assert_eq!(codes.len(), Purpose::ALL.len());
}
