//! sla's clocks: what silence leads to (C10, C18, C19, C21, C26), and how each clock ended, for the closing report.

mod read;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::whole_milliseconds;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Cases, Follower, end_proposals, window};
use crate::app::out::Out;
use crate::app::remedy;
use crate::domain::case::Case;
use crate::domain::offer::OfferAction;
use crate::domain::proposal::ProposalState;
use crate::domain::state::State;
use crate::error::Error;
use crate::store::clock::{self, Clock};

/// What sla told of a clock.
#[derive(Debug)]
pub struct ClockTold {
    /// The clock.
    pub clock_id: String,
    /// Its definition, for example C18.
    pub definition: String,
    /// What it is about; none for the case.
    pub subject: Option<Uuid>,
    /// When it was due.
    pub due_at: Option<Timestamp>,
    /// Where it stands: `running`, `met`, `breached`, `met_late` or `cancelled`; a window `used` or `lapsed`.
    pub state: &'static str,
}

/// The handler of clocks.
pub struct FollowClocks(pub Follower);

#[async_trait]
impl BatchHandler for FollowClocks {
    type Event = ClockTold;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<ClockTold>, DecodeError> {
        read::read(&meta.event_type, payload)
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        batch: &[Delivery<ClockTold>],
    ) -> Result<(), HandlerError> {
        let mut cases = Cases::lock(conn, batch, self.0.now()).await?;
        let mut told = BTreeMap::new();
        for delivery in batch {
            let clock = &*delivery.event;
            let key = (delivery.meta.tenant.clone(), delivery.meta.subject, clock.clock_id.clone());
            let kept = Clock {
                clock_id: clock.clock_id.clone(),
                definition: clock.definition.clone(),
                state: clock.state.to_owned(),
                due_at: clock.due_at,
                told_at: redress_domain::whole_microseconds(delivery.meta.occurred_at),
            };
            told.insert(key, kept);
            let case = cases.of(conn, delivery).await?;
            if !matches!(clock.state, "breached" | "lapsed") {
                continue;
            }
            let mut out = Out::default();
            if self.ran_out(conn, case, clock, delivery.meta.occurred_at, &mut out).await? {
                cases.take(delivery, out);
            }
        }
        let told: Vec<_> = told.into_iter().map(|((tenant, id, _), clock)| (tenant, id, clock)).collect();
        clock::upsert(conn, &told).await?;
        cases.save(conn).await
    }
}

impl FollowClocks {
    /// What follows from a clock that ran out; whether anything did. An answer that was applied before has won.
    async fn ran_out(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        clock: &ClockTold,
        at: Timestamp,
        out: &mut Out,
    ) -> Result<bool, Error> {
        match clock.definition.as_str() {
            "C10" if case.state == State::DirectNegotiation && !case.has_pending_decision() => {
                out.push(&wire::PlatformInterventionRequested { reason: "silent".to_owned() });
            }
            "C18" => return Ok(expire(case, clock, at, out)),
            "C19" => {
                let Some(remedy_id) = clock.subject else { return Ok(false) };
                let policy = (self.0.now(), self.0.advance_overdue);
                return remedy::overdue(conn, case, remedy_id, policy, out).await;
            }
            "C21" if case.state == State::Mediating && !case.has_pending_decision() => {
                end_proposals(case, out, at, (ProposalState::Revoked, OfferAction::Revoked), |_| true);
                let reason = wire::TerminationReason::SixtyDays.into();
                out.push(&wire::MediationTerminated { reason, referred_to: String::new() });
            }
            "C26" if case.state == State::ResultNotified && !case.course.window_over => {
                case.course.window_over = true;
                window::end_if_over(case, out);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The offers of a proposal expire, unless a later revision gave more time. Clocks count to the millisecond (D1).
fn expire(case: &mut Case, clock: &ClockTold, at: Timestamp, out: &mut Out) -> bool {
    let expires = |proposal: &crate::domain::proposal::Proposal| {
        let due = proposal.latest().and_then(|revision| revision.due_at);
        Some(proposal.id) == clock.subject
            && proposal.state == ProposalState::Open
            && due.is_some_and(|due| whole_milliseconds(due) <= clock.due_at.unwrap_or(at))
    };
    if !case.proposals.iter().any(expires) {
        return false;
    }
    end_proposals(case, out, at, (ProposalState::Expired, OfferAction::Expired), expires);
    true
}
