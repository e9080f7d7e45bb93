//! What orders remedies, and what takes orders back. The case is locked by the caller.

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId, derived_id};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::told;
use crate::app::out::Out;
use crate::domain::remedy::execution::Errand;
use crate::domain::remedy::{self as rules, Remedy, RemedyState, all_settled};
use crate::domain::terms::RemedyTerms;
use crate::error::Error;
use crate::store::case::Key;
use crate::store::remedy::{self, Due, OfCase};

/// What orders remedies.
pub struct Order<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The complaint; its case is locked.
    pub complaint: ComplaintId,
    /// The order that was complained of; may be empty.
    pub order_no: &'a str,
    /// The settlement, ruling, appeal or call.
    pub source_id: Uuid,
    /// Who decided.
    pub ordered_by: &'a str,
    /// When the lifecycle moved.
    pub now: Timestamp,
}

impl Order<'_> {
    fn key(&self) -> Key {
        (self.tenant.clone(), self.complaint)
    }

    /// The remedy at a place of the order; ordering again gives it the same id.
    fn remedy(&self, place: u64, ordinal: i64, terms: &RemedyTerms) -> Remedy {
        let parts: [&[u8]; 4] = [
            self.tenant.as_str().as_bytes(),
            self.complaint.as_uuid().as_bytes(),
            self.source_id.as_bytes(),
            &place.to_be_bytes(),
        ];
        let id = derived_id("redress/remedy/1", &parts);
        Remedy {
            order_no: self.order_no.to_owned(),
            ordered_by: self.ordered_by.to_owned(),
            ..Remedy::ordered(id, self.source_id, ordinal, terms.clone(), self.now)
        }
    }
}

/// Orders everything of a decision that is in effect. Called while intake's `ComplaintAdvanced` to EXECUTING is handled,
/// or while the case stands there.
///
/// What an appeal has just taken back and now orders again in the same terms stays as it is: nobody is paid, taken from
/// and paid again.
pub async fn order_all(
    conn: &mut PgConnection,
    order: &Order<'_>,
    terms: &[RemedyTerms],
    out: &mut Out,
) -> Result<(), Error> {
    let case = order.key();
    let mut all = remedy::of_case(conn, order.tenant, order.complaint).await?;
    let kept = keep(conn, &case, &mut all, terms).await?;
    let mut new = Vec::new();
    for (place, terms) in (0_u64..).zip(terms).filter(|(place, _)| !kept.contains(place)) {
        let ordinal = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let remedy = order.remedy(place, ordinal, terms);
        if all.iter().any(|one| one.id == remedy.id) {
            continue;
        }
        out.push(&told::ordered(&remedy));
        all.push(remedy.clone());
        new.push(OfCase { case: case.clone(), remedy });
    }
    remedy::insert(conn, &new).await?;
    let by_machine = new.iter().map(|one| &one.remedy).filter(|one| one.terms.kind.profile().by_machine);
    let due = |id, errand| Due { case: case.clone(), remedy: id, errand, due_at: order.now };
    let mut work: Vec<Due> = by_machine.map(|one| due(one.id, Errand::Execute)).collect();
    if let (true, Some(last)) = (all_settled(&all), all.last()) {
        work.push(due(last.id, Errand::Announce));
    }
    remedy::begin(conn, &work).await
}

/// Finds for each of `terms` a remedy in the same terms that is about to be taken back, and lets it be. Gives the places
/// that need no order.
async fn keep(
    conn: &mut PgConnection,
    case: &Key,
    all: &mut [Remedy],
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

/// Whether a remedy of the case is still to be carried out.
pub async fn unsettled(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<bool, Error> {
    Ok(rules::unsettled(&remedy::of_case(conn, tenant, complaint).await?))
}

/// An appeal has taken a decision back: what was not begun is cancelled, what is under way is taken back once it is
/// done, and what was done and can be reversed is.
pub async fn undo_all(conn: &mut PgConnection, order: &Order<'_>, _out: &mut Out) -> Result<(), Error> {
    let case = order.key();
    let all = remedy::of_case(conn, order.tenant, order.complaint).await?;
    let ids: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    let unbegun = remedy::cancel_unbegun(conn, &case, Errand::Execute, &ids).await?;
    let not_advanced = remedy::cancel_unbegun(conn, &case, Errand::Advance, &ids).await?;
    let (mut changed, mut work) = (Vec::new(), Vec::new());
    for mut one in all {
        let deed = one.state == RemedyState::Ordered && !one.terms.kind.profile().by_machine;
        if unbegun.contains(&one.id) || deed {
            one.become_state(RemedyState::Cancelled, "appeal", order.now);
        } else if not_advanced.contains(&one.id) {
            one.become_state(RemedyState::Failed, "appeal", order.now);
            one.unwanted = true;
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
    remedy::begin(conn, &work).await
}

/// A remedy's clock ran out (C19): it shows, and whoever looks at the case sees it. sla escalates by itself.
pub async fn overdue(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
    remedy_id: Uuid,
    _out: &mut Out,
) -> Result<(), Error> {
    let all = remedy::of_case(conn, tenant, complaint).await?;
    let Some(mut late) = all.into_iter().find(|one| one.id == remedy_id && !one.is_settled()) else {
        return Ok(());
    };
    late.overdue = true;
    remedy::save(conn, &[OfCase { case: (tenant.clone(), complaint), remedy: late }]).await
}
