//! Whether everything that a case orders has come to its end.

use jiff::Timestamp;
use redress_domain::Currency;

use super::{Remedy, RemedyState};
use crate::domain::party::PartyRef;

/// Whether everything that a case orders is settled.
///
/// What failed is settled once it is answered by what was ordered after it failed and was done. Money is answered by as
/// much money to the same payee, in the same currency: an explanation pays nobody, and a cent is no eighty yuan. What a
/// later decision took the place of (`unwanted`) is owed to nobody any more.
pub fn all_settled(remedies: &[Remedy]) -> bool {
    let open = |remedy: &Remedy| match remedy.state {
        RemedyState::Failed => {
            remedy.terms.amount.is_none() && !remedy.unwanted && !is_answered(remedy, remedies)
        }
        _ => !remedy.is_settled(),
    };
    !remedies.is_empty() && !remedies.iter().any(open) && nothing_is_owed(remedies)
}

/// Whether somebody still has to do something for one.
pub fn unsettled(remedies: &[Remedy]) -> bool {
    !remedies.is_empty() && !all_settled(remedies)
}

/// What is no money is answered by anything that was done since.
fn is_answered(failed: &Remedy, remedies: &[Remedy]) -> bool {
    remedies.iter().any(|later| later.is_done() && follows(later, failed.changed_at))
}

fn follows(later: &Remedy, failed_at: Timestamp) -> bool {
    later.ordered_at >= failed_at
}

/// Money that failed and was not made good yet.
struct Debt<'a> {
    payee: &'a PartyRef,
    currency: Currency,
    since: Timestamp,
    minor: i64,
}

/// Whether all money that failed was paid by what was ordered after it, each payment counted once. What was ordered in
/// the place of a debt and failed in its turn is the same debt, and only what it exceeds it by is a new one.
fn nothing_is_owed(remedies: &[Remedy]) -> bool {
    let mut debts: Vec<Debt<'_>> = Vec::new();
    let mut in_order: Vec<&Remedy> = remedies.iter().collect();
    in_order.sort_by_key(|one| (one.ordered_at, one.ordinal));
    for one in in_order {
        let Some(amount) = one.terms.amount else { continue };
        let failed = one.state == RemedyState::Failed && !one.unwanted;
        if !failed && !one.is_done() {
            continue;
        }
        let mut left = amount.amount_minor;
        let answers = |debt: &&mut Debt<'_>| {
            *debt.payee == one.terms.payee && debt.currency == amount.currency && follows(one, debt.since)
        };
        for debt in debts.iter_mut().filter(answers) {
            let answered = left.min(debt.minor);
            left -= answered;
            if !failed {
                debt.minor -= answered;
            }
        }
        if failed && left > 0 {
            let (payee, currency) = (&one.terms.payee, amount.currency);
            debts.push(Debt { payee, currency, since: one.changed_at, minor: left });
        }
    }
    debts.iter().all(|debt| debt.minor == 0)
}
