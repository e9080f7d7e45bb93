//! The names of the commands, and in which capacities each may be given.

use super::act::Capacity;
use super::command::Command;
use redress_domain::coded_enum;

coded_enum! {
    /// The name of a command.
    CommandKind {
        /// T01
        Register = "register",
        /// T02
        RequestCompletion = "request_completion",
        /// T03
        SupplyCompletion = "supply_completion",
        /// T04
        LapseCompletion = "lapse_completion",
        /// T05
        StartReview = "start_review",
        /// Beside the table
        Assess = "assess",
        /// T06
        AcceptComplaint = "accept_complaint",
        /// T07
        RefuseComplaint = "refuse_complaint",
        /// T08
        RequestReview = "request_review",
        /// T09–T29
        TakeFact = "take_fact",
        /// T30
        Withdraw = "withdraw",
        /// T31
        Merge = "merge",
        /// T32
        Unmerge = "unmerge",
        /// T33
        Refer = "refer",
        /// T34
        RecordOutcome = "record_outcome",
        /// T35
        Suspend = "suspend",
        /// T35
        Resume = "resume",
        /// T36
        Reopen = "reopen",
        /// T37
        Transfer = "transfer",
        /// T38
        Escalate = "escalate",
        /// T39
        SplitMatter = "split_matter",
    }
}

impl CommandKind {
    /// In which capacities the command may be given (column "by" of the table), what lets more comes first: it counts
    /// where a caller has several.
    ///
    /// Which token may act in which capacity is for the policy table of the RPCs; this is the rule of the field.
    pub const fn capacities(self) -> &'static [Capacity] {
        use Capacity::{
            Adapter, Agent, Complainant, Handler, IntakeOfficer, Investigator, Legal, Machine, Service,
            Supervisor, Timer,
        };
        match self {
            // Whoever brought a complaint in for somebody also brings in what that person says later.
            Self::Register | Self::SupplyCompletion | Self::RequestReview => &[Complainant, Agent, Adapter],
            Self::RequestCompletion | Self::StartReview | Self::AcceptComplaint => {
                &[IntakeOfficer, Supervisor, Machine]
            }
            Self::LapseCompletion => &[Timer],
            Self::Assess => &[IntakeOfficer, Supervisor, Service, Machine],
            Self::RefuseComplaint => &[Supervisor, IntakeOfficer],
            Self::TakeFact => &[Service, Timer],
            Self::Withdraw => &[Complainant],
            Self::Merge | Self::RecordOutcome | Self::Transfer => &[Handler, Supervisor],
            Self::Unmerge | Self::Reopen => &[Supervisor],
            Self::Refer => &[Handler, Legal, Supervisor],
            Self::Suspend | Self::Resume => &[Supervisor, Legal],
            Self::Escalate => &[Handler, Supervisor, Complainant, Timer],
            Self::SplitMatter => &[IntakeOfficer, Investigator, Supervisor],
        }
    }
}

impl Command {
    /// The command's name.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Register(_) => CommandKind::Register,
            Self::RequestCompletion { .. } => CommandKind::RequestCompletion,
            Self::SupplyCompletion { .. } => CommandKind::SupplyCompletion,
            Self::LapseCompletion { .. } => CommandKind::LapseCompletion,
            Self::StartReview { .. } => CommandKind::StartReview,
            Self::Assess(_) => CommandKind::Assess,
            Self::AcceptComplaint { .. } => CommandKind::AcceptComplaint,
            Self::RefuseComplaint { .. } => CommandKind::RefuseComplaint,
            Self::RequestReview { .. } => CommandKind::RequestReview,
            Self::TakeFact(_) => CommandKind::TakeFact,
            Self::Withdraw { .. } => CommandKind::Withdraw,
            Self::Merge(_) => CommandKind::Merge,
            Self::Unmerge { .. } => CommandKind::Unmerge,
            Self::Refer { .. } => CommandKind::Refer,
            Self::RecordOutcome(_) => CommandKind::RecordOutcome,
            Self::Suspend { .. } => CommandKind::Suspend,
            Self::Resume { .. } => CommandKind::Resume,
            Self::Reopen { .. } => CommandKind::Reopen,
            Self::Transfer { .. } => CommandKind::Transfer,
            Self::Escalate { .. } => CommandKind::Escalate,
            Self::SplitMatter { .. } => CommandKind::SplitMatter,
        }
    }
}
