//! The lifecycle's states as this service hears of them.

use redress_domain::coded_enum;

coded_enum! {
    /// Where a complaint stands (domain.md §2).
    State {
        /// 已登记.
        Received = "received",
        /// 待补正.
        AwaitingCompletion = "awaiting_completion",
        /// 受理审查.
        AdmissibilityReview = "admissibility_review",
        /// 不予受理.
        NotAccepted = "not_accepted",
        /// 已受理.
        Accepted = "accepted",
        /// 双方协商.
        DirectNegotiation = "direct_negotiation",
        /// 调查取证.
        Investigating = "investigating",
        /// 方案内审.
        PlanReview = "plan_review",
        /// 调解协商.
        Mediating = "mediating",
        /// 裁决中.
        Ruling = "ruling",
        /// 执行中.
        Executing = "executing",
        /// 已反馈待确认.
        ResultNotified = "result_notified",
        /// 申诉复核.
        UnderAppeal = "under_appeal",
        /// 已结案.
        Closed = "closed",
        /// 已撤诉.
        Withdrawn = "withdrawn",
        /// 已并案.
        Merged = "merged",
        /// 转外部处理.
        Referred = "referred",
        /// 中止.
        Suspended = "suspended",
    }
}

impl State {
    /// Whether nothing more is to be offered or decided here: the parties' open offers end with it.
    pub const fn ends_offers(self) -> bool {
        matches!(
            self,
            Self::NotAccepted
                | Self::Closed
                | Self::Withdrawn
                | Self::Merged
                | Self::Referred
                | Self::Ruling
                | Self::ResultNotified
                | Self::UnderAppeal
        )
    }
}
