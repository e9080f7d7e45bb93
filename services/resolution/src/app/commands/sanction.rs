//! `RecommendSanction`: one of the measures of L31, for the platform to carry out.

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::wire::{member, read_party};
use crate::app::words;
use crate::domain::guard::{Refusal, require};
use crate::domain::sanction::{Sanction, SanctionMeasure, check_term};
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;

const STATES: &[State] = &[
    State::PlanReview,
    State::Mediating,
    State::Ruling,
    State::Executing,
    State::ResultNotified,
    State::UnderAppeal,
    State::Closed,
];

#[async_trait]
impl Act for wire::RecommendSanctionRequest {
    fn check(&self, found: &mut Violations) {
        let subject = read_party(found, "subject", self.subject.as_ref());
        if subject.is_some_and(|subject| !subject.party.is_somebody() || subject.reference.is_empty()) {
            found.add("subject", "REQUIRED", "a measure is against somebody in particular");
        }
        match member::<SanctionMeasure>(self.measure().as_str_name(), "SANCTION_MEASURE_") {
            Some(measure) => check_term(measure, self.term_days, found),
            None => found.add("measure", "REQUIRED", "one of the measures of L31"),
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
        require(scene.case.determination().is_some(), Refusal::LiabilityMissing)?;
        let subject = read_party(&mut Violations::default(), "subject", self.subject.as_ref());
        let measure = member(self.measure().as_str_name(), "SANCTION_MEASURE_");
        let (Some(subject), Some(measure)) = (subject, measure) else {
            return Err(Problem::not_found().into());
        };
        let id = scene.next_id("sanction", scene.case.sanctions.len());
        let sealed = scene.keep(words::sanction(id), self.basis.as_bytes())?;
        scene.out.push(&wire::SanctionRecommended {
            sanction_id: id.to_string(),
            subject: self.subject.clone(),
            measure: self.measure,
            term_days: self.term_days,
            rules: self.rules.clone(),
            sealed: Some(sealed),
        });
        scene.case.sanctions.push(Sanction {
            id,
            subject,
            measure,
            term_days: self.term_days,
            rules: self.rules.clone(),
            recommended_at: scene.now,
            recommended_by: scene.caller.subject.clone(),
        });
        Ok(())
    }
}
