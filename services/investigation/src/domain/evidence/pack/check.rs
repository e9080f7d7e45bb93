//! Checking a pack without whoever made it.

use std::collections::{BTreeMap, BTreeSet};

use super::{CHAIN, Line, MANIFEST, Manifest, SUMS};
use crate::domain::evidence::chain::{self, Checker, Entry, Fault, Found, Happening, Hash};

/// What does not fit in a pack, in sentences.
#[derive(Debug, Default)]
pub struct Report {
    /// How many links were checked.
    pub links: u64,
    /// How many files were checked.
    pub files: usize,
    /// What does not fit.
    pub faults: Vec<String>,
}

/// Checks a pack. `hashes` are the hashes of all files as they lie in it, by name.
pub fn check(sums: &str, manifest: &str, lines: &str, hashes: &BTreeMap<String, String>) -> Report {
    let mut report = Report { files: hashes.len(), ..Report::default() };
    check_sums(sums, hashes, &mut report.faults);
    let manifest: Manifest = match serde_json::from_str(manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            report.faults.push(format!("{MANIFEST} does not read: {error}"));
            return report;
        }
    };
    let chain = check_chain(lines, &manifest, &mut report);
    check_items(&manifest, &chain, hashes, &mut report.faults);
    report
}

fn check_sums(sums: &str, hashes: &BTreeMap<String, String>, faults: &mut Vec<String>) {
    let mut listed = BTreeSet::new();
    for line in sums.lines() {
        let Some((hash, name)) = line.split_once("  ") else {
            faults.push(format!("{SUMS} has a line that does not read"));
            continue;
        };
        listed.insert(name);
        match hashes.get(name) {
            None => faults.push(format!("{name} is missing")),
            Some(found) if found != hash => faults.push(format!("{name} was altered")),
            Some(_) => {}
        }
    }
    let unlisted = hashes.keys().filter(|name| *name != SUMS && !listed.contains(name.as_str()));
    faults.extend(unlisted.map(|name| format!("{name} is not listed in {SUMS}")));
}

/// Checks the chain and gives the texts that are shown, by their numbers.
fn check_chain(lines: &str, manifest: &Manifest, report: &mut Report) -> BTreeMap<u64, Entry> {
    let mut checker = Checker::new(&manifest.tenant, manifest.complaint_id);
    let mut shown = BTreeMap::new();
    for (at, line) in lines.lines().enumerate() {
        let at = at + 1;
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            report.faults.push(format!("{CHAIN}: line {at} does not read"));
            continue;
        };
        let (Some(told), Some(hash)) = (hash_of(&line.digest), hash_of(&line.hash)) else {
            report.faults.push(format!("{CHAIN}: line {at} has a hash that does not read"));
            continue;
        };
        let digest = line.entry.as_deref().map_or(told, chain::digest);
        let entry = line.entry.as_deref().and_then(|text| serde_json::from_str::<Entry>(text).ok());
        if line.entry.is_some() && entry.is_none() {
            report.faults.push(format!("{CHAIN}: the text of link {} does not read", line.seq));
        }
        let evidence = entry.as_ref().and_then(|entry| entry.item.as_ref()).map(|item| item.evidence_id);
        checker.push(Found { seq: line.seq, digest, hash, evidence: evidence.as_ref() });
        shown.extend(entry.map(|entry| (line.seq, entry)));
    }
    let anchor = hash_of(&manifest.head).map(|head| chain::Anchor { count: manifest.links, head });
    let (links, faults) = checker.finish(anchor.as_ref());
    report.links = links;
    report.faults.extend(faults.iter().map(sentence));
    shown
}

fn sentence(fault: &Fault) -> String {
    match fault.evidence {
        Some(id) => format!("{CHAIN}: link {} (evidence {id}): {}", fault.seq, fault.kind),
        None => format!("{CHAIN}: link {}: {}", fault.seq, fault.kind),
    }
}

/// Each item rests on the link by which it came, and each file is the one that its link tells of.
fn check_items(
    manifest: &Manifest,
    chain: &BTreeMap<u64, Entry>,
    hashes: &BTreeMap<String, String>,
    faults: &mut Vec<String>,
) {
    let mut rest = |holds: bool, name: &str, problem: &str| {
        if !holds {
            faults.push(format!("{name} {problem}"));
        }
    };
    for item in &manifest.items {
        if let (Some(original), Some(file)) = (&item.original, &item.file) {
            let link = chain.get(&item.seq).filter(|entry| entry.event == Happening::Received);
            rest(
                link.and_then(|entry| entry.item.as_ref()) == Some(original),
                file,
                "is not what its link tells of",
            );
            rest(hashes.get(file) == Some(&original.sha256), file, "is not the file that was received");
        }
        for copy in &item.copies {
            let id = copy.made.rendition_id;
            let is_link = |entry: &&Entry| {
                entry.copy.as_ref() == Some(&copy.made) && entry.event == Happening::Rendered
            };
            rest(chain.values().any(|entry| is_link(&entry)), &format!("copy {id}"), "has no link");
            if let Some(file) = &copy.file {
                rest(hashes.get(file) == Some(&copy.made.sha256), file, "is not the copy that was made");
            }
        }
    }
}

