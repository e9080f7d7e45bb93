//! What takes orders back when a later decision takes the place of the one that made them. The case is locked by the
//! caller.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::ordering::Order;
use super::told;
use crate::app::out::Out;
use crate::domain::remedy::execution::Errand;
use crate::domain::remedy::{Remedy, RemedyState};
use crate::domain::terms::RemedyTerms;
use crate::error::Error;
use crate::store::case::Key;
use crate::store::remedy::{self, Due, OfCase};

/// Why orders are taken back, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoing {
    /// An appeal has varied or revoked the decision.
    Appeal,
    /// A settlement or ruling has taken its place.
    Replaced,
    /// A ruling on money that failed (T24): it says who owes that now, and what was done beside it stays.
    Failure,
}

impl Undoing {
    const fn code(self) -> &'static str {
        match self {
            Self::Appeal => "appeal",
            Self::Replaced | Self::Failure => "replaced",
        }
    }
}

/// Finds for each of `terms` a remedy in the same terms that is about to be taken back, and lets it be, or one of
/// `standing`, which it takes out of there. Gives the places that need no order.
pub(super) async fn keep(
    conn: &mut PgConnection,
    case: &Key,
    (all, standing): (&mut [Remedy], &mut BTreeSet<Uuid>),
    terms: &[RemedyTerms],
) -> Result<Vec<u64>, Error> {
    let mut kept = Vec::new();
    let mut changed = Vec::new();
    for (place, terms) in (0_u64..).zip(terms) {
        for one in all.iter_mut().filter(|one| &one.terms == terms) {
            let under_way =
                one.unwanted && matches!(one.state, RemedyState::Ordered | RemedyState::Dispatched);
            if under_way {
                one.unwanted = false;
                changed.push(OfCase { case: case.clone(), remedy: one.clone() });
            } else if standing.remove(&one.id) {
                // Done under the earlier decision, and as this one wants it.
            } else if !one.is_done()
                || remedy::cancel_unbegun(conn, case, Errand::Reverse, &[one.id]).await?.is_empty()
            {
                continue;
            }
            kept.push(place);
            break;
        }
    }
    remedy::save(conn, &changed).await?;
    Ok(kept)
}

/// A later decision has taken an earlier one back: what was not begun is cancelled, what is under way is taken back once
/// it is done, what was done and can be reversed is, and for what failed nobody pays any more.
pub async fn undo_all(
    conn: &mut PgConnection,
    order: &Order<'_>,
    undoing: Undoing,
    out: &mut Out,
) -> Result<BTreeSet<Uuid>, Error> {
    let case = order.key();
    let all = remedy::of_case(conn, order.tenant, order.complaint).await?;
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let unbegun = remedy::cancel_unbegun(conn, &case, Errand::Execute, &ids).await?;
    let not_advanced = remedy::cancel_unbegun(conn, &case, Errand::Advance, &ids).await?;
    let (mut changed, mut work, mut standing) = (Vec::new(), Vec::new(), BTreeSet::new());
    for mut one in all {
        let deed = one.state == RemedyState::Ordered && !one.terms.kind.profile().by_machine;
        if unbegun.contains(&one.id) || deed {
            one.become_state(RemedyState::Cancelled, undoing.code(), order.now);
            out.push(&told::cancelled(&one));
        } else if not_advanced.contains(&one.id) {
            one.become_state(RemedyState::Failed, undoing.code(), order.now);
            one.unwanted = true;
        } else if one.is_done() && undoing == Undoing::Failure {
            standing.insert(one.id);
            continue;
        } else if one.is_done() && one.terms.kind.profile().reversible {
            let due_at = order.now;
            work.push(Due { case: case.clone(), remedy: one.id, errand: Errand::Reverse, due_at });
            continue;
        } else if one.is_settled() {
            continue;
        } else {
            one.unwanted = true;
        }
        changed.push(OfCase { case: case.clone(), remedy: one });
    }
    remedy::save(conn, &changed).await?;
    remedy::begin(conn, &work).await?;
    Ok(standing)
}
