//! What the lifecycle can be asked to do, with the data that the guards need.
//!
//! A guard that looks at something outside the complaint (has the other unit acknowledged? is the target open?) gets
//! the answer as an argument: the caller has read it, the rule judges it.

use jiff::Timestamp;
use jiff::civil::Date;
use redress_domain::{ComplaintId, Matter};

use super::assessment::Assessment;
use super::code::Code;
use super::fact::{Closing, Fact};
use super::reasons::{EscalationReason, RefusalReason, ReopenGround, SuspensionReason};
use super::regions::Level;

/// T01: what has to be known to register a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// Its identity.
    pub complaint: ComplaintId,
    /// Whether the tenant takes complaints.
    pub tenant_active: bool,
    /// Whether the idempotency key has been registered before. Where the primary key decides that, `false` is passed
    /// and the insert that finds the row says the rest.
    pub key_seen: bool,
}

/// Whether those for whom a complaint was jointly brought agree (L02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupConsent {
    /// Brought by one person alone.
    NotJoint,
    /// The members agree, with proof.
    Given,
    /// There is no proof that they do.
    Missing,
}

/// What became of a clue that someone's safety is in danger (L10: a withdrawal does not end the matter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafetyLead {
    /// There is no such clue.
    None,
    /// It goes on as a lead of its own.
    SpunOff,
    /// It would be lost with the complaint.
    Open,
}

/// What lets two complaints be handled as one (T31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeBasis {
    /// The same person brought both in.
    SameComplainant,
    /// Different people did, and all of them agreed.
    Consent,
    /// Neither.
    None,
}

/// What is known about the complaint into which another is merged (T31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeTarget {
    /// Its identity.
    pub complaint: ComplaintId,
    /// Whether its case goes on.
    pub open: bool,
    /// What lets the two be handled as one.
    pub basis: MergeBasis,
    /// Whether nobody who may see the target is kept out of this one by its label (U15).
    pub labels_compatible: bool,
}

/// The mandatory content of the notice of refusal (N03) that a decider must supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalNotice {
    /// The rule that the refusal rests on, with its version; must be there.
    pub rule: Option<Code>,
    /// Whether the facts are stated.
    pub facts_stated: bool,
    /// Whether the other routes are named (L03, L47).
    pub other_routes_named: bool,
}

/// What an outside body made of the case (T34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferralResult {
    /// Something is to be carried out here.
    Remedy,
    /// The case is over.
    Over {
        /// What it came to.
        closing: Option<Closing>,
    },
}

/// A command. The numbers are the rows of the transition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// T01: begins a lifecycle, see [`Lifecycle::register`](super::Lifecycle::register); on one that exists it is
    /// refused.
    Register(Registration),
    /// T02: asks the complainant for mandatory particulars (F008).
    RequestCompletion {
        /// Paths of the fields that are missing; at least one.
        missing: Vec<String>,
    },
    /// T03: the particulars have come.
    SupplyCompletion {
        /// Whether the sender is a party of this complaint (U15).
        sender_is_party: bool,
        /// Paths of the fields that were supplied.
        supplied: Vec<String>,
    },
    /// T04: the particulars have not come in time (C09).
    LapseCompletion {
        /// When the clock came due.
        due_at: Timestamp,
        /// When the complainant was reminded, if that was done.
        reminded_at: Option<Timestamp>,
    },
    /// T05: the review of admissibility begins (F020).
    StartReview {
        /// The assessment that it rests on.
        assessment: Option<Assessment>,
    },
    /// Another assessment takes the place of the one before. It stands beside the table, for it moves no state: a
    /// machine's counts as long as nobody has looked at the complaint, a person's always.
    Assess(Assessment),
    /// T06 (F021, F022).
    AcceptComplaint {
        /// Whether the matter is this platform's.
        in_scope: bool,
        /// Whether the one who decides or handles stands too near to a party (L06).
        conflict: bool,
        /// The handler or staff number that the notice names.
        handler: Option<String>,
        /// Whether the tenant's profile lets a rule accept complaints of this (low) risk.
        rule_may_accept: bool,
    },
    /// T07 (L03, L04). A person decides, always.
    RefuseComplaint {
        /// Why.
        reason: RefusalReason,
        /// What the notice says.
        notice: RefusalNotice,
    },
    /// T08: the complainant asks that someone else look at the refusal.
    RequestReview {
        /// Who will.
        reviewer: String,
    },
    /// T09–T29 and what moves the regions: a fact of another service. Never refused with an error, see
    /// [`Event::FactRefused`](super::Event::FactRefused).
    TakeFact(Fact),
    /// T30.
    Withdraw {
        /// Whether a joint complaint's members agree.
        consent: GroupConsent,
        /// Whether a danger would be lost from sight.
        safety_lead: SafetyLead,
    },
    /// T31. A person merges, never a rule (U13).
    Merge(MergeTarget),
    /// T32: undoes T31.
    Unmerge {
        /// Why: an entry of the tenant's list.
        reason: Code,
    },
    /// T33: hands the case to an outside body.
    Refer {
        /// Which.
        body: Code,
        /// Whether the complainant agreed that the data are shared with it (L51).
        consent_to_share: bool,
    },
    /// T34: what the outside body made of it.
    RecordOutcome(ReferralResult),
    /// T35: the case stands still. Two persons.
    Suspend {
        /// Why.
        reason: SuspensionReason,
        /// The second person who agreed.
        second: String,
        /// The day on which the reason is looked at again, after today.
        review_on: Date,
    },
    /// T35: the case goes on where it stood. Two persons.
    Resume {
        /// The second person who agreed.
        second: String,
    },
    /// T36 (F078).
    Reopen {
        /// Why.
        ground: ReopenGround,
        /// Until when the file is kept.
        retention_until: Timestamp,
    },
    /// T37: another unit takes over (F092).
    Transfer {
        /// Which.
        unit: Code,
        /// Whether it has acknowledged (L15: nobody drops a case into the void).
        acknowledged: bool,
        /// Whether the complainant was told.
        complainant_told: bool,
    },
    /// T38: one level up (F061, F169), or to where the ladder of another service stands.
    Escalate {
        /// Why.
        reason: EscalationReason,
        /// To which level; none for the next.
        to: Option<Level>,
    },
    /// T39: one submission held several matters (L01, L10).
    SplitMatter {
        /// The complaint made of the part.
        child: ComplaintId,
        /// What kind of matter it is.
        matter: Matter,
        /// Its confidentiality label; it must have one of its own.
        label: Option<Code>,
        /// Whether it was given clocks of its own.
        own_clocks: bool,
    },
}
