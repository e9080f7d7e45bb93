//! Commands on one case: read → lock → receipt → version → guards → decide → save, in one transaction.
//!
//! Every command has the same course, [`Commands::execute`]; a file per command says what its message means.

mod appeal;
mod appeal_decision;
mod appeal_reply;
mod contested;
mod counter;
mod draft;
mod human_review;
mod intervention;
mod liability;
mod named;
mod negotiation;
mod offer;
mod report;
mod respond;
mod result;
mod review;
mod ruling;
mod sanction;
mod send;
mod terminate;

pub use named::Named;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{ComplaintId, ErrorKind, Principal, Problem, Violations, derived_id};
use redress_outbox::{Call, Seen};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Sealed;
use redress_vault::{Sealer, WrappedKey};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::out::Out;
use super::publish::Origin;
use super::queries::Queries;
use super::remedy::Asked;
use super::remedy::executor::Executor;
use super::save::Left;
use super::standing::{self, Standing};
use super::{Desk, rules, words};
use crate::domain::case::Case;
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::{Consent, ConsentKind};
use crate::domain::party::Side;
use crate::domain::terms::RemedyTerms;
use crate::error::Error;
use crate::store::{case, evidence};

/// What a command's message does.
#[async_trait]
pub trait Act: Named + Message + Name + Clone + Default + 'static {
    /// Notes all that is wrong with the message as such, before anything is read.
    fn check(&self, found: &mut Violations);

    /// Rules that it names: each must be in force today.
    fn rules(&self) -> &[String] {
        &[]
    }

    /// Decides on a locked case: guards, changes, events.
    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error>;
}

/// What a command decides on.
pub struct Scene<'a> {
    /// Limits, windows, authority.
    pub desk: &'a Desk,
    /// Who calls.
    pub caller: &'a Principal,
    /// What the caller is to the case.
    pub standing: Standing,
    /// The case, locked; changes are saved.
    pub case: &'a mut Case,
    /// Now.
    pub now: Timestamp,
    /// What is left behind.
    pub out: Out,
    /// What the executor said before, to the command that asked it.
    pub asked: Option<&'a Asked>,
    sealer: Option<&'a Sealer>,
}

impl Scene<'_> {
    /// Seals words, keeps them, and gives them as an event carries them.
    pub fn keep(&mut self, field: String, plain: &[u8]) -> Result<Sealed, Error> {
        words::keep(self.sealer, &mut self.out, field, plain)
    }

    /// The id of the next thing of a kind: whoever makes it again gives it the same.
    pub fn next_id(&self, kind: &str, count: usize) -> Uuid {
        let parts: [&[u8]; 4] = [
            self.case.tenant.as_str().as_bytes(),
            self.case.id.as_uuid().as_bytes(),
            kind.as_bytes(),
            &(count as u64).to_be_bytes(),
        ];
        derived_id("redress/resolution/1", &parts)
    }

    /// Staff only, and nobody who made the decision that is disputed (F141).
    pub fn require_staff(&self) -> Result<(), Problem> {
        if self.standing != Standing::Staff {
            return Err(Problem::permission_denied());
        }
        self.case.require_impartial(&self.caller.subject)
    }

    /// As which party the caller acts (L02): for another only with a proof of its consent that lies in the evidence of
    /// this case, under that hash.
    pub async fn acting(
        &self,
        conn: &mut PgConnection,
        named: Option<Side>,
        consent: Option<Consent>,
    ) -> Result<(Side, Consent), Error> {
        let (side, consent) = self.standing.acting(self.case, named, consent)?;
        if consent.kind != ConsentKind::OwnAct {
            let (tenant, proof) = (&self.case.tenant, (consent.reference.as_str(), consent.sha256.as_str()));
            let held = evidence::holds(conn, tenant, self.case.id, proof).await?;
            require(held, Refusal::ConsentNotInEvidence)?;
        }
        Ok((side, consent))
    }

    /// The amounts of every option lie within the caller's authority (T17).
    pub fn require_authority<'a>(
        &self,
        options: impl IntoIterator<Item = &'a [RemedyTerms]>,
    ) -> Result<(), Problem> {
        let covered = self.desk.authority.covers(&self.caller.roles, self.case.severity, options);
        require(covered, Refusal::OverAuthority)
    }

    /// Money in the order's currency, and in one within an option.
    pub fn require_currency<'a>(
        &self,
        options: impl IntoIterator<Item = &'a [RemedyTerms]>,
    ) -> Result<(), Problem> {
        if options.into_iter().all(|option| self.case.currency_fits(option)) {
            return Ok(());
        }
        let mut found = Violations::default();
        found.add("amount.currency", "WRONG_CURRENCY", "the order was paid in another currency");
        Err(Problem::invalid(found))
    }
}

