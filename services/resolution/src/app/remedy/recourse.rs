//! `ClaimRecourse`: what the platform paid first is claimed from whoever should have (L43).

use async_trait::async_trait;
use redress_domain::{ComplaintId, Principal, Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::commands::named;
use super::told;
use crate::app::commands::{Act, Commands, Scene};
use crate::app::wire::{money, party_ref, read_money};
use crate::domain::remedy::recourse::{Claim, claimed, owed};
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
            state: "claimed".to_owned(),
            claimed_by: scene.caller.subject.clone(),
            claimed_at: scene.now,
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
