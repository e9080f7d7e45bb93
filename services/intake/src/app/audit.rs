//! Reading and verifying the audit chains of the caller's tenant.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_domain::{ComplaintId, ErrorKind, Principal, Problem, Violations};
use redress_postgres::Db;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_runtime::page;
use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use super::told;
use super::verifications::Verifications;
use crate::domain::audit::{Break, CHAINS, Hash, Head, Verifier};
use crate::error::Error;
use crate::store::audit::{self, Placed};

/// Most entries on a page.
const PAGE_MAX: i32 = 500;
/// Entries on a page if the caller does not say.
const PAGE_DEFAULT: i32 = 100;
/// Entries that are recomputed by one statement: far below its time limit, and the clock is looked at in between.
const STRETCH: i64 = 1_000;

/// Answers questions about the audit chains.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    running: Verifications,
}

/// Where a verification stands: in which chain, and behind which of its entries.
#[derive(Clone, Copy)]
struct Place {
    chain: u32,
    head: Head,
}

impl Audit {
    /// The chains in the service's database.
    pub fn new(db: Db) -> Self {
        Self { db, running: Verifications::default() }
    }

    /// A page of entries.
    pub async fn query(
        &self,
        caller: &Principal,
        request: wire::QueryAuditRequest,
    ) -> Result<wire::QueryAuditResponse, Error> {
        let mut found = Violations::default();
        let from = told::time("recordedFrom", request.recorded_from.as_ref(), &mut found);
        let until = told::time("recordedUntil", request.recorded_until.as_ref(), &mut found);
        let size = told::part(page::size(request.page_size, PAGE_DEFAULT, PAGE_MAX), &mut found);
        let conditions = format!("{} {from:?} {until:?}", request.complaint_id);
        // Under conditions that could not be read, any token would look like one of another query.
        let after = if found.is_empty() {
            told::part(page::read::<12>(&request.page_token, &conditions), &mut found)
        } else {
            None
        };
        let (Some(size), Some(after)) = (size, after) else { return Err(Problem::invalid(found).into()) };
        let complaint = match request.complaint_id.as_str() {
            "" => None,
            id => Some(id.parse::<ComplaintId>().map_err(|_| Problem::not_found())?),
        };
        let query = audit::Query {
            tenant: &caller.tenant,
            complaint,
            from,
            until,
            after: after.map_or((0, 0), |place| position(&place)),
            limit: size,
        };
        let mut conn = self.db.pool().acquire().await?;
        let entries = audit::read(&mut conn, &query).await?;
        let full = entries.len() >= usize::try_from(size).unwrap_or_default();
        let next_page_token = entries
            .last()
            .filter(|_| full)
            .map(|last| page::write(place(last.chain, last.seq), &conditions))
            .unwrap_or_default();
        Ok(wire::QueryAuditResponse { entries: entries.into_iter().map(shown).collect(), next_page_token })
    }

    /// Recomputes the chains, as far as three quarters of the time until `deadline` allow; the rest is for the answer.
    ///
    /// Everything that a call reads is as of one moment; what is appended meanwhile is left for the next call or the next
    /// time. While the tenant's are being verified already, or as many tenants' as may be, a call
    /// is refused.
    pub async fn verify(
        &self,
        caller: &Principal,
        request: wire::VerifyAuditChainRequest,
        deadline: Option<Instant>,
    ) -> Result<wire::VerifyAuditChainResponse, Error> {
        let now = Instant::now();
        let until = deadline.map(|at| now + at.saturating_duration_since(now) * 3 / 4);
        let known = known(&request.known_heads)?;
        let bound_to = format!("{known:?}");
        let mut place = Place::read(&request.page_token, &bound_to)?;
        let _turn = self.running.begin(&caller.tenant).ok_or_else(|| {
            let message = "chains are being verified already; repeat after the delay";
            Problem::new(ErrorKind::ResourceExhausted, "VERIFICATIONS_RUNNING", message)
                .after(Duration::from_secs(5))
        })?;
        let mut answer = wire::VerifyAuditChainResponse { intact: true, ..Default::default() };
        let mut tx = self.db.pool().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        let recorded = audit::heads(&mut tx, &caller.tenant).await?;
        while place.chain < CHAINS {
            let (known, recorded) = (known.get(&place.chain), recorded.get(&place.chain));
            let verifier =
                Verifier::new(caller.tenant.as_str(), place.chain, known.copied()).after(place.head);
            match stretch(&mut tx, caller, &mut place, verifier, recorded.copied()).await? {
                Ok(Stretch { met, end }) => {
                    answer.entries += met;
                    answer.heads.extend(end.filter(|end| end.head.seq > 0).map(Place::shown));
                }
                Err(found) => {
                    answer.intact = false;
                    answer.first_break = Some(wire::AuditBreak {
                        chain: place.chain,
                        seq: found.seq.unsigned_abs(),
                        cause: found.cause.code().to_owned(),
                    });
                    break;
                }
            }
            if place.chain < CHAINS && until.is_some_and(|until| Instant::now() >= until) {
                answer.next_page_token = place.write(&bound_to);
                break;
            }
        }
        tx.rollback().await?;
        Ok(answer)
    }
}

