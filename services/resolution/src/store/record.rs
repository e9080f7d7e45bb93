//! What was decided in a case, as rows: one per determination, proposal, settlement, ruling, appeal, report and
//! recommendation. A case is small and is always judged whole, so its records are read whole, with one query.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::case::Case;
use crate::error::Error;

/// A row without its case.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The id of what it holds.
    pub id: Uuid,
    /// Which kind.
    pub kind: &'static str,
    /// Order of making within its kind.
    pub ordinal: i64,
    /// Where it stands; empty for what never changes.
    pub state: &'static str,
    /// The content.
    pub content: Value,
}

/// The records of a case as they are to be stored.
pub fn of_case(case: &Case) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    push(&mut records, "liability", &case.liability, |one| (one.id, ""))?;
    push(&mut records, "proposal", &case.proposals, |one| (one.id, one.state.code()))?;
    push(&mut records, "settlement", &case.settlements, |one| (one.id, one.state.code()))?;
    push(&mut records, "ruling", &case.rulings, |one| (one.id, one.state.code()))?;
    push(&mut records, "appeal", &case.appeals, |one| (one.id, one.state.code()))?;
    push(&mut records, "report", &case.reports, |one| (one.id, ""))?;
    push(&mut records, "sanction", &case.sanctions, |one| (one.id, ""))?;
    Ok(records)
}

fn push<T: Serialize>(
    records: &mut Vec<Record>,
    kind: &'static str,
    all: &[T],
    named: impl Fn(&T) -> (Uuid, &'static str),
) -> Result<(), Error> {
    for (ordinal, one) in (0_i64..).zip(all) {
        let (id, state) = named(one);
        let content = serde_json::to_value(one).map_err(|e| Corrupt::new("case_record", "content", id, e))?;
        records.push(Record { id, kind, ordinal, state, content });
    }
    Ok(())
}

type Row = (String, Uuid, Uuid, String, Json<Value>);

/// Reads the records of locked cases into them; gives what is stored of each, by complaint.
pub async fn load(
    conn: &mut PgConnection,
    cases: &mut [Case],
) -> Result<BTreeMap<(String, Uuid), Vec<Record>>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, complaint_id, record_id, kind, content FROM case_record
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id, kind, ordinal",
    )
    .bind(column(cases, |case| case.tenant.as_str()))
    .bind(column(cases, |case| *case.id.as_uuid()))
    .fetch_all(conn)
    .await?;
    let mut place: BTreeMap<(String, Uuid), &mut Case> =
        cases.iter_mut().map(|case| ((case.tenant.to_string(), *case.id.as_uuid()), case)).collect();
    for (tenant, complaint, id, kind, Json(content)) in rows {
        let Some(case) = place.get_mut(&(tenant, complaint)) else { continue };
        read(case, id, &kind, content)?;
    }
    let mut stored = BTreeMap::new();
    for (key, case) in place {
        stored.insert(key, of_case(case)?);
    }
    Ok(stored)
}

fn read(case: &mut Case, id: Uuid, kind: &str, content: Value) -> Result<(), Error> {
    fn one<T: DeserializeOwned>(id: Uuid, content: Value) -> Result<T, Error> {
        Ok(serde_json::from_value(content).map_err(|e| Corrupt::new("case_record", "content", id, e))?)
    }
    match kind {
        "liability" => case.liability.push(one(id, content)?),
        "proposal" => case.proposals.push(one(id, content)?),
        "settlement" => case.settlements.push(one(id, content)?),
        "ruling" => case.rulings.push(one(id, content)?),
        "appeal" => case.appeals.push(one(id, content)?),
        "report" => case.reports.push(one(id, content)?),
        "sanction" => case.sanctions.push(one(id, content)?),
        other => return Err(Corrupt::new("case_record", "kind", id, format!("{other} is unknown")).into()),
    }
    Ok(())
}
