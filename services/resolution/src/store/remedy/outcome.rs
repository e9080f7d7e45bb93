//! What errands came to, written at once: a batch costs one statement and not one per table.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgConnection;

use super::{Claimed, Due, OfCase, Report, bind_standing};
use crate::error::Error;
use crate::store::column;

const WRITE: &str = concat!(
    "WITH changed AS (",
    standing!(),
    "), told AS (
    INSERT INTO remedy_report (tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency,
                               amount_minor, sha256, told_at)
    SELECT tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency, amount_minor, sha256, $24
    FROM unnest($14::text[], $15::uuid[], $16::uuid[], $17::text[], $18::text[], $19::text[], $20::timestamptz[],
                $21::text[], $22::bigint[], $23::text[])
         AS new (tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency, amount_minor, sha256)
), back AS (
    UPDATE remedy_work w SET due_at = new.due_at, failures = new.failures, lease = NULL
    FROM unnest($25::text[], $26::uuid[], $27::uuid[], $28::text[], $29::timestamptz[], $30::integer[])
         AS new (tenant, complaint_id, remedy_id, errand, due_at, failures)
    WHERE (w.tenant, w.complaint_id, w.remedy_id, w.errand)
          = (new.tenant, new.complaint_id, new.remedy_id, new.errand)
), over AS (
    DELETE FROM remedy_work WHERE (tenant, complaint_id, remedy_id, errand)
        IN (SELECT * FROM unnest($31::text[], $32::uuid[], $33::uuid[], $34::text[]))
)
INSERT INTO remedy_work (tenant, complaint_id, remedy_id, errand, due_at)
SELECT * FROM unnest($35::text[], $36::uuid[], $37::uuid[], $38::text[], $39::timestamptz[])
ON CONFLICT DO NOTHING"
);

/// What errands leave behind beside events.
#[derive(Debug, Default)]
pub struct Outcome<'a> {
    /// Remedies as they now stand, each once.
    pub changed: Vec<OfCase>,
    /// What was told.
    pub reports: Vec<Report>,
    /// Claims that come again: from when on, and with how many failures.
    pub back: Vec<(&'a Claimed, Timestamp, u32)>,
    /// Claims that are over.
    pub over: Vec<&'a Claimed>,
    /// Errands that begin; one that is there stays.
    pub begun: Vec<Due>,
}

impl Outcome<'_> {
    /// Writes it; the cases are locked.
    pub async fn write(mut self, conn: &mut PgConnection, now: Timestamp) -> Result<(), Error> {
        self.begin_over_again();
        let Self { changed, reports, back, over, begun } = &self;
        bind_standing(sqlx::query(WRITE), changed)
            .bind(column(reports, |report| report.case.0.as_str()))
            .bind(column(reports, |report| *report.case.1.as_uuid()))
            .bind(column(reports, |report| report.remedy))
            .bind(column(reports, |report| report.what))
            .bind(column(reports, |report| report.told_by.as_str()))
            .bind(column(reports, |report| report.reference.as_str()))
            .bind(column(reports, |report| report.executed_at.map(ToSqlx::to_sqlx)))
            .bind(column(reports, |report| report.amount.map(|amount| amount.currency.to_string())))
            .bind(column(reports, |report| report.amount.map(|amount| amount.amount_minor)))
            .bind(column(reports, |report| report.sha256.as_str()))
            .bind(now.to_sqlx())
            .bind(column(back, |(c, ..)| c.case.0.as_str()))
            .bind(column(back, |(c, ..)| *c.case.1.as_uuid()))
            .bind(column(back, |(c, ..)| c.remedy))
            .bind(column(back, |(c, ..)| c.errand.code()))
            .bind(column(back, |(_, due_at, _)| due_at.to_sqlx()))
            .bind(column(back, |(.., failures)| i32::try_from(*failures).unwrap_or(i32::MAX)))
            .bind(column(over, |c| c.case.0.as_str()))
            .bind(column(over, |c| *c.case.1.as_uuid()))
            .bind(column(over, |c| c.remedy))
            .bind(column(over, |c| c.errand.code()))
            .bind(column(begun, |d| d.case.0.as_str()))
            .bind(column(begun, |d| *d.case.1.as_uuid()))
            .bind(column(begun, |d| d.remedy))
            .bind(column(begun, |d| d.errand.code()))
            .bind(column(begun, |d| d.due_at.to_sqlx()))
            .execute(conn)
            .await?;
        Ok(())
    }

    /// The parts of the statement do not see each other: what is over and begins again goes on instead.
    fn begin_over_again(&mut self) {
        let Self { over, begun, back, .. } = self;
        begun.retain(|due| {
            let same = |claim: &&Claimed| {
                (&claim.case, claim.remedy, claim.errand) == (&due.case, due.remedy, due.errand)
            };
            let Some(place) = over.iter().position(same) else { return true };
            back.push((over.swap_remove(place), due.due_at, 0));
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use redress_domain::ComplaintId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::remedy::execution::Errand;
    use crate::domain::state::State;

    #[test]
    fn what_is_over_and_begins_again_in_one_batch_goes_on() {
        let case = ("tenant-a".parse().unwrap(), ComplaintId::from_uuid(Uuid::nil()));
        let (remedy, errand) = (Uuid::from_u128(1), Errand::Announce);
        let claim = Claimed {
            case: case.clone(),
            remedy,
            errand,
            lease: Uuid::nil(),
            tries: 3,
            failures: 2,
            state: State::Executing,
        };
        let due_at = Timestamp::UNIX_EPOCH;
        let begun = vec![
            Due { case: case.clone(), remedy, errand, due_at },
            Due { case, remedy, errand: Errand::Reverse, due_at },
        ];
        let mut outcome = Outcome { over: vec![&claim], begun, ..Outcome::default() };
        outcome.begin_over_again();
        assert_eq!((outcome.over.len(), outcome.begun.len()), (0, 1));
        assert_eq!(outcome.back, [(&claim, due_at, 0)]);
    }
}
