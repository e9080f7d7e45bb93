//! Where a complaint stands, by the code that tables and answers carry.

use redress_domain::coded_enum;

coded_enum! {
    /// A state of the lifecycle, as intake's events tell it.
    State {
        /// 已登记
        Received = "received",
        /// 待补正
        AwaitingCompletion = "awaiting_completion",
        /// 受理审查
        AdmissibilityReview = "admissibility_review",
        /// 不予受理
        NotAccepted = "not_accepted",
        /// 已受理
        Accepted = "accepted",
        /// 双方协商
        DirectNegotiation = "direct_negotiation",
        /// 调查取证
        Investigating = "investigating",
        /// 方案内审
        PlanReview = "plan_review",
        /// 调解协商
        Mediating = "mediating",
        /// 裁决中
        Ruling = "ruling",
        /// 执行中
        Executing = "executing",
        /// 已反馈待确认
        ResultNotified = "result_notified",
        /// 申诉复核
        UnderAppeal = "under_appeal",
        /// 已结案
        Closed = "closed",
        /// 已撤诉
        Withdrawn = "withdrawn",
        /// 已并案
        Merged = "merged",
        /// 转外部处理
        Referred = "referred",
        /// 中止
        Suspended = "suspended",
    }
}

impl State {
    /// Whether the case has ended here. Each end but withdrawal has a way back, which takes the end away again.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Closed | Self::Withdrawn | Self::Merged)
    }
}
