//! Showing files and what is known of them.

use aws_lc_rs::digest;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use redress_vault::Purpose;
use uuid::Uuid;

use super::custody::{self, About, Deed};
use super::rights::{Shown, Viewer};
use super::{CHUNK, Files, told};
use crate::app::standing::Caller;
use crate::app::words::Words;
use crate::app::{id, requests};
use crate::domain::evidence::chain::Happening;
use crate::error::Error;
use crate::objects::{Content, Where};
use crate::store::case::CaseFile;
use crate::store::evidence::{self, Evidence};
use crate::store::rendition::{self, Rendition};
use crate::store::{access, custody as kept};

/// What originals are opened for by staff.
const PURPOSES: [&str; 2] = ["case_handling", "audit"];

/// A case's evidence with whoever looks at it.
pub(super) struct Look {
    pub(super) file: CaseFile,
    pub(super) viewer: Viewer,
    pub(super) items: Vec<Evidence>,
    pub(super) copies: Vec<Rendition>,
}

impl Files {
    /// The evidence of a complaint that the caller may know of.
    pub(super) async fn look(
        &self,
        caller: &Caller,
        complaint: Uuid,
        audience: wire::Audience,
    ) -> Result<Look, Error> {
        let (file, standing) = self.desk.look(caller, complaint).await?;
        let viewer = Viewer::of(&caller.principal, &standing).seeing_as(told::read_audience(audience));
        let mut conn = self.desk.db.pool().acquire().await?;
        let items = evidence::of(&mut conn, &file.tenant, file.id).await?;
        let copies = rendition::of(&mut conn, &file.tenant, file.id).await?;
        Ok(Look { file, viewer, items, copies })
    }

    /// Words on files, for who may read them; recorded.
    async fn words(&self, look: &Look, subject: &str) -> Result<Words, Error> {
        let purpose = match look.viewer {
            Viewer::Staff => Purpose::CaseHandling,
            Viewer::Complainant | Viewer::Respondent(_) => Purpose::OwnData,
            Viewer::Auditor | Viewer::As(_) => return Ok(Words::closed()),
        };
        let file = &look.file;
        let place = (&file.tenant, file.id);
        let words = Words::open(&self.desk.vault, place, &file.wrapped_key, purpose).await?;
        let mut conn = self.desk.db.pool().acquire().await?;
        access::record(&mut conn, place, subject, purpose, self.desk.now()).await?;
        Ok(words)
    }

    /// The hash of a piece's link.
    async fn link_of(&self, file: &CaseFile, seq: u64) -> Result<String, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let links = kept::page(&mut conn, (&file.tenant, file.id), seq.saturating_sub(1), 1).await?;
        Ok(links
            .first()
            .filter(|link| link.seq == seq)
            .map(|link| hex::encode(link.hash))
            .unwrap_or_default())
    }
}

impl Look {
    /// A piece in the contract's words, as far as the viewer may know of it.
    fn told(&self, item: &Evidence, link: &str, words: &Words) -> Result<Option<wire::EvidenceItem>, Error> {
        let closed = Words::closed();
        let of_item = self.copies.iter().filter(|copy| copy.evidence == item.id);
        let (words, copies): (&Words, Vec<&Rendition>) = match self.viewer.shown(item, &self.copies) {
            Shown::Nothing => return Ok(None),
            Shown::Original | Shown::Record => (words, of_item.collect()),
            Shown::Copy(copy) | Shown::Withheld(copy) => (&closed, vec![copy]),
        };
        told::item(self.file.id, item, link, words, &copies).map(Some)
    }
}

/// The evidence of a complaint that the caller may know of, without its content.
pub async fn list(
    files: &Files,
    principal: &Principal,
    request: &wire::ListEvidenceRequest,
) -> Result<wire::ListEvidenceResponse, Error> {
    let caller = files.desk.caller(principal).await?;
    let look = files.look(&caller, id(&request.complaint_id)?, wire::Audience::Unspecified).await?;
    let words = files.words(&look, &principal.subject).await?;
    let told = look.items.iter().filter_map(|item| look.told(item, "", &words).transpose());
    Ok(wire::ListEvidenceResponse { evidence: told.collect::<Result<_, _>>()? })
}

/// A piece that was just kept, with the request that it answers.
pub(super) async fn submitted(
    files: &Files,
    caller: &Caller,
    complaint: Uuid,
    evidence: Uuid,
) -> Result<wire::SubmitEvidenceResponse, Error> {
    let look = files.look(caller, complaint, wire::Audience::Unspecified).await?;
    let item = look.items.iter().find(|item| item.id == evidence).ok_or_else(Problem::not_found)?;
    let words = files.words(&look, &caller.principal.subject).await?;
    let link = files.link_of(&look.file, item.seq).await?;
    let told = look.told(item, &link, &words)?;
    let evidence_request = match item.request {
        Some(request) => Some(requests::shown(&files.desk, caller, complaint, request).await?.0),
        None => None,
    };
    Ok(wire::SubmitEvidenceResponse { evidence: told, evidence_request })
}

