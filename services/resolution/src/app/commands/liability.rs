//! `DetermineLiability`: who answers, for how much, by which rules.

use async_trait::async_trait;
use redress_domain::{DecidedBy, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::wire::{party_ref, read_shares};
use crate::app::words;
use crate::domain::liability::{Cause, Determination, Share};
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;

/// Where it may still be determined: from the facts on, until the case is decided for good.
const STATES: &[State] =
    &[State::Investigating, State::PlanReview, State::Mediating, State::Ruling, State::UnderAppeal];

#[async_trait]
impl Act for wire::DetermineLiabilityRequest {
    fn check(&self, found: &mut Violations) {
        read_shares(found, &self.shares);
        if self.cause.parse::<Cause>().is_err() {
            found.add("cause", "UNKNOWN", "a code of the taxonomy of causes is expected");
        }
        text::rule_refs(found, "rules", &self.rules, 20);
        text::words(found, "basis", &self.basis, 20_000);
    }

    fn rules(&self) -> &[String] {
        &self.rules
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(STATES)?;
        let shares = read_shares(&mut Violations::default(), &self.shares);
        let id = scene.next_id("liability", scene.case.liability.len());
        let sealed = scene.keep(words::liability(id), self.basis.as_bytes())?;
        let told = |share: &Share| wire::LiabilityShare {
            party: Some(party_ref(&share.party)),
            basis_points: share.basis_points,
        };
        scene.out.push(&wire::LiabilityDetermined {
            determination_id: id.to_string(),
            shares: shares.iter().map(told).collect(),
            cause: self.cause.clone(),
            rules: self.rules.clone(),
            sealed: Some(sealed),
        });
        scene.case.liability.push(Determination {
            id,
            shares,
            cause: self.cause.parse().unwrap_or(Cause::Unknown),
            rules: self.rules.clone(),
            decider: scene.caller.subject.clone(),
            decided_by: DecidedBy::Human,
            determined_at: scene.now,
        });
        Ok(())
    }
}
