//! The text of a key file, and the care it is read and written with.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redress_domain::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::DataKey;
use crate::file_provider::{TenantKeys, prepare};
use crate::key::{IndexKey, KEY_LEN};
use crate::wrapped_key::is_key_id;

/// Why a key file cannot be used. Says where, never what stands there.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Others on the machine may read the file, or others than its owner may change it.
    #[error("{path} is open to others (mode {mode:o}); set it to 600", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file has another form. The parser's own words are left out: they quote the line.
    #[error("{path}: line {line} does not fit the form of a key file", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A key is not the base64 text of 32 bytes.
    #[error("tenant {tenant}: `{name}` is not the base64 text of 32 bytes")]
    Key {
        /// The tenant.
        tenant: TenantId,
        /// The key's name; `index` for the key of blind indexes.
        name: String,
    },
    /// A key's name is not 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    #[error("tenant {0}: a key is named by 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'")]
    Name(TenantId),
    /// The current key is not among the tenant's keys.
    #[error("tenant {0}: the current key is not among the keys")]
    Current(TenantId),
    /// The operating system gives no random numbers.
    #[error("no random numbers for new keys")]
    Random,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    tenants: BTreeMap<TenantId, TenantText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantText {
    current: String,
    index: SecretString,
    keys: BTreeMap<String, SecretString>,
}

pub(crate) fn read(path: &Path) -> Result<HashMap<TenantId, TenantKeys>, KeyFileError> {
    let text = read_guarded(path)?;
    let file: FileText = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        KeyFileError::Form { path: path.to_owned(), line }
    })?;
    file.tenants
        .into_iter()
        .map(|(tenant, text)| Ok((tenant.clone(), prepare_tenant(&tenant, &text)?)))
        .collect()
}

/// Reads the text after a look at who else may.
///
/// The group may read it: Kubernetes gives a mounted secret to a process that is not root by the group alone. Whoever may
/// write it names the keys under which the next complaints are sealed: that is its owner's alone.
fn read_guarded(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

fn prepare_tenant(tenant: &TenantId, text: &TenantText) -> Result<TenantKeys, KeyFileError> {
    let mut wrapping = HashMap::with_capacity(text.keys.len());
    for (name, key) in &text.keys {
        if !is_key_id(name) {
            return Err(KeyFileError::Name(tenant.clone()));
        }
        let fault = || KeyFileError::Key { tenant: tenant.clone(), name: name.clone() };
        let key = decode(key).as_deref().and_then(prepare).ok_or_else(fault)?;
        wrapping.insert(name.clone(), key);
    }
    if !wrapping.contains_key(&text.current) {
        return Err(KeyFileError::Current(tenant.clone()));
    }
    let index = decode(&text.index)
        .ok_or_else(|| KeyFileError::Key { tenant: tenant.clone(), name: "index".to_owned() })?;
    Ok(TenantKeys { current: text.current.clone(), wrapping, index: IndexKey::new(&index) })
}

fn decode(text: &SecretString) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    // Decoding estimates its length in whole groups of three bytes: 33 for 32.
    let mut bytes = Zeroizing::new([0; KEY_LEN + 1]);
    let length = STANDARD.decode_slice(text.expose_secret(), bytes.as_mut_slice()).ok()?;
    let key = bytes[..length].try_into().ok()?;
    Some(Zeroizing::new(key))
}

pub(crate) fn generate(tenants: &[TenantId]) -> Result<Zeroizing<String>, KeyFileError> {
    let mut text = Zeroizing::new(String::with_capacity(256 * tenants.len() + 128));
    text.push_str(
        "# Keys that seal personal fields. Whoever reads this file reads them all; whoever loses it, none.\n",
    );
    for tenant in tenants {
        let (index, key) = (random_key()?, random_key()?);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[tenants.{tenant}]\ncurrent = \"k1\"\nindex = \"{}\"\n[tenants.{tenant}.keys]\nk1 = \"{}\"\n",
            *index, *key
        );
    }
    Ok(text)
}

fn random_key() -> Result<Zeroizing<String>, KeyFileError> {
    let key = DataKey::generate().map_err(|_| KeyFileError::Random)?;
    Ok(Zeroizing::new(STANDARD.encode(key.expose())))
}

pub(crate) fn create(path: &Path, tenants: &[TenantId]) -> Result<(), KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let text = generate(tenants)?;
    // Under its name it is whole or not there: what a crash leaves half written is a nameless beginning, begun again.
    let beginning = path.with_extension("beginning");
    write(&beginning, &text).map_err(io)?;
    // Unlike a renaming, this replaces nothing.
    let linked = fs::hard_link(&beginning, path);
    fs::remove_file(&beginning).map_err(io)?;
    linked.map_err(io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // It may be there with other permissions.
    fs::remove_file(path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
