//! Closed lists of reasons that the law and the domain prescribe.

use redress_domain::coded_enum;

coded_enum! {
    /// Why a complaint was not accepted (F021, L04).
    RefusalReason {
        /// Not this platform's matter.
        NotCompetent = "not_competent",
        /// A court, authority or consumer body has taken or ended it.
        HandledElsewhere = "handled_elsewhere",
        /// A question, praise or suggestion; nothing is disputed.
        NoDispute = "no_dispute",
        /// Bought to claim or to resell.
        NotLivingConsumption = "not_living_consumption",
        /// Known to the complainant for more than three years.
        OverThreeYears = "over_three_years",
        /// Material is forged, or was refused after a request.
        FalseOrMissingMaterial = "false_or_missing_material",
        /// Acts for another without a mandate, or refuses verification.
        IdentityNotVerifiable = "identity_not_verifiable",
        /// Mere abuse, advertising or a test.
        AbuseOrSpam = "abuse_or_spam",
        /// Settled and executed before, without a new fact.
        DuplicateSettled = "duplicate_settled",
        /// Out of all proportion, without a loss.
        UnreasonableDemand = "unreasonable_demand",
        /// The completion that was asked for did not come in time (T04). Given by the clock, never by a person.
        Incomplete = "incomplete",
    }
}

impl RefusalReason {
    /// Whether the reason reproaches the complainant with misuse, which only a supervisor may do (T07; L05: signals of
    /// abuse are hints, never a refusal by themselves).
    pub const fn is_abuse(self) -> bool {
        matches!(self, Self::NotLivingConsumption | Self::AbuseOrSpam)
    }
}

coded_enum! {
    /// Why a case stands still (T35).
    SuspensionReason {
        /// Someone who decides must step aside (L06).
        Recusal = "recusal",
        /// The police have it (L13).
        Police = "police",
        /// A court has it.
        Court = "court",
        /// 不可抗力.
        ForceMajeure = "force_majeure",
    }
}

coded_enum! {
    /// What brings a closed complaint back (T36, F078).
    ReopenGround {
        /// Evidence that was not known at the closing.
        NewEvidence = "new_evidence",
        /// A remedy that had been executed was undone.
        RemedyReversed = "remedy_reversed",
    }
}

coded_enum! {
    /// What drives an escalation (T38, escalation ladder).
    EscalationReason {
        /// A share of a clock has passed.
        ClockWarned = "clock_warned",
        /// A clock was breached.
        ClockBreached = "clock_breached",
        /// Two complaints or more within 72 hours.
        RepeatComplaint = "repeat_complaint",
        /// Three visits or more within 24 hours (L49).
        RepeatVisits = "repeat_visits",
        /// The complainant went over the handler's head (F169).
        OverTheHead = "over_the_head",
        /// Part of an incident with one cause (L34).
        Cluster = "cluster",
        /// Spreading in public.
        PublicSpread = "public_spread",
        /// A remedy could not be executed.
        RemedyFailed = "remedy_failed",
        /// The handler asks for a higher level (F061).
        HandlerRequest = "handler_request",
    }
}

coded_enum! {
    /// Why a mediation ended (L08, in the law's order).
    TerminationReason {
        /// Withdrawn or settled between the parties.
        WithdrawnOrSettled = "withdrawn_or_settled",
        /// A party is absent or refuses.
        PartyAbsent = "party_absent",
        /// No agreement.
        NoAgreement = "no_agreement",
        /// No agreement on a test or its fee.
        NoTestAgreement = "no_test_agreement",
        /// 60 days from acceptance without agreement.
        SixtyDays = "sixty_days",
        /// A ground for refusal was found.
        RefusalGroundFound = "refusal_ground_found",
        /// A party died or ceased.
        PartyCeased = "party_ceased",
        /// Anything else that ends it.
        Other = "other",
    }
}

coded_enum! {
    /// What a closed complaint came to (F005).
    ///
    /// The other outcomes of the taxonomy follow from the other ends: withdrawn, lapsed, refused, duplicate.
    Outcome {
        /// In full.
        Upheld = "upheld",
        /// In part.
        PartlyUpheld = "partly_upheld",
        /// Not at all, with a reasoned explanation.
        NotUpheld = "not_upheld",
        /// Settled without a finding.
        SettledNoFinding = "settled_no_finding",
        /// Mediation ended without agreement.
        TerminatedNoAgreement = "terminated_no_agreement",
        /// An outside body has dealt with it.
        Referred = "referred",
    }
}
