use std::collections::{BTreeMap, HashSet};

use redress_domain::{Principal, Problem, Violations};
use redress_proto::admin::v1 as wire;
use redress_proto::convert::from_wire_time;
use sqlx::Row as _;

use super::Admin;
use super::service::{of_database, of_kafka, of_redrive, operators_only, refuse, require_reason};
use crate::consume::plan::Chain;
use crate::consume::redrive::Operator;
use crate::store::parked::{self, Place};
use crate::store::position;

/// Positions of one request at most.
const POSITIONS: usize = 1_000;

/// Chains, and records without a key, that one call redrives at most: a call has a deadline.
const REDRIVEN: usize = 200;

/// A record that waits, found for an operator.
struct Found {
    place: Place,
    chain: Option<Chain>,
}

impl Admin {
    pub(super) async fn redrive(
        &self,
        caller: &Principal,
        request: wire::RedriveParkedRequest,
    ) -> Result<wire::RedriveParkedResponse, Problem> {
        let mut violations = Violations::default();
        require_reason(&request.reason, &mut violations);
        bound(&request.positions, &mut violations);
        if request.positions.is_empty() && self.lane(&request.topic).is_none() {
            violations.add("topic", "UNKNOWN", "a topic that this service consumes, or positions");
        }
        refuse(violations)?;
        let mut found = if request.positions.is_empty() {
            self.of_topic(caller, &request.topic).await?
        } else {
            self.named(caller, &request.positions).await?
        };
        self.record(caller, "redrive", &request.topic, &request.positions, None, &request.reason).await?;
        // A gap is accepted only where the operator named the record.
        let accepted = request.positions.iter().map(|p| (p.topic.clone(), p.partition, p.offset)).collect();
        let by = Operator { actor: caller.subject.clone(), reason: request.reason, accepted };
        let mut answer = wire::RedriveParkedResponse {
            more: request.positions.is_empty() && found.len() > REDRIVEN,
            ..Default::default()
        };
        if request.positions.is_empty() {
            found.truncate(REDRIVEN);
        }
        let mut chains = HashSet::new();
        for Found { place, chain } in found {
            let Some(lane) = self.lane(&place.topic) else { continue };
            let redriven = match chain {
                Some(chain) if !chains.insert((lane.topic(), chain.clone())) => continue,
                Some(chain) => lane.redrive(&self.kit, &chain, &by).await,
                None => lane.redrive_single(&self.kit, &place, &by).await,
            };
            let redriven = redriven.map_err(|error| of_redrive(&error))?;
            answer.applied += redriven.applied;
            answer.dropped += redriven.dropped;
            answer.still_parked += redriven.still_parked;
        }
        Ok(answer)
    }

    pub(super) async fn discard(
        &self,
        caller: &Principal,
        request: wire::DiscardParkedRequest,
    ) -> Result<wire::DiscardParkedResponse, Problem> {
        let mut violations = Violations::default();
        require_reason(&request.reason, &mut violations);
        bound(&request.positions, &mut violations);
        if request.positions.is_empty() {
            violations.add("positions", "REQUIRED", "name each record that is given up");
        }
        refuse(violations)?;
        let found = self.named(caller, &request.positions).await?;
        self.record(caller, "discard", "", &request.positions, None, &request.reason).await?;
        let by = Operator { actor: caller.subject.clone(), reason: request.reason, accepted: HashSet::new() };
        let mut discarded = 0;
        for Found { place, .. } in found {
            let Some(lane) = self.lane(&place.topic) else { continue };
            let link = parked::single(&self.kit.db, &place).await.map_err(|e| of_database(&e))?;
            let Some(link) = link else { continue };
            let done = lane.discard(&self.kit, &link, &by).await.map_err(|error| of_redrive(&error))?;
            discarded += i32::from(done);
        }
        Ok(wire::DiscardParkedResponse { discarded })
    }

    pub(super) async fn replay(
        &self,
        caller: &Principal,
        request: wire::ReplayFromRequest,
    ) -> Result<wire::ReplayFromResponse, Problem> {
        let mut violations = Violations::default();
        require_reason(&request.reason, &mut violations);
        let lane = self.lane(&request.topic);
        if lane.is_none() {
            violations.add("topic", "UNKNOWN", "a topic that this service consumes");
        }
        let from = request.from_time.as_ref().map(from_wire_time);
        match from {
            None => violations.add("fromTime", "REQUIRED", "from when to read again"),
            Some(Err(_)) => violations.add("fromTime", "MALFORMED", "no instant"),
            Some(Ok(_)) => {}
        }
        refuse(violations)?;
        if !self.operates(caller) {
            return Err(operators_only());
        }
        let (Some(lane), Some(Ok(from))) = (lane, from) else { return Err(Problem::internal()) };
        let topic = lane.topic();
        let offsets = self.reader.off_the_runtime(move |reader| reader.offsets_at(topic, from)).await;
        let offsets = offsets.map_err(|error| of_kafka(&error))?;
        self.record(caller, "replay", topic, &[], Some(from), &request.reason).await?;
        let moved = position::replay(&self.kit.db, topic, &offsets).await.map_err(|e| of_database(&e))?;
        let topic = topic.to_owned();
        let positions = moved.into_iter().map(|(partition, offset)| wire::Position {
            topic: topic.clone(),
            partition,
            offset,
        });
        Ok(wire::ReplayFromResponse { positions: positions.collect() })
    }

