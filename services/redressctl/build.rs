//! Lists the services' migrations, so that `doctor` can tell a database that is behind: by file names alone, since no
//! crate links a service.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

/// The kit's own migrations, which every service's database has.
const KIT: &str = "common/outbox";

fn main() -> Result<(), Box<dyn Error>> {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kit = versions(&services.join(KIT).join("migrations"))?;
    let mut table = String::from("&[\n");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&services)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    folders.sort();
    for folder in folders {
        let own = versions(&folder.join("migrations"))?;
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        if !own.is_empty() {
            let all: Vec<i64> = kit.iter().chain(&own).copied().collect();
            writeln!(table, "    ({name:?}, &{all:?}),")?;
        }
    }
    table.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("migrations.rs"), table)?;
    Ok(())
}

/// The versions of a folder's files: what stands before the first `_`. None where there is no such folder.
fn versions(folder: &Path) -> Result<Vec<i64>, Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let version = name.to_str().and_then(|name| name.split_once('_')).map(|(version, _)| version.parse());
        if let Some(Ok(version)) = version {
            found.push(version);
        }
    }
    found.sort_unstable();
    Ok(found)
}
