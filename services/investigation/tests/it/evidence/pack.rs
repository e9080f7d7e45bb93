//! A pack that is handed out can be checked by a stranger, and holds only what its taker may see.

use std::path::{Path, PathBuf};
use std::process::Command;

use futures::StreamExt as _;
use redress_domain::Principal;
use redress_investigation::app::evidence;
use redress_investigation::verify_pack::verify;
use redress_proto::investigation::v1 as wire;

use super::samples::{CHAT, film, holds, photograph};
use super::{Shelf, chat, header};
use crate::bench::{complainant, id, reason, shop, staff};

/// A shelf where both sides brought something and copies were made.
async fn shelf() -> Shelf {
    let shelf = Shelf::new().await;
    let handler = staff("handler-1");
    let own = shelf.kept(&complainant(), chat("chat"), CHAT.as_bytes()).await;
    let photo = header("photo", wire::EvidenceType::ComplainantPhoto, "image/jpeg");
    let photo = shelf.kept(&complainant(), photo, &photograph()).await;
    let video = header("film", wire::EvidenceType::UnboxingVideo, "video/mp4");
    shelf.kept(&complainant(), video, &film()).await;
    let paper = header("id", wire::EvidenceType::IdentityDocument, "application/pdf");
    let paper = shelf.kept(&complainant(), paper, b"%PDF-1.7\nidentity-canary\n").await;
    let report = header("report", wire::EvidenceType::QcReport, "application/pdf");
    shelf.kept(&shop(), report, b"%PDF-1.7\nshop-canary\n").await;
    for piece in [&own, &photo, &paper] {
        shelf.render(&handler, piece, wire::Audience::Respondent).await.unwrap();
    }
    shelf.get(&handler, &own).await.unwrap();
    shelf
}

impl Shelf {
    async fn export(&self, who: &Principal, audience: wire::Audience) -> Vec<u8> {
        let request = wire::ExportEvidencePackRequest { complaint_id: id(1), audience: audience.into() };
        let mut parts = evidence::export(&self.files, who, &request).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(part) = parts.next().await {
            bytes.extend(part.unwrap().chunk);
        }
        bytes
    }
}

fn saved(folder: &tempfile::TempDir, pack: &[u8]) -> PathBuf {
    let path = folder.path().join("pack.zip");
    std::fs::write(&path, pack).unwrap();
    path
}

fn faults(path: &Path) -> Vec<String> {
    verify(path).unwrap().faults
}

/// Unpacks with a tool that is not ours, and gives the folder.
fn unpacked(path: &Path) -> PathBuf {
    let into = path.with_extension("d");
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let done = Command::new("python3").args(["-c", script]).arg(path).arg(&into).status().unwrap();
    assert!(done.success());
    into
}

#[tokio::test]
async fn a_stranger_checks_a_pack_with_sha256sum_and_with_one_command() {
    let shelf = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, &shelf.export(&staff("handler-1"), wire::Audience::Unspecified).await);
    let report = verify(&path).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    // Five pieces, two copies that show something, and the four lists.
    assert_eq!((report.files, report.links), (11, 10));
    let sums = ["--check", "--quiet", "--strict", "SHA256SUMS"];
    let sums = Command::new("sha256sum").args(sums).current_dir(unpacked(&path)).status();
    assert!(sums.unwrap().success());
    let checked =
        Command::new(env!("CARGO_BIN_EXE_redress-investigation")).arg("verify-pack").arg(&path).output();
    let checked = checked.unwrap();
    assert_eq!(String::from_utf8(checked.stdout).unwrap(), "OK: 11 files, 10 links\n");
    assert!(checked.status.success());
}

#[tokio::test]
async fn a_side_gets_its_own_files_and_the_copies_made_for_it_and_nothing_else() {
    let shelf = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let pack = shelf.export(&shop(), wire::Audience::Unspecified).await;
    for hidden in [b"13800138000".as_slice(), b"30.2741", b"identity-canary", "张三".as_bytes()] {
        assert!(!holds(&pack, hidden), "{}", String::from_utf8_lossy(hidden));
    }
    for shown in [b"shop-canary".as_slice(), "[手机/mobile]".as_bytes(), b"sensitive_personal_data"] {
        assert!(holds(&pack, shown), "{}", String::from_utf8_lossy(shown));
    }
    let path = saved(&folder, &pack);
    assert_eq!(faults(&path), Vec::<String>::new(), "also with links of which only the digest is shown");
    let chain = std::fs::read_to_string(unpacked(&path).join("chain.jsonl")).unwrap();
    assert!(
        !chain.contains("person-1") && !chain.contains("case_handling"),
        "what others did is not the shop's affair"
    );
    let prepared = shelf.export(&staff("handler-1"), wire::Audience::Respondent).await;
    assert!(!holds(&prepared, b"identity-canary") && holds(&prepared, b"shop-canary"));
}

#[tokio::test]
async fn every_change_of_a_pack_is_told() {
    let shelf = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let pack = shelf.export(&staff("handler-1"), wire::Audience::Unspecified).await;
    let place = |part: &[u8]| pack.windows(part.len()).position(|window| window == part).unwrap();
    for part in [b"identity-canary".as_slice(), b"what is seen", b"\"event\\\":\\\"viewed"] {
        let mut altered = pack.clone();
        altered[place(part) + 3] ^= 1;
        assert!(!faults(&saved(&folder, &altered)).is_empty(), "{}", String::from_utf8_lossy(part));
    }
    let path = saved(&folder, &pack[..pack.len() / 2]);
    let checked =
        Command::new(env!("CARGO_BIN_EXE_redress-investigation")).arg("verify-pack").arg(&path).output();
    assert_eq!(checked.unwrap().status.code(), Some(2), "half a pack is no pack");
}

#[tokio::test]
async fn a_pack_of_altered_files_says_so_itself() {
    let shelf = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let chat = shelf.list(&staff("handler-1")).await[0].evidence_id.clone();
    std::fs::write(shelf.path("plain", &chat), b"other words").unwrap();
    let photo = shelf.list(&staff("handler-1")).await[1].evidence_id.clone();
    std::fs::remove_file(shelf.path("plain", &photo)).unwrap();
    let pack = shelf.export(&staff("handler-1"), wire::Audience::Unspecified).await;
    let faults = faults(&saved(&folder, &pack));
    assert!(faults.iter().any(|fault| fault.contains("was altered")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("is missing")), "{faults:?}");
}

#[tokio::test]
async fn packs_are_for_those_who_see_the_case() {
    let shelf = shelf().await;
    let stranger = crate::bench::principal("tenant-a", "nobody", &[redress_domain::Role::Complainant]);
    let request = wire::ExportEvidencePackRequest { complaint_id: id(1), audience: 0 };
    let refused = evidence::export(&shelf.files, &stranger, &request).await.map(|_| ());
    assert_eq!(reason(refused), "NOT_FOUND");
    let auditor = crate::bench::principal("tenant-a", "auditor-1", &[redress_domain::Role::Auditor]);
    let refused = evidence::export(&shelf.files, &auditor, &request).await.map(|_| ());
    assert_eq!(reason(refused), "PERMISSION_DENIED");
}
