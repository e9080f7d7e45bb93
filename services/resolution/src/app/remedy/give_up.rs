//! `GiveUpRemedy`: what is stuck is given up by a supervisor, and another remedy takes its place.
//!
//! Its executor is asked before, outside the transaction, and what it says decides: money that has moved is not given up,
//! and where nobody can say, somebody must answer for that. It is asked on afterwards ([`Errand::Watch`]), so a payment
//! that comes late is told.
//!
//! [`Errand::Watch`]: crate::domain::remedy::execution::Errand::Watch

use async_trait::async_trait;
use redress_domain::{ComplaintId, ErrorKind, Principal, Problem, Role, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::commands::{key, named, reason, watch};
use super::ordering::{Order, order_all};
use super::record::announcement;
use super::told;
use crate::app::commands::{Act, Commands, Scene};
use crate::app::rules;
use crate::app::standing::{self, Standing};
use crate::app::wire::read_terms;
use crate::domain::guard::{Refusal, require};
use crate::domain::remedy::execution::Heard;
use crate::domain::remedy::{Remedy, RemedyState};
use crate::domain::ruling::{check_imposed, needs_second};
use crate::domain::state::State;
use crate::domain::terms::{Measure, RemedyTerms};
use crate::error::Error;
use crate::store::case::{self, Key};
use crate::store::remedy::{self as store, OfCase, Report};

/// What the executor was heard to say of a remedy before the transaction that decides on it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Under which key.
    key: Uuid,
    /// How often it had been tried by then.
    tries: u32,
    /// What it said.
    heard: Heard,
}

/// `GiveUpRemedy`.
pub async fn give_up(
    commands: &Commands,
    caller: &Principal,
    message: wire::GiveUpRemedyRequest,
) -> Result<wire::Resolution, Error> {
    let asked = ask(commands, caller, &message).await?;
    commands.execute_after(caller, message, Violations::default(), Some(asked)).await
}

/// Only for who may give up: nobody else makes the executor work.
async fn ask(
    commands: &Commands,
    caller: &Principal,
    message: &wire::GiveUpRemedyRequest,
) -> Result<Asked, Error> {
    let complaint: ComplaintId = message.complaint_id.parse().map_err(|_| Problem::not_found())?;
    let id = Uuid::try_parse(&message.remedy_id).map_err(|_| Problem::not_found())?;
    let index = standing::index_of(&commands.desk.vault, caller).await?;
    let mut conn = commands.desk.db.pool().acquire().await?;
    let found = case::find(&mut conn, &caller.tenant, complaint).await?.ok_or_else(Problem::not_found)?;
    match Standing::of(caller, &index, &found) {
        Standing::Staff => require_supervisor(caller)?,
        Standing::Stranger => return Err(Problem::not_found().into()),
        _ => return Err(Problem::permission_denied().into()),
    }
    let case: Key = (caller.tenant.clone(), complaint);
    // The tries first: what is tried from here on shows as a difference.
    let tries = store::tries_of(&mut conn, &case, id).await?;
    let all = store::of_case(&mut conn, &case.0, complaint).await?;
    let one = all.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    drop(conn);
    let heard = match &commands.executor {
        // Nothing moves that no machine moves.
        _ if !one.terms.kind.profile().by_machine => Heard::NotStarted,
        None => Heard::Open,
        Some(executor) => executor.query(&case, one.key()).await,
    };
    Ok(Asked { key: one.key(), tries, heard })
}

fn require_supervisor(caller: &Principal) -> Result<(), Problem> {
    if caller.has_any(&[Role::Supervisor]) { Ok(()) } else { Err(Problem::permission_denied()) }
}

