//! What a notice tells.

use redress_domain::coded_enum;

coded_enum! {
    /// The kinds of notice; the numbers are those of the list of notices, the codes name template files.
    NoticeKind {
        /// Receipt confirmation (收到投诉通知).
        Receipt = "n01_receipt",
        /// Acceptance (投诉受理告知书).
        Acceptance = "n02_acceptance",
        /// Non-acceptance (不予受理告知).
        Refusal = "n03_refusal",
        /// Completion request (补正通知).
        Completion = "n04_completion",
        /// Respondent notice (应诉通知).
        Respondent = "n05_respondent",
        /// Evidence request (举证通知).
        Evidence = "n06_evidence",
        /// Progress (进度告知).
        Progress = "n08_progress",
        /// Delay or extension (延期告知).
        Delay = "n09_delay",
        /// Mediation proposal (调解方案).
        Proposal = "n10_proposal",
        /// Settlement document (调解书/和解协议).
        Settlement = "n11_settlement",
        /// Result with its seven parts (处理结果告知, F084).
        Result = "n12_result",
        /// Ruling (裁决通知).
        Ruling = "n13_ruling",
        /// Termination of mediation (终止调解告知).
        Termination = "n14_termination",
        /// What came of an appeal (申诉结果).
        Appeal = "n15_appeal",
        /// Remedy execution (执行通知).
        Execution = "n17_execution",
        /// Survey (满意度调查).
        Survey = "n18_survey",
        /// An alert within the platform: a case goes up a level (升级提醒).
        Escalation = "n24_escalation",
    }
}

coded_enum! {
    /// To whom a notice goes.
    Role {
        /// Who complains.
        Complainant = "complainant",
        /// Whom the complaint is directed at.
        Respondent = "respondent",
        /// Who works on complaints: a role of the platform's, not a person.
        Staff = "staff",
    }
}
