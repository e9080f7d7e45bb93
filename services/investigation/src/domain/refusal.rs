//! Guards that do not hold: the reason for programs, a sentence for people, and what would satisfy the guard.

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $reason:literal, $message:literal, $satisfied_by:literal;)+) => {
        /// A guard that does not hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }

        impl Refusal {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Stable code for programs.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)+ }
            }

            /// A sentence for people.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }

            /// What would satisfy it.
            pub const fn satisfied_by(self) -> &'static str {
                match self { $(Self::$variant => $satisfied_by,)+ }
            }
        }
    };
}

refusals! {
    /// The complaint is not where an investigation can be opened (T12).
    NotAccepted = "COMPLAINT_NOT_ACCEPTED", "the complaint does not stand where an investigation can be opened",
        "an accepted complaint";
    /// A major case needs its task group first (F057).
    TaskGroupMissing = "TASK_GROUP_MISSING", "a major case is opened by its task group", "FormTaskGroup";
    /// A major case needs a detailed plan (F057).
    PlanMissing = "PLAN_MISSING", "a major case needs a written plan", "a plan in words";
    /// A task group was formed after the facts were found.
    GroupTooLate = "GROUP_TOO_LATE", "the investigation is over", "a case that is reopened";
    /// The investigation is not open.
    NotOpen = "INVESTIGATION_NOT_OPEN", "the investigation is not open", "an open investigation";
    /// The case stands still (T35).
    Suspended = "CASE_SUSPENDED", "the case is suspended", "ResumeCase of intake";
    /// The caller may not be impartial (L06).
    Recused = "RECUSED", "who is recused from a case may do nothing more on it", "another member of staff";
    /// Somebody who is recused was named for the case.
    NamedIsRecused = "NAMED_IS_RECUSED", "somebody who is recused cannot be given work on the case",
        "another member of staff";
    /// There is no such task, or it is done.
    TaskNotOpen = "TASK_NOT_OPEN", "the task is not open", "a task that is open";
    /// A request that asks for nothing.
    NothingAsked = "NOTHING_ASKED", "the checklist asks nothing of this side", "items in the request";
    /// A party that the case does not have.
    PartyNotInCase = "PARTY_NOT_IN_CASE", "the case has no such party", "a party that the submission names";
    /// Too little time to answer.
    DueTooSoon = "DUE_TOO_SOON", "a party has at least 24 hours to answer", "a later time";
    /// The request is answered, lapsed or cancelled.
    RequestSettled = "EVIDENCE_REQUEST_SETTLED", "the request is settled", "a request that is open";
    /// The time is over (C11).
    RequestOverdue = "EVIDENCE_REQUEST_OVERDUE", "the time for an answer is over", "a new request";
    /// A side has brought as many pieces as a case holds of it.
    TooManyPieces = "EVIDENCE_TOO_MANY", "this side has brought as many pieces as a case holds", "pieces in one archive";
    /// The request was extended before.
    AlreadyExtended = "ALREADY_EXTENDED", "more time is given once", "an answer in time";
    /// Who bears a test's fee has not agreed (F028, L07).
    AgreementMissing = "FEE_AGREEMENT_MISSING", "who bears the fee of a test agrees to it first",
        "evidence of the agreement";
    /// A test that cannot be ordered.
    TestNotAgreed = "TEST_NOT_AGREED", "the test is not one that waits to be ordered", "AgreeTest";
    /// A test that does not run.
    TestNotRunning = "TEST_NOT_RUNNING", "the test does not run", "OrderTest";
    /// A report that is none.
    ReportMissing = "TEST_REPORT_MISSING", "the report is not among the case's test reports",
        "SubmitEvidence of the report";
    /// Somebody would ask themselves.
    ConsultsSelf = "CONSULTS_SELF", "another person is asked", "somebody else";
    /// A consultation that is over, or somebody else's.
    ConsultationNotOpen = "CONSULTATION_NOT_OPEN", "the consultation is not open to the caller",
        "a consultation that the caller is asked in";
    /// A point that is none of the case's.
    IssueUnknown = "ISSUE_UNKNOWN", "the point is none of the case's", "OpenInvestigation with the point";
    /// Evidence that the case does not have.
    EvidenceUnknown = "EVIDENCE_UNKNOWN", "the case has no such evidence", "evidence of the case";
    /// A fact that rests on nothing.
    FactUnsupported = "FACT_UNSUPPORTED", "a fact rests on evidence that speaks for it", "evidence that supports it";
    /// A refutation that rests on nothing.
    FactNotContradicted = "FACT_NOT_CONTRADICTED", "a fact is refuted by evidence that speaks against it",
        "evidence that contradicts it";
    /// Evidence put aside without a reason.
    DiscardReasonMissing = "DISCARD_REASON_MISSING", "what is put aside keeps its reason", "a reason";
    /// A finding that cannot be replaced.
    FindingNotCurrent = "FINDING_NOT_CURRENT", "the finding to be replaced does not count", "a finding that counts";
    /// A point without a finding (T16).
    FindingMissing = "FINDING_MISSING", "each point needs a finding of somebody who is not recused",
        "RecordFinding on the points that are missing";
    /// A case without a point.
    IssuesMissing = "ISSUES_MISSING", "there is no point to decide", "OpenInvestigation with a point";
    /// A mandatory request is open (T16).
    MandatoryRequestOpen = "MANDATORY_REQUEST_OPEN", "a mandatory request is neither settled nor lapsed",
        "its answer, its lapse, or CancelEvidenceRequest";
    /// A test runs.
    TestRunning = "TEST_RUNNING", "a test runs", "RecordTestReport";
    /// A side could not see what counts against it (F003).
    EvidenceNotShown = "EVIDENCE_NOT_SHOWN", "a finding rests on evidence that a side of the case has not been shown",
        "ProduceRendition of each piece for the side named, by hand where the policy withholds it, or a finding that rests on other evidence";
    /// A side could not answer yet what counts against it (F003).
    HearingNotOver = "HEARING_NOT_OVER", "a side was shown a piece that a finding rests on, and still has time to answer it",
        "an answer of the side named (SubmitEvidence by it), or the time told in `until`";
    /// A copy prepared by hand is brought by those who prepared it.
    PreparedNotByStaff = "PREPARED_NOT_BY_STAFF", "a copy prepared by hand is a piece that staff brought in",
        "SubmitEvidence of the copy by staff";
    /// A major case is concluded by its group.
    NotOfTaskGroup = "NOT_OF_TASK_GROUP", "a major case is concluded by its task group", "a member of the task group";
    /// The platform answers for itself, and nobody has said who decided (F141).
    DecidersNotNamed = "CONTESTED_DECIDERS_NOT_NAMED", "in a dispute with the platform it must be known who decided",
        "NameContestedDeciders of resolution";
    /// An incident that is over.
    IncidentNotOpen = "INCIDENT_NOT_OPEN", "the incident is not confirmed, or is over", "a confirmed incident";
}

impl Refusal {
    /// Whether it is about the caller and not about the case.
    pub const fn is_ban(self) -> bool {
        matches!(self, Self::Recused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_reason_is_a_code_of_its_own_and_says_what_would_satisfy_it() {
        let reasons: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.reason()).collect();
        assert_eq!(reasons.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(refusal.reason().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{refusal:?}");
            assert!(!refusal.satisfied_by().is_empty() && !refusal.message().is_empty());
        }
    }
}
