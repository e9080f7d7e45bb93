//! Tests of goods by an independent laboratory: agreed → ordered → sampled → reported | abandoned (F028, L07).

use jiff::Timestamp;
use redress_domain::{Money, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refusal;

coded_enum! {
    /// Where a test stands.
    TestState {
        /// Laboratory and fee are agreed.
        Agreed = "agreed",
        /// Ordered; its time does not count.
        Ordered = "ordered",
        /// The laboratory has the sample.
        Sampled = "sampled",
        /// The report is there.
        Reported = "reported",
        /// Given up.
        Abandoned = "abandoned",
    }
}

coded_enum! {
    /// Who pays.
    FeeBearer {
        /// Who complained.
        Complainant = "complainant",
        /// Whom the complaint is directed at.
        Respondent = "respondent",
        /// The platform.
        Platform = "platform",
        /// Each half.
        Shared = "shared",
        /// Whoever turns out to be in the wrong.
        LosingSide = "losing_side",
    }
}

/// A step of a sample's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// Who has it, as a code or pseudonym.
    pub holder: String,
    /// Since when.
    pub at: Timestamp,
    /// The number of the seal.
    pub seal_no: String,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsTest {
    /// Its id.
    pub id: Uuid,
    /// The round in which it was agreed.
    pub round: i32,
    /// Where it stands.
    pub state: TestState,
    /// The laboratory, as a code.
    pub lab: String,
    /// What is tested, as a code.
    pub subject: String,
    /// What it costs.
    pub fee: Money,
    /// Who bears the fee.
    pub fee_bearer: FeeBearer,
    /// The evidence of the agreement.
    pub agreement: Vec<Uuid>,
    /// Who had the sample, in order.
    pub custody: Vec<Custody>,
    /// The report among the evidence.
    pub report: Option<Uuid>,
    /// Why it was given up; empty if it was not.
    pub abandoned_reason: String,
    /// When it was ordered.
    pub ordered_at: Option<Timestamp>,
    /// When it was reported or given up.
    pub ended_at: Option<Timestamp>,
    /// Version of the event that announced the order; 0 before.
    pub announced: i64,
}

/// Whether the agreement that is shown suffices: whoever may have to pay has agreed; the platform needs nobody's.
///
/// # Errors
/// If it does not.
pub fn agreed(bearer: FeeBearer, agreement: &[Uuid]) -> Result<(), Refusal> {
    if bearer != FeeBearer::Platform && agreement.is_empty() {
        Err(Refusal::AgreementMissing)
    } else {
        Ok(())
    }
}

impl GoodsTest {
    /// Whether it keeps the case waiting.
    pub fn is_running(&self) -> bool {
        matches!(self.state, TestState::Ordered | TestState::Sampled)
    }

    /// Orders it.
    ///
    /// # Errors
    /// If it does not wait to be ordered, or the agreement is missing.
    pub fn order(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.state != TestState::Agreed {
            return Err(Refusal::TestNotAgreed);
        }
        agreed(self.fee_bearer, &self.agreement)?;
        self.state = TestState::Ordered;
        self.ordered_at = Some(now);
        Ok(())
    }

    /// The sample changes hands; at the laboratory the test begins.
    ///
    /// # Errors
    /// If it does not run.
    pub fn hand_over(&mut self, custody: Custody, at_lab: bool) -> Result<(), Refusal> {
        if !self.is_running() {
            return Err(Refusal::TestNotRunning);
        }
        self.custody.push(custody);
        if at_lab {
            self.state = TestState::Sampled;
        }
        Ok(())
    }

    /// The report is there.
    ///
    /// # Errors
    /// If it does not run.
    pub fn report(&mut self, report: Uuid, now: Timestamp) -> Result<(), Refusal> {
        if !self.is_running() {
            return Err(Refusal::TestNotRunning);
        }
        self.state = TestState::Reported;
        self.report = Some(report);
        self.ended_at = Some(now);
        Ok(())
    }

    /// Gives it up, also before it is ordered.
    ///
    /// # Errors
    /// If it is over.
    pub fn abandon(&mut self, reason: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.ended_at.is_some() {
            return Err(Refusal::TestNotRunning);
        }
        self.state = TestState::Abandoned;
        reason.clone_into(&mut self.abandoned_reason);
        self.ended_at = Some(now);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn agreed_test(bearer: FeeBearer, agreement: Vec<Uuid>) -> GoodsTest {
        GoodsTest {
            id: Uuid::nil(),
            round: 1,
            state: TestState::Agreed,
            lab: "lab-1".into(),
            subject: "fibre".into(),
            fee: Money::new("CNY", 30_000).unwrap(),
            fee_bearer: bearer,
            agreement,
            custody: Vec::new(),
            report: None,
            abandoned_reason: String::new(),
            ordered_at: None,
            ended_at: None,
            announced: 0,
        }
    }

    #[test]
    fn nobody_pays_for_a_test_without_having_agreed() {
        let now = Timestamp::UNIX_EPOCH;
        for &bearer in FeeBearer::ALL {
            let free = bearer == FeeBearer::Platform;
            assert_eq!(agreed_test(bearer, vec![]).order(now).is_ok(), free, "{bearer}");
            assert!(agreed_test(bearer, vec![Uuid::nil()]).order(now).is_ok(), "{bearer}");
        }
    }

    #[test]
    fn a_test_goes_its_way_step_by_step() {
        let now = Timestamp::UNIX_EPOCH;
        let mut test = agreed_test(FeeBearer::Platform, vec![]);
        let custody = Custody { holder: "carrier-1".into(), at: now, seal_no: "S1".into() };
        assert_eq!(test.hand_over(custody.clone(), false), Err(Refusal::TestNotRunning));
        test.order(now).unwrap();
        assert_eq!(test.order(now), Err(Refusal::TestNotAgreed));
        test.hand_over(custody.clone(), false).unwrap();
        assert_eq!(test.state, TestState::Ordered);
        test.hand_over(custody, true).unwrap();
        assert_eq!(test.state, TestState::Sampled);
        test.report(Uuid::from_u128(1), now).unwrap();
        assert_eq!(test.abandon("late", now), Err(Refusal::TestNotRunning));
        assert!(!test.is_running());
    }
}
