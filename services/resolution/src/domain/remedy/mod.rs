//! Remedies: what was ordered, where each stands, and what may become of it.
//!
//! A remedy is ordered → dispatched → confirmed | failed → (again by the platform) → advanced. What cannot be told apart
//! is never guessed: a payment whose outcome is unknown is asked for until it is known, and parked for a person's eyes.

pub mod catalogue;
pub mod execution;
pub mod ledger;
pub mod recourse;
mod settled;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{ErrorKind, Money, Problem, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::execution::Heard;
pub use self::settled::{all_settled, unsettled};
use super::party::{LiableParty, PartyRef};
use super::terms::{Measure, RemedyTerms, RemedyType};

coded_enum! {
    /// Where a remedy stands.
    RemedyState {
        /// Ordered.
        Ordered = "ordered",
        /// Handed to whoever carries it out; what came of it is not known yet.
        Dispatched = "dispatched",
        /// Done, with proof.
        Confirmed = "confirmed",
        /// It could not be carried out, and nothing was.
        Failed = "failed",
        /// The platform has paid first (L43).
        AdvancedByPlatform = "advanced_by_platform",
        /// What was reported does not fit the order, or nobody knows: a person must look.
        Parked = "parked",
        /// Taken back after it was done.
        Reversed = "reversed",
        /// Not needed any more before anything was done, or given up by a person who ordered another in its place.
        Cancelled = "cancelled",
    }
}

coded_enum! {
    /// Out of whose purse.
    Purse {
        /// Of whoever the terms name.
        Payer = "payer",
        /// Of the platform, which pays first (L43).
        Platform = "platform",
    }
}

coded_enum! {
    /// From which funds a remedy is paid (domain.md §4).
    FundingSource {
        /// Of whoever bears it.
        Payer = "payer",
        /// Of the platform, for good.
        Platform = "platform",
        /// Of the platform, which claims it back (L43).
        PlatformAdvance = "platform_advance",
    }
}

/// Proof that a remedy was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The reference of whoever carried it out.
    pub reference: String,
    /// When.
    pub executed_at: Timestamp,
    /// How much, for money.
    pub amount: Option<Money>,
    /// SHA-256 of a document; empty without one.
    pub sha256: String,
}

/// A remedy that was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Its id; also the idempotency key towards whoever carries it out.
    pub id: Uuid,
    /// The settlement, ruling, appeal or call that ordered it.
    pub source: Uuid,
    /// Order of ordering within the case, from 0.
    pub ordinal: i64,
    /// What is to be done.
    pub terms: RemedyTerms,
    /// The order that was complained of; may be empty.
    pub order_no: String,
    /// Where it stands.
    pub state: RemedyState,
    /// Out of whose purse it is or was paid.
    pub purse: Purse,
    /// How often the platform has begun to pay in the payer's place: each has a key of its own.
    pub advances: u32,
    /// Who ordered it.
    pub ordered_by: String,
    /// When.
    pub ordered_at: Timestamp,
    /// By when its terms say that it is to be done; none where they say nothing, and sla counts the type's own limit (C19).
    pub due_at: Option<Timestamp>,
    /// Whether that limit has passed before it was.
    pub overdue: bool,
    /// How often its carrying out was asked for.
    pub attempts: u32,
    /// Whether a later decision has taken it back: what is done all the same is reversed, and nobody pays what failed.
    pub unwanted: bool,
    /// Whether its executor says that it paid after a person had settled it by hand or given it up.
    pub late: bool,
    /// Why it failed, was parked, given up or is not reversed, as a code; empty otherwise.
    pub reason: String,
    /// When it came to where it stands.
    pub changed_at: Timestamp,
    /// The proof.
    pub proof: Option<Proof>,
}