#[async_trait]
impl Act for wire::GiveUpRemedyRequest {
    fn check(&self, found: &mut Violations) {
        reason(found, &self.reason);
        if let Some(terms) = &self.replacement {
            read_terms(found, "replacement", terms);
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        require_supervisor(scene.caller)?;
        scene.case.require_state(&[State::Executing, State::UnderAppeal])?;
        let (mut all, place) = named(scene, conn, &self.remedy_id).await?;
        require(all[place].ordered_by != scene.caller.subject, Refusal::GiverUpOrdered)?;
        scene.require_authority([std::slice::from_ref(&all[place].terms)])?;
        let outcome_unknown = self.check_executor(scene, conn, &all[place]).await?;
        let replacement = self.replacement(scene, conn, &all[place]).await?;
        all[place].become_state(RemedyState::Cancelled, &self.reason, scene.now);
        let (case, gone) = (key(scene), all[place].clone());
        store::forget(conn, &case, gone.id).await?;
        let mut begun = Vec::new();
        if gone.terms.kind.profile().by_machine {
            begun.push(watch(&case, gone.id, scene.now));
        }
        if replacement.is_none() {
            begun.extend(announcement(&case, &all, scene.now));
        }
        store::begin(conn, &begun).await?;
        let report = Report {
            case: case.clone(),
            remedy: gone.id,
            what: "given_up",
            told_by: scene.caller.subject.clone(),
            reference: self.reason.clone(),
            executed_at: None,
            amount: None,
            sha256: String::new(),
        };
        store::append(conn, &report, scene.now).await?;
        store::save(conn, &[OfCase { case, remedy: gone.clone() }]).await?;
        let source_id = scene.next_id("order", all.len());
        let order = Order {
            tenant: &scene.case.tenant,
            complaint: scene.case.id,
            order_no: &scene.case.facts.order_no,
            source_id,
            ordered_by: &scene.caller.subject,
            now: scene.now,
        };
        let replaced_by = replacement.as_ref().map(|_| order.id_at(0));
        scene.out.push(&told::given_up(&gone, replaced_by, outcome_unknown));
        match replacement {
            Some(terms) => order_all(conn, &order, &[terms], &mut scene.out).await,
            None => Ok(()),
        }
    }
}

/// The guards of one call.
trait GivesUp {
    /// Whether its outcome is left open; refused where it was tried since its executor was asked.
    async fn check_executor(
        &self,
        scene: &Scene<'_>,
        conn: &mut PgConnection,
        one: &Remedy,
    ) -> Result<bool, Error>;

    /// What takes its place, within the limits of what is ordered by a call.
    async fn replacement(
        &self,
        scene: &Scene<'_>,
        conn: &mut PgConnection,
        one: &Remedy,
    ) -> Result<Option<RemedyTerms>, Error>;
}

impl GivesUp for wire::GiveUpRemedyRequest {
    async fn check_executor(
        &self,
        scene: &Scene<'_>,
        conn: &mut PgConnection,
        one: &Remedy,
    ) -> Result<bool, Error> {
        let (tries, held_until) = store::lock_open(conn, &key(scene), one.id).await?;
        let asked = scene.asked.filter(|asked| asked.key == one.key() && asked.tries == tries);
        let in_hand = held_until.is_some_and(|until| until > scene.now);
        let Some(asked) = asked.filter(|_| !in_hand) else {
            let message = "it is being tried right now; read again and repeat";
            return Err(Problem::new(ErrorKind::Aborted, "REMEDY_IN_HAND", message).into());
        };
        Ok(one.check_given_up(&asked.heard, self.accept_unknown)?)
    }

    async fn replacement(
        &self,
        scene: &Scene<'_>,
        conn: &mut PgConnection,
        one: &Remedy,
    ) -> Result<Option<RemedyTerms>, Error> {
        let Some(told) = &self.replacement else {
            require(one.unwanted, Refusal::ReplacementMissing)?;
            return Ok(None);
        };
        scene.case.require_state(&[State::Executing])?;
        let terms = read_terms(&mut Violations::default(), "replacement", told);
        let terms = [terms.ok_or_else(Problem::not_found)?];
        one.check_replacement(&terms[0])?;
        scene.require_currency([terms.as_slice()])?;
        check_imposed(&terms, scene.case.facts.paid)?;
        scene.case.require_parties(&terms, true)?;
        // The same money was decided by whoever had to; money in the place of a deed was not.
        let new_money = one.terms.amount.is_none() && terms[0].kind.measure() != Measure::Deed;
        require(!(new_money && needs_second(scene.case.severity)), Refusal::FourEyesNeeded)?;
        rules::require_charges(conn, &scene.case.tenant, &terms, scene.now).await?;
        scene.require_authority([terms.as_slice()])?;
        let [terms] = terms;
        Ok(Some(terms))
    }
}
