//! Writing cases back with all that was decided on them: one statement for a batch, whatever its size.
//!
//! Tables that belong to one decision are written together, so they are written by one statement: a batch costs a round
//! trip for its cases and not one per table.

use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;

use super::case::{Held, documents};
use super::moment::Moment;
use super::text::SealedText;
use super::{Corrupt, column, offer};
use crate::error::Error;

const SAVE: &str = "WITH cases AS (
    UPDATE case_file c
    SET state = new.state, severity = new.severity, version = new.version, stream_version = new.stream,
        chain_length = new.length, chain_head = new.head, course = new.course
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
         $8::text[], $9::jsonb[]) AS new (tenant, id, state, severity, version, stream, length, head, course)
    WHERE (c.tenant, c.complaint_id) = (new.tenant, new.id)
), let_go AS (
    -- What was held may begin where a case has moved. The case is read as it was before this statement.
    UPDATE remedy_work w SET held = false
    FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant, id, state)
         JOIN case_file was ON (was.tenant, was.complaint_id) = (new.tenant, new.id) AND was.state <> new.state
    WHERE (w.tenant, w.complaint_id) = (new.tenant, new.id)
), records AS (
    INSERT INTO case_record (tenant, complaint_id, record_id, kind, ordinal, state, content)
    SELECT * FROM unnest($10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::bigint[], $15::text[], $16::jsonb[])
         AS new (tenant, complaint_id, record_id, kind, ordinal, state, content)
    -- What makes room for another comes before it: the unique indexes are checked row by row.
    ORDER BY tenant, complaint_id, state IN ('effective'), ordinal
    ON CONFLICT (tenant, complaint_id, record_id) DO UPDATE
    SET state = excluded.state, content = excluded.content
), words AS (
    INSERT INTO sealed_text (tenant, complaint_id, field, value)
    SELECT * FROM unnest($17::text[], $18::uuid[], $19::text[], $20::bytea[])
), links AS (
    INSERT INTO offer_link (tenant, complaint_id, sequence, body, previous_hash, hash)
    SELECT * FROM unnest($21::text[], $22::uuid[], $23::bigint[], $24::jsonb[], $25::text[], $26::text[])
)
INSERT INTO moment (tenant, complaint_id, event_id, at, event)
SELECT * FROM unnest($27::text[], $28::uuid[], $29::uuid[], $30::timestamptz[], $31::text[])
ON CONFLICT (tenant, complaint_id, event_id) DO NOTHING";

/// Writes locked cases with their records, new words, new links of their chains, and moments of these and other cases.
pub async fn save(
    conn: &mut PgConnection,
    held: &[&Held],
    texts: &[SealedText],
    links: &[offer::OfCase],
    moments: &[Moment],
) -> Result<(), Error> {
    if held.is_empty() && moments.is_empty() {
        return Ok(());
    }
    let documents = held.iter().map(|held| documents(&held.case)).collect::<Result<Vec<_>, _>>()?;
    let mut changed = Vec::new();
    for held in held {
        changed.extend(held.changed()?);
    }
    let body = |(_, id, link): &offer::OfCase| {
        serde_json::to_value(&link.body).map_err(|e| Corrupt::new("offer_link", "body", *id, e))
    };
    let bodies = links.iter().map(body).collect::<Result<Vec<Value>, _>>()?;
    sqlx::query(SAVE)
        .bind(column(held, |held| held.case.tenant.as_str()))
        .bind(column(held, |held| *held.case.id.as_uuid()))
        .bind(column(held, |held| held.case.state.code()))
        .bind(column(held, |held| held.case.severity.code()))
        .bind(column(held, |held| held.case.version))
        .bind(column(held, |held| held.case.stream_version))
        .bind(column(held, |held| i64::from(held.case.chain.0)))
        .bind(column(held, |held| held.case.chain.1.as_str()))
        .bind(column(&documents, |(_, course)| Json(course)))
        .bind(column(&changed, |(tenant, ..)| tenant.as_str()))
        .bind(column(&changed, |(_, complaint, _)| *complaint))
        .bind(column(&changed, |(.., record)| record.id))
        .bind(column(&changed, |(.., record)| record.kind))
        .bind(column(&changed, |(.., record)| record.ordinal))
        .bind(column(&changed, |(.., record)| record.state))
        .bind(column(&changed, |(.., record)| Json(&record.content)))
        .bind(column(texts, |text| text.tenant.as_str()))
        .bind(column(texts, |text| text.complaint))
        .bind(column(texts, |text| text.field.as_str()))
        .bind(column(texts, |text| text.value.as_slice()))
        .bind(column(links, |(tenant, ..)| tenant.as_str()))
        .bind(column(links, |(_, id, _)| *id))
        .bind(column(links, |(.., link)| i64::from(link.body.sequence)))
        .bind(column(&bodies, Json))
        .bind(column(links, |(.., link)| link.previous.as_str()))
        .bind(column(links, |(.., link)| link.hash.as_str()))
        .bind(column(moments, |moment| moment.tenant.as_str()))
        .bind(column(moments, |moment| moment.complaint))
        .bind(column(moments, |moment| moment.event_id))
        .bind(column(moments, |moment| jiff_sqlx::ToSqlx::to_sqlx(moment.at)))
        .bind(column(moments, |moment| moment.event.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}
