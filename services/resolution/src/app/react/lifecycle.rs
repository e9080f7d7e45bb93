//! Intake's lifecycle: cases are remembered, their state is followed, and what may only start from it starts.
//!
//! A batch in which decisions come into effect takes six statements whatever its size: cases and their records, remedies,
//! what is ordered, what was decided, events; registrations take one more.

use std::collections::BTreeSet;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{Category, Severity};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;
use sqlx::postgres::PgConnection;

use super::registered::Registered;
use super::{Cases, Follower, enter, key, undo};
use crate::app::out::Out;
use crate::app::publish::told;
use crate::app::remedy::Orders;
use crate::app::wire::member;
use crate::domain::state::State;
use crate::store::case::{self, Key};

/// An event of the lifecycle.
#[derive(Debug)]
pub enum Happened {
    /// It exists.
    Registered(Box<Registered>),
    /// It stands elsewhere; `fact` names ours or another's that moved it.
    Moved {
        /// Where.
        to: State,
        /// The fact; empty for a command of intake's.
        fact: String,
        /// Who answers for it, where that was told.
        handler: String,
    },
    /// Category, severity or urgency are known.
    Assessed {
        /// The category.
        category: Option<Category>,
        /// The severity.
        severity: Option<Severity>,
        /// Whether it is urgent.
        urgent: bool,
        /// Whether this is the beginning of its review.
        review: bool,
    },
    /// A fact could not be taken.
    Refused {
        /// The fact.
        fact: String,
        /// Why.
        reason: String,
        /// Where the lifecycle stands.
        state: State,
    },
}

impl Happened {
    fn read(event_type: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let is = |name: String| event_type == name;
        if is(intake::ComplaintRegistered::full_name()) {
            let registered = Registered::read(intake::ComplaintRegistered::decode(payload)?)?;
            return Ok(Some(Self::Registered(Box::new(registered))));
        }
        if is(intake::AdmissibilityReviewStarted::full_name()) {
            let event = intake::AdmissibilityReviewStarted::decode(payload)?;
            return Ok(Some(assessed(event.category(), event.severity(), event.urgent, true)));
        }
        if is(intake::AssessmentApplied::full_name()) {
            let event = intake::AssessmentApplied::decode(payload)?;
            return Ok(Some(assessed(event.category(), event.severity(), event.urgent, false)));
        }
        if is(intake::FactRefused::full_name()) {
            let event = intake::FactRefused::decode(payload)?;
            let state = state(event.state())?;
            return Ok(Some(Self::Refused { fact: event.fact, reason: event.reason, state }));
        }
        moved(event_type, payload)
    }
}

fn assessed(category: types::Category, severity: types::Severity, urgent: bool, review: bool) -> Happened {
    Happened::Assessed {
        category: category.try_into().ok(),
        severity: severity.try_into().ok(),
        urgent,
        review,
    }
}

fn moved(event_type: &str, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
    let is = |name: String| event_type == name;
    let (mut fact, mut handler) = (String::new(), String::new());
    let to = if is(intake::ComplaintAdvanced::full_name()) {
        let event = intake::ComplaintAdvanced::decode(payload)?;
        let to = state(event.to())?;
        fact = event.fact;
        to
    } else if is(intake::ComplaintAccepted::full_name()) {
        handler = intake::ComplaintAccepted::decode(payload)?.handler;
        State::Accepted
    } else if is(intake::ComplaintUnmerged::full_name()) {
        state(intake::ComplaintUnmerged::decode(payload)?.to())?
    } else if is(intake::CaseResumed::full_name()) {
        state(intake::CaseResumed::decode(payload)?.to())?
    } else if is(intake::ReferralConcluded::full_name()) {
        state(intake::ReferralConcluded::decode(payload)?.to())?
    } else {
        let fixed = [
            (intake::CompletionRequested::full_name(), State::AwaitingCompletion),
            (intake::CompletionSupplied::full_name(), State::Received),
            (intake::ComplaintLapsed::full_name(), State::NotAccepted),
            (intake::ComplaintRefused::full_name(), State::NotAccepted),
            (intake::RefusalReviewRequested::full_name(), State::AdmissibilityReview),
            (intake::ComplaintMerged::full_name(), State::Merged),
            (intake::CaseSuspended::full_name(), State::Suspended),
            (intake::ComplaintWithdrawn::full_name(), State::Withdrawn),
            (intake::ComplaintReferred::full_name(), State::Referred),
            (intake::ComplaintClosed::full_name(), State::Closed),
            (intake::ComplaintReopened::full_name(), State::Investigating),
        ];
        match fixed.into_iter().find(|(name, _)| event_type == name) {
            Some((_, state)) => state,
            None => return Ok(None),
        }
    };
    Ok(Some(Happened::Moved { to, fact, handler }))
}

fn state(state: types::ComplaintState) -> Result<State, DecodeError> {
    member(state.as_str_name(), "COMPLAINT_STATE_").ok_or_else(|| DecodeError::new("state does not fit"))
}

/// The handler of intake's lifecycle.
pub struct FollowLifecycle(pub Follower);

#[async_trait]
impl BatchHandler for FollowLifecycle {
    type Event = Happened;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
        Happened::read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        let registered = batch.iter().filter_map(|delivery| match &*delivery.event {
            Happened::Registered(registered) => {
                Some((registered.case(&delivery.meta), registered.wrapped_key.clone()))
            }
            _ => None,
        });
        case::insert(conn, &registered.collect::<Vec<_>>()).await?;
        let mut cases = Cases::lock(conn, batch, self.0.now()).await?;
        let ordering = batch.iter().filter(|delivery| match &*delivery.event {
            Happened::Moved { fact, .. } => enter::Moved::orders(fact),
            _ => false,
        });
        let ordering: BTreeSet<Key> = ordering.map(|delivery| key(&delivery.meta)).collect();
        let mut orders = Orders::load(conn, &ordering.into_iter().collect::<Vec<_>>()).await?;
        for delivery in batch {
            cases.left.moment(told(&delivery.meta));
            let case = cases.of(conn, delivery).await?;
            let mut out = Out::default();
            match &*delivery.event {
                Happened::Registered(_) => continue,
                Happened::Assessed { category, severity, urgent, review } => {
                    case.course.category = category.or(case.course.category);
                    case.severity = severity.unwrap_or(case.severity);
                    case.course.urgent = *urgent;
                    if *review {
                        case.state = State::AdmissibilityReview;
                    }
                }
                Happened::Moved { to, fact, handler } => {
                    if !handler.is_empty() {
                        case.course.handler.clone_from(handler);
                    }
                    let moved = enter::Moved { to: *to, fact, at: delivery.meta.occurred_at };
                    moved.enter(conn, case, &mut orders, &mut out).await?;
                    self.0.tell_window(case, &mut out);
                }
                Happened::Refused { fact, reason, state } => {
                    case.state = *state;
                    undo::undo(case, fact, reason, delivery.meta.occurred_at, &mut out);
                }
            }
            cases.take(delivery, out);
        }
        orders.save(conn).await?;
        cases.save(conn).await
    }
}