/// What a part of a chain came to.
struct Stretch {
    /// Entries recomputed.
    met: i64,
    /// The chain's end, if it was reached.
    end: Option<Place>,
}

/// Recomputes the next part of a chain and moves `place` behind it: into the next chain at the end of this one.
async fn stretch(
    conn: &mut PgConnection,
    caller: &Principal,
    place: &mut Place,
    mut verifier: Verifier<'_>,
    recorded: Option<Head>,
) -> Result<Result<Stretch, Break>, Error> {
    let met = match audit::verify(conn, &caller.tenant, place.chain, &mut verifier, STRETCH).await? {
        Ok(met) => met,
        Err(found) => return Ok(Err(found)),
    };
    if met == STRETCH {
        place.head = verifier.head();
        return Ok(Ok(Stretch { met, end: None }));
    }
    Ok(verifier.finish(recorded).map(|head| {
        let end = Place { chain: place.chain, head };
        *place = Place { chain: place.chain + 1, head: Head::EMPTY };
        Stretch { met, end: Some(end) }
    }))
}

impl Place {
    fn read(token: &str, bound_to: &str) -> Result<Self, Problem> {
        let Some(bytes) = page::read::<44>(token, bound_to)? else {
            return Ok(Self { chain: 0, head: Head::EMPTY });
        };
        let (chain, seq) = position(&std::array::from_fn(|n| bytes[n]));
        Ok(Self { chain, head: Head { seq, hash: std::array::from_fn(|n| bytes[12 + n]) } })
    }

    fn write(self, bound_to: &str) -> String {
        let mut bytes = [0; 44];
        bytes[..12].copy_from_slice(&place(self.chain, self.head.seq));
        bytes[12..].copy_from_slice(&self.head.hash);
        page::write(bytes, bound_to)
    }

    fn shown(self) -> wire::AuditHead {
        wire::AuditHead {
            chain: self.chain,
            seq: self.head.seq.unsigned_abs(),
            hash: self.head.hash.to_vec(),
        }
    }
}

/// Chain and position as a page's token holds them.
fn place(chain: u32, seq: i64) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&chain.to_be_bytes());
    bytes[4..].copy_from_slice(&seq.to_be_bytes());
    bytes
}

fn position(bytes: &[u8; 12]) -> (u32, i64) {
    let chain = u32::from_be_bytes(std::array::from_fn(|n| bytes[n]));
    (chain, i64::from_be_bytes(std::array::from_fn(|n| bytes[4 + n])))
}

fn shown(placed: Placed) -> wire::AuditEntry {
    let Placed { chain, seq, hash, entry } = placed;
    wire::AuditEntry {
        chain,
        seq: seq.unsigned_abs(),
        complaint_id: entry.complaint_id.to_string(),
        action: entry.action,
        actor: entry.actor,
        recorded_at: Some(to_wire_time(entry.recorded_at)),
        detail: serde_json::from_str(&entry.detail).ok(),
        hash: hash.to_vec(),
        happened_at: Some(to_wire_time(entry.happened_at)),
        state: entry.state,
        decided_by: entry.decided_by,
        state_version: entry.state_version.map(i32::unsigned_abs),
        detail_json: entry.detail,
    }
}

fn known(heads: &[wire::AuditHead]) -> Result<BTreeMap<u32, Head>, Problem> {
    let mut found = Violations::default();
    let read = |(index, head): (usize, &wire::AuditHead)| {
        let hash = Hash::try_from(head.hash.as_slice()).ok();
        let seq = i64::try_from(head.seq).ok();
        let read = hash.zip(seq).filter(|_| head.chain < CHAINS);
        if read.is_none() {
            let form = "a chain of 0 to 47, a position and a hash of 32 bytes are expected";
            found.add(format!("knownHeads[{index}]"), "MALFORMED", form);
        }
        read.map(|(hash, seq)| (head.chain, Head { seq, hash }))
    };
    let heads = heads.iter().enumerate().filter_map(read).collect();
    if found.is_empty() { Ok(heads) } else { Err(Problem::invalid(found)) }
}
