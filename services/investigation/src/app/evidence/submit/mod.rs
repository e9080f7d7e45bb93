//! Taking a file in (F024–F026).
//!
//! header → may the caller, may this type have this form from this side, is the request still open → announce the file →
//! take the stream in → compare with what was said → one transaction: row, link, answer to the request, event, receipt.
//! Whatever is refused leaves a record of the refusal and nothing else.

mod keep;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::investigation::v1 as wire;
use tracing::Instrument as _;
use uuid::Uuid;

use super::header::Header;
use super::told::field;
use super::{Files, rights, view};
use crate::app::id;
use crate::app::standing::{Caller, Standing};
use crate::app::words::seal;
use crate::domain::evidence::{Allowance, Content, MediaType, Provider, Unfit, size_limit};
use crate::error::Error;
use crate::objects::{NotTaken, Stored, Where, ingest};
use crate::store::case::CaseFile;
use crate::store::evidence::{self, Evidence, Pending};
use crate::store::request;

use keep::{Keep, require_fewer, require_taking};

/// Takes a file in and shows what was kept.
///
/// Runs in a task of its own: a caller that goes away in the middle still leaves a record and no file.
pub async fn submit<S, E>(
    files: &Files,
    principal: &Principal,
    messages: S,
) -> Result<wire::SubmitEvidenceResponse, Error>
where
    S: Stream<Item = Result<wire::SubmitEvidenceRequest, E>> + Send + Unpin + 'static,
    E: Send + 'static,
{
    let work = receive(files.clone(), principal.clone(), messages).in_current_span();
    tokio::spawn(work).await.map_err(|_| Error::Defect("taking a file in ended by a panic".into()))?
}

/// What came before under the name of a call.
enum Before {
    /// Nothing.
    Nothing,
    /// This piece, by the same call.
    Piece(Uuid),
    /// Something: if it was the same file, its answer is given again, whatever has become of the case since.
    Named,
}

/// An upload whose header has been looked at.
struct Upload {
    caller: Caller,
    header: Header,
    file: CaseFile,
    provider: Provider,
    provider_ref: String,
}

async fn receive<S, E>(
    files: Files,
    principal: Principal,
    mut messages: S,
) -> Result<wire::SubmitEvidenceResponse, Error>
where
    S: Stream<Item = Result<wire::SubmitEvidenceRequest, E>> + Send + Unpin,
    E: Send,
{
    let _room = files.room(&principal).await?;
    let header = first(&files, &mut messages).await?;
    let caller = files.desk.caller(&principal).await?;
    let upload = files.begin(caller, header).await?;
    let (media, most) = match upload.fits() {
        Ok(fits) => fits,
        Err(unfit) => return Err(files.refuse(&upload, None, unfit.code(), 0, unfit.into()).await),
    };
    match files.seen_before(&upload).await? {
        Before::Piece(early) => return view::submitted(&files, &upload.caller, upload.file.id, early).await,
        Before::Named => {}
        Before::Nothing => {
            if let Err(error) = files.still_asked(&upload).await {
                return Err(files.refuse_told(&upload, None, 0, error).await);
            }
        }
    }
    let place = if Allowance::of(upload.header.kind).sensitive { Where::Sensitive } else { Where::Plain };
    let pending = files.announce(&upload.file, place).await?;
    let source = Box::pin(chunks(messages));
    let at = files.objects.at(place);
    let limits = files.config.limits(upload.header.size.map_or(most, |size| size.min(most)));
    let stored = match ingest(at, &pending.key, source, Content::new(media), limits).await {
        Ok(stored) => stored,
        Err(NotTaken::Unfit(unfit, size)) => {
            return Err(files.refuse(&upload, Some(&pending), unfit.code(), size, unfit.into()).await);
        }
        Err(NotTaken::Store(error)) => return Err(error.into()),
    };
    if let Err(unfit) = upload.as_said(&stored) {
        return Err(files.refuse(&upload, Some(&pending), unfit.code(), stored.size, unfit.into()).await);
    }
    let kept = files.keep(&upload, media, &pending, stored).await?;
    view::submitted(&files, &upload.caller, upload.file.id, kept).await
}

