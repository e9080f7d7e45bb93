//! Measures that are recommended; the platform carries them out (L31).

use jiff::Timestamp;
use redress_domain::{Violations, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::party::PartyRef;

coded_enum! {
    /// The eight measures of L31, from the mildest on.
    SanctionMeasure {
        /// 警示.
        Warning = "warning",
        /// 限制功能.
        LimitFunctions = "limit_functions",
        /// 限制流量.
        LimitTraffic = "limit_traffic",
        /// 暂停直播.
        SuspendLive = "suspend_live",
        /// 限期停播.
        BanLiveForTerm = "ban_live_for_term",
        /// 关闭账号.
        CloseAccount = "close_account",
        /// 禁止重新注册.
        BanRegistration = "ban_registration",
        /// 黑名单.
        Blacklist = "blacklist",
    }
}

impl SanctionMeasure {
    /// Whether it holds for a term that must be told.
    pub const fn has_term(self) -> bool {
        matches!(
            self,
            Self::LimitFunctions
                | Self::LimitTraffic
                | Self::SuspendLive
                | Self::BanLiveForTerm
                | Self::Blacklist
        )
    }
}

/// The longest term, days.
const LONGEST_TERM: u32 = 3_650;

/// Notes what is wrong with a measure's term.
pub fn check_term(measure: SanctionMeasure, days: u32, found: &mut Violations) {
    let fits = if measure.has_term() { (1..=LONGEST_TERM).contains(&days) } else { days == 0 };
    if !fits {
        found.add("termDays", "OUT_OF_RANGE", "1 to 3,650 for measures with a term, 0 for others");
    }
}

/// A recommendation; its words are sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanction {
    /// Its id.
    pub id: Uuid,
    /// Against whom.
    pub subject: PartyRef,
    /// Which measure.
    pub measure: SanctionMeasure,
    /// For how many days; 0 without a term.
    pub term_days: u32,
    /// The rules, as rule@version.
    pub rules: Vec<String>,
    /// When.
    pub recommended_at: Timestamp,
    /// By whom.
    pub recommended_by: String,
}
