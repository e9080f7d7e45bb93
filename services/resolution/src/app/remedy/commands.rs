//! `OrderRemedy`, `ConfirmRemedy`, `AdvancePayment`: what people do about money and deeds.

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{Principal, Problem, Violations, whole_microseconds};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::ordering::{Order, order_all};
use super::record::settled;
use crate::app::commands::{Act, Commands, Scene};
use crate::app::entitlement::moment;
use crate::app::rules;
use crate::app::wire::{read_money, read_terms};
use crate::domain::guard::{Refusal, require};
use crate::domain::remedy::execution::Errand;
use crate::domain::remedy::{Proof, Remedy, all_settled, refused};
use crate::domain::ruling::{check_imposed, needs_second};
use crate::domain::state::State;
use crate::domain::terms::Measure;
use crate::domain::text::{is_code, is_reference, is_sha256};
use crate::error::Error;
use crate::store::case::Key;
use crate::store::remedy::{self, Due, OfCase, Report};

/// `OrderRemedy`.
pub async fn order(
    commands: &Commands,
    caller: &Principal,
    message: wire::OrderRemedyRequest,
) -> Result<wire::Resolution, Error> {
    commands.execute(caller, message, Violations::default()).await
}

/// `ConfirmRemedy`.
pub async fn confirm(
    commands: &Commands,
    caller: &Principal,
    message: wire::ConfirmRemedyRequest,
) -> Result<wire::Resolution, Error> {
    commands.execute(caller, message, Violations::default()).await
}

/// `AdvancePayment`.
pub async fn advance(
    commands: &Commands,
    caller: &Principal,
    message: wire::AdvancePaymentRequest,
) -> Result<wire::Resolution, Error> {
    commands.execute(caller, message, Violations::default()).await
}

pub(super) fn reason(found: &mut Violations, told: &str) {
    if !is_code(told) {
        found.add("reason", "MALFORMED", "a code of 1 to 64 characters of a-z, 0-9 and _-.@ is expected");
    }
}

/// The remedies of the case, and the place of the one that is named.
pub(super) async fn named(
    scene: &Scene<'_>,
    conn: &mut PgConnection,
    remedy_id: &str,
) -> Result<(Vec<Remedy>, usize), Error> {
    let id = Uuid::try_parse(remedy_id).map_err(|_| Problem::not_found())?;
    let all = remedy::of_case(conn, &scene.case.tenant, scene.case.id).await?;
    let place = all.iter().position(|one| one.id == id).ok_or_else(Problem::not_found)?;
    Ok((all, place))
}

pub(super) fn key(scene: &Scene<'_>) -> Key {
    (scene.case.tenant.clone(), scene.case.id)
}

#[async_trait]
impl Act for wire::OrderRemedyRequest {
    fn check(&self, found: &mut Violations) {
        read_terms(found, "terms", &self.terms.clone().unwrap_or_default());
        reason(found, &self.reason);
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Executing])?;
        let told = self.terms.clone().unwrap_or_default();
        let terms = read_terms(&mut Violations::default(), "terms", &told).ok_or_else(Problem::not_found)?;
        let terms = [terms];
        scene.require_currency([terms.as_slice()])?;
        scene.case.require_parties(&terms, true)?;
        let moves = terms.iter().any(|one| one.kind.measure() != Measure::Deed);
        require(!(moves && needs_second(scene.case.severity)), Refusal::FourEyesNeeded)?;
        rules::require_charges(conn, &scene.case.tenant, &terms, scene.now).await?;
        let all = remedy::of_case(conn, &scene.case.tenant, scene.case.id).await?;
        // With all that calls have ordered before: a limit that each call has for itself is none.
        let decided = scene.case.decisions();
        let by_calls = all.iter().filter(|one| one.binds() && !decided.contains(&one.source));
        let together: Vec<_> = by_calls.map(|one| one.terms.clone()).chain(terms.clone()).collect();
        check_imposed(&together, scene.case.facts.paid)?;
        scene.require_authority([together.as_slice()])?;
        if all_settled(&all) {
            // The case is on its way out of EXECUTING: nothing may begin behind its back.
            let message = "everything was carried out, and the result goes to the parties";
            return Err(refused("REMEDIES_SETTLED", message, "an appeal, or a case that is reopened").into());
        }
        let source_id = scene.next_id("order", all.len());
        let order = Order {
            tenant: &scene.case.tenant,
            complaint: scene.case.id,
            order_no: &scene.case.facts.order_no,
            source_id,
            ordered_by: &scene.caller.subject,
            now: scene.now,
        };
        order_all(conn, &order, &terms, &mut scene.out).await
    }
}