/// The header comes first, and soon.
async fn first<S, E>(files: &Files, messages: &mut S) -> Result<Header, Error>
where
    S: Stream<Item = Result<wire::SubmitEvidenceRequest, E>> + Unpin,
{
    let idle = files.config.limits(0).idle;
    let first = tokio::time::timeout(idle, messages.next()).await.map_err(|_| Error::from(Unfit::TooSlow))?;
    let part = first.and_then(Result::ok).and_then(|message| message.part);
    let Some(wire::submit_evidence_request::Part::Header(header)) = part else {
        let mut found = Violations::default();
        found.add("header", "REQUIRED", "the header comes first");
        return Err(Problem::invalid(found).into());
    };
    Ok(Header::read(header, files.desk.now())?)
}

/// The bytes behind the header. Another header is a broken stream.
fn chunks<S, E>(messages: S) -> impl Stream<Item = Result<Bytes, ()>>
where
    S: Stream<Item = Result<wire::SubmitEvidenceRequest, E>>,
{
    messages.flat_map(|message| {
        let chunk = match message.ok().and_then(|message| message.part) {
            Some(wire::submit_evidence_request::Part::Chunk(bytes)) => Ok(Bytes::from(bytes)),
            Some(wire::submit_evidence_request::Part::Header(_)) | None => Err(()),
        };
        stream::iter([chunk])
    })
}

impl Upload {
    /// The form and the most bytes, if the type may have them from this side.
    fn fits(&self) -> Result<(MediaType, u64), Unfit> {
        let media = self.header.media.ok_or(Unfit::MediaTypeNotAllowed)?;
        let most = size_limit(self.header.kind, media, self.provider)?;
        match self.header.size {
            Some(size) if size > most => Err(Unfit::TooLarge),
            _ => Ok((media, most)),
        }
    }

    /// Whether what came is what was said.
    fn as_said(&self, stored: &Stored) -> Result<(), Unfit> {
        if self.header.size.is_some_and(|size| size != stored.size) {
            return Err(Unfit::SizeDiffers);
        }
        if self.header.sha256.is_some_and(|sha256| sha256 != stored.sha256) {
            return Err(Unfit::HashDiffers);
        }
        Ok(())
    }
}

impl Files {
    /// Whether the caller may bring this at all; who is a stranger to the case learns nothing of it.
    async fn begin(&self, caller: Caller, header: Header) -> Result<Upload, Error> {
        let (file, standing) = self.desk.look(&caller, id(&header.message.complaint_id)?).await?;
        // The name of the call, before the file is taken.
        self.desk.call(&caller.principal, &header.message.request_id, &header.message).await?;
        let provider = rights::provider(&caller.principal, &standing, header.provider)?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let asked = match header.request {
            Some(request) => {
                let found = request::find(&mut conn, &file.tenant, file.id, request).await?;
                let own = |kept: &request::Kept| may_answer(&standing, &caller.principal, kept);
                Some(found.filter(own).ok_or_else(Problem::not_found)?)
            }
            None => None,
        };
        let provider_ref = match provider {
            Provider::Respondent if standing.respondent => caller.principal.subject.clone(),
            Provider::Respondent => respondent_ref(&file, asked.as_ref()),
            _ => String::new(),
        };
        Ok(Upload { caller, header, file, provider, provider_ref })
    }

    /// Whether the case and the request still wait, before a long upload is for nothing. The transaction asks again.
    async fn still_asked(&self, upload: &Upload) -> Result<(), Error> {
        require_taking(upload.file.case.complaint_state)?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let place = (&upload.file.tenant, upload.file.id);
        require_fewer(&mut conn, place, (upload.provider, &upload.provider_ref)).await?;
        let Some(request) = upload.header.request else { return Ok(()) };
        let found = request::find(&mut conn, &upload.file.tenant, upload.file.id, request).await?;
        let kept = found.ok_or_else(Problem::not_found)?;
        Ok(kept.request.require_open(self.desk.now())?)
    }

    /// What came before under the name of this call. Whether it was the same call only the hash tells: where it is not
    /// told, the file has to come once more.
    async fn seen_before(&self, upload: &Upload) -> Result<Before, Error> {
        let told = upload.header.sha256;
        let content = upload.header.content(&told.unwrap_or_default());
        let call =
            self.desk.call(&upload.caller.principal, &upload.header.message.request_id, &content).await?;
        let mut conn = self.desk.db.pool().acquire().await?;
        match (call.seen(&mut conn).await?, told) {
            (Seen::New, _) => Ok(Before::Nothing),
            (_, None) => Ok(Before::Named),
            (Seen::Same(made), Some(_)) => Ok(Before::Piece(made_before(&made)?)),
            (Seen::Other, Some(_)) => Err(Call::reused().into()),
        }
    }

