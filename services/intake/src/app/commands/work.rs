//! One command within its transaction.

use std::sync::Arc;

use jiff::Timestamp;
use prost::Message;
use redress_domain::{ComplaintId, DecidedBy, ErrorKind, Principal, Problem, Role};
use redress_outbox::{Call, Seen};
use redress_proto::types::v1::{Sealed, SealedField};
use redress_runtime::telemetry;
use redress_vault::Sealer;
use sqlx::postgres::PgConnection;

use super::{CaseCommand, Effects, Situation};
use crate::app::sight::{Sight, Standing, sight};
use crate::app::transition::{self, Cause, Transition};
use crate::domain::lifecycle::{Act, Actor, Capacity, CommandKind, Policy};
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::{note, recusal, register};

/// One command on its way through its transaction; runs again if the transaction lost against another.
pub(super) struct Work<C> {
    pub(super) call: Call,
    pub(super) id: ComplaintId,
    pub(super) other: Option<ComplaintId>,
    pub(super) caller: Principal,
    pub(super) own_index: Vec<u8>,
    pub(super) expected_version: u32,
    pub(super) command: C,
    pub(super) content: Vec<u8>,
    pub(super) fingerprint: [u8; 32],
    pub(super) sealer: Option<Sealer>,
    pub(super) policy: Arc<Policy>,
    pub(super) review_queue: Arc<str>,
    pub(super) now: Timestamp,
    pub(super) cause: Cause,
}

impl<C: CaseCommand> Work<C> {
    pub(super) async fn run(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let (complaint, other) = self.lock(conn).await?;
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
        self.require_not_recused(conn, standing).await?;
        let version = complaint.lifecycle.version();
        if self.expected_version != 0 && self.expected_version != version {
            let problem =
                Problem::new(ErrorKind::Aborted, "VERSION_MISMATCH", "the complaint has changed meanwhile");
            return Err(problem.with("stateVersion", version.to_string()).into());
        }
        if self.other.is_some() && other.is_none() {
            return Err(unknown_other().into());
        }
        let effects = self.command.effects(&Situation {
            complaint: &complaint,
            other: other.as_ref(),
            standing,
            sealer: self.sealer.as_ref(),
            now: self.now,
            policy: &self.policy,
            review_queue: &self.review_queue,
            content: &self.content,
            fingerprint: self.fingerprint,
        })?;
        self.apply(conn, complaint, standing, effects).await
    }

    /// Staff who are recused do nothing more on the complaint; in their own matter they are a party like any other.
    async fn require_not_recused(&self, conn: &mut PgConnection, standing: Standing) -> Result<(), Error> {
        if !self.caller.is_staff() || standing.complainant {
            return Ok(());
        }
        let place = (&self.caller.tenant, self.id);
        if recusal::is_recused(conn, place, &self.caller.subject).await? {
            Err(recused().into())
        } else {
            Ok(())
        }
    }

    /// The complaint and the other one, locked together in the order that all who lock keep.
    async fn lock(&self, conn: &mut PgConnection) -> Result<(Complaint, Option<Complaint>), Error> {
        let keys: Vec<_> = std::iter::once(self.id)
            .chain(self.other)
            .map(|complaint| (self.caller.tenant.clone(), complaint))
            .collect();
        let locked = complaint::lock_all(conn, &keys).await?;
        let find = |id: ComplaintId| locked.iter().find(|complaint| complaint.id == id).cloned();
        let complaint = find(self.id).ok_or_else(Problem::not_found)?;
        Ok((complaint, self.other.and_then(find)))
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
        let (tenant, id) = (transition.complaint.tenant.clone(), transition.complaint.id);
        let version = complaint::state_version(&transition.complaint.lifecycle);
        if let Some((kind, text)) = effects.note {
            let sealer = self.sealer.as_ref().ok_or_else(erased)?;
            let (sealed, field) = sealed_note(sealer, kind, version, &text)?;
            note::insert(conn, &tenant, id, &sealed).await?;
            // What belongs to the complaint's own words is read by whoever reads those.
            if kind == note::Kind::Completion {
                let wrapped_key = sealer.wrapped_key().to_bytes();
                transition.carry(Sealed { wrapped_key, fields: vec![field] });
            }
        }
        if let Some(submission) = effects.submission {
            register::insert_submissions(conn, &[submission]).await?;
        }
        if let Some((other, label)) = effects.label {
            complaint::label(conn, &tenant, other, label.as_str()).await?;
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
pub(super) fn cause() -> Cause {
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

fn recused() -> Problem {
    Problem::new(
        ErrorKind::PermissionDenied,
        "RECUSED",
        "who is recused from a case may do nothing more on it",
    )
    .with("satisfied_by", "another member of staff")
}

/// Of another tenant's, too: who names it learns nothing.
fn unknown_other() -> Problem {
    Problem::new(
        ErrorKind::FailedPrecondition,
        "OTHER_COMPLAINT_UNKNOWN",
        "there is no such complaint as the other one that is named",
    )
}

pub(super) fn erased() -> Problem {
    Problem::new(
        ErrorKind::FailedPrecondition,
        "SUBJECT_ERASED",
        "the personal fields of this complaint were erased",
    )
}
