//! `ClaimRecourse` and `SettleRecourse`: what the platform paid first is claimed from whoever should have, and the claim
//! comes to an end (L43).

use async_trait::async_trait;
use redress_domain::{ComplaintId, Principal, Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::commands::named;
use super::told;
use crate::app::commands::{Act, Commands, Scene};
use crate::app::wire::{money, party_ref, read_money};
use crate::domain::remedy::recourse::{CLAIMED, Claim, claimed, owed};
use crate::domain::text::{is_code, is_reference};
use crate::error::Error;
use crate::store::recourse;

/// Claims; a repetition gives the claim that was made.
pub async fn claim(
    commands: &Commands,
    caller: &Principal,
    message: wire::ClaimRecourseRequest,
) -> Result<wire::RecourseClaim, Error> {
    let complaint: ComplaintId = message.complaint_id.parse().map_err(|_| Problem::not_found())?;
    let (caller_key, request_id) = (caller.subject.clone(), message.request_id.clone());
    commands.execute(caller, message, Violations::default()).await?;
    let mut conn = commands.desk.db.pool().acquire().await?;
    let made = recourse::of_case(&mut conn, &caller.tenant, complaint).await?;
    let id = named_by(complaint, &caller_key, &request_id);
    let made = made.iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    Ok(told::claim(made))
}

/// The claim that a call makes: the same call again finds it.
fn named_by(complaint: ComplaintId, subject: &str, request_id: &str) -> Uuid {
    let parts: [&[u8]; 3] = [complaint.as_uuid().as_bytes(), subject.as_bytes(), request_id.as_bytes()];
    redress_domain::derived_id("redress/recourse/1", &parts)
}

#[async_trait]
impl Act for wire::ClaimRecourseRequest {
    fn check(&self, found: &mut Violations) {
        read_money(found, "amount", self.amount.as_ref());
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        // In whichever state: a merchant does not owe less because the consumer's case is closed.
        scene.require_staff()?;
        let (all, place) = named(scene, conn, &self.remedy_id).await?;
        scene.require_authority([std::slice::from_ref(&all[place].terms)])?;
        let claims = recourse::of_case(conn, &scene.case.tenant, scene.case.id).await?;
        let (debtor, left) = owed(&all[place], &all, &claims)?;
        let amount = claimed(read_money(&mut Violations::default(), "amount", self.amount.as_ref()), left)?;
        let made = Claim {
            id: named_by(scene.case.id, &scene.caller.subject, &self.request_id),
            remedy: all[place].id,
            debtor,
            amount,
            state: CLAIMED.to_owned(),
            claimed_by: scene.caller.subject.clone(),
            claimed_at: scene.now,
            reference: String::new(),
            reason: String::new(),
        };
        recourse::insert(conn, &scene.case.tenant, scene.case.id, &made).await?;
        scene.out.push(&wire::RecourseClaimed {
            recourse_id: made.id.to_string(),
            remedy_id: made.remedy.to_string(),
            debtor: Some(party_ref(&made.debtor)),
            amount: Some(money(made.amount)),
        });
        Ok(())
    }
}

/// Says what became of a claim.
pub async fn settle(
    commands: &Commands,
    caller: &Principal,
    message: wire::SettleRecourseRequest,
) -> Result<wire::RecourseClaim, Error> {
    let complaint: ComplaintId = message.complaint_id.parse().map_err(|_| Problem::not_found())?;
    let id = Uuid::try_parse(&message.recourse_id).map_err(|_| Problem::not_found())?;
    commands.execute(caller, message, Violations::default()).await?;
    let mut conn = commands.desk.db.pool().acquire().await?;
    let claims = recourse::of_case(&mut conn, &caller.tenant, complaint).await?;
    let settled = claims.iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    Ok(told::claim(settled))
}

#[async_trait]
impl Act for wire::SettleRecourseRequest {
    fn check(&self, found: &mut Violations) {
        if self.reference.is_empty() == self.reason.is_empty() {
            found.add("reference", "REQUIRED", "either the reference of the payment or why it is given up");
        }
        if !is_reference(&self.reference) {
            found.add("reference", "MALFORMED", "up to 128 visible ASCII characters");
        }
        if !self.reason.is_empty() && !is_code(&self.reason) {
            found.add("reason", "MALFORMED", "a code of 1 to 64 characters of a-z, 0-9 and _-.@ is expected");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let id = Uuid::try_parse(&self.recourse_id).map_err(|_| Problem::not_found())?;
        let (tenant, complaint) = (scene.case.tenant.clone(), scene.case.id);
        let claims = recourse::of_case(conn, &tenant, complaint).await?;
        let mut claim = claims.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
        let (all, place) = named(scene, conn, &claim.remedy.to_string()).await?;
        scene.require_authority([std::slice::from_ref(&all[place].terms)])?;
        let by = scene.caller.subject.as_str();
        claim.settle(by, &self.reference, &self.reason)?;
        recourse::settle(conn, &tenant, complaint, &claim, (by, scene.now)).await?;
        scene.out.push(&told::settled(&claim));
        Ok(())
    }
}
