//! Checking a chain of custody against what was kept and, if asked, against the files themselves.

use std::collections::HashMap;

use redress_domain::{Principal, Problem};
use redress_proto::investigation::v1 as wire;
use uuid::Uuid;

use super::Files;
use super::rights::Viewer;
use super::view::Look;
use crate::app::id;
use crate::domain::evidence::chain::{Anchor, Checker, Entry, Fault, FaultKind, Found, Happening, digest};
use crate::error::Error;
use crate::objects::{ObjectError, Where};
use crate::store::custody::{self, Link};

/// Links read at once.
const PAGE: i64 = 1_000;

/// Checks the chain of a complaint. What does not fit is told link by link; the check itself does not stop at it.
pub async fn verify(
    files: &Files,
    principal: &Principal,
    request: &wire::VerifyEvidenceChainRequest,
) -> Result<wire::VerifyEvidenceChainResponse, Error> {
    let caller = files.desk.caller(principal).await?;
    let complaint = id(&request.complaint_id)?;
    let look = files.look(&caller, complaint, wire::Audience::Unspecified).await?;
    if !matches!(look.viewer, Viewer::Staff | Viewer::Auditor) {
        return Err(Problem::permission_denied().into());
    }
    // Rows that are there before the chain's end is read have their links, or these were cut. What comes later is not
    // missed: links are compared with rows that are read once more, or those of what has come since would look forged.
    let mut conn = files.desk.db.pool().acquire().await?;
    let end = custody::end(&mut conn, &look.file.tenant, complaint).await?;
    drop(conn);
    let before = look;
    let look = files.look(&caller, complaint, wire::Audience::Unspecified).await?;
    let place = (&look.file.tenant, look.file.id);
    let mut conn = files.desk.db.pool().acquire().await?;
    let mut check = Check::new(&look, &before);
    let mut after = 0;
    loop {
        let page = custody::page(&mut conn, place, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        let seen = end.map_or(u64::MAX, |end| end.count);
        page.iter().filter(|link| link.seq <= seen).for_each(|link| check.link(link));
    }
    drop(conn);
    let (links, mut faults) = check.finish(end.as_ref());
    if request.rehash {
        let _room = files.room(principal).await?;
        rehash(files, &before, &mut faults).await?;
    }
    Ok(wire::VerifyEvidenceChainResponse {
        intact: faults.is_empty(),
        links: i64::try_from(links).unwrap_or(i64::MAX),
        head: end.map(|end| hex::encode(end.head)).unwrap_or_default(),
        faults: faults.iter().map(told).collect(),
    })
}

fn told(fault: &Fault) -> wire::ChainFault {
    wire::ChainFault {
        seq: i64::try_from(fault.seq).unwrap_or(i64::MAX),
        evidence_id: fault.evidence.map(|id| id.to_string()).unwrap_or_default(),
        reason: fault.kind.code().to_owned(),
    }
}

/// A chain beside the rows that rest on it.
struct Check<'a> {
    look: &'a Look,
    checker: Checker,
    links: u64,
    /// Rows of pieces and copies, by their links, until the link is met.
    unmet: HashMap<u64, Uuid>,
    rows: Vec<Fault>,
}

impl<'a> Check<'a> {
    /// Of the rows of `look`, of which those of `before` are missed if they have no link.
    fn new(look: &'a Look, before: &Look) -> Self {
        let items = before.items.iter().map(|item| (item.seq, item.id));
        let copies = before.copies.iter().map(|copy| (copy.seq, copy.evidence));
        Self {
            look,
            checker: Checker::new(look.file.tenant.as_str(), look.file.id),
            links: 0,
            unmet: items.chain(copies).collect(),
            rows: Vec::new(),
        }
    }

    fn link(&mut self, link: &Link) {
        self.links += 1;
        let (digest, hash) = (digest(&link.entry), link.hash);
        self.checker.push(Found { seq: link.seq, digest, hash, evidence: link.evidence.as_ref() });
        self.unmet.remove(&link.seq);
        // A text that does not read was altered, which its hash tells.
        let Ok(entry) = serde_json::from_str::<Entry>(&link.entry) else { return };
        if !self.rests(link.seq, &entry) {
            let evidence = entry.item.as_ref().map(|item| item.evidence_id);
            self.rows.push(Fault { seq: link.seq, evidence, kind: FaultKind::LinkAltered });
        }
    }

    /// Whether the row of what a link made is there and says the same.
    fn rests(&self, seq: u64, entry: &Entry) -> bool {
        match entry.event {
            Happening::Received => {
                let row = self.look.items.iter().find(|item| item.seq == seq);
                row.is_some_and(|row| Some(row.linked()) == entry.item)
            }
            Happening::Rendered => {
                let row = self.look.copies.iter().find(|copy| copy.seq == seq);
                row.is_some_and(|row| Some(row.linked()) == entry.copy)
            }
            Happening::Viewed | Happening::CopyViewed | Happening::Exported => true,
        }
    }

    fn finish(self, end: Option<&Anchor>) -> (u64, Vec<Fault>) {
        let missing = |(seq, id)| Fault { seq, evidence: Some(id), kind: FaultKind::LinkMissing };
        // Of a chain that was never begun nothing is missed.
        let began = end.is_some() || self.links > 0;
        let mut faults = if began { self.checker.finish(end).1 } else { Vec::new() };
        for fault in self.rows.into_iter().chain(self.unmet.into_iter().map(missing)) {
            match faults.iter_mut().find(|known| (known.seq, known.kind) == (fault.seq, fault.kind)) {
                Some(known) => known.evidence = known.evidence.or(fault.evidence),
                None => faults.push(fault),
            }
        }
        faults.sort_by_key(|fault| fault.seq);
        (self.links, faults)
    }
}

/// Reads every file and compares it with its row.
async fn rehash(files: &Files, look: &Look, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let originals = look.items.iter().map(|item| (item.seq, item.id, item.place, &item.key, item.sha256));
    let copies = look.copies.iter().filter_map(|copy| {
        let file = copy.file.as_ref()?;
        Some((copy.seq, copy.evidence, file.place, &file.key, file.sha256))
    });
    for (seq, evidence, place, key, sha256) in originals.chain(copies) {
        if let Some(kind) = compared(files, place, key, &sha256).await? {
            faults.push(Fault { seq, evidence: Some(evidence), kind });
        }
    }
    Ok(())
}

async fn compared(
    files: &Files,
    place: Where,
    key: &str,
    sha256: &[u8; 32],
) -> Result<Option<FaultKind>, Error> {
    match files.objects.at(place).hash(key).await {
        Ok(stored) => Ok((stored.sha256 != *sha256).then_some(FaultKind::ContentAltered)),
        Err(ObjectError::Missing { .. }) => Ok(Some(FaultKind::ContentMissing)),
        Err(error) => Err(error.into()),
    }
}