fn hash_of(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Item, file_name, sum};
    use super::*;
    use crate::domain::evidence::{EvidenceType, MediaType, Provider};
    use sha2::{Digest as _, Sha256};
    use uuid::Uuid;

    struct Pack {
        sums: String,
        manifest: String,
        lines: String,
        hashes: BTreeMap<String, String>,
    }

    fn hash(bytes: &[u8]) -> String {
        hex::encode(Sha256::digest(bytes))
    }

    fn entry(event: Happening, item: Option<chain::Item>) -> String {
        let at = "2026-11-25T04:00:00Z".parse().unwrap();
        let (actor, nonce) = ("u1".to_owned(), "00".to_owned());
        let entry =
            Entry { event, at, actor, purpose: String::new(), item, copy: None, audience: None, nonce };
        entry.text().unwrap()
    }

    fn pack() -> Pack {
        let complaint = Uuid::from_u128(7);
        let item = chain::Item {
            evidence_id: Uuid::from_u128(1),
            kind: EvidenceType::Invoice,
            media_type: MediaType::Pdf,
            size: 3,
            sha256: hash(b"pdf"),
            provider: Provider::Complainant,
            source_system: String::new(),
            obtained_at: None,
        };
        let texts = [entry(Happening::Received, Some(item.clone())), entry(Happening::Exported, None)];
        let mut anchor = chain::Anchor::empty("acme", complaint);
        let mut lines = String::new();
        for (n, text) in texts.iter().enumerate() {
            anchor = anchor.with(text);
            let line = Line::new(anchor.count, text, &anchor.head, n == 0);
            lines += &(serde_json::to_string(&line).unwrap() + "\n");
        }
        let file = file_name(1, &item);
        let manifest = Manifest {
            format: 1,
            tenant: "acme".into(),
            complaint_id: complaint,
            audience: None,
            made_at: "2026-11-25T05:00:00Z".parse().unwrap(),
            links: anchor.count,
            head: hex::encode(anchor.head),
            items: vec![Item { original: Some(item), file: Some(file.clone()), seq: 1, copies: vec![] }],
        };
        let manifest = serde_json::to_string(&manifest).unwrap();
        let mut hashes = BTreeMap::from([
            (file, hash(b"pdf")),
            (MANIFEST.to_owned(), hash(manifest.as_bytes())),
            (CHAIN.to_owned(), hash(lines.as_bytes())),
        ]);
        let sums: String = hashes.iter().map(|(name, hash)| sum(hash, name)).collect();
        hashes.insert(SUMS.to_owned(), hash(sums.as_bytes()));
        Pack { sums, manifest, lines, hashes }
    }

    fn faults(pack: &Pack) -> Vec<String> {
        check(&pack.sums, &pack.manifest, &pack.lines, &pack.hashes).faults
    }

    #[test]
    fn a_whole_pack_has_no_fault_although_one_link_is_shown_by_its_digest_alone() {
        let report = check(&pack().sums, &pack().manifest, &pack().lines, &pack().hashes);
        assert_eq!((report.links, report.files, report.faults), (2, 4, vec![]));
    }

    #[test]
    fn an_altered_a_missing_and_an_added_file_are_told_by_name() {
        let name = pack().hashes.keys().find(|name| name.starts_with("files/")).unwrap().clone();
        let mut altered = pack();
        altered.hashes.insert(name.clone(), hash(b"pdg"));
        assert!(faults(&altered).contains(&format!("{name} was altered")));
        let mut missing = pack();
        missing.hashes.remove(&name);
        assert!(faults(&missing).contains(&format!("{name} is missing")));
        let mut added = pack();
        added.hashes.insert("files/more".into(), hash(b"x"));
        assert_eq!(faults(&added), ["files/more is not listed in SHA256SUMS"]);
    }

    #[test]
    fn a_file_that_was_swapped_with_its_sum_does_not_fit_its_link() {
        let mut forged = pack();
        let name = forged.hashes.keys().find(|name| name.starts_with("files/")).unwrap().clone();
        forged.sums = forged.sums.replace(&hash(b"pdf"), &hash(b"forged"));
        forged.hashes.insert(name.clone(), hash(b"forged"));
        assert_eq!(faults(&forged), [format!("{name} is not the file that was received")]);
    }

    #[test]
    fn a_chain_that_lost_its_last_link_or_had_one_altered_is_told() {
        let mut cut = pack();
        cut.lines = cut.lines.lines().next().unwrap().to_owned() + "\n";
        assert!(faults(&cut).iter().any(|fault| fault.contains("LINK_MISSING")), "{:?}", faults(&cut));
        let mut altered = pack();
        altered.lines = altered.lines.replace("u1", "u2");
        assert!(faults(&altered).iter().any(|fault| fault.contains("LINK_ALTERED")));
    }
}
