//! The one way of every call that changes a case: lock it, ask whether the caller may, whether the call was made before,
//! whether the case still stands as the caller saw it; decide; save it with its events and its receipt.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{ErrorKind, Principal, Problem, TenantId};
use redress_outbox::{Call, Seen, enqueue};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::publish::Origin;
use super::standing::{Caller, Standing};
use super::telling::Telling;
use super::{Desk, id};
use crate::domain::Refusal;
use crate::domain::conflict::Conflict;
use crate::domain::opening::OpeningPolicy;
use crate::error::Error;
use crate::store::case::{self, CaseFile};
use crate::store::{conflict, timeline};

/// What a call names.
#[derive(Debug, Clone)]
pub struct Target {
    call: Call,
    /// The complaint.
    pub complaint: Uuid,
    expected: u32,
}

/// A case while a command changes it.
pub struct Change {
    /// The case, with what is told of it.
    pub telling: Telling,
    /// Who calls.
    pub caller: Principal,
    /// What the caller is to the case.
    pub standing: Standing,
    /// The declared conflicts.
    pub conflicts: Vec<Conflict>,
    /// Now.
    pub now: Timestamp,
    opening: Arc<OpeningPolicy>,
}

impl Change {
    /// Whether the tenant's policy opens the case as it stands.
    pub fn opens_by_itself(&self) -> bool {
        let file = &self.telling.file;
        self.opening.opens_by_itself(&file.tenant, &file.case, !file.assigned.is_empty())
    }

    /// The case's key.
    pub fn place(&self) -> (&TenantId, Uuid) {
        (&self.telling.file.tenant, self.telling.file.id)
    }
}

/// What one call does.
#[async_trait]
pub trait Command: Send + Sync + 'static {
    /// The operation's name in spans and metrics.
    const NAME: &'static str;

    /// Who may: staff, if nothing else is said.
    fn admits(&self, standing: &Standing) -> bool {
        standing.staff
    }

    /// Whether somebody who is recused may still do it.
    fn admits_recused(&self) -> bool {
        false
    }

    /// Decides, changes the case, saves what hangs on it, and names what it made (its id, or nothing). May run again.
    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error>;
}

impl Desk {
    /// What a call names; `content` is its message without the request id.
    pub async fn target<M: Message + Name>(
        &self,
        caller: &Principal,
        request_id: &str,
        complaint_id: &str,
        expected_version: u32,
        content: &M,
    ) -> Result<Target, Error> {
        let complaint = id(complaint_id)?;
        let call = self.call(caller, request_id, content).await?;
        Ok(Target { call, complaint, expected: expected_version })
    }

    /// The call itself. Its content is known again by a keyed hash, for it holds what people typed.
    pub async fn call<M: Message + Name>(
        &self,
        caller: &Principal,
        request_id: &str,
        content: &M,
    ) -> Result<Call, Error> {
        let content = [M::full_name().as_bytes(), b"\0", &content.encode_to_vec()].concat();
        let fingerprint = self.vault.fingerprint(&caller.tenant, &content).await?;
        Ok(Call::new(caller, request_id, fingerprint)?)
    }

    /// A case that the caller may see, as it stands, with what the caller is to it.
    pub async fn look(&self, caller: &Caller, complaint: Uuid) -> Result<(CaseFile, Standing), Error> {
        let mut conn = self.db.pool().acquire().await?;
        let found = case::find(&mut conn, &caller.principal.tenant, complaint).await?;
        let file = found.ok_or_else(Problem::not_found)?;
        let standing = Standing::of(caller, &file);
        if !standing.sees() {
            return Err(Problem::not_found().into());
        }
        if standing.inside() {
            let conflicts = conflict::of(&mut conn, &file.tenant, file.id).await?;
            if standing.is_recused(&caller.principal.subject, &conflicts) {
                return Err(Refusal::Recused.into());
            }
        }
        Ok((file, standing))
    }

    /// Runs a command; gives what it names, or what the same call named before.
    pub async fn change<C: Command>(
        &self,
        caller: &Caller,
        target: Target,
        command: C,
    ) -> Result<String, Error> {
        let work = Arc::new((self.clone(), caller.clone(), target, command));
        let once = || {
            let work = Arc::clone(&work);
            self.db.run_tx(C::NAME, move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { write(conn, &work.0, &work.1, &work.2, &work.3).await })
            })
        };
        let outcome = match once().await {
            // A twin of this call was faster; now it is seen.
            Err(error) if error.is_twin() => once().await,
            outcome => outcome,
        };
        self.wake.wake();
        outcome
    }
}

async fn write<C: Command>(
    conn: &mut PgConnection,
    desk: &Desk,
    caller: &Caller,
    target: &Target,
    command: &C,
) -> Result<String, Error> {
    let principal = &caller.principal;
    let found = case::lock(conn, &principal.tenant, target.complaint).await?;
    let file = found.ok_or_else(Problem::not_found)?;
    let standing = Standing::of(caller, &file);
    if !standing.sees() {
        return Err(Problem::not_found().into());
    }
    if !command.admits(&standing) {
        return Err(Problem::permission_denied().into());
    }
    let conflicts = conflict::of(conn, &file.tenant, file.id).await?;
    if standing.is_recused(&principal.subject, &conflicts) && !command.admits_recused() {
        return Err(Refusal::Recused.into());
    }
    match target.call.seen(conn).await? {
        Seen::Same(outcome) => return Ok(outcome),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    expect(target.expected, file.stream_version)?;
    let now = desk.now();
    let telling = Telling::new(file, Origin::call(&principal.subject, now));
    let mut change = Change {
        telling,
        caller: principal.clone(),
        standing,
        conflicts,
        now,
        opening: Arc::clone(&desk.opening),
    };
    let outcome = command.decide(conn, &mut change).await?;
    save(conn, &[&change.telling]).await?;
    target.call.record(conn, &outcome, now).await?;
    Ok(outcome)
}

/// The version that a caller saw is still the current one; 0 stands for whichever it is.
///
/// # Errors
/// ABORTED, with the current version.
pub fn expect(expected: u32, current: i64) -> Result<(), Problem> {
    if expected == 0 || i64::from(expected) == current {
        return Ok(());
    }
    let message = "the investigation has changed meanwhile; look at it again";
    Err(Problem::new(ErrorKind::Aborted, "VERSION_MISMATCH", message).with("version", current.to_string()))
}

/// Saves cases with what was told of them, set-based.
pub async fn save(conn: &mut PgConnection, changed: &[&Telling]) -> Result<(), Error> {
    let files: Vec<&CaseFile> = changed.iter().map(|telling| &telling.file).collect();
    case::save(conn, &files).await?;
    let entries: Vec<_> = changed.iter().flat_map(|telling| telling.entries.iter().cloned()).collect();
    timeline::insert(conn, &entries).await?;
    let events: Vec<_> = changed.iter().flat_map(|telling| telling.events.iter().cloned()).collect();
    enqueue(conn, &events).await?;
    Ok(())
}
