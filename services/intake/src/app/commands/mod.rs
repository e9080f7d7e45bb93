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
use prost::{Message, Name};
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
<<<<<<< HEAD

/// One command on its way through its transaction; runs again if the transaction lost against another.
struct Work {
    call: Call,
    id: ComplaintId,
    caller: Principal,
    own_index: Vec<u8>,
    expected_version: u32,
    decide: Box<Decide>,
    sealer: Arc<Option<Sealer>>,
    policy: Arc<Policy>,
    now: Timestamp,
    cause: Cause,
}

impl Work {
    async fn run(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let Some(complaint) = complaint::lock(conn, &self.caller.tenant, self.id).await? else {
            return Err(Problem::not_found().into());
        };
        let standing = Standing::of(&self.caller.subject, &self.own_index, &complaint);
        if sight(&self.caller, standing) == Sight::None {
            return Err(Problem::not_found().into());
        }
        // After the lock, so that a twin of this call that was faster is seen.
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        let version = complaint.lifecycle.version();
        if self.expected_version != 0 && self.expected_version != version {
            let problem =
                Problem::new(ErrorKind::Aborted, "VERSION_MISMATCH", "the complaint has changed meanwhile");
            return Err(problem.with("stateVersion", version.to_string()).into());
        }
        let situation =
            Situation { complaint: &complaint, standing, sealer: (*self.sealer).as_ref(), now: self.now };
        let effects = (self.decide)(&situation)?;
        self.apply(conn, complaint, standing, effects).await
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        complaint: Complaint,
        standing: Standing,
        effects: Effects,
    ) -> Result<(), Error> {
        let mut transition = Transition::new(complaint, self.cause.clone());
        for command in &effects.steps {
            transition.command(command, &self.act(command.kind(), standing), &self.policy)?;
        }
        let complaint = &transition.complaint;
        let version = complaint::state_version(&complaint.lifecycle);
        if let Some((kind, text)) = effects.note {
            let sealer = (*self.sealer).as_ref().ok_or_else(erased)?;
            let (sealed, field) = sealed_note(sealer, kind, version, &text)?;
            note::insert(conn, &complaint.tenant, complaint.id, &sealed).await?;
            // What belongs to the complaint's own words is read by whoever reads those.
            if kind == note::Kind::Completion {
                let wrapped_key = sealer.wrapped_key().to_bytes();
                transition.carry(Sealed { wrapped_key, fields: vec![field] });
            }
        }
        if let Some(submission) = effects.submission {
            register::insert_submissions(conn, &[submission]).await?;
        }
        self.call.record(conn, "", self.now).await?;
        transition::save(conn, vec![transition], self.now).await
    }

    /// The caller in the capacity that the command asks for, as far as the token's roles and the caller's standing
    /// give one.
    fn act(&self, kind: CommandKind, standing: Standing) -> Act {
        let held = |capacity: &Capacity| holds(&self.caller, standing, *capacity);
        let capacity = kind.capacities().iter().copied().find(held);
        let fallback = if self.caller.is_staff() { Capacity::Handler } else { Capacity::Adapter };
        Act {
            at: self.now,
            actor: Actor { subject: self.caller.subject.clone(), capacity: capacity.unwrap_or(fallback) },
            decided_by: DecidedBy::Human,
        }
    }
}

/// Whether a token's roles let its subject act so on a complaint. A complainant is one of their own complaints only,
/// also with a role besides that lets them see others; an adapter brings in what belongs to what it brought in.
fn holds(caller: &Principal, standing: Standing, capacity: Capacity) -> bool {
    let (role, standing) = match capacity {
        Capacity::Complainant => (Role::Complainant, standing.complainant),
        Capacity::Adapter => (Role::Service, standing.brought_in),
        Capacity::Respondent => (Role::Respondent, true),
        Capacity::IntakeOfficer => (Role::IntakeOfficer, true),
        Capacity::Handler => (Role::Handler, true),
        Capacity::Supervisor => (Role::Supervisor, true),
        // No token gives these: they belong to clocks, rules, services, and roles that come with their services.
        Capacity::Agent
        | Capacity::Investigator
        | Capacity::Legal
        | Capacity::Machine
        | Capacity::Timer
        | Capacity::Service => return false,
    };
    standing && caller.has_any(&[role])
}

/// A person's command is caused by the call that it came in.
fn cause() -> Cause {
    let trace = telemetry::current_context();
    Cause {
        causation: None,
        traceparent: trace.as_ref().map(|t| t.traceparent.clone()),
        tracestate: trace.and_then(|t| t.tracestate),
    }
}

/// A note, sealed under a name that binds it to its event, and its field.
fn sealed_note(
    sealer: &Sealer,
    kind: note::Kind,
    state_version: i32,
    text: &str,
) -> Result<(note::Note, SealedField), Error> {
    let name = note::field(kind.code(), state_version);
    let value = sealer.seal(&name, text.as_bytes())?;
    let field = SealedField { name, value };
    let sealed = Sealed { wrapped_key: Vec::new(), fields: vec![field.clone()] };
    let note = note::Note { state_version, kind: kind.code().to_owned(), sealed: sealed.encode_to_vec() };
    Ok((note, field))
}

fn erased() -> Problem {
    Problem::new(
        ErrorKind::FailedPrecondition,
        "SUBJECT_ERASED",
        "the personal fields of this complaint were erased",
    )
}
=======
>>>>>>> 2e3f3f737716d5d6c25e9aaf10edd0d206cf1bea
