//! Numbers of complaints, of which two may be the same.
//!
//! A number has 55 bits of the complaint's id: of ten million complaints of a tenant one in seven hundred such sets holds a
//! pair. The second complaint of a pair was acknowledged like any other, so it is registered under another number that
//! follows from its id too, and the one that was told goes on leading whoever may see it there. Its letters carry the number
//! it is registered under.

use std::collections::HashSet;

use prost::{Message, Name};
use redress_domain::{ComplaintId, ComplaintNo, Problem, TenantId, derived_id};
use redress_proto::intake::v1::ComplaintRegistered;
use sqlx::postgres::PgConnection;

use super::plan::Plan;
use crate::error::Error;
use crate::store::register as store;

/// How often another number is tried; two in a row are taken about never.
const TRIES: u8 = 4;

/// Writes the rows of the plan's complaints, under other numbers where one is taken.
pub(super) async fn insert(conn: &mut PgConnection, plan: &mut Plan) -> Result<(), Error> {
    let all: Vec<_> = plan.complaints.iter().collect();
    let mut taken = store::insert_complaints(conn, &all).await?;
    for (tenant, id) in &taken {
        let told = plan.complaints.iter().find(|c| c.tenant == *tenant && c.id == *id);
        let told = told.map(|complaint| complaint.no_code.clone()).unwrap_or_default();
        store::share_number(conn, tenant, &told, *id).await?;
    }
    for attempt in 1..=TRIES {
        if taken.is_empty() {
            return Ok(());
        }
        tracing::warn!(complaints = taken.len(), "complaints get another number: theirs is taken");
        renumber(plan, &taken, attempt)?;
        let again: Vec<_> =
            plan.complaints.iter().filter(|c| taken.contains(&(c.tenant.clone(), c.id))).collect();
        taken = store::insert_complaints(conn, &again).await?;
    }
    if taken.is_empty() { Ok(()) } else { Err(Problem::internal().into()) }
}

/// Gives the complaints of `taken` their number of this attempt, in their rows and in what is published.
fn renumber(plan: &mut Plan, taken: &HashSet<(TenantId, ComplaintId)>, attempt: u8) -> Result<(), Error> {
    let taken_of = |tenant: &TenantId, id: ComplaintId| taken.contains(&(tenant.clone(), id));
    for complaint in plan.complaints.iter_mut().filter(|c| taken_of(&c.tenant, c.id)) {
        let told: ComplaintNo = complaint.complaint_no.parse().map_err(|_| Problem::internal())?;
        let other = another(complaint.id, attempt);
        let number = ComplaintNo::new(told.day(), &other);
        complaint.complaint_no = number.to_string();
        complaint.no_code = number.code();
    }
    let registered = ComplaintRegistered::full_name();
    for event in plan.events.iter_mut().filter(|event| *event.meta.event_type == registered) {
        let id = ComplaintId::from_uuid(event.meta.subject);
        if !taken_of(&event.meta.tenant, id) {
            continue;
        }
        let number = plan.complaints.iter().find(|c| c.id == id && c.tenant == event.meta.tenant);
        let mut message =
            ComplaintRegistered::decode(event.payload.as_slice()).map_err(|_| Problem::internal())?;
        message.complaint_no = number.map(|c| c.complaint_no.clone()).unwrap_or_default();
        event.payload = message.encode_to_vec();
    }
    Ok(())
}

/// What another number of the complaint is made of.
fn another(id: ComplaintId, attempt: u8) -> ComplaintId {
    ComplaintId::from_uuid(derived_id("redress/another-number/1", &[id.as_uuid().as_bytes(), &[attempt]]))
}
