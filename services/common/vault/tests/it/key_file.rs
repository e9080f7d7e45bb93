use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use redress_vault::{DataKey, FileKeyProvider, KeyFileError, Purpose, VaultConfig, VaultError, WrappedKey};

use crate::{complaint, key_file, tenant, vault_of};

/// 32 bytes of zeros: enough of a key for tests of form.
const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn open_text(text: &str) -> Result<FileKeyProvider, KeyFileError> {
    let (_folder, path) = key_file();
    fs::write(&path, text).unwrap();
    FileKeyProvider::open(&path)
}

fn one_tenant(current: &str, index: &str, keys: &str) -> String {
    format!("[tenants.acme]\ncurrent = \"{current}\"\nindex = \"{index}\"\n[tenants.acme.keys]\n{keys}\n")
}

#[test]
fn a_fresh_file_opens_and_no_two_are_alike() {
    let tenants = [tenant("acme"), tenant("beta")];
    let text = FileKeyProvider::generate(&tenants).unwrap();
    open_text(&text).unwrap();
    assert_ne!(*text, *FileKeyProvider::generate(&tenants).unwrap());
}

#[test]
fn a_created_file_is_its_owners_alone_and_replaces_none() {
    let (_folder, path) = key_file();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    assert!(matches!(FileKeyProvider::create(&path, &[tenant("acme")]), Err(KeyFileError::Io { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_a_crash_left_half_written_does_not_block_the_next_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    fs::write(path.with_extension("beginning"), "[tenants.ac").unwrap();
    FileKeyProvider::create(&path, &[tenant("acme")]).unwrap();
    FileKeyProvider::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let (_folder, path) = key_file();
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o604, 0o602, 0o644, 0o660, 0o670, 0o777] {
        set(mode);
        assert!(matches!(FileKeyProvider::open(&path), Err(KeyFileError::Exposed { .. })), "{mode:o}");
    }
    for mode in [0o400, 0o440, 0o600] {
        set(mode);
        FileKeyProvider::open(&path).unwrap();
    }
}

#[tokio::test]
async fn old_keys_open_after_a_rotation_until_they_are_removed() {
    let (_folder, path) = key_file();
    let (acme, id) = (tenant("acme"), complaint("c1"));
    let sealer = vault_of(&path).sealer(&acme, id).await.unwrap();
    let (old, text_at_rest) = (sealer.wrapped_key().clone(), sealer.seal("text", b"text").unwrap());
    assert_eq!(old.key_id(), "k1");

    let text = fs::read_to_string(&path).unwrap();
    let rotated = text.replacen("current = \"k1\"", "current = \"k2\"", 1).replacen(
        "[tenants.acme.keys]",
        &format!("[tenants.acme.keys]\nk2 = \"{ZEROS}\""),
        1,
    );
    fs::write(&path, &rotated).unwrap();
    let vault = vault_of(&path);
    assert_eq!(vault.sealer(&acme, id).await.unwrap().wrapped_key().key_id(), "k2");
    let opener = vault.opener(&acme, id, &old, Purpose::OwnData).await.unwrap();
    assert_eq!(**opener.open("text", &text_at_rest).unwrap(), *b"text");

    let removed: Vec<_> = rotated.lines().filter(|line| !line.starts_with("k1 = ")).collect();
    let beta = text[text.find("[tenants.beta]").unwrap()..].to_owned();
    let removed = removed.join("\n");
    let acme_only = &removed[..removed.find("[tenants.beta]").unwrap()];
    fs::write(&path, format!("{acme_only}\n{beta}")).unwrap();
    let refused = vault_of(&path).opener(&acme, id, &old, Purpose::OwnData).await;
    let refused = refused.err().unwrap();
    assert!(matches!(&refused, VaultError::UnknownKey { key_id, .. } if key_id == "k1"));
    let kind = refused.kind();
    assert_eq!(kind.disposition(), redress_domain::Disposition::Park, "others' records do not wait for it");
}

#[tokio::test]
async fn a_wrapped_key_is_bound_to_its_tenant_and_key_where_others_have_the_same_bytes() {
    let (_folder, path) = key_file();
    let acme = one_tenant("k1", ZEROS, &format!("k1 = \"{ZEROS}\"\nk2 = \"{ZEROS}\""));
    fs::write(&path, format!("{acme}{}", acme.replace("acme", "beta"))).unwrap();
    let (vault, id) = (vault_of(&path), complaint("c1"));
    let wrapped = vault.sealer(&tenant("acme"), id).await.unwrap().wrapped_key().clone();
    vault.opener(&tenant("acme"), id, &wrapped, Purpose::OwnData).await.unwrap();
    let refused = vault.opener(&tenant("beta"), id, &wrapped, Purpose::OwnData).await;
    assert!(matches!(refused, Err(VaultError::Refused)));
    let renamed = WrappedKey::new("k2", wrapped.bytes().to_vec()).unwrap();
    let refused = vault.opener(&tenant("acme"), id, &renamed, Purpose::OwnData).await;
    assert!(matches!(refused, Err(VaultError::Refused)));
}

#[test]
fn each_fault_is_told_by_its_place() {
    let key = format!("k1 = \"{ZEROS}\"");
    let told = |text: &str| open_text(text).unwrap_err().to_string();
    assert!(told(&one_tenant("k2", ZEROS, &key)).contains("tenant acme: the current key"));
    assert!(told(&one_tenant("k1", "AAAA", &key)).contains("`index`"));
    assert!(told(&one_tenant("k1", ZEROS, "k1 = \"AAAA\"")).contains("`k1`"));
    assert!(told(&one_tenant("k1", ZEROS, "k1 = \"not base64\"")).contains("`k1`"));
    assert!(told(&one_tenant("k1", ZEROS, &format!("k1 = \"{ZEROS}AAAA\""))).contains("`k1`"));
    assert!(told(&one_tenant("k 1", ZEROS, &format!("\"k 1\" = \"{ZEROS}\""))).contains("a key is named by"));
    assert!(told("[tenants.acme]\ncurrent = 1\n").contains("line 2"));
    assert!(told("[tenants.UPPER]\n").contains("line 1"));
    assert!(told(&format!("{}extra = 1\n", one_tenant("k1", ZEROS, &key))).contains("line"));
    assert!(
        FileKeyProvider::open(Path::new("/nowhere/keys.toml")).unwrap_err().to_string().contains("/nowhere")
    );
}

#[test]
fn no_fault_shows_a_key() {
    const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
    for text in [
        format!("[tenants]\nacme = \"{SECRET}\"\n"),
        format!("[tenants.acme]\nkeys = \"{SECRET}\"\n"),
        format!("[tenants.acme]\n{SECRET} = 1\n"),
        format!("[tenants.acme]\nindex = \"{SECRET}\n"),
        one_tenant("k1", SECRET, &format!("k1 = \"{SECRET}\"")),
        one_tenant(SECRET, ZEROS, &format!("k1 = \"{ZEROS}\"")),
    ] {
        let error = open_text(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    }
}

#[tokio::test]
async fn nothing_shows_a_key_or_a_value_when_printed_for_debugging() {
    let (_folder, path) = key_file();
    let vault = vault_of(&path);
    let sealer = vault.sealer(&tenant("acme"), complaint("c1")).await.unwrap();
    let wrapped = sealer.wrapped_key();
    let opener = vault.opener(&tenant("acme"), complaint("c1"), wrapped, Purpose::OwnData).await.unwrap();
    let shown = format!(
        "{vault:?} {sealer:?} {wrapped:?} {opener:?} {:?} {:?}",
        DataKey::generate().unwrap(),
        FileKeyProvider::open(&path).unwrap()
    );
    assert_eq!(
        shown,
        "Vault(..) Sealer(..) WrappedKey { key_id: \"k1\", .. } Opener { purpose: OwnData, .. } DataKey(..) \
         FileKeyProvider(..)"
    );
}

#[test]
fn the_configuration_opens_the_vault_and_refuses_what_it_does_not_know() {
    let (_folder, path) = key_file();
    let text = format!("provider = \"file\"\nkey_file = \"{}\"\n", path.display());
    toml::from_str::<VaultConfig>(&text).unwrap().open().unwrap();
    assert!(toml::from_str::<VaultConfig>(&format!("{text}more = 1\n")).is_err());
    assert!(toml::from_str::<VaultConfig>(&text.replace("\"file\"", "\"transit\"")).is_err());
}
