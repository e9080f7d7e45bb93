//! Evidence as if it had been brought: how it is brought is tested where files are.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff_sqlx::ToSqlx as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::bench::{Bench, HEARING};

pub(crate) async fn keep(bench: &Bench, n: u128, kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let id = Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64 | n);
    sqlx::query(
        "INSERT INTO evidence (tenant, complaint_id, evidence_id, type, provider, provider_ref, brought_by, source_system,
                               media_type, size, sha256, file_name, description, received_at, place, object_key, seq)
         VALUES ('tenant-a', $1, $2, $3, 'complainant', '', 'person-1', '', 'image/png', 1, $4, '', '', $5, 'plain',
                 'k', 1)",
    )
    .bind(Uuid::from_u128(n))
    .bind(id)
    .bind(kind)
    .bind(Sha256::digest(b"x").as_slice())
    .bind(bench.desk.now().to_sqlx())
    .execute(bench.db.pool())
    .await
    .unwrap();
    id.to_string()
}

/// A copy as if it had been made for the other side of what the complainant brought, so long ago that it was heard on it.
pub(crate) async fn show(bench: &Bench, n: u128, evidence: &str) {
    sqlx::query(
        "INSERT INTO rendition (tenant, complaint_id, rendition_id, evidence_id, audience, policy_version, treatment,
                                withheld_reason, media_type, size, sha256, place, object_key, produced_by, produced_at, seq)
         SELECT tenant, complaint_id, gen_random_uuid(), evidence_id, 'respondent', '1', 'as_is', '', media_type, size,
                sha256, place, object_key, 'handler-1', $3, 1
         FROM evidence WHERE tenant = 'tenant-a' AND complaint_id = $1 AND evidence_id = $2",
    )
    .bind(Uuid::from_u128(n))
    .bind(evidence.parse::<Uuid>().unwrap())
    .bind((bench.desk.now() - HEARING).to_sqlx())
    .execute(bench.db.pool())
    .await
    .unwrap();
}
