use redress_domain::{Principal, Problem};
use redress_proto::admin::v1::{ListParkedRequest, ListParkedResponse, ParkedEvent, Position};
use redress_proto::convert::to_wire_time;
use redress_runtime::page;
use sqlx::Row as _;
use uuid::Uuid;

use super::Admin;
use super::service::of_database;

const PAGE_DEFAULT: i32 = 50;
const PAGE_LIMIT: i32 = 100;

impl Admin {
    /// The parked events that the caller may see, in the order in which they were parked.
    pub(super) async fn list(
        &self,
        caller: &Principal,
        request: ListParkedRequest,
    ) -> Result<ListParkedResponse, Problem> {
        let size = page::size(request.page_size, PAGE_DEFAULT, PAGE_LIMIT)?;
        let conditions = format!("parked\n{}\n{}", caller.tenant, request.topic);
        let after = page::read(&request.page_token, &conditions)?.map_or(0, i64::from_be_bytes);
        let rows = sqlx::query(
            "SELECT id, topic, partition, log_offset, key, aggregate_id, event_type,
                    cause, detail, attempts, parked_at, octet_length(payload)::bigint AS payload_bytes
             FROM parked_event
             WHERE status = 'parked' AND ($1 = '' OR topic = $1) AND (tenant = $2 OR tenant IS NULL AND $3)
               AND id > $4
             ORDER BY id
             LIMIT $5",
        )
        .bind(&request.topic)
        .bind(caller.tenant.as_str())
        .bind(self.operates(caller))
        .bind(after)
        .bind(size + 1)
        .fetch_all(&self.kit.db)
        .await;
        rows.and_then(|rows| answer(&rows, size, &conditions)).map_err(|error| of_database(&error))
    }
}

/// One row more than the page has says that there is a next one.
fn answer(
    rows: &[sqlx::postgres::PgRow],
    size: i64,
    conditions: &str,
) -> Result<ListParkedResponse, sqlx::Error> {
    let size = usize::try_from(size).unwrap_or_default();
    let shown = &rows[..rows.len().min(size)];
    let next_page_token = match shown.last() {
        Some(last) if rows.len() > size => {
            page::write(last.try_get::<i64, _>("id")?.to_be_bytes(), conditions)
        }
        _ => String::new(),
    };
    Ok(ListParkedResponse { events: shown.iter().map(event).collect::<Result<_, _>>()?, next_page_token })
}

fn event(row: &sqlx::postgres::PgRow) -> Result<ParkedEvent, sqlx::Error> {
    Ok(ParkedEvent {
        position: Some(Position {
            topic: row.try_get("topic")?,
            partition: row.try_get("partition")?,
            offset: row.try_get("log_offset")?,
        }),
        aggregate_id: aggregate(row)?.map(|aggregate| aggregate.to_string()).unwrap_or_default(),
        r#type: row.try_get::<Option<String>, _>("event_type")?.unwrap_or_default(),
        cause: row.try_get("cause")?,
        detail: row.try_get("detail")?,
        attempts: row.try_get("attempts")?,
        parked_at: Some(to_wire_time(row.try_get::<jiff_sqlx::Timestamp, _>("parked_at")?.to_jiff())),
        payload_bytes: row.try_get("payload_bytes")?,
    })
}

/// As the inbox knows it, else as the key names it: without versions, or headers, there is nothing in the inbox.
fn aggregate(row: &sqlx::postgres::PgRow) -> Result<Option<Uuid>, sqlx::Error> {
    let known: Option<Uuid> = row.try_get("aggregate_id")?;
    let key: Option<&[u8]> = row.try_get("key")?;
    Ok(known.or_else(|| Uuid::try_parse_ascii(key?).ok()))
}
