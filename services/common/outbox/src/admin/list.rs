use jiff_sqlx::ToSqlx as _;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::admin::v1::{ListParkedRequest, ListParkedResponse, ParkedEvent, Position};
use redress_proto::convert::to_wire_time;
use sqlx::Row as _;
use uuid::Uuid;

use super::Admin;
use super::service::{of_database, refuse};

const PAGE_DEFAULT: i32 = 50;
const PAGE_LIMIT: i32 = 100;

/// Where the next page begins: after this row, in the order of the list.
#[derive(serde::Serialize, serde::Deserialize)]
struct Mark(jiff::Timestamp, String, i32, i32, i64);

impl Admin {
    pub(super) async fn list(
        &self,
        caller: &Principal,
        request: ListParkedRequest,
    ) -> Result<ListParkedResponse, Problem> {
        let mut violations = Violations::default();
        if !(0..=PAGE_LIMIT).contains(&request.page_size) {
            violations.add("pageSize", "OUT_OF_RANGE", "1 to 100, or 0 for the default");
        }
        let mark = read_token(&request.page_token);
        if mark.is_err() {
            violations.add("pageToken", "MALFORMED", "not a token of this list");
        }
        refuse(violations)?;
        let size = if request.page_size == 0 { PAGE_DEFAULT } else { request.page_size };
        self.page(caller, &request.topic, size, mark.unwrap_or_default()).await.map_err(|e| of_database(&e))
    }

    async fn page(
        &self,
        caller: &Principal,
        topic: &str,
        size: i32,
        mark: Option<Mark>,
    ) -> Result<ListParkedResponse, sqlx::Error> {
        let Mark(at, mark_topic, incarnation, partition, offset) =
            mark.unwrap_or(Mark(jiff::Timestamp::UNIX_EPOCH, String::new(), 0, 0, 0));
        let rows = sqlx::query(
            "SELECT topic, incarnation, partition, log_offset, key, aggregate_id, event_type,
                    cause, detail, attempts, parked_at, octet_length(payload)::bigint AS payload_bytes
             FROM parked_event
             WHERE status = 'parked' AND ($1 = '' OR topic = $1) AND (tenant = $2 OR tenant IS NULL AND $9)
               AND (parked_at, topic, incarnation, partition, log_offset) > ($3, $4, $5, $6, $7)
             ORDER BY parked_at, topic, incarnation, partition, log_offset
             LIMIT $8",
        )
        .bind(topic)
        .bind(caller.tenant.as_str())
        .bind(at.to_sqlx())
        .bind(mark_topic)
        .bind(incarnation)
        .bind(partition)
        .bind(offset)
        .bind(i64::from(size) + 1)
        .bind(self.operates(caller))
        .fetch_all(self.kit.db.pool())
        .await?;
        let full = usize::try_from(size).unwrap_or_default();
        let page = &rows[..rows.len().min(full)];
        let more = rows.len() > full;
        let next_page_token = match page.last() {
            Some(last) if more => token(last)?,
            _ => String::new(),
        };
        let events = page.iter().map(event).collect::<Result<_, _>>()?;
        Ok(ListParkedResponse { events, next_page_token })
    }
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

fn token(row: &sqlx::postgres::PgRow) -> Result<String, sqlx::Error> {
    let mark = Mark(
        row.try_get::<jiff_sqlx::Timestamp, _>("parked_at")?.to_jiff(),
        row.try_get("topic")?,
        row.try_get("incarnation")?,
        row.try_get("partition")?,
        row.try_get("log_offset")?,
    );
    serde_json::to_vec(&mark).map(hex::encode).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn read_token(token: &str) -> Result<Option<Mark>, ()> {
    if token.is_empty() {
        return Ok(None);
    }
    let json = hex::decode(token).map_err(|_| ())?;
    serde_json::from_slice(&json).map(Some).map_err(|_| ())
}
