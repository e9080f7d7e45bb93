use std::collections::{BTreeMap, HashSet};

use redress_domain::{Principal, Problem, Violations};
use redress_proto::admin::v1 as wire;
use redress_proto::convert::from_wire_time;
use sqlx::{PgExecutor, Row as _};

use super::Admin;
use super::service::{of_database, of_kafka, of_redrive, operators_only, refuse, require_reason};
use crate::consume::redrive::Operator;
use crate::store::parked::{self, Place};
use crate::store::position;

/// Positions of one request at most.
const POSITIONS: usize = 1_000;

/// A record that waits, found for an operator.
struct Found {
    place: Place,
    key: Option<Vec<u8>>,
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
        let found = self.waiting(caller, &request.positions, &request.topic).await?;
        self.record(caller, "redrive", &request.topic, &request.positions, None, &request.reason).await?;
        // A gap is accepted only where the operator named the record.
        let accepted = request.positions.iter().map(|p| (p.topic.clone(), p.partition, p.offset)).collect();
        let by = Operator { actor: caller.subject.clone(), reason: request.reason, accepted };
        let mut answer = wire::RedriveParkedResponse::default();
        let mut chains = HashSet::new();
        for Found { place, key } in found {
            let Some(lane) = self.lane(&place.topic) else { continue };
            let redriven = match key {
                Some(key) if !chains.insert((lane.topic(), key.clone())) => continue,
                Some(key) => lane.redrive(&self.kit, &key, &by).await,
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
        let found = self.waiting(caller, &request.positions, "").await?;
        self.record(caller, "discard", "", &request.positions, None, &request.reason).await?;
        let by = Operator { actor: caller.subject.clone(), reason: request.reason, accepted: HashSet::new() };
        let mut discarded = 0;
        for Found { place, .. } in found {
            let Some(lane) = self.lane(&place.topic) else { continue };
            let link = parked::single(self.kit.db.pool(), &place).await.map_err(|e| of_database(&e))?;
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
        let moved =
            position::replay(self.kit.db.pool(), topic, &offsets).await.map_err(|e| of_database(&e))?;
        let topic = topic.to_owned();
        let positions = moved.into_iter().map(|(partition, offset)| wire::Position {
            topic: topic.clone(),
            partition,
            offset,
        });
        Ok(wire::ReplayFromResponse { positions: positions.collect() })
    }

    /// The records of `positions`, or all of `topic`, that wait and that the caller may see; in order per key.
    async fn waiting(
        &self,
        caller: &Principal,
        positions: &[wire::Position],
        topic: &str,
    ) -> Result<Vec<Found>, Problem> {
        find(self.kit.db.pool(), caller, self.operates(caller), positions, topic).await.map_err(|error| of_database(&error))
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
        .execute(self.kit.db.pool())
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

async fn find(
    database: impl PgExecutor<'_>,
    caller: &Principal,
    operates: bool,
    positions: &[wire::Position],
    topic: &str,
) -> Result<Vec<Found>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT topic, incarnation, partition, log_offset, key
         FROM parked_event
         WHERE status = 'parked' AND (tenant = $1 OR tenant IS NULL AND $6)
           AND CASE WHEN cardinality($2) = 0 THEN topic = $5
                    ELSE (topic, partition, log_offset)
                         IN (SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[])) END
         ORDER BY topic, key, aggregate_version NULLS FIRST, incarnation, partition, log_offset",
    )
    .bind(caller.tenant.as_str())
    .bind(positions.iter().map(|position| position.topic.as_str()).collect::<Vec<_>>())
    .bind(positions.iter().map(|position| position.partition).collect::<Vec<_>>())
    .bind(positions.iter().map(|position| position.offset).collect::<Vec<_>>())
    .bind(topic)
    .bind(operates)
    .fetch_all(database)
    .await?;
    rows.iter()
        .map(|row| {
            let place = Place {
                topic: row.try_get::<String, _>("topic")?.into(),
                incarnation: row.try_get("incarnation")?,
                partition: row.try_get("partition")?,
                offset: row.try_get("log_offset")?,
            };
            Ok(Found { place, key: row.try_get("key")? })
        })
        .collect()
}
