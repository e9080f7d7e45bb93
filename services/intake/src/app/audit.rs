//! Reading and verifying the audit chains of the caller's tenant.

use redress_domain::{ComplaintId, Principal, Problem, Violations};
use redress_postgres::Db;
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_proto::intake::v1 as wire;

use crate::domain::audit::{CHAINS, Hash, Head};
use crate::error::Error;
use crate::store::audit::{self, Placed};

/// Most entries on a page.
const PAGE_MAX: i32 = 500;
/// Entries on a page if the caller does not say.
const PAGE_DEFAULT: i32 = 100;

/// Answers questions about the audit chains.
#[derive(Clone)]
pub struct Audit {
    /// The service's database.
    pub db: Db,
}

impl Audit {
    /// A page of entries.
    pub async fn query(
        &self,
        caller: &Principal,
        request: wire::QueryAuditRequest,
    ) -> Result<wire::QueryAuditResponse, Error> {
        let size = match request.page_size {
            0 => PAGE_DEFAULT,
            size => size.clamp(1, PAGE_MAX),
        };
        let complaint = match request.complaint_id.as_str() {
            "" => None,
            id => Some(id.parse::<ComplaintId>().map_err(|_| Problem::not_found())?),
        };
        let query = audit::Query {
            tenant: &caller.tenant,
            complaint,
            from: time("recordedFrom", request.recorded_from.as_ref())?,
            until: time("recordedUntil", request.recorded_until.as_ref())?,
            after: after(&request.page_token)?,
            limit: i64::from(size),
        };
        let mut conn = self.db.pool().acquire().await?;
        let found = audit::read(&mut conn, &query).await?;
        let full = found.len() >= usize::try_from(size).unwrap_or_default();
        let next_page_token = found
            .last()
            .filter(|_| full)
            .map(|last| format!("{}.{}", last.chain, last.seq))
            .unwrap_or_default();
        Ok(wire::QueryAuditResponse { entries: found.into_iter().map(shown).collect(), next_page_token })
    }

    /// Recomputes all chains. Each is read as of one moment; what is appended meanwhile is left for the next time.
    pub async fn verify(
        &self,
        caller: &Principal,
        request: wire::VerifyAuditChainRequest,
    ) -> Result<wire::VerifyAuditChainResponse, Error> {
        let known = known(&request.known_heads)?;
        let mut answer = wire::VerifyAuditChainResponse { intact: true, ..Default::default() };
        let mut tx = self.db.pool().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        let recorded = audit::heads(&mut tx, &caller.tenant).await?;
        for chain in 0..CHAINS {
            let verdict =
                match audit::verify(&mut tx, &caller.tenant, chain, known.get(&chain).copied()).await? {
                    Ok(verifier) => {
                        answer.entries += verifier.head().seq;
                        verifier.finish(recorded.get(&chain).copied())
                    }
                    Err(found) => Err(found),
                };
            match verdict {
                Ok(head) if head.seq > 0 => answer.heads.push(wire::AuditHead {
                    chain,
                    seq: head.seq.unsigned_abs(),
                    hash: head.hash.to_vec(),
                }),
                Ok(_) => {}
                Err(found) => {
                    answer.intact = false;
                    answer.first_break = Some(wire::AuditBreak {
                        chain,
                        seq: found.seq.unsigned_abs(),
                        cause: found.cause.code().to_owned(),
                    });
                    break;
                }
            }
        }
        tx.rollback().await?;
        Ok(answer)
    }
}

fn shown(placed: Placed) -> wire::AuditEntry {
    wire::AuditEntry {
        chain: placed.chain,
        seq: placed.seq.unsigned_abs(),
        complaint_id: placed.entry.complaint_id.to_string(),
        action: placed.entry.action,
        actor: placed.entry.actor,
        recorded_at: Some(to_wire_time(placed.entry.recorded_at)),
        detail: serde_json::from_str(&placed.entry.detail).ok(),
        hash: placed.hash.to_vec(),
    }
}

fn known(heads: &[wire::AuditHead]) -> Result<std::collections::HashMap<u32, Head>, Problem> {
    heads
        .iter()
        .map(|head| {
            let hash = Hash::try_from(head.hash.as_slice()).map_err(|_| malformed("knownHeads"))?;
            let seq = i64::try_from(head.seq).map_err(|_| malformed("knownHeads"))?;
            Ok((head.chain, Head { seq, hash }))
        })
        .collect()
}

fn after(token: &str) -> Result<(u32, i64), Problem> {
    if token.is_empty() {
        return Ok((0, 0));
    }
    let (chain, seq) = token.split_once('.').ok_or_else(|| malformed("pageToken"))?;
    Ok((chain.parse().map_err(|_| malformed("pageToken"))?, seq.parse().map_err(|_| malformed("pageToken"))?))
}

fn time(field: &str, wire: Option<&pbjson_types::Timestamp>) -> Result<Option<jiff::Timestamp>, Problem> {
    wire.map(from_wire_time).transpose().map_err(|_| malformed(field))
}

fn malformed(field: &str) -> Problem {
    let mut found = Violations::default();
    found.add(field, "MALFORMED", "the value does not have the field's form");
    Problem::invalid(found)
}
