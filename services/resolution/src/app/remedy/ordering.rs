//! What orders remedies, and what takes orders back. The case is locked by the caller.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId, derived_id};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::record::told_failed;
use super::told;
use super::undoing::{Undoing, keep, undo_all};
use crate::app::out::Out;
use crate::domain::case::Case;
use crate::domain::remedy::execution::Errand;
use crate::domain::remedy::{self as rules, Remedy, RemedyState, all_settled};
use crate::domain::state::State;
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
    pub(super) fn key(&self) -> Key {
        (self.tenant.clone(), self.complaint)
    }

    /// The id of the remedy at a place of the order.
    pub(super) fn id_at(&self, place: u64) -> Uuid {
        let parts: [&[u8]; 4] = [
            self.tenant.as_str().as_bytes(),
            self.complaint.as_uuid().as_bytes(),
            self.source_id.as_bytes(),
            &place.to_be_bytes(),
        ];
        derived_id("redress/remedy/1", &parts)
    }

    /// The remedy at a place of the order; ordering again gives it the same id.
    fn remedy(&self, place: u64, ordinal: i64, terms: &RemedyTerms) -> Remedy {
        let id = self.id_at(place);
        Remedy {
            order_no: self.order_no.to_owned(),
            ordered_by: self.ordered_by.to_owned(),
            ..Remedy::ordered(id, self.source_id, ordinal, terms.clone(), self.now)
        }
    }
}

/// The remedies of several cases, read once, and what is ordered beside them, written once.
#[derive(Default)]
pub struct Orders {
    known: BTreeMap<Key, Vec<Remedy>>,
    /// What was done under an earlier decision and answers the like terms of the next, once.
    standing: BTreeMap<Key, BTreeSet<Uuid>>,
    new: Vec<OfCase>,
    work: Vec<Due>,
}

impl Orders {
    /// What there is of `cases`, all of them locked.
    pub async fn load(conn: &mut PgConnection, cases: &[Key]) -> Result<Self, Error> {
        let mut orders = Self::default();
        if !cases.is_empty() {
            for one in remedy::of_cases(conn, cases).await? {
                orders.known.entry(one.case).or_default().push(one.remedy);
            }
        }
        Ok(orders)
    }

    /// Orders everything of a decision that is in effect. Called while intake's `ComplaintAdvanced` to EXECUTING is
    /// handled, or while the case stands there. Nothing is written before [`Orders::save`].
    ///
    /// What a later decision has just taken back and now orders again in the same terms stays as it is: nobody is paid,
    /// taken from and paid again.
    pub async fn order(
        &mut self,
        conn: &mut PgConnection,
        order: &Order<'_>,
        terms: &[RemedyTerms],
        out: &mut Out,
    ) -> Result<(), Error> {
        let case = order.key();
        let all = self.known.entry(case.clone()).or_default();
        let standing = self.standing.entry(case.clone()).or_default();
        let kept = keep(conn, &case, (all, standing), terms).await?;
        let due = |id, errand| Due { case: case.clone(), remedy: id, errand, due_at: order.now };
        for (place, terms) in (0_u64..).zip(terms).filter(|(place, _)| !kept.contains(place)) {
            let ordinal = i64::try_from(all.len()).unwrap_or(i64::MAX);
            let remedy = order.remedy(place, ordinal, terms);
            if all.iter().any(|one| one.id == remedy.id) {
                continue;
            }
            out.push(&told::ordered(&remedy));
            if remedy.terms.kind.profile().by_machine {
                self.work.push(due(remedy.id, Errand::Execute));
            }
            all.push(remedy.clone());
            self.new.push(OfCase { case: case.clone(), remedy });
        }
        if let (true, Some(last)) = (all_settled(all), all.last()) {
            self.work.push(due(last.id, Errand::Announce));
        }
        Ok(())
    }

    /// Writes what was ordered since the last time.
    pub async fn save(&mut self, conn: &mut PgConnection) -> Result<(), Error> {
        let (new, work) = (std::mem::take(&mut self.new), std::mem::take(&mut self.work));
        remedy::order(conn, &new, &work).await
    }

    /// Takes back what earlier decisions ordered, see [`undo_all`]; costs nothing where nothing was.
    pub async fn undo(
        &mut self,
        conn: &mut PgConnection,
        order: &Order<'_>,
        undoing: Undoing,
        out: &mut Out,
    ) -> Result<(), Error> {
        if self.known.get(&order.key()).is_none_or(Vec::is_empty) {
            return Ok(());
        }
        // What is taken back has to be there first.
        self.save(conn).await?;
        let standing = undo_all(conn, order, undoing, out).await?;
        self.standing.insert(order.key(), standing);
        self.known.insert(order.key(), remedy::of_case(conn, order.tenant, order.complaint).await?);
        Ok(())
    }
}

/// Orders everything of one decision, see [`Orders::order`].
pub async fn order_all(
    conn: &mut PgConnection,
    order: &Order<'_>,
    terms: &[RemedyTerms],
    out: &mut Out,
) -> Result<(), Error> {
    let mut orders = Orders::load(conn, &[order.key()]).await?;
    orders.order(conn, order, terms, out).await?;
    orders.save(conn).await
}

/// Whether a remedy of the case is still to be carried out.
pub async fn unsettled(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<bool, Error> {
    Ok(rules::unsettled(&remedy::of_case(conn, tenant, complaint).await?))
}

/// A remedy's clock ran out (C19, T24): it shows, what can be tried again is tried at once, and for money of another's that
/// has failed a ruling on an advance payment is asked for, if that is the policy (L43). sla escalates by itself.
///
/// What became of it may be unknown; then nothing is taken for failed, and the try that follows decides.
pub async fn overdue(
    conn: &mut PgConnection,
    case: &Case,
    remedy_id: Uuid,
    (now, advance): (Timestamp, bool),
    out: &mut Out,
) -> Result<bool, Error> {
    let mut all = remedy::of_case(conn, &case.tenant, case.id).await?;
    let Some(place) = all.iter().position(|one| one.id == remedy_id && !one.is_settled()) else {
        return Ok(false);
    };
    all[place].overdue = true;
    let key = (case.tenant.clone(), case.id);
    if all[place].state == RemedyState::Failed {
        let asks = advance && case.state == State::Executing && !all_settled(&all);
        out.events.extend(told_failed(&all, place, asks).filter(|_| asks));
    } else {
        remedy::hurry(conn, &key, remedy_id, now).await?;
    }
    remedy::save(conn, &[OfCase { case: key, remedy: all[place].clone() }]).await?;
    Ok(true)
}