impl Remedy {
    /// A remedy that is ordered now.
    pub fn ordered(id: Uuid, source: Uuid, ordinal: i64, terms: RemedyTerms, now: Timestamp) -> Self {
        // Whole days from the instant. What the terms leave open is a policy's matter, and often of working days, which
        // only sla can count: nothing is announced that would go before it.
        let hours = SignedDuration::from_hours(24 * i64::from(terms.due_days));
        let told = (terms.due_days > 0).then_some(hours);
        let due_at = told.map(|told| now.saturating_add(told).unwrap_or(Timestamp::MAX));
        Self {
            id,
            source,
            ordinal,
            terms,
            order_no: String::new(),
            state: RemedyState::Ordered,
            purse: Purse::Payer,
            advances: 0,
            ordered_by: String::new(),
            ordered_at: now,
            due_at,
            overdue: false,
            attempts: 0,
            unwanted: false,
            late: false,
            reason: String::new(),
            changed_at: now,
            proof: None,
        }
    }

    /// Comes to another state.
    pub fn become_state(&mut self, state: RemedyState, reason: &str, now: Timestamp) {
        self.state = state;
        reason.clone_into(&mut self.reason);
        self.changed_at = now;
    }

    /// Done, with proof that was checked.
    pub fn settle(&mut self, proof: Proof, now: Timestamp) {
        let state = match self.purse {
            Purse::Payer => RemedyState::Confirmed,
            Purse::Platform => RemedyState::AdvancedByPlatform,
        };
        self.become_state(state, "", now);
        self.proof = Some(proof);
    }

