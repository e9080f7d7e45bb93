//! The events that letters about a case under way follow from, or quote.

use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::{
    intake::v1 as intake, investigation::v1 as investigation, resolution::v1 as resolution, sla::v1 as sla,
};

/// The facts whose letters wait until the lifecycle has taken them: those of intake's table (T09–T29) that send any.
pub const WAITING: &[&str] = &[
    "EvidenceRequested",
    "TestOrdered",
    "NegotiationOpened",
    "ProposalRevised",
    "SettlementReached",
    "MediationTerminated",
    "RulingIssued",
    "RemedyExecuted",
    "ResultRejected",
    "AppealFiled",
    "AppealDecided",
];

macro_rules! facts {
    ($($package:ident: $($name:ident)+;)+) => {
        /// A fact, by the name of its event.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the events are documented in the contract")]
        pub enum Fact {
            $($($name($package::$name),)+)+
        }

        impl Fact {
            /// Decodes an event; none for those that letters have nothing from.
            pub fn read(event_type: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
                $($(if event_type == $package::$name::full_name() {
                    return Ok(Some(Self::$name($package::$name::decode(payload)?)));
                })+)+
                Ok(None)
            }

            /// The event's name.
            pub const fn name(&self) -> &'static str {
                match self {
                    $($(Self::$name(_) => stringify!($name),)+)+
                }
            }
        }
    };
}

facts! {
    intake: CompletionRequested;
    investigation: EvidenceRequested EvidenceRequestExtended EvidenceSubmitted RenditionProduced TestOrdered;
    resolution: NegotiationOpened LiabilityDetermined ProposalSent ProposalRevised OfferAccepted SettlementReached
        MediationTerminated RulingIssued RemedyOrdered RemedyExecuted RemedyAdvanced HandlingReportIssued ResultRejected
        AppealFiled AppealDecided;
    sla: ClockStarted ClockResumed ClockWarned DeadlineRecalculated ExtensionApproved EscalationRaised;
}

impl Fact {
    /// Whether its letters wait for the lifecycle's answer.
    pub fn waits(&self) -> bool {
        WAITING.contains(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_that_waits_is_one_that_is_read() {
        let full = |name: &str| {
            ["redress.investigation.v1.", "redress.resolution.v1."].map(|package| format!("{package}{name}"))
        };
        for name in WAITING {
            let known =
                full(name).iter().any(|name| Fact::read(name, &[]).unwrap().is_some_and(|f| f.waits()));
            assert!(known, "{name}");
        }
        assert!(Fact::read("redress.resolution.v1.PlanApproved", &[]).unwrap().is_none());
    }
}
