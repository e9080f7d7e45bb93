//! What the parties of a case do, from the first word to the end, over the public interfaces alone.

use anyhow::Context as _;
use redress_domain::{ComplaintId, IdempotencyKey, Role};
use redress_proto::types::v1::ComplaintState as State;
use tokio::sync::watch;
use uuid::Uuid;

use super::cast::{Calls, PATIENCE, Person, Services, Staff};
use crate::site::Site;

/// How a case goes: seven of ten are settled, two are ruled on, one is withdrawn while both are still talking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Settled,
    Ruled,
    Withdrawn,
}

impl Script {
    pub(super) const fn of(number: usize) -> Self {
        match number % 10 {
            0..=6 => Self::Settled,
            7 | 8 => Self::Ruled,
            _ => Self::Withdrawn,
        }
    }

    /// Where such a case ends.
    pub(super) const fn ends(self) -> State {
        match self {
            Self::Settled | Self::Ruled => State::Closed,
            Self::Withdrawn => State::Withdrawn,
        }
    }
}

/// What case `number` pays in all, minor units: a different amount for each of its neighbours, so that one that went to
/// the wrong case would show.
pub(super) fn amount(number: usize) -> i64 {
    match Script::of(number) {
        Script::Settled | Script::Ruled => 1_000 + i64::try_from(number % 20_000).unwrap_or(0),
        Script::Withdrawn => 0,
    }
}

/// One case.
pub(super) struct Case {
    pub(super) number: usize,
    /// Its id, which follows from the caller and the name of the submission.
    pub(super) id: Uuid,
    pub(super) staff: Staff,
    pub(super) consumer: Person,
    pub(super) shop: Person,
    /// Of its submission, of who complains, and of the shop.
    pub(super) names: [String; 3],
    pub(super) services: Services,
    pub(super) calls: Calls,
}

impl Case {
    pub(super) fn new(
        site: &Site,
        number: usize,
        staff: &Staff,
        services: &Services,
        calls: &Calls,
    ) -> anyhow::Result<Self> {
        let name = |what: &str| format!("{what}-{}-{number}", site.name());
        let names = [name("case"), name("consumer"), name("shop")];
        let key: IdempotencyKey = names[0].parse().map_err(|_| anyhow::anyhow!("no name for a call"))?;
        Ok(Self {
            number,
            id: *ComplaintId::derive(&staff.tenant, &names[1], &key).as_uuid(),
            consumer: Person::of(site, &staff.tenant, &names[1], Role::Complainant)?,
            shop: Person::of(site, &staff.tenant, &names[2], Role::Respondent)?,
            names,
            staff: staff.clone(),
            services: services.clone(),
            calls: calls.clone(),
        })
    }

    /// Plays it to its end. Where complaints are assessed, an officer waits for that.
    pub(super) async fn play(self, mut stands: watch::Receiver<State>, assessed: bool) -> anyhow::Result<()> {
        self.submit().await?;
        let first = if assessed { State::AdmissibilityReview } else { State::Received };
        reaches(&mut stands, first).await?;
        self.take_up().await?;
        reaches(&mut stands, State::Investigating).await?;
        self.find_out().await?;
        reaches(&mut stands, State::PlanReview).await?;
        let script = Script::of(self.number);
        let proposal = self.plan(script == Script::Ruled).await?;
        if script == Script::Ruled {
            reaches(&mut stands, State::Ruling).await?;
            self.rule().await?;
        } else {
            reaches(&mut stands, State::Mediating).await?;
            self.offer(&proposal).await?;
            if script == Script::Withdrawn {
                self.withdraw().await?;
                return reaches(&mut stands, State::Withdrawn).await;
            }
            self.accept(&proposal).await?;
        }
        reaches(&mut stands, State::ResultNotified).await?;
        self.close().await?;
        reaches(&mut stands, State::Closed).await
    }
}

/// Waits until the case stands in `state`.
async fn reaches(stands: &mut watch::Receiver<State>, state: State) -> anyhow::Result<()> {
    let waited = tokio::time::timeout(PATIENCE, stands.wait_for(|now| *now == state)).await;
    waited.with_context(|| format!("a case does not come to {}", state.as_str_name()))??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ten_cases_seven_are_settled_two_ruled_on_and_one_is_withdrawn_without_a_payment() {
        let scripts: Vec<Script> = (0..10).map(Script::of).collect();
        let count = |script| scripts.iter().filter(|one| **one == script).count();
        assert_eq!((count(Script::Settled), count(Script::Ruled), count(Script::Withdrawn)), (7, 2, 1));
        assert_eq!(amount(9), 0);
        assert_ne!(amount(7), amount(8));
        assert!((0..100_000).all(|number| amount(number) <= super::super::acts::PAID));
    }
}
