use redress_vault::{IndexKind, normalise_email, normalise_phone};

use crate::{key_file, tenant, vault, vault_of};

#[tokio::test]
async fn equal_values_meet_within_a_tenant_and_a_kind_only() {
    let vault = vault();
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    let index = vault.blind_index(&acme, IndexKind::Phone, "+8613800000000").await.unwrap();
    assert_eq!(index, vault.blind_index(&acme, IndexKind::Phone, "+8613800000000").await.unwrap());
    assert_ne!(index, vault.blind_index(&acme, IndexKind::Phone, "+8613800000001").await.unwrap());
    assert_ne!(index, vault.blind_index(&acme, IndexKind::Email, "+8613800000000").await.unwrap());
    assert_ne!(index, vault.blind_index(&beta, IndexKind::Phone, "+8613800000000").await.unwrap());
}

#[tokio::test]
async fn tenants_that_were_given_the_same_key_do_not_meet_either() {
    let (_folder, path) = key_file();
    let text = std::fs::read_to_string(&path).unwrap();
    let acme = text[text.find("[tenants.acme]").unwrap()..text.find("[tenants.beta]").unwrap()].to_owned();
    std::fs::write(&path, format!("{acme}{}", acme.replace("acme", "beta"))).unwrap();
    let vault = vault_of(&path);
    let of = async |name: &str| {
        vault.blind_index(&tenant(name), IndexKind::Phone, "+8613800000000").await.unwrap()
    };
    assert_ne!(of("acme").await, of("beta").await);
    let body = async |name: &str| vault.fingerprint(&tenant(name), b"body").await.unwrap();
    assert_ne!(body("acme").await, body("beta").await);
}

#[tokio::test]
async fn indexes_stay_the_same_when_the_keys_are_read_again() {
    let (_folder, path) = key_file();
    let before =
        vault_of(&path).blind_index(&tenant("acme"), IndexKind::Email, "a@example.com").await.unwrap();
    let after =
        vault_of(&path).blind_index(&tenant("acme"), IndexKind::Email, "a@example.com").await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_fingerprint_tells_bodies_apart_and_needs_the_tenants_key() {
    let acme = tenant("acme");
    let vault = vault();
    let print = vault.fingerprint(&acme, b"body").await.unwrap();
    assert_eq!(print, vault.fingerprint(&acme, b"body").await.unwrap());
    assert_ne!(print, vault.fingerprint(&acme, b"bodY").await.unwrap());
    assert_ne!(print, crate::vault().fingerprint(&acme, b"body").await.unwrap(), "another key file");
}

#[test]
fn one_number_written_in_many_ways_has_one_form() {
    for text in [
        "13800000000",
        " 138 0000 0000 ",
        "138-0000-0000",
        "+8613800000000",
        "+86 (138) 0000.0000",
        "008613800000000",
        "8613800000000",
        "+86013800000000",
        "１３８００００００００",
        "＋８６　１３８－００００－００００",
        "\u{202D}13800000000\u{202C}",
        "\u{FEFF}138\u{200B}00000000",
    ] {
        assert_eq!(normalise_phone(text).as_deref(), Some("+8613800000000"), "{text:?}");
    }
    for text in ["010-00000000", "+86 10 0000 0000", "（010）00000000", "0086-010-00000000"] {
        assert_eq!(normalise_phone(text).as_deref(), Some("+861000000000"), "{text:?}");
    }
}

#[test]
fn foreign_short_and_made_up_numbers_keep_their_digits() {
    for (text, form) in [
        ("+1 (212) 555-0100", "+12125550100"),
        ("001 212 555 0100", "+12125550100"),
        ("+852 0000 0000", "+85200000000"),
        ("400-000-0000", "4000000000"),
        ("95588", "95588"),
        ("110", "110"),
        ("10000000000", "10000000000"),
        ("00000000000", "00000000000"),
    ] {
        assert_eq!(normalise_phone(text).as_deref(), Some(form), "{text:?}");
    }
}

#[test]
fn what_is_no_number_has_no_form() {
    for text in
        ["", "+", "12", "1234567890123456", "138000x0000", "电话13800000000", "13800000000转8001", "1+38"]
    {
        assert_eq!(normalise_phone(text), None, "{text:?}");
    }
}

#[test]
fn an_address_is_folded_and_checked_for_its_two_parts() {
    for text in ["a.b+c@example.com", " A.B+C@EXAMPLE.COM\u{3000}", "ａ．ｂ＋ｃ＠ｅｘａｍｐｌｅ．ｃｏｍ"]
    {
        assert_eq!(normalise_email(text).as_deref(), Some("a.b+c@example.com"), "{text:?}");
    }
    for text in ["", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b c", "a\n@b"] {
        assert_eq!(normalise_email(text), None, "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn a_form_is_its_own_form(text in "\\PC{0,24}", digits in "[+]?[0-9 ]{0,20}") {
        for text in [text, digits] {
            if let Some(form) = normalise_phone(&text) {
                proptest::prop_assert_eq!(normalise_phone(&form), Some(form));
            }
            if let Some(form) = normalise_email(&text) {
                proptest::prop_assert_eq!(normalise_email(&form), Some(form));
            }
        }
    }
}
