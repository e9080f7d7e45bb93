//! Requests for evidence: issued, answered, given more time, taken back, lapsed.

mod issue;
mod list;
mod settle;

use redress_domain::{Principal, Problem};
use redress_proto::investigation::v1 as wire;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::standing::{Caller, Standing};
use super::telling::Telling;
use super::words::Words;
use crate::domain::evidence::EvidenceType;
use crate::error::Error;
use crate::store::case::CaseFile;
use crate::store::request::{self, Kept};

pub use issue::issue;
pub use list::list;
pub(super) use settle::take_back;
pub use settle::{cancel, extend};

/// What came of an answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The request as it stands now.
    pub kept: Kept,
    /// Whether it is answered in full.
    pub settled: bool,
}

/// Takes evidence of type `kind` as an answer to a request of the case that `telling` holds locked, and saves that. The
/// caller has checked that the request is its own to answer; see [`Standing::is_asked`].
///
/// # Errors
/// If there is no such request, if it is settled, or if its time is over.
pub async fn take_answer(
    conn: &mut PgConnection,
    telling: &Telling,
    request: Uuid,
    kind: EvidenceType,
) -> Result<Answered, Error> {
    let file = &telling.file;
    let found = request::find(conn, &file.tenant, file.id, request).await?;
    let mut kept = found.ok_or_else(Problem::not_found)?;
    let settled = kept.request.answer(kind, telling.origin.occurred_at)?;
    request::save(conn, &[&kept]).await?;
    Ok(Answered { kept, settled })
}

/// The words of requests, for who may read them: staff, and whoever is asked.
async fn words(desk: &Desk, standing: &Standing, file: &CaseFile, asked: bool) -> Result<Words, Error> {
    let purpose = match (standing.staff, asked) {
        (true, _) => Purpose::CaseHandling,
        (false, true) => Purpose::OwnData,
        (false, false) => return Ok(Words::closed()),
    };
    Words::open(&desk.vault, (&file.tenant, file.id), &file.wrapped_key, purpose).await
}

/// A request as it stands, for who may see it, with the case's version.
pub(super) async fn shown(
    desk: &Desk,
    caller: &Caller,
    complaint: Uuid,
    request: Uuid,
) -> Result<(wire::EvidenceRequest, u32), Error> {
    let (file, standing) = desk.look(caller, complaint).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let kept = request::find(&mut conn, &file.tenant, file.id, request).await?;
    let kept =
        kept.filter(|kept| may_see(&caller.principal, &standing, kept)).ok_or_else(Problem::not_found)?;
    let words = words(desk, &standing, &file, true).await?;
    Ok((super::wire::request(complaint, &kept.request, &words)?, super::wire::version(file.stream_version)))
}

/// Staff and readers see every request; a party those that are its own to answer.
fn may_see(principal: &Principal, standing: &Standing, kept: &Kept) -> bool {
    standing.inside() || standing.is_asked(&principal.subject, &kept.request)
}
