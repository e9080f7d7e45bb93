use redress_domain::Problem;
use redress_proto::admin::v1::{ConsumerStatusResponse, OutboxStatusResponse, PartitionStatus};
use redress_proto::convert::to_wire_time;

use super::Admin;
use super::service::of_database;
use crate::outbox::BUCKETS;
use crate::store::position;

impl Admin {
    pub(super) async fn outbox(&self) -> Result<OutboxStatusResponse, Problem> {
        let row: (i64, i64, i32) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM outbox),
                    (SELECT coalesce(extract(epoch FROM now() - min(created_at)) * 1000, 0)::bigint FROM outbox),
                    (SELECT count(*)::integer FROM outbox_lease WHERE holder = $1 AND expires_at > now())",
        )
        .bind(&self.holder)
        .fetch_one(self.kit.db.pool())
        .await
        .map_err(|error| of_database(&error))?;
        let (waiting, oldest_age_ms, buckets_held) = row;
        Ok(OutboxStatusResponse { waiting, oldest_age_ms, buckets_held, buckets: i32::from(BUCKETS) })
    }

    pub(super) async fn consumers(&self) -> Result<ConsumerStatusResponse, Problem> {
        let mut partitions = Vec::new();
        for (kit, lane) in &self.lanes {
            let topic = lane.topic();
            let through = position::applied_through(self.kit.db.pool(), topic)
                .await
                .map_err(|error| of_database(&error))?;
            partitions.extend(kit.status.partitions(topic).into_iter().map(|(partition, reach)| {
                PartitionStatus {
                    topic: topic.to_owned(),
                    partition,
                    next_offset: reach.next,
                    end_offset: reach.end,
                    applied_through: through.get(&partition).copied().flatten().map(to_wire_time),
                    paused: reach.waiting,
                }
            }));
        }
        Ok(ConsumerStatusResponse { partitions })
    }
}
