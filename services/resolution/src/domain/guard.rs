//! Guards that do not hold: the reason, and what would satisfy it.

use redress_domain::{ErrorKind, Problem};

use super::state::State;

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $message:literal, $satisfied:literal;)+) => {
        /// Why something is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }

        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The reason code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// A sentence for people.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }

            /// What would satisfy the guard.
            pub const fn satisfied_by(self) -> &'static str {
                match self { $(Self::$variant => $satisfied,)+ }
            }
        }
    };
}

refusals! {
    /// T17, I10.
    ReviewerIsAuthor = "REVIEWER_IS_AUTHOR", "who wrote a plan or determined its liability does not review it", "another reviewer";
    /// Separation of roles (domain.md §7).
    ReviewerInvestigated = "REVIEWER_INVESTIGATED", "who found the facts does not review the plan", "a reviewer who took no part in the investigation";
    /// T29, L25.
    ReviewerInLine = "REVIEWER_IN_LINE", "an appeal is decided outside the line of whoever decided", "a reviewer who took no part in investigation, plan, review or decision";
    /// Four eyes.
    SecondIsDecider = "SECOND_IS_DECIDER", "who decided does not confirm the decision", "another person";
    /// Four eyes (T22): a call has two.
    FourEyesNeeded = "FOUR_EYES_NEEDED", "in a major case money is ordered by a decision that two people made", "a ruling, or an appeal";
    /// Four eyes: who ordered money does not say that it was paid.
    ConfirmerOrdered = "CONFIRMER_ORDERED", "who ordered money does not prove that it was paid", "another person";
    /// Four eyes: who ordered it does not give it up.
    GiverUpOrdered = "GIVER_UP_ORDERED", "who ordered a remedy does not give it up", "another supervisor";
    /// Somebody is owed what is given up.
    ReplacementMissing = "REPLACEMENT_MISSING", "what is owed is not given up without another remedy in its place", "replacement";
    /// F141.
    ContestedDecider = "CONTESTED_DECIDER", "who made the disputed decision does not handle the dispute", "somebody else";
    /// F141.
    DecidersNotNamed = "CONTESTED_DECIDERS_NOT_NAMED", "it is not known who made the disputed decision", "NameContestedDeciders";
    /// Separation of roles: the two topics are read at their own pace.
    InvestigatorsUnknown = "INVESTIGATORS_UNKNOWN", "who found the facts has not been heard of yet", "waiting for it";
    /// T17.
    OverAuthority = "AMOUNT_OVER_AUTHORITY", "the amount is above the caller's authority", "a reviewer with a higher limit";
    /// T17.
    LiabilityMissing = "LIABILITY_MISSING", "nobody has determined who answers", "DetermineLiability with pinned rules";
    /// L22, L24.
    RuleNotInForce = "RULE_NOT_IN_FORCE", "a rule is not in force on the day of the decision", "a version that is in force";
    /// L28.
    ForcedRefund = "REFUND_WITHOUT_RETURN_NEEDS_BASIS", "a refund without return, or of all that was paid in parts, is not charged to whoever sold without its consent or an explicit rule", "chargeBasis, or the platform as payer";
    /// L28, where a ruling cannot rest on consent.
    ConsentNotGiven = "MERCHANT_CONSENT_MISSING", "the merchant has not consented", "an explicit rule, or the platform as payer";
    /// The wrong state of the lifecycle.
    WrongState = "WRONG_STATE", "the case does not stand where this is possible", "the state named in the metadata";
    /// The wrong state of a proposal.
    ProposalNotOpen = "PROPOSAL_NOT_OPEN", "the proposal is not open to answers", "an open proposal";
    /// Sub-lifecycle of an offer.
    OfferExpired = "OFFER_EXPIRED", "the time to answer is over", "a new revision";
    /// Sub-lifecycle of an offer.
    RevisionSuperseded = "REVISION_SUPERSEDED", "a later revision has taken its place", "the latest revision";
    /// T17.
    NotInReview = "PROPOSAL_NOT_IN_REVIEW", "the proposal does not wait for a review", "a proposal in review";
    /// T17.
    NotApproved = "PROPOSAL_NOT_APPROVED", "the proposal was not approved", "ReviewPlan by another person";
    /// The lifecycle has not heard yet.
    NotAdvanced = "LIFECYCLE_NOT_ADVANCED", "the lifecycle has not moved yet", "waiting for it";
    /// One answer per revision counts.
    AlreadyAccepted = "ALREADY_ACCEPTED", "the party has accepted another option of this revision", "a new revision";
    /// L02.
    NoMandate = "REPRESENTATIVE_WITHOUT_MANDATE", "who acts for a party proves that the party agrees", "consent with kind, reference and sha256";
    /// L02: a proof that nobody can look at proves nothing.
    ConsentNotInEvidence = "CONSENT_NOT_IN_EVIDENCE", "the proof of the party's consent is not among the evidence of this case", "SubmitEvidence, and its id and sha256 as reference and sha256";
    /// Separation of roles (domain.md §7).
    AcceptorWroteIt = "ACCEPTOR_WROTE_IT", "who wrote or reviewed a revision does not accept it in a party's name", "the party itself, or another member of staff";
    /// Nobody is charged by an agreement without being a party to it.
    PayerNotAParty = "PAYER_NOT_A_PARTY", "a payer is no party of the case, and could not agree", "a payer among the respondents, or the platform";
    /// Nobody is paid who has no part in the case.
    PayeeNotAParty = "PAYEE_NOT_A_PARTY", "money goes to a party of the case", "the complainant, a respondent or the platform";
    /// L06: declared in the investigation, and binding here too.
    Recused = "RECUSED", "who is recused from a case may do nothing more on it", "another member of staff";
    /// T20: who acts for a party shows that the party agrees to this and to nothing else.
    ConsentToOther = "CONSENT_FOR_OTHER_TERMS", "the proof shows consent to something else than what is accepted", "consent.optionSha256 as the accepted option shows it";
    /// A case is judged whole, so it has an end.
    TooManyAnswers = "TOO_MANY_ANSWERS", "the parties have answered each other too often", "TerminateMediation or RequestIntervention";
    /// The first acceptance fixes the option of a revision.
    OtherOptionAccepted = "OTHER_OPTION_ACCEPTED", "another party has accepted another option of this revision", "that option, a counter-offer or a new revision";
    /// One at a time.
    ProposalPending = "PROPOSAL_PENDING", "another proposal of the case is not settled yet", "its end";
    /// A decision waits for the lifecycle or a second person.
    DecisionPending = "DECISION_PENDING", "a decision is under way already", "its end";
    /// Four eyes.
    NotAwaitingSecond = "NOT_AWAITING_SECOND", "the decision does not wait for a second person", "a decision that does";
    /// T21, L08.
    SixtyDaysNotOver = "SIXTY_DAYS_NOT_OVER", "sixty days from acceptance are not over (C21)", "the end of clock C21, or the reason for which mediation ends now";
    /// T28.
    AppealWindowOver = "APPEAL_WINDOW_OVER", "the time to appeal is over", "new evidence, with which a supervisor reopens the case";
    /// T28.
    NothingToAppeal = "NOTHING_TO_APPEAL", "nothing has been decided yet", "a decision";
    /// One at a time.
    AppealPending = "APPEAL_PENDING", "another appeal of the case is not decided yet", "its end";
    /// T29.
    AppealNotUnderReview = "APPEAL_NOT_UNDER_REVIEW", "the appeal is not under review", "an appeal under review";
    /// An appeal is decided once the other side was heard, or had its time.
    ReplyAwaited = "APPEAL_REPLY_AWAITED", "another party has not replied to the appeal, and still has time to", "ReplyToAppeal by the parties named in the metadata, or the end of their time";
    /// Who appeals has its grounds, and the platform its staff.
    NoReplyAsked = "NO_REPLY_ASKED", "the party is not asked to reply to this appeal", "a party that is";
    /// One reply per party.
    AppealReplied = "APPEAL_REPLIED", "the party has replied to this appeal", "nothing";
    /// A reply has its term.
    ReplyOver = "APPEAL_REPLY_OVER", "the time to reply to the appeal is over", "nothing";
    /// Nothing counts against a side that it was not shown (F003, F025).
    EvidenceNotShown = "EVIDENCE_NOT_SHOWN", "the appeal or a reply to it names evidence that a side of the case has not been shown", "ProduceRendition of investigation for the audiences named in the metadata; by hand where nothing can be redacted";
    /// N15.
    GroundUnanswered = "GROUND_UNANSWERED", "each ground of an appeal is answered", "an answer to each ground";
    /// F084.
    ReportPartMissing = "REPORT_PART_MISSING", "a handling report has seven parts", "all seven parts";
    /// F005.
    OutcomeMissing = "OUTCOME_MISSING", "the case has no outcome and cause yet", "a settlement or ruling, and a determination of liability";
    /// One report per result.
    ReportExists = "REPORT_EXISTS", "the report of this result was issued", "a new result";
    /// F151.
    HandlingReportMissing = "REPORT_MISSING", "the handling report was not issued", "IssueHandlingReport";
    /// One answer per result.
    ResultAnswered = "RESULT_ANSWERED", "the result was answered", "a new result";
    /// T09.
    NegotiationNotAllowed = "NEGOTIATION_NOT_ALLOWED", "urgent and major cases are not left to the parties", "OpenInvestigation";
    /// Crypto-shredded.
    SubjectErased = "SUBJECT_ERASED", "the personal fields of this complaint were erased", "nothing";
}

impl Refusal {
    /// As callers are told.
    pub fn problem(self) -> Problem {
        Problem::new(ErrorKind::FailedPrecondition, self.code(), self.message())
            .with("satisfied_by", self.satisfied_by())
    }

    /// [`WrongState`](Self::WrongState), with where the case stands and where it should.
    pub fn wrong_state(state: State, wanted: &[State]) -> Problem {
        let wanted: Vec<_> = wanted.iter().map(|state| state.code()).collect();
        Self::WrongState.problem().with("state", state.code()).with("wanted", wanted.join(","))
    }
}

/// The guard `holds`, or the refusal.
pub fn require(holds: bool, refusal: Refusal) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(refusal.problem()) }
}
