//! Who may approve how much (T17): role × severity × amount, as data.

use redress_domain::{Role, Severity};
use serde::Deserialize;
use thiserror::Error;

use super::terms::{RemedyTerms, sums};

/// A row of the matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    role: Role,
    severity: Severity,
    currency: String,
    up_to_minor: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    grant: Vec<Grant>,
}

/// The matrix.
#[derive(Debug, Clone)]
pub struct Authority {
    grants: Vec<Grant>,
}

/// A matrix that does not read.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// It is no TOML of this form.
    #[error("the matrix does not read: {0}")]
    Form(#[from] toml::de::Error),
    /// Two rows say something of the same.
    #[error("two rows for {role} {severity} {currency}")]
    Twice {
        /// The role.
        role: Role,
        /// The severity.
        severity: Severity,
        /// The currency.
        currency: String,
    },
    /// A limit below 0.
    #[error("a limit is 0 or more")]
    Negative,
}

impl Authority {
    /// Reads a matrix.
    pub fn read(text: &str) -> Result<Self, AuthorityError> {
        let File { grant: grants } = toml::from_str(text)?;
        for (index, row) in grants.iter().enumerate() {
            let same = |other: &Grant| {
                (other.role, other.severity, &other.currency) == (row.role, row.severity, &row.currency)
            };
            if grants[..index].iter().any(same) {
                let currency = row.currency.clone();
                return Err(AuthorityError::Twice { role: row.role, severity: row.severity, currency });
            }
            if row.up_to_minor < 0 {
                return Err(AuthorityError::Negative);
            }
        }
        Ok(Self { grants })
    }

    /// Whether somebody with `roles` may approve every one of `options` in a case of that severity.
    pub fn covers<'a>(
        &self,
        roles: &[Role],
        severity: Severity,
        options: impl IntoIterator<Item = &'a [RemedyTerms]>,
    ) -> bool {
        options.into_iter().all(|option| {
            let sums = sums(option);
            if sums.is_empty() {
                return self.grants.iter().any(|g| roles.contains(&g.role) && g.severity == severity);
            }
            sums.iter()
                .all(|(currency, sum)| self.limit(roles, severity, currency).is_some_and(|l| *sum <= l))
        })
    }

    fn limit(&self, roles: &[Role], severity: Severity, currency: &str) -> Option<i64> {
        let fits = |g: &&Grant| roles.contains(&g.role) && g.severity == severity && g.currency == currency;
        self.grants.iter().filter(fits).map(|grant| grant.up_to_minor).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::tests::refund;

    const SHIPPED: &str = include_str!("../../data/authority.toml");

    #[test]
    fn a_limit_holds_to_the_cent_and_the_highest_role_counts() {
        let authority = Authority::read(SHIPPED).unwrap();
        let covers = |roles: &[Role], severity, amount| {
            authority.covers(roles, severity, [[refund(amount)].as_slice()])
        };
        assert!(covers(&[Role::Handler], Severity::General, 500_000));
        assert!(!covers(&[Role::Handler], Severity::General, 500_001));
        assert!(covers(&[Role::Handler, Role::Supervisor], Severity::General, 500_001));
        assert!(!covers(&[Role::Handler], Severity::Major, 1));
        assert!(!covers(&[Role::Auditor], Severity::General, 1));
    }

    #[test]
    fn every_option_must_be_covered_and_parts_of_one_add_up() {
        let authority = Authority::read(SHIPPED).unwrap();
        let split = [refund(300_000), refund(300_000)];
        assert!(!authority.covers(&[Role::Handler], Severity::General, [split.as_slice()]));
        let options = [[refund(1)], [refund(600_000)]];
        assert!(!authority.covers(
            &[Role::Handler],
            Severity::General,
            options.iter().map(<[_; 1]>::as_slice)
        ));
    }

    #[test]
    fn a_matrix_that_says_two_things_of_one_is_refused() {
        let row =
            "[[grant]]\nrole = \"handler\"\nseverity = \"general\"\ncurrency = \"CNY\"\nup_to_minor = 1\n";
        assert!(matches!(Authority::read(&row.repeat(2)), Err(AuthorityError::Twice { .. })));
        assert!(matches!(Authority::read(&row.replace('1', "-1")), Err(AuthorityError::Negative)));
    }
}
