//! Deadlines that were kept and missed, as those know who kept and missed them, against the clocks of sla.

use std::collections::{BTreeMap, BTreeSet};

use redress_proto::types::v1::ComplaintState as State;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::ledger::Book;

/// What the ledger cannot know: registration within seconds (C04) is decided by how busy the machine was.
const NOT_OF_THE_LEDGER: [&str; 1] = ["C04"];

/// Clocks by their definition.
pub type Counts = BTreeMap<String, u64>;

/// Which clocks of `sla` hold, by their definition; `condition` is one of SQL.
pub(super) async fn counted(conn: &mut PgConnection, condition: &str) -> anyhow::Result<Counts> {
    let query = format!(
        "SELECT definition, count(*) AS n FROM clock
         WHERE {condition} AND NOT (told->>'window')::boolean GROUP BY definition"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(conn).await?.into_iter();
    rows.map(|row| anyhow::Ok((row.try_get("definition")?, row.try_get::<i64, _>("n")?.unsigned_abs())))
        .collect()
}

/// What the outside knows of clocks that were met: the decision on each, the first step of what was taken up, answers to
/// requests and proposals, payments, appeals, and what handlers recorded: measures, reports of leaks, revisits. A clock that
/// ended with its case was neither met nor missed. Not the confirmation of receipt: the clock of a complaint that is refused
/// before its letter is out ends without it.
fn kept(book: &Book) -> BTreeMap<&'static str, u64> {
    let refused = book.standing(State::NotAccepted);
    let mut kept = BTreeMap::from([
        ("C06", book.admitted() + refused),
        ("C07", book.admitted()),
        ("C11", 0),
        ("C17", 0),
        ("C18", 0),
        ("C19", book.owed().len() as u64),
        ("C28", 0),
        ("C29", 0),
        ("C34", 0),
    ]);
    kept.extend(book.kept());
    kept
}

/// What sla says otherwise.
pub(super) fn disagreements(book: &Book, met: &Counts, missed: &Counts) -> Vec<String> {
    let lapsed = book.courses.values().map(|course| course.lapsed).sum();
    let late = BTreeMap::from([("C11", lapsed)]);
    let of = |counts: &Counts, definition: &str| counts.get(definition).copied().unwrap_or_default();
    let kept =
        kept(book).into_iter().map(|(definition, count)| (definition, "met", count, of(met, definition)));
    let definitions: BTreeSet<&str> = late.keys().copied().chain(missed.keys().map(String::as_str)).collect();
    let late = definitions.into_iter().filter(|definition| !NOT_OF_THE_LEDGER.contains(definition)).map(
        |definition| {
            (definition, "missed", late.get(definition).copied().unwrap_or_default(), of(missed, definition))
        },
    );
    kept.chain(late)
        .filter(|(_, _, outside, stored)| outside != stored)
        .map(|(definition, what, outside, stored)| {
            format!("clocks {definition} {what}: {outside} by the ledger, {stored} in sla")
        })
        .collect()
}