    pub(super) async fn announce(&self, file: &CaseFile, place: Where) -> Result<Pending, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        evidence::announce(&mut conn, (&file.tenant, file.id), place).await
    }

    /// Makes the file count. Gives the piece's id, or that of the piece that the same call made before.
    async fn keep(
        &self,
        upload: &Upload,
        media: MediaType,
        pending: &Pending,
        stored: Stored,
    ) -> Result<Uuid, Error> {
        let (file, message) = (&upload.file, &upload.header.message);
        let place = (&file.tenant, file.id);
        let sealed = async |name: String, text: &str| {
            seal(&self.desk.vault, place, &file.wrapped_key, &name, text.as_bytes()).await
        };
        let item = Evidence {
            id: pending.id,
            kind: upload.header.kind,
            provider: upload.provider,
            provider_ref: upload.provider_ref.clone(),
            brought_by: upload.caller.principal.subject.clone(),
            source_system: message.source_system.clone(),
            media,
            size: stored.size,
            sha256: stored.sha256,
            file_name: sealed(field::name(pending.id), &message.file_name).await?,
            description: sealed(field::description(pending.id), &message.description).await?,
            obtained_at: upload.header.obtained_at,
            received_at: self.desk.now(),
            request: upload.header.request,
            place: pending.place,
            key: pending.key.clone(),
            seq: 0,
        };
        let content = upload.header.content(&stored.sha256);
        let desk = &self.desk;
        let principal = &upload.caller.principal;
        let target = desk.target(principal, &message.request_id, &message.complaint_id, 0, &content).await?;
        match desk.change(&upload.caller, target, Keep { item, pending: pending.clone() }).await {
            Ok(made) => {
                let made = made_before(&made)?;
                if made != pending.id {
                    self.discard(pending).await;
                }
                Ok(made)
            }
            Err(error) => Err(self.refuse_told(upload, Some(pending), stored.size, error).await),
        }
    }

    /// Refuses what a guard refused. Where the outcome is unknown nothing is touched: the file may count, and if it does
    /// not, its pending row tells.
    async fn refuse_told(
        &self,
        upload: &Upload,
        pending: Option<&Pending>,
        bytes: u64,
        error: Error,
    ) -> Error {
        match error {
            Error::Told(problem) if problem.kind != ErrorKind::Unavailable => {
                self.refuse(upload, pending, problem.reason, bytes, Error::Told(problem)).await
            }
            other => other,
        }
    }

    /// Keeps that a file was not taken, removes what there is of it, and gives the caller's answer back.
    async fn refuse(
        &self,
        upload: &Upload,
        pending: Option<&Pending>,
        reason: &'static str,
        bytes: u64,
        answer: Error,
    ) -> Error {
        let refused = upload.header.refused(reason, bytes);
        let place = (&upload.file.tenant, upload.file.id);
        let kept = async {
            let mut conn = self.desk.db.pool().acquire().await?;
            evidence::refuse(&mut conn, place, &refused, &upload.caller.principal.subject, self.desk.now())
                .await
        };
        let kept: Result<(), Error> = kept.await;
        if let Some(pending) = pending {
            self.discard(pending).await;
        }
        match kept {
            Ok(()) => answer,
            Err(error) => error,
        }
    }

    /// Removes a file that does not count. What cannot be removed now is swept later.
    pub(super) async fn discard(&self, pending: &Pending) {
        let done = async {
            self.objects.at(pending.place).remove(&pending.key).await?;
            let mut conn = self.desk.db.pool().acquire().await?;
            evidence::forget(&mut conn, pending).await
        };
        if let Err(error) = done.await {
            tracing::warn!(error = %error, "a file that was not taken is left to the sweeper");
        }
    }
}

fn made_before(made: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(made).map_err(|_| Error::Defect("a receipt names no piece of evidence".into()))
}

/// Staff may answer for whoever is asked: by telephone, by post, for a laboratory.
fn may_answer(standing: &Standing, principal: &Principal, kept: &request::Kept) -> bool {
    standing.inside() || standing.is_asked(&principal.subject, &kept.request)
}

/// Whose it is that staff enter: whoever was asked, or the only respondent.
fn respondent_ref(file: &CaseFile, asked: Option<&request::Kept>) -> String {
    let asked = asked.map(|kept| kept.request.respondent_ref.as_str()).filter(|of| !of.is_empty());
    let only = match file.case.respondents.as_slice() {
        [only] => Some(only.external_ref.as_str()),
        _ => None,
    };
    asked.or(only).unwrap_or_default().to_owned()
}