/// Executes commands.
#[derive(Clone)]
pub struct Commands {
    /// What every use needs.
    pub desk: Desk,
    /// Shows the case afterwards.
    pub queries: Queries,
    /// Whoever carries remedies out, for the command that asks it first.
    pub executor: Option<Executor>,
}

impl Commands {
    /// The course of every command: gives the case as the caller may see it afterwards. A repetition changes nothing.
    pub async fn execute<M: Act>(
        &self,
        caller: &Principal,
        message: M,
        found: Violations,
    ) -> Result<wire::Resolution, Error> {
        self.execute_after(caller, message, found, None).await
    }

    /// The same for a command that has asked the executor before: no remote call is made inside a transaction.
    pub async fn execute_after<M: Act>(
        &self,
        caller: &Principal,
        message: M,
        mut found: Violations,
        asked: Option<Asked>,
    ) -> Result<wire::Resolution, Error> {
        let complaint: ComplaintId = message.complaint_id().parse().map_err(|_| Problem::not_found())?;
        let call = self.call(caller, &message).await?;
        message.check(&mut found);
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        // Outside the transaction: a key provider may be a remote service.
        let sealer = Arc::new(self.sealer(caller, complaint).await?);
        let index = standing::index_of(&self.desk.vault, caller).await?;
        let work = Arc::new(Work {
            desk: self.desk.clone(),
            caller: caller.clone(),
            index,
            complaint,
            call,
            message,
            sealer,
            asked,
            now: self.desk.now(),
        });
        let db = self.desk.db.clone();
        db.run_tx("resolution_command", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.run(conn).await })
        })
        .await?;
        self.desk.wake.wake();
        self.queries.get(caller, &complaint.to_string()).await
    }

    /// By what a repetition is recognised: a keyed hash, for the message may hold words.
    async fn call<M: Act>(&self, caller: &Principal, message: &M) -> Result<Call, Error> {
        let mut content = message.clone();
        content.request_id_mut().clear();
        let content = [M::full_name().as_bytes(), b"\0", &content.encode_to_vec()].concat();
        let fingerprint = self.desk.vault.fingerprint(&caller.tenant, &content).await?;
        Ok(Call::new(caller, message.request_id(), fingerprint)?)
    }

    async fn sealer(&self, caller: &Principal, complaint: ComplaintId) -> Result<Option<Sealer>, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let Some(key) = case::wrapped_key(&mut conn, &caller.tenant, complaint).await? else {
            return Ok(None);
        };
        drop(conn);
        let key = WrappedKey::from_bytes(&key)?;
        Ok(Some(self.desk.vault.sealer_from(&caller.tenant, complaint, &key).await?))
    }
}

/// One command on its way through its transaction; runs again if the transaction lost against another.
struct Work<M> {
    desk: Desk,
    caller: Principal,
    index: Vec<u8>,
    complaint: ComplaintId,
    call: Call,
    message: M,
    sealer: Arc<Option<Sealer>>,
    asked: Option<Asked>,
    now: Timestamp,
}

impl<M: Act> Work<M> {
    async fn run(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let held = case::lock(conn, &self.caller.tenant, self.complaint).await?;
        let mut held = held.ok_or_else(Problem::not_found)?;
        let standing = Standing::of(&self.caller, &self.index, &held.case);
        if standing == Standing::Stranger {
            return Err(Problem::not_found().into());
        }
        // After the lock, so that a twin of this call that was faster is seen.
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        if standing == Standing::Staff {
            held.case.require_not_recused(&self.caller.subject)?;
        }
        stale(&held.case, self.message.expected_version())?;
        rules::require_in_force(conn, &self.caller.tenant, self.message.rules(), self.now).await?;
        let mut scene = Scene {
            desk: &self.desk,
            caller: &self.caller,
            standing,
            case: &mut held.case,
            now: self.now,
            out: Out::default(),
            asked: self.asked.as_ref(),
            sealer: (*self.sealer).as_ref(),
        };
        self.message.act(&mut scene, conn).await?;
        let out = scene.out;
        let mut left = Left::default();
        left.take(&mut held, &Origin::person(&self.caller.subject, self.now), out);
        self.call.record(conn, "", self.now).await?;
        left.save(conn, &[&held]).await
    }
}

fn stale(case: &Case, expected: u32) -> Result<(), Problem> {
    if expected == 0 || i64::from(expected) == case.version {
        return Ok(());
    }
    let problem = Problem::new(ErrorKind::Aborted, "VERSION_MISMATCH", "the case has changed meanwhile");
    Err(problem.with("version", case.version.to_string()))
}

/// The place of the appeal that a message names.
fn appeal_at(case: &Case, appeal: &str) -> Result<usize, Problem> {
    let id = id(appeal)?;
    case.appeals.iter().position(|appeal| appeal.id == id).ok_or_else(Problem::not_found)
}

/// The id that a message names; what is no id is nobody's.
fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::not_found())
}
