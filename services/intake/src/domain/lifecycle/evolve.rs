//! Applying events. What is possible was decided before; here only an event that cannot have been decided in this state
//! is turned away, because it means a gap or a mix-up in what was stored.

use super::event::Event;
use super::fact::Fact;
use super::reasons::RefusalReason;
use super::refusal::InvalidTransition;
use super::regions::{Assignment, Awaited, Regions, WaitingOn};
use super::state::{State, StateKind};
use super::{Lifecycle, ReferralEnd};

impl Lifecycle {
    /// The lifecycle that a complaint's first event begins.
    pub fn begin(event: &Event) -> Result<Self, InvalidTransition> {
        let Event::ComplaintRegistered { complaint } = event else {
            return Err(InvalidTransition { from: None, step: event.name() });
        };
        Ok(Self { complaint: *complaint, state: State::Received, version: 1, regions: Regions::default() })
    }

    /// The lifecycle after one event more.
    pub fn evolve(self, event: &Event) -> Result<Self, InvalidTransition> {
        let from = self.state.kind();
        let state =
            next(self.state, event).ok_or(InvalidTransition { from: Some(from), step: event.name() })?;
        let mut regions = self.regions;
        regions.follow(event);
        Ok(Self { complaint: self.complaint, state, version: self.version.saturating_add(1), regions })
    }

    /// The lifecycle after several events more.
    pub fn evolve_all<'a>(
        self,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Self, InvalidTransition> {
        events.into_iter().try_fold(self, Self::evolve)
    }

    /// The lifecycle from all its events, the first one first. `None` if there are none.
    pub fn replay<'a>(
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Option<Self>, InvalidTransition> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else { return Ok(None) };
        Self::begin(first)?.evolve_all(events).map(Some)
    }
}

/// The main region after `event`, if the event is possible in `state`.
fn next(state: State, event: &Event) -> Option<State> {
    let from = state.kind();
    let next = match (state, event) {
        (State::Received, Event::CompletionRequested { missing, asked_at }) => {
            State::AwaitingCompletion { missing: missing.clone(), asked_at: *asked_at }
        }
        (State::AwaitingCompletion { .. }, Event::CompletionSupplied { .. }) => State::Received,
        (State::AwaitingCompletion { .. }, Event::ComplaintLapsed { review_until }) => State::NotAccepted {
            reason: RefusalReason::Incomplete,
            review_until: *review_until,
            deciders: Vec::new(),
        },
        (State::Received, Event::AdmissibilityReviewStarted(_)) => {
            State::AdmissibilityReview { deciders: Vec::new() }
        }
        (State::AdmissibilityReview { .. }, Event::ComplaintAccepted { handler }) => {
            State::Accepted { handler: handler.clone() }
        }
        (
            State::AdmissibilityReview { mut deciders },
            Event::ComplaintRefused { reason, decider, review_until, .. },
        ) => {
            deciders.push(decider.clone());
            State::NotAccepted { reason: *reason, review_until: *review_until, deciders }
        }
        (State::NotAccepted { deciders, .. }, Event::RefusalReviewRequested { .. }) => {
            State::AdmissibilityReview { deciders }
        }
        (_, Event::ComplaintAdvanced { from: met, to, .. }) if from == *met => to.clone(),
        (same, Event::FactRefused { state: met, .. }) if from == *met => same,
        (State::Closed { .. }, Event::ComplaintReopened { .. }) => State::Investigating,
        (same @ State::Closed { .. }, Event::ComplaintClosed { .. })
        | (same, Event::MatterSplit { .. } | Event::AssessmentApplied(_)) => same,
        (state, event) => return next_of_whole_case(state, event),
    };
    Some(next)
}

/// The events that any open case can meet, and the ways back from them.
fn next_of_whole_case(state: State, event: &Event) -> Option<State> {
    let open = state.kind().is_open();
    let next = match (state, event) {
        (_, Event::ComplaintWithdrawn) if open => State::Withdrawn,
        (former, Event::ComplaintMerged { into, unmerge_until }) if open => {
            State::Merged { into: *into, unmerge_until: *unmerge_until, former: Box::new(former) }
        }
        (State::Merged { former, .. }, Event::ComplaintUnmerged { .. })
        | (State::Suspended { former, .. }, Event::CaseResumed { .. }) => *former,
        (_, Event::ComplaintReferred { body }) if open => State::Referred { body: body.clone() },
        (State::Referred { .. }, Event::ReferralConcluded { closed }) => after_referral(closed.as_ref()),
        (former, Event::CaseSuspended { reason, review_on, .. })
            if open && former.kind() != StateKind::Suspended =>
        {
            State::Suspended { reason: *reason, review_on: *review_on, former: Box::new(former) }
        }
        (same, Event::ComplaintTransferred { .. } | Event::ComplaintEscalated { .. }) if open => same,
        _ => return None,
    };
    Some(next)
}

fn after_referral(closed: Option<&ReferralEnd>) -> State {
    match closed {
        None => State::Executing { decider: None },
        Some(ReferralEnd { closing, closed_at }) => State::Closed {
            outcome: closing.outcome,
            cause: closing.cause.clone(),
            closed_at: *closed_at,
            decider: None,
        },
    }
}

impl Regions {
    fn follow(&mut self, event: &Event) {
        match event {
            Event::CompletionRequested { .. } => self.ask(Awaited::Complainant),
            Event::CompletionSupplied { .. } => self.settle(Awaited::Complainant),
            Event::ComplaintReferred { .. } => self.ask(Awaited::Authority),
            Event::ComplaintAdvanced { fact, to, .. } => {
                self.follow_fact(fact);
                if to.kind() == StateKind::Closed {
                    self.wait_for_nobody();
                }
            }
            // A merge leaves the regions as they are, so that undoing it finds them again.
            Event::ComplaintLapsed { .. }
            | Event::ComplaintRefused { .. }
            | Event::ComplaintWithdrawn
            | Event::ReferralConcluded { .. } => self.wait_for_nobody(),
            Event::ComplaintEscalated { level, .. } => self.escalation.set(*level),
            _ => {}
        }
    }

    fn follow_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::EvidenceRequested { party } => self.ask(*party),
            Fact::EvidenceSubmitted { party } | Fact::EvidenceRequestLapsed { party } => self.settle(*party),
            Fact::TestOrdered => self.ask(Awaited::Lab),
            Fact::TestReported => self.settle(Awaited::Lab),
            Fact::ConsultationRequested => self.ask(Awaited::Internal),
            Fact::ConsultationAnswered => self.settle(Awaited::Internal),
            // What was asked for the investigation is asked no longer.
            Fact::InvestigationConcluded => self.wait_for_nobody(),
            Fact::MediationTerminated { referred_to: Some(_), .. } => self.ask(Awaited::Authority),
            Fact::AssignmentOffered { to } => self.assignment.set(Assignment::Offered { to: to.clone() }),
            Fact::AssignmentAccepted { by } => self.assignment.set(Assignment::Accepted { by: by.clone() }),
            Fact::AssignmentReturned => self.assignment.set(Assignment::Unassigned),
            _ => {}
        }
    }

    fn ask(&mut self, party: Awaited) {
        self.waiting_on.set(self.waiting_on.get().clone().asked(party));
    }

    fn settle(&mut self, party: Awaited) {
        self.waiting_on.set(self.waiting_on.get().clone().answered(party));
    }

    fn wait_for_nobody(&mut self) {
        self.waiting_on.set(WaitingOn::default());
    }
}