    /// The records of `positions` that wait and that the caller may see; in order per chain.
    async fn named(&self, caller: &Principal, positions: &[wire::Position]) -> Result<Vec<Found>, Problem> {
        let rows = sqlx::query(
            "SELECT topic, incarnation, partition, log_offset, coalesce(tenant, '') AS tenant, key
             FROM parked_event
             WHERE status = 'parked' AND (tenant = $1 OR tenant IS NULL AND $2)
               AND (topic, partition, log_offset)
                   IN (SELECT * FROM unnest($3::text[], $4::integer[], $5::bigint[]))
             ORDER BY topic, tenant, key, aggregate_version NULLS FIRST, incarnation, partition, log_offset",
        )
        .bind(caller.tenant.as_str())
        .bind(self.operates(caller))
        .bind(positions.iter().map(|position| position.topic.as_str()).collect::<Vec<_>>())
        .bind(positions.iter().map(|position| position.partition).collect::<Vec<_>>())
        .bind(positions.iter().map(|position| position.offset).collect::<Vec<_>>());
        let rows = rows.fetch_all(&self.kit.db).await;
        rows.and_then(|rows| rows.iter().map(found).collect()).map_err(|error| of_database(&error))
    }

    /// A record of each chain of `topic` that waits and that the caller may see, and those without a key: one more than a
    /// call redrives, those first that were tried least, so that repeating the call comes to all of them.
    async fn of_topic(&self, caller: &Principal, topic: &str) -> Result<Vec<Found>, Problem> {
        let rows = sqlx::query(
            "SELECT topic, incarnation, partition, log_offset, tenant, key
             FROM (SELECT DISTINCT ON (tenant, key, keyless) topic, incarnation, partition, log_offset, tenant, key,
                          max(attempts) OVER (PARTITION BY tenant, key, keyless) AS tried
                   FROM (SELECT topic, incarnation, partition, log_offset, coalesce(tenant, '') AS tenant, key, attempts,
                                CASE WHEN key IS NULL THEN id END AS keyless
                         FROM parked_event
                         WHERE status = 'parked' AND topic = $3 AND (tenant = $1 OR tenant IS NULL AND $2)) AS waiting
                   ORDER BY tenant, key, keyless) AS chain
             ORDER BY tried, tenant, key, incarnation, partition, log_offset
             LIMIT $4",
        )
        .bind(caller.tenant.as_str())
        .bind(self.operates(caller))
        .bind(topic)
        .bind(i64::try_from(REDRIVEN + 1).unwrap_or(i64::MAX));
        let rows = rows.fetch_all(&self.kit.db).await;
        rows.and_then(|rows| rows.iter().map(found).collect()).map_err(|error| of_database(&error))
    }

    /// Keeps on record what an operator is about to do.
    async fn record(
        &self,
        caller: &Principal,
        action: &str,
        topic: &str,
        positions: &[wire::Position],
        from: Option<jiff::Timestamp>,
        reason: &str,
    ) -> Result<(), Problem> {
        let mut named: BTreeMap<&str, Vec<(i32, i64)>> = BTreeMap::new();
        for position in positions {
            named.entry(&position.topic).or_default().push((position.partition, position.offset));
        }
        let target = serde_json::json!({ "topic": topic, "positions": named, "from": from }).to_string();
        sqlx::query(
            "INSERT INTO operator_action (actor, tenant, action, target, reason) VALUES ($1, $2, $3, $4::json, $5)",
        )
        .bind(&caller.subject)
        .bind(caller.tenant.as_str())
        .bind(action)
        .bind(target)
        .bind(reason)
        .execute(&self.kit.db)
        .await
        .map(|_| ())
        .map_err(|error| of_database(&error))
    }
}

fn bound(positions: &[wire::Position], violations: &mut Violations) {
    if positions.len() > POSITIONS {
        violations.add("positions", "TOO_MANY", "at most 1,000 at once");
    }
}

fn found(row: &sqlx::postgres::PgRow) -> Result<Found, sqlx::Error> {
    let place = Place {
        topic: row.try_get::<String, _>("topic")?.into(),
        incarnation: row.try_get("incarnation")?,
        partition: row.try_get("partition")?,
        offset: row.try_get("log_offset")?,
    };
    let key: Option<Vec<u8>> = row.try_get("key")?;
    let tenant = row.try_get("tenant")?;
    Ok(Found { place, chain: key.map(|key| (tenant, key)) })
}
