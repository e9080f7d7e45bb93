//! Who is owed which notice by how their case went, and whether it reached them: not how many letters came, but which.

use std::collections::BTreeSet;

use redress_proto::types::v1::ComplaintState as State;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::ledger::{Book, Course};
use crate::plan::Script;

/// A notice that is owed: its kind and to whom, by notification's codes.
type Owed = (&'static str, &'static str);

/// A notice that notification says is with its addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The tenant and the complaint.
    pub case: (String, String),
    /// Its id, under which it is delivered.
    pub id: String,
    /// Its kind, as a code.
    pub kind: String,
    /// To whom: complainant, respondent.
    pub role: String,
}

impl Notice {
    /// All that parties have.
    pub(super) async fn of_parties(conn: &mut PgConnection) -> anyhow::Result<Vec<Self>> {
        let sent =
            "SELECT tenant, complaint_id::text AS complaint, notice_id::text AS id, kind, role FROM notice
                    WHERE state IN ('sent', 'delivered', 'read') AND role <> 'staff'";
        let rows = sqlx::query(sent).fetch_all(conn).await?.into_iter();
        rows.map(|row| {
            anyhow::Ok(Self {
                case: (row.try_get("tenant")?, row.try_get("complaint")?),
                id: row.try_get("id")?,
                kind: row.try_get("kind")?,
                role: row.try_get("role")?,
            })
        })
        .collect()
    }
}

/// What the parties of a case are owed to be told.
fn owed(course: &Course) -> Vec<Owed> {
    // The platform does not write to itself.
    let other_side = course.script != Script::Penalty;
    let when = |holds: bool, owed: Owed| holds.then_some(owed);
    [
        Some(("n01_receipt", "complainant")),
        when(course.admitted, ("n02_acceptance", "complainant")),
        when(course.admitted && other_side, ("n05_respondent", "respondent")),
        // Who answers at once may have done so before the letter was written.
        when(course.lapsed > 0, ("n06_evidence", "respondent")),
        when(course.state == State::NotAccepted, ("n03_refusal", "complainant")),
        when(course.state == State::Closed, ("n12_result", "complainant")),
        when(course.state == State::Referred, ("n14_termination", "complainant")),
        when(course.kept.contains_key("C28") && other_side, ("n08_progress", "respondent")),
        when(course.kept.contains_key("C28"), ("n15_appeal", "complainant")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Notices that are owed and did not come, a line for each of the first cases.
pub(super) fn untold(book: &Book, notices: &[Notice], arrived: &BTreeSet<String>) -> Vec<String> {
    let came = notices.iter().filter(|notice| arrived.contains(&notice.id));
    let came: BTreeSet<_> = came
        .map(|Notice { case, kind, role, .. }| {
            (case.0.as_str(), case.1.as_str(), kind.as_str(), role.as_str())
        })
        .collect();
    let mut found = Vec::new();
    for ((tenant, id), course) in &book.courses {
        let id = id.to_string();
        let missing = owed(course)
            .into_iter()
            .filter(|(kind, role)| !came.contains(&(tenant.as_str(), id.as_str(), *kind, *role)));
        let missing: Vec<String> = missing.map(|(kind, role)| format!("{kind} to the {role}")).collect();
        if !missing.is_empty() {
            found.push(format!("{tenant}/{id} ({:?}) was not told: {}", course.script, missing.join(", ")));
        }
    }
    let all = found.len();
    found.truncate(5);
    if all > found.len() {
        found.push(format!("{all} cases altogether lack a notice"));
    }
    found
}