/// A file: first what it is, then its bytes. The view is recorded before the first byte is shown. Content that is not
/// what was received ends with an error instead of an end.
pub async fn get(
    files: &Files,
    principal: &Principal,
    request: wire::GetEvidenceRequest,
) -> Result<BoxStream<'static, Result<wire::GetEvidenceResponse, Error>>, Error> {
    let room = files.room(principal).await?;
    let evidence = id(&request.evidence_id)?;
    let caller = files.desk.caller(principal).await?;
    let look = files.look(&caller, id(&request.complaint_id)?, request.audience()).await?;
    let item = look.items.iter().find(|item| item.id == evidence).ok_or_else(Problem::not_found)?;
    let purpose = purpose(&look.viewer, &request.purpose)?;
    let seen = match look.viewer.shown(item, &look.copies) {
        Shown::Original => Seen { copy: None, place: item.place, key: item.key.clone(), sha256: item.sha256 },
        Shown::Copy(copy) => Seen::of(copy).ok_or_else(Problem::not_found)?,
        Shown::Withheld(copy) => return Err(withheld(copy).into()),
        Shown::Record | Shown::Nothing => return Err(Problem::not_found().into()),
    };
    // Opened before the view is recorded: what cannot be shown was not seen.
    let content = files.objects.at(seen.place).open_file(&seen.key).await?;
    record_view(files, principal, &look.file, item, seen.copy.as_ref(), &purpose).await?;
    let words = files.words(&look, &principal.subject).await?;
    let link = files.link_of(&look.file, item.seq).await?;
    let told = look.told(item, &link, &words)?.ok_or_else(Problem::not_found)?;
    let first = wire::get_evidence_response::Part::Evidence(told);
    let bytes = proved(content, seen.sha256).map_ok(move |bytes| {
        let _held = &room;
        wire::get_evidence_response::Part::Chunk(bytes.to_vec())
    });
    let parts = stream::once(async { Ok(first) }).chain(bytes);
    Ok(parts.map_ok(|part| wire::GetEvidenceResponse { part: Some(part) }).boxed())
}

/// What is shown of a piece.
struct Seen {
    copy: Option<Rendition>,
    place: Where,
    key: String,
    sha256: [u8; 32],
}

impl Seen {
    fn of(copy: &Rendition) -> Option<Self> {
        let file = copy.file.clone()?;
        Some(Self { copy: Some(copy.clone()), place: file.place, key: file.key, sha256: file.sha256 })
    }
}

fn withheld(copy: &Rendition) -> Problem {
    let message = "nothing is shown of this piece to the caller's side";
    Problem::new(ErrorKind::PermissionDenied, "EVIDENCE_WITHHELD", message)
        .with("reason", copy.withheld_reason.clone())
}

/// Staff say what for; a party looks at what is its own to see.
fn purpose(viewer: &Viewer, told: &str) -> Result<String, Problem> {
    match viewer {
        Viewer::Complainant | Viewer::Respondent(_) => Ok(Purpose::OwnData.code().to_owned()),
        _ if PURPOSES.contains(&told) => Ok(told.to_owned()),
        _ => {
            let mut found = Violations::default();
            found.add("purpose", "REQUIRED", "case_handling or audit");
            Err(Problem::invalid(found))
        }
    }
}

async fn record_view(
    files: &Files,
    principal: &Principal,
    file: &CaseFile,
    item: &Evidence,
    copy: Option<&Rendition>,
    purpose: &str,
) -> Result<(), Error> {
    let (tenant, complaint) = (file.tenant.clone(), file.id);
    let (item, copy, purpose) = (item.clone(), copy.cloned(), purpose.to_owned());
    let (actor, at) = (principal.subject.clone(), files.desk.now());
    files
        .desk
        .db
        .run_tx("view_evidence", move |conn| {
            let (tenant, item, copy) = (tenant.clone(), item.clone(), copy.clone());
            let (actor, purpose) = (actor.clone(), purpose.clone());
            Box::pin(async move {
                let (event, about) = match &copy {
                    Some(copy) => (Happening::CopyViewed, About::Copy(&item, copy)),
                    None => (Happening::Viewed, About::Item(&item)),
                };
                let deed = Deed { event, actor: &actor, purpose: &purpose, at };
                custody::link(conn, (&tenant, complaint), &deed, &about).await.map(|_| ())
            })
        })
        .await
}

/// What is not what was received.
pub(super) fn altered() -> Error {
    tracing::error!("a stored file is not the one that was received");
    let message = "the stored file is not the one that was received; see VerifyEvidenceChain";
    Problem::new(ErrorKind::Internal, "EVIDENCE_ALTERED", message).into()
}

/// Bytes in chunks of one size, and an error at their end if they are not those of the hash.
fn proved(content: Content, sha256: [u8; 32]) -> BoxStream<'static, Result<Bytes, Error>> {
    let state = (in_chunks(content), Some(digest::Context::new(&digest::SHA256)));
    stream::try_unfold(state, move |(mut content, hash)| async move {
        let Some(mut hash) = hash else { return Ok(None) };
        match content.try_next().await? {
            Some(bytes) => {
                hash.update(&bytes);
                Ok(Some((bytes, (content, Some(hash)))))
            }
            None if hash.finish().as_ref() == sha256 => Ok(None),
            None => Err(altered()),
        }
    })
    .boxed()
}

/// A store gives pieces as it likes; small ones would cost a message each.
pub(super) fn in_chunks(content: Content) -> BoxStream<'static, Result<Bytes, Error>> {
    stream::try_unfold((content, BytesMut::new()), |(mut content, mut buffer)| async move {
        while buffer.len() < CHUNK {
            match content.try_next().await? {
                Some(bytes) => buffer.extend_from_slice(&bytes),
                None if buffer.is_empty() => return Ok(None),
                None => return Ok(Some((buffer.split().freeze(), (content, buffer)))),
            }
        }
        let chunk = buffer.split_to(CHUNK).freeze();
        Ok::<_, Error>(Some((chunk, (content, buffer))))
    })
    .boxed()
}
