//! The parameters of statutory entitlements, as data with versions and days of effect.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::Offset;
use redress_domain::Currency;
use serde::Deserialize;
use thiserror::Error;

use super::facts::{EntitlementKind, GoodsClass};
use crate::domain::text::is_rule_ref;

/// Whose goods may be returned without a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoReasonReturn {
    /// Days after the one of signing for.
    pub days: u32,
    /// Goods that may never be returned so.
    pub excluded: Vec<GoodsClass>,
    /// Goods that may not where the consumer confirmed it at purchase.
    pub excluded_if_confirmed: Vec<GoodsClass>,
}

/// A term.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// Days after the one of the event.
    pub days: u32,
}

/// Compensation for fraud.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fraud {
    /// How many times the price.
    pub multiple: u32,
    /// The least, minor units.
    pub minimum_minor: i64,
}

/// Compensation for food below the standard.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Food {
    /// How many times the price …
    pub price_multiple: u32,
    /// … or how many times the loss.
    pub loss_multiple: u32,
    /// The least, minor units.
    pub minimum_minor: i64,
}

/// The parameters of one entitlement.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameters {
    /// See [`EntitlementKind::NoReasonReturn`]; the others likewise.
    NoReasonReturn(NoReasonReturn),
    #[expect(missing_docs, reason = "named like its kind")]
    QualityReturn(Days),
    #[expect(missing_docs, reason = "named like its kind")]
    #[serde(rename = "fraud_3x")]
    Fraud3x(Fraud),
    #[expect(missing_docs, reason = "named like its kind")]
    #[serde(rename = "food_10x")]
    Food10x(Food),
    #[expect(missing_docs, reason = "named like its kind")]
    PartialRefund {},
    #[expect(missing_docs, reason = "named like its kind")]
    PriceDifference {},
    #[expect(missing_docs, reason = "named like its kind")]
    Freight {},
    #[expect(missing_docs, reason = "named like its kind")]
    RefundLimit(Days),
    #[expect(missing_docs, reason = "named like its kind")]
    DeliberateDelay(Days),
}

impl Parameters {
    /// Which entitlement they are of.
    pub const fn kind(&self) -> EntitlementKind {
        match self {
            Self::NoReasonReturn(_) => EntitlementKind::NoReasonReturn,
            Self::QualityReturn(_) => EntitlementKind::QualityReturn,
            Self::Fraud3x(_) => EntitlementKind::Fraud3x,
            Self::Food10x(_) => EntitlementKind::Food10x,
            Self::PartialRefund {} => EntitlementKind::PartialRefund,
            Self::PriceDifference {} => EntitlementKind::PriceDifference,
            Self::Freight {} => EntitlementKind::Freight,
            Self::RefundLimit(_) => EntitlementKind::RefundLimit,
            Self::DeliberateDelay(_) => EntitlementKind::DeliberateDelay,
        }
    }
}

/// Parameters under the rule that gives them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The rule, as rule@version.
    pub rule: String,
    /// From when on they hold.
    pub effective_at: Timestamp,
    /// What they are.
    pub parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    offset_hours: i8,
    currency: Currency,
    version: Vec<Version>,
}

/// Parameters that do not read.
#[derive(Debug, Error)]
pub enum ShippedError {
    /// No TOML of this form.
    #[error("the parameters do not read: {0}")]
    Form(#[from] toml::de::Error),
    /// No offset from UTC.
    #[error("{0} hours are no offset")]
    Offset(i8),
    /// A rule without a version.
    #[error("{0} is no rule@version")]
    Rule(String),
    /// Two versions from the same instant.
    #[error("two versions of {0} begin at once")]
    Twice(EntitlementKind),
}

/// All parameters.
#[derive(Debug, Clone)]
pub struct Shipped {
    offset: Offset,
    currency: Currency,
    versions: Vec<Version>,
}

impl Shipped {
    /// Those that come with this version of the service.
    ///
    /// # Errors
    /// None: the file is compiled in and read by a test. It is an error all the same, for a caller to pass on.
    pub fn cn() -> Result<&'static Self, &'static ShippedError> {
        static CN: LazyLock<Result<Shipped, ShippedError>> =
            LazyLock::new(|| Shipped::read(include_str!("../../../data/entitlement/cn.toml")));
        CN.as_ref()
    }

    /// Reads parameters.
    pub fn read(text: &str) -> Result<Self, ShippedError> {
        let File { offset_hours, currency, version: versions } = toml::from_str(text)?;
        let offset = Offset::from_hours(offset_hours).map_err(|_| ShippedError::Offset(offset_hours))?;
        for (index, one) in versions.iter().enumerate() {
            if !is_rule_ref(&one.rule) {
                return Err(ShippedError::Rule(one.rule.clone()));
            }
            let same = |other: &Version| {
                (other.parameters.kind(), other.effective_at) == (one.parameters.kind(), one.effective_at)
            };
            if versions[..index].iter().any(same) {
                return Err(ShippedError::Twice(one.parameters.kind()));
            }
        }
        Ok(Self { offset, currency, versions })
    }

    /// The parameters of `kind` in force at `at`.
    pub fn in_force(&self, kind: EntitlementKind, at: Timestamp) -> Option<&Version> {
        let holds = |version: &&Version| version.parameters.kind() == kind && version.effective_at <= at;
        self.versions.iter().filter(holds).max_by_key(|version| version.effective_at)
    }

    /// All of them.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    pub(super) const fn currency(&self) -> Currency {
        self.currency
    }

    pub(super) const fn offset(&self) -> Offset {
        self.offset
    }
}
