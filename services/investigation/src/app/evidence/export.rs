//! A pack with all evidence that its taker may see, which a stranger can check without this service (L20, L33).

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use redress_domain::{Principal, Problem};
use redress_proto::investigation::v1 as wire;
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;
use uuid::Uuid;

use super::Files;
use super::custody::{self, About, Deed};
use super::pack::{Gone, Packer};
use super::rights::{Shown, Viewer};
use super::room::Room;
use super::view::{Look, in_chunks};
use crate::app::id;
use crate::domain::evidence::chain::{Anchor, Entry, Happening};
use crate::domain::evidence::pack::{
    CHAIN, Copy, Item, Line, MANIFEST, Manifest, SUMS, VERIFY, VERIFY_NAME, copy_name, file_name, sum,
};
use crate::error::Error;
use crate::objects::{ObjectError, Where};
use crate::store::custody as kept;
use crate::store::evidence::Evidence;
use crate::store::rendition::Rendition;

/// Links read at once.
const PAGE: i64 = 1_000;

/// The pack, as bytes of a zip. That it was handed out is a link of the chain, which the pack itself holds.
pub async fn export(
    files: &Files,
    principal: &Principal,
    request: &wire::ExportEvidencePackRequest,
) -> Result<BoxStream<'static, Result<wire::ExportEvidencePackResponse, Error>>, Error> {
    let room = files.room(principal).await?;
    let complaint = id(&request.complaint_id)?;
    let caller = files.desk.caller(principal).await?;
    let look = files.look(&caller, complaint, request.audience()).await?;
    if matches!(look.viewer, Viewer::Auditor) {
        return Err(Problem::permission_denied().into());
    }
    let (end, at) = files.record_export(principal, &look).await?;
    // Looked at again: what came before the link is in the pack.
    let look = files.look(&caller, complaint, request.audience()).await?;
    let plan = Plan::of(&look, &end, at);
    let reader = Reader { viewer: look.viewer.clone(), subject: principal.subject.clone() };
    let (packer, problems, packed) = Packer::new();
    let work = Packing { files: files.clone(), plan, end, reader, packer, _room: room };
    let packing = async move {
        if let Err(Broken::Failed(error)) = work.run().await {
            let _gone = problems.send(Err(error)).await;
        }
    };
    tokio::spawn(packing.in_current_span());
    let bytes = stream::unfold(packed, |mut packed| async move { Some((packed.recv().await?, packed)) });
    Ok(bytes.map_ok(|bytes| wire::ExportEvidencePackResponse { chunk: bytes.to_vec() }).boxed())
}

impl Files {
    /// Adds the link of this pack; gives the chain's end with it.
    async fn record_export(&self, principal: &Principal, look: &Look) -> Result<(Anchor, Timestamp), Error> {
        let (tenant, complaint) = (look.file.tenant.clone(), look.file.id);
        let (actor, audience, at) = (principal.subject.clone(), look.viewer.audience(), self.desk.now());
        let end = self
            .desk
            .db
            .run_tx("export_evidence", move |conn| {
                let (tenant, actor) = (tenant.clone(), actor.clone());
                Box::pin(async move {
                    let deed = Deed { event: Happening::Exported, actor: &actor, purpose: "", at };
                    custody::link(conn, (&tenant, complaint), &deed, &About::Pack(audience)).await?;
                    kept::end(conn, &tenant, complaint).await
                })
            })
            .await?;
        let missing = || Error::Defect("a chain that was just added to has no end".into());
        Ok((end.ok_or_else(missing)?, at))
    }
}

/// A file of the pack.
struct File {
    name: String,
    place: Where,
    key: String,
    sha256: String,
}

/// What the pack holds.
struct Plan {
    tenant: redress_domain::TenantId,
    complaint: Uuid,
    manifest: Manifest,
    files: Vec<File>,
}

impl Plan {
    fn of(look: &Look, end: &Anchor, made_at: Timestamp) -> Self {
        let mut files = Vec::new();
        let within = look.items.iter().filter(|item| item.seq <= end.count);
        let items = within.filter_map(|item| planned(look, item, end.count, &mut files)).collect();
        let manifest = Manifest {
            format: 1,
            tenant: look.file.tenant.to_string(),
            complaint_id: look.file.id,
            audience: look.viewer.audience(),
            made_at,
            links: end.count,
            head: hex::encode(end.head),
            items,
        };
        Self { tenant: look.file.tenant.clone(), complaint: look.file.id, manifest, files }
    }
}

/// An item as its taker may have it; none if it does not exist for the taker.
fn planned(look: &Look, item: &Evidence, end: u64, files: &mut Vec<File>) -> Option<Item> {
    let of_item = look.copies.iter().filter(|copy| copy.evidence == item.id && copy.seq <= end);
    let (original, copies): (bool, Vec<&Rendition>) = match look.viewer.shown(item, &look.copies) {
        Shown::Original if look.viewer.audience().is_none() => (true, of_item.collect()),
        Shown::Original => (true, Vec::new()),
        Shown::Copy(copy) | Shown::Withheld(copy) if copy.seq <= end => (false, vec![copy]),
        _ => return None,
    };
    let linked = item.linked();
    let file = original.then(|| file_name(item.seq, &linked));
    files.extend(file.iter().map(|name| File {
        name: name.clone(),
        place: item.place,
        key: item.key.clone(),
        sha256: linked.sha256.clone(),
    }));
    let copies = copies.into_iter().map(|copy| planned_copy(copy, files)).collect();
    Some(Item { original: original.then_some(linked), file, seq: item.seq, copies })
}

