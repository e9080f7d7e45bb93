//! Pages lead where they say.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What a page's links name, relative to the page; addresses and places within the page are left out.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or_default())
}

#[test]
fn every_link_of_the_pages_for_newcomers_leads_to_a_file() {
    for page in
        ["README.md", "services/README.md", "services/docs/ARCHITECTURE.md", "services/simulator/README.md"]
    {
        let file = root().join(page);
        let text = fs::read_to_string(&file).unwrap();
        let missing: Vec<&str> =
            links(&text).filter(|target| !file.parent().unwrap().join(target).exists()).collect();
        assert_eq!(missing, [""; 0], "{page}");
    }
}

#[test]
fn a_complaint_can_be_followed_through_eight_steps_each_with_its_files() {
    let page = fs::read_to_string(root().join("services/docs/ARCHITECTURE.md")).unwrap();
    for step in 1..=8 {
        let begin = page.find(&format!("\n{step}. **")).unwrap();
        let text = &page[begin + 1..];
        let end = text.find(&format!("\n{}. **", step + 1)).or_else(|| text.find("\n\n")).unwrap();
        assert!(links(&text[..end]).filter(|target| target.contains("/src/")).count() >= 2, "step {step}");
    }
}
