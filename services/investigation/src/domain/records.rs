//! What the platform's own systems are asked for when a complaint is registered (L32, F002, F027).

use redress_domain::coded_enum;

use super::evidence::EvidenceType;
use super::timeline::Source;

coded_enum! {
    /// A question to the platform.
    Question {
        /// The order.
        Order = "order",
        /// The part of a live session.
        LiveSegment = "live_segment",
        /// Conversations about the order.
        ChatLog = "chat_log",
        /// Payments of the order.
        Payment = "payment",
        /// The parcels.
        Logistics = "logistics",
    }
}

coded_enum! {
    /// How a record stands.
    RecordState {
        /// Being asked for.
        Pending = "pending",
        /// Held.
        Held = "held",
        /// The platform says that there is none.
        Absent = "absent",
        /// It could not be had.
        Failed = "failed",
    }
}

impl Question {
    /// What its answer should hold. The list of L32: live account, replay and interaction, the page at the time of the
    /// order, the customer-service record, payment, logistics, returns, after-sales.
    pub const fn expected(self) -> &'static [EvidenceType] {
        match self {
            Self::Order => &[
                EvidenceType::OrderRecord,
                EvidenceType::ProductPageSnapshot,
                EvidenceType::ServicePromise,
                EvidenceType::ReturnRecord,
                EvidenceType::AfterSalesRecord,
            ],
            Self::LiveSegment => &[
                EvidenceType::LiveAccount,
                EvidenceType::LiveReplaySegment,
                EvidenceType::LiveWordingTranscript,
                EvidenceType::LiveInteraction,
            ],
            Self::ChatLog => &[EvidenceType::ChatLog],
            Self::Payment => &[EvidenceType::PaymentRecord],
            Self::Logistics => &[EvidenceType::LogisticsTrace],
        }
    }

    /// Where the events of its answer are known from.
    pub const fn source(self) -> Source {
        match self {
            Self::Order => Source::Order,
            Self::LiveSegment => Source::Live,
            Self::ChatLog => Source::Chat,
            Self::Payment => Source::Payment,
            Self::Logistics => Source::Logistics,
        }
    }
}

/// The questions of a complaint that names an order, a live session, both or neither.
pub fn questions(order: bool, live: bool) -> Vec<Question> {
    Question::ALL
        .iter()
        .copied()
        .filter(|question| if *question == Question::LiveSegment { live } else { order })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_purchase_is_asked_for_all_that_the_law_wants_kept() {
        let all: Vec<EvidenceType> =
            questions(true, true).into_iter().flat_map(|q| q.expected().iter().copied()).collect();
        for kind in [
            EvidenceType::LiveAccount,
            EvidenceType::LiveReplaySegment,
            EvidenceType::LiveInteraction,
            EvidenceType::ProductPageSnapshot,
            EvidenceType::ChatLog,
            EvidenceType::PaymentRecord,
            EvidenceType::LogisticsTrace,
            EvidenceType::ReturnRecord,
            EvidenceType::AfterSalesRecord,
        ] {
            assert!(all.contains(&kind), "{kind}");
        }
        assert_eq!(questions(false, true), [Question::LiveSegment]);
        assert!(questions(false, false).is_empty());
    }
}
