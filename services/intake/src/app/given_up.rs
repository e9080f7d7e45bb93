//! What operators give up of the records that could not be applied: an acknowledged submission perhaps. It moves nothing,
//! so only the chain of its complaint tells of it; why it was given up is the operator's free text and stays with the kit.

use jiff::Timestamp;
use redress_domain::DecidedBy;
use redress_messaging::EventMeta;
use serde_json::json;
use sqlx::postgres::PgConnection;

use crate::domain::audit::Entry;
use crate::error::Error;
use crate::store::audit;

/// Appends the entry. `now` is whole microseconds.
pub(super) async fn note(
    conn: &mut PgConnection,
    event: &EventMeta,
    operator: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let entry = Entry {
        complaint_id: event.subject,
        state_version: None,
        // Of a submission that never became a complaint there is none.
        state: String::new(),
        action: "RecordGivenUp".to_owned(),
        actor: operator.to_owned(),
        decided_by: DecidedBy::Human.code().to_owned(),
        happened_at: now,
        recorded_at: now,
        detail: json!({"type": event.event_type, "record": event.event_id}).to_string(),
    };
    audit::append(conn, &[(event.tenant.clone(), entry)]).await
}
