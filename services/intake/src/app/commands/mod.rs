//! Commands on one complaint: receipt → lock → guard → decide → save, in one transaction.
//!
//! Every command has the same course, [`Commands::run`]. What it asks of the lifecycle stands with its message, as a
//! [`CaseCommand`], one file per matter.

mod addressed;
mod decide_admissibility;
mod files;
mod halt;
mod merge;
mod read;
mod referral;
mod reopen;
mod review;
mod split;
mod supply_completion;
mod transfer;
mod withdraw;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{Clock, ComplaintId, Principal, Problem, Violations, whole_microseconds};
use redress_outbox::{Call, Wake};
use redress_postgres::Db;
use redress_proto::intake::v1 as wire;
use redress_vault::{Sealer, Vault, WrappedKey};

pub use self::addressed::Addressed;
use self::work::Work;
use super::accept::{index, name_of_call};
use super::sight::Standing;
use super::view::Views;
use crate::domain::lifecycle::{Code, Command, Policy};
use crate::error::Error;
use crate::store::complaint::{Complaint, Key};
use crate::store::{note, register, submission};

/// Executes commands.
#[derive(Clone)]
pub struct Commands {
    /// The service's database.
    pub db: Db,
    /// Seals and recognises.
    pub vault: Arc<Vault>,
    /// Makes views.
    pub views: Views,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The lifecycle's windows.
    pub policy: Arc<Policy>,
    /// Who reviews refusals: the queue that is told with the request.
    pub review_queue: Arc<str>,
    /// Tells the relay that something waits.
    pub wake: Wake,
}

/// A message that asks something of one complaint.
pub trait CaseCommand: Addressed + Send + Sync {
    /// Another complaint that the command is about: it is locked and read too. That it is an id is for
    /// [`check`](Self::check) to see.
    fn other(&self) -> Option<&str> {
        None
    }

    /// Notes what is wrong with the message itself, whatever complaint it names.
    fn check(&self, now: Timestamp, found: &mut Violations);

    /// What it does to the complaint as it stands.
    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error>;
}

/// What a command does.
#[derive(Debug, Default)]
pub struct Effects {
    /// What it asks of the lifecycle, in order; the later ones meet the state that the earlier ones led to.
    pub steps: Vec<Command>,
    /// A text to be sealed and kept with the last event.
    pub note: Option<(note::Kind, String)>,
    /// A submission to be kept.
    pub submission: Option<register::NewSubmission>,
    /// The confidentiality label that another complaint is put under.
    pub label: Option<(ComplaintId, Code)>,
}

impl Effects {
    /// One step of the lifecycle and nothing else.
    pub fn step(command: Command) -> Self {
        Self { steps: vec![command], ..Self::default() }
    }
}

/// What a command's own part may ask.
pub struct Situation<'a> {
    /// The complaint, locked.
    pub complaint: &'a Complaint,
    /// The other one that the command names, locked too.
    pub other: Option<&'a Complaint>,
    /// What the caller is to the complaint.
    pub standing: Standing,
    /// Seals under the complaint's key; none once its subject was erased.
    pub sealer: Option<&'a Sealer>,
    /// Now.
    pub now: Timestamp,
    /// The lifecycle's windows.
    pub policy: &'a Policy,
    /// Who reviews refusals.
    pub review_queue: &'a str,
    /// By what a repetition of the call is recognised.
    pub content: &'a [u8],
    /// Its keyed hash.
    pub fingerprint: [u8; 32],
}

/// A call's message without its request id, under its name: two messages may have the same bytes.
fn content<M: Addressed>(message: &M) -> Vec<u8> {
    let mut nameless = message.clone();
    nameless.request_id_mut().clear();
    [M::full_name().as_bytes(), b"\0", &nameless.encode_to_vec()].concat()
}

impl Commands {
    /// The course of every command: returns the complaint as the caller may see it afterwards. `found` holds what was
    /// wrong with the message before its rules were checked.
    pub async fn run<C: CaseCommand>(
        &self,
        caller: &Principal,
        command: C,
        mut found: Violations,
    ) -> Result<wire::Complaint, Error> {
        let now = whole_microseconds(self.clock.now());
        name_of_call(command.request_id(), &mut found);
        command.check(now, &mut found);
        let other = command.other().and_then(|other| other.parse().ok());
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let id: ComplaintId = command.complaint_id().parse().map_err(|_| Problem::not_found())?;
        let content = content(&command);
        let fingerprint = self.vault.fingerprint(&caller.tenant, &content).await?;
        let call = Call::new(caller, command.request_id(), fingerprint)?;
        // Outside the transaction: a key provider may be a remote service.
        let sealer = self.sealer(caller, id).await?;
        let own_index = index::of_reference(&self.vault, &caller.tenant, &caller.subject).await?;
        let work = Arc::new(Work {
            call,
            id,
            other,
            caller: caller.clone(),
            own_index,
            expected_version: command.expected_version(),
            command,
            content,
            fingerprint,
            sealer,
            policy: Arc::clone(&self.policy),
            review_queue: Arc::clone(&self.review_queue),
            now,
            cause: work::cause(),
        });
        self.db
            .run_tx("complaint_command", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { work.run(conn).await })
            })
            .await?;
        self.wake.wake();
        match self.views.find(caller, &Key::Id(id)).await? {
            Some((complaint, sight)) => self.views.whole(caller, complaint, sight).await,
            None => Err(Problem::not_found().into()),
        }
    }

    async fn sealer(&self, caller: &Principal, id: ComplaintId) -> Result<Option<Sealer>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let Some(key) = submission::wrapped_key(&mut conn, &caller.tenant, id).await? else {
            return Ok(None);
        };
        drop(conn);
        Ok(Some(self.vault.sealer_from(&caller.tenant, id, &WrappedKey::from_bytes(&key)?).await?))
    }
}