    /// Whether it was carried out, and stands.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, RemedyState::Confirmed | RemedyState::AdvancedByPlatform)
    }

    /// Whether money is spent or bound by it.
    pub const fn binds(&self) -> bool {
        !matches!(self.state, RemedyState::Failed | RemedyState::Reversed | RemedyState::Cancelled)
    }

    /// Whether nothing more is to come of it.
    pub const fn is_settled(&self) -> bool {
        self.is_done() || matches!(self.state, RemedyState::Reversed | RemedyState::Cancelled)
    }

    /// What is asked of whoever carries it out: its own terms, or that the platform pays them first.
    pub fn asked_terms(&self) -> RemedyTerms {
        match self.purse {
            Purse::Payer => self.terms.clone(),
            Purse::Platform => RemedyTerms {
                kind: RemedyType::PlatformAdvancePayment,
                payer: PartyRef { party: LiableParty::Platform, reference: String::new() },
                charge_basis: None,
                charge_rule: String::new(),
                ..self.terms.clone()
            },
        }
    }

    /// From which funds it is paid; none where it moves nothing.
    pub fn funding_source(&self) -> Option<FundingSource> {
        if self.terms.kind.measure() == Measure::Deed {
            return None;
        }
        let advance = self.purse == Purse::Platform || self.terms.kind == RemedyType::PlatformAdvancePayment;
        Some(match self.terms.payer.party {
            _ if advance => FundingSource::PlatformAdvance,
            LiableParty::Platform => FundingSource::Platform,
            _ => FundingSource::Payer,
        })
    }

    /// The idempotency key of the present purse: the remedy's own id, or one per advance.
    pub fn key(&self) -> Uuid {
        match self.purse {
            Purse::Payer => self.id,
            Purse::Platform => {
                let parts: [&[u8]; 2] = [self.id.as_bytes(), &self.advances.to_be_bytes()];
                redress_domain::derived_id("redress/advance/1", &parts)
            }
        }
    }

    /// The platform pays in the payer's place (L43): for money that failed, once at a time.
    ///
    /// # Errors
    /// `NOT_FAILED`, where it did not fail or its outcome is not known; `NOT_ADVANCEABLE`, where the platform itself had
    /// to pay or it is no money; `REMEDY_REPLACED`, where a later decision says what is owed now.
    pub fn advance(&mut self, now: Timestamp) -> Result<(), Problem> {
        if self.terms.amount.is_none() || self.terms.payer.party == LiableParty::Platform {
            let message = "the platform pays first only money that somebody else owes";
            return Err(refused("NOT_ADVANCEABLE", message, "a remedy of money that another party pays"));
        }
        if self.state == RemedyState::Failed && self.unwanted {
            let message = "a later decision has taken the place of the one that ordered it";
            return Err(refused("REMEDY_REPLACED", message, "a failed remedy of the decision in force"));
        }
        if self.state != RemedyState::Failed {
            let message = "only what is known to have failed is paid again";
            return Err(refused("NOT_FAILED", message, "a failed remedy").with("state", self.state.code()));
        }
        self.purse = Purse::Platform;
        self.advances += 1;
        self.become_state(RemedyState::Dispatched, "", now);
        Ok(())
    }

    /// Whether it waits for a person: parked, or past its limit without a result.
    const fn is_stuck(&self) -> bool {
        match self.state {
            RemedyState::Parked => true,
            RemedyState::Ordered | RemedyState::Dispatched => self.overdue,
            _ => false,
        }
    }

    /// Whether a person may give it up after this was heard of it; gives whether its outcome is then left open.
    ///
    /// # Errors
    /// `NOT_STUCK`; `REMEDY_PAID`, where money has moved; `OUTCOME_UNKNOWN`, where it may have and nobody accepts that.
    pub fn check_given_up(&self, heard: &Heard, accept_unknown: bool) -> Result<bool, Problem> {
        if !self.is_stuck() {
            let message = "only what is parked, or past its limit, is given up";
            let satisfied = "waiting for its limit (C19), or a further remedy for one that failed";
            return Err(refused("NOT_STUCK", message, satisfied).with("state", self.state.code()));
        }
        match heard {
            Heard::NotStarted | Heard::Failed(_) | Heard::Reversed(_) => Ok(false),
            Heard::Done(_) => {
                let message = "whoever carries it out says that money has moved";
                Err(refused(
                    "REMEDY_PAID",
                    message,
                    "ConfirmRemedy with its proof, or its reversal over there",
                ))
            }
            Heard::Pending | Heard::Open if accept_unknown => Ok(true),
            Heard::Pending | Heard::Open => {
                let message = "whoever carries it out cannot say that nothing was paid";
                Err(refused("OUTCOME_UNKNOWN", message, "acceptUnknown, or its answer"))
            }
        }
    }

    /// What takes the place of money is the same money: nobody gets more or less by it, and it costs nobody else but the
    /// platform.
    ///
    /// # Errors
    /// `REPLACEMENT_DIFFERS`.
    pub fn check_replacement(&self, terms: &RemedyTerms) -> Result<(), Problem> {
        let same_payer = terms.payer == self.terms.payer || terms.payer.party == LiableParty::Platform;
        let same_money = terms.amount == self.terms.amount && same_payer;
        if terms.payee == self.terms.payee && (same_money || self.terms.amount.is_none()) {
            return Ok(());
        }
        let message = "what takes its place is of the same amount, to the same payee, from the same payer or the platform";
        Err(refused("REPLACEMENT_DIFFERS", message, "amount, payee and payer as ordered"))
    }

    /// A person confirms with proof what no machine carries out, or what a machine left open.
    ///
    /// # Errors
    /// `NOT_CONFIRMABLE`, where a machine is at it within its limit or it is settled; `PROOF_DOES_NOT_FIT`, where amount or currency are
    /// not those of the order.
    pub fn confirm(&mut self, proof: Proof, by_machine: bool, now: Timestamp) -> Result<(), Problem> {
        let open = match self.state {
            RemedyState::Ordered => !by_machine || self.overdue,
            _ => self.is_stuck(),
        };
        if !open {
            let message = "a person confirms what no machine carries out, or has left open";
            let satisfied = "a remedy that is ordered of a person, parked, or past its limit";
            return Err(refused("NOT_CONFIRMABLE", message, satisfied).with("state", self.state.code()));
        }
        if proof.amount != self.terms.amount {
            let message = "amount and currency are those of the order";
            return Err(refused("PROOF_DOES_NOT_FIT", message, "proof.amount as ordered"));
        }
        self.settle(proof, now);
        Ok(())
    }
}

pub(crate) fn refused(code: &'static str, message: &'static str, satisfied_by: &'static str) -> Problem {
    Problem::new(ErrorKind::FailedPrecondition, code, message).with("satisfied_by", satisfied_by)
}

#[cfg(test)]
pub(crate) mod tests;