fn read_proof(found: &mut Violations, told: Option<&wire::RemedyProof>) -> Option<Proof> {
    let Some(told) = told else {
        found.add("proof", "REQUIRED", "what shows that it was carried out");
        return None;
    };
    if told.reference.is_empty() || !is_reference(&told.reference) {
        found.add("proof.reference", "MALFORMED", "1 to 128 visible ASCII characters");
    }
    if !told.sha256.is_empty() && !is_sha256(&told.sha256) {
        found.add("proof.sha256", "MALFORMED", "64 hexadecimal digits in lower case");
    }
    let executed_at = moment(found, "proof.executedAt", told.executed_at.as_ref());
    if told.executed_at.is_none() {
        found.add("proof.executedAt", "REQUIRED", "when it was carried out");
    }
    let amount = read_money(found, "proof.amount", told.amount.as_ref());
    let (reference, sha256) = (told.reference.clone(), told.sha256.clone());
    Some(Proof { reference, executed_at: whole_microseconds(executed_at?), amount, sha256 })
}

#[async_trait]
impl Act for wire::ConfirmRemedyRequest {
    fn check(&self, found: &mut Violations) {
        read_proof(found, self.proof.as_ref());
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Executing, State::UnderAppeal])?;
        let (mut all, place) = named(scene, conn, &self.remedy_id).await?;
        scene.require_authority([std::slice::from_ref(&all[place].terms)])?;
        let proof =
            read_proof(&mut Violations::default(), self.proof.as_ref()).ok_or_else(Problem::not_found)?;
        if proof.executed_at > scene.now {
            let mut found = Violations::default();
            found.add("proof.executedAt", "IN_FUTURE", "what was carried out lies behind");
            return Err(Problem::invalid(found).into());
        }
        let by_machine = all[place].terms.kind.profile().by_machine;
        let own = all[place].ordered_by == scene.caller.subject;
        require(!(by_machine && own), Refusal::ConfirmerOrdered)?;
        all[place].confirm(proof.clone(), by_machine, scene.now)?;
        let case = key(scene);
        let report = Report {
            case: case.clone(),
            remedy: all[place].id,
            what: "paid",
            told_by: scene.caller.subject.clone(),
            reference: proof.reference,
            executed_at: Some(proof.executed_at),
            amount: proof.amount,
            sha256: proof.sha256,
        };
        remedy::append(conn, &report, scene.now).await?;
        remedy::forget(conn, &case, all[place].id).await?;
        // What its executor says is heard on, also where its errand was over: it may have paid more than the person
        // proves, or beside it.
        let watch = by_machine.then(|| watch(&case, all[place].id, scene.now));
        let work = settled(&case, scene.case.state, &all, place, scene.now, &mut scene.out);
        remedy::save(conn, &[OfCase { case, remedy: all[place].clone() }]).await?;
        remedy::begin(conn, &work.into_iter().chain(watch).collect::<Vec<_>>()).await
    }
}

/// Its executor is asked on, from now.
pub(super) fn watch(case: &Key, remedy: Uuid, now: Timestamp) -> Due {
    Due { case: case.clone(), remedy, errand: Errand::Watch, due_at: now }
}

#[async_trait]
impl Act for wire::AdvancePaymentRequest {
    fn check(&self, found: &mut Violations) {
        reason(found, &self.reason);
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Executing])?;
        let (mut all, place) = named(scene, conn, &self.remedy_id).await?;
        scene.require_authority([std::slice::from_ref(&all[place].terms)])?;
        let one = &mut all[place];
        one.advance(scene.now)?;
        one.reason.clone_from(&self.reason);
        let (case, remedy_id) = (key(scene), one.id);
        let due = Due { case: case.clone(), remedy: remedy_id, errand: Errand::Advance, due_at: scene.now };
        remedy::save(conn, &[OfCase { case, remedy: one.clone() }]).await?;
        remedy::begin(conn, &[due]).await
    }
}