fn planned_copy(copy: &Rendition, files: &mut Vec<File>) -> Copy {
    let made = copy.linked();
    let file = copy.file.as_ref().map(|file| {
        let name = copy_name(copy.seq, &made, file.media);
        let (key, sha256) = (file.key.clone(), made.sha256.clone());
        files.push(File { name: name.clone(), place: file.place, key, sha256 });
        name
    });
    Copy { made, file, withheld_reason: copy.withheld_reason.clone() }
}

/// Who takes the pack, as far as the texts of links are concerned.
struct Reader {
    viewer: Viewer,
    subject: String,
}

impl Reader {
    /// Whether a link's text is the reader's affair: all of them for staff; for a side what it brought, what was made
    /// for it, and what it did itself. Of all others it gets the digest.
    fn may_read(&self, entry: &str, own: impl Fn(Uuid) -> bool) -> bool {
        let Some(audience) = self.viewer.audience() else { return true };
        let Ok(entry) = serde_json::from_str::<Entry>(entry) else { return false };
        match entry.event {
            Happening::Received => entry.item.is_some_and(|item| own(item.evidence_id)),
            Happening::Rendered => entry.copy.is_some_and(|copy| copy.audience == audience),
            Happening::Viewed | Happening::CopyViewed | Happening::Exported => entry.actor == self.subject,
        }
    }
}

/// Why a pack is not completed.
enum Broken {
    /// Its taker went away.
    Gone,
    /// Something failed on this side.
    Failed(Error),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

struct Packing {
    files: Files,
    plan: Plan,
    end: Anchor,
    reader: Reader,
    packer: Packer,
    _room: Room,
}

impl Packing {
    async fn run(self) -> Result<(), Broken> {
        let mut sums = String::new();
        for file in &self.plan.files {
            self.file(file).await?;
            sums += &sum(&file.sha256, &file.name);
        }
        sums += &sum(&self.chain().await?, CHAIN);
        let manifest = serde_json::to_string_pretty(&self.plan.manifest)
            .map_err(|error| Error::Defect(format!("a manifest has no text: {error}").into()))?;
        for (name, text) in [(MANIFEST, manifest.as_str()), (VERIFY_NAME, VERIFY)] {
            self.text(name, text).await?;
            sums += &sum(&hex::encode(Sha256::digest(text)), name);
        }
        self.text(SUMS, &sums).await?;
        Ok(self.packer.end().await?)
    }

    async fn text(&self, name: &str, text: &str) -> Result<(), Gone> {
        self.packer.file(name).await?;
        self.packer.bytes(Bytes::copy_from_slice(text.as_bytes())).await
    }

    /// A file as it lies there now. One that is not there is left out; the list of hashes tells that it is missing.
    async fn file(&self, file: &File) -> Result<(), Broken> {
        let content = match self.files.objects.at(file.place).open_file(&file.key).await {
            Ok(content) => content,
            Err(ObjectError::Missing { key }) => {
                tracing::error!(object = key, "a file of a pack is not there");
                return Ok(());
            }
            Err(error) => return Err(Error::from(error).into()),
        };
        self.packer.file(&file.name).await?;
        let mut chunks = in_chunks(content);
        while let Some(bytes) = chunks.try_next().await? {
            self.packer.bytes(bytes).await?;
        }
        Ok(())
    }

    /// The chain up to this pack's own link; gives its hash.
    async fn chain(&self) -> Result<String, Broken> {
        self.packer.file(CHAIN).await?;
        let own = |id: Uuid| {
            let items = &self.plan.manifest.items;
            items.iter().filter_map(|item| item.original.as_ref()).any(|item| item.evidence_id == id)
        };
        let (mut hash, mut after) = (Sha256::new(), 0);
        while after < self.end.count {
            let mut conn = self.files.desk.db.pool().acquire().await.map_err(Error::from)?;
            let page = kept::page(&mut conn, (&self.plan.tenant, self.plan.complaint), after, PAGE).await?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = last.seq;
            let mut lines = String::new();
            for link in page.iter().filter(|link| link.seq <= self.end.count) {
                let shown = self.reader.may_read(&link.entry, own);
                let line = serde_json::to_string(&Line::new(link.seq, &link.entry, &link.hash, shown));
                lines +=
                    &line.map_err(|error| Error::Defect(format!("a link has no text: {error}").into()))?;
                lines.push('\n');
            }
            hash.update(&lines);
            self.packer.bytes(lines.into()).await?;
        }
        Ok(hex::encode(hash.finalize()))
    }
}
