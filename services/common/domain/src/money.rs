use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A currency by its ISO 4217 alphabetic code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Why a text or a number is no money.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Three capital letters were expected.
    #[error("a currency is three capital letters of ISO 4217")]
    Currency,
    /// Amounts of a claim are not negative.
    #[error("an amount is not negative")]
    Negative,
}

impl Currency {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        // Three ASCII capitals by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::Currency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in minor units (分, cent) with its currency. Never a fraction, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// Minor units, 0 or more.
    pub amount_minor: i64,
}

impl Money {
    /// An amount of `currency`.
    pub fn new(currency: &str, amount_minor: i64) -> Result<Self, MoneyError> {
        if amount_minor < 0 {
            return Err(MoneyError::Negative);
        }
        Ok(Self { currency: currency.parse()?, amount_minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_takes_no_negative_amount_and_no_unknown_form_of_currency() {
        assert_eq!(Money::new("CNY", -1), Err(MoneyError::Negative));
        for bad in ["cny", "CN", "CNYY", "元", ""] {
            assert_eq!(Money::new(bad, 1), Err(MoneyError::Currency), "{bad}");
        }
        assert_eq!(Money::new("CNY", 0).unwrap().currency.to_string(), "CNY");
    }
}
