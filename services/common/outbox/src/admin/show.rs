use redress_domain::Problem;
use redress_proto::admin::v1::{ConsumerStatusResponse, OutboxStatusResponse, PartitionStatus};
use redress_proto::convert::to_wire_time;

use super::Admin;
use super::service::of_database;
use crate::outbox::BUCKETS;
use crate::relay::depth;
use crate::store::position;

impl Admin {
    pub(super) async fn outbox(&self) -> Result<OutboxStatusResponse, Problem> {
        let asked = async {
            let (waiting, oldest) = depth::of(&self.kit.db, None).await?;
            let row: (i32, Vec<String>) = sqlx::query_as(
                "SELECT (SELECT count(*)::integer FROM outbox_lease WHERE holder = $1 AND expires_at > now()),
                        ARRAY(SELECT DISTINCT unnest(refused) FROM outbox_relay WHERE expires_at > now() ORDER BY 1)",
            )
            .bind(&self.holder)
            .fetch_one(&self.kit.db)
            .await?;
            Ok((waiting, oldest, row))
        };
        let (waiting, oldest, (buckets_held, refused_topics)) =
            asked.await.map_err(|error: sqlx::Error| of_database(&error))?;
        Ok(OutboxStatusResponse {
            waiting,
            oldest_age_ms: i64::try_from(oldest.as_millis()).unwrap_or(i64::MAX),
            buckets_held,
            buckets: i32::from(BUCKETS),
            refused_topics,
        })
    }

    pub(super) async fn consumers(&self) -> Result<ConsumerStatusResponse, Problem> {
        let mut partitions = Vec::new();
        for (kit, lane) in &self.lanes {
            let topic = lane.topic();
            let through =
                position::applied_through(&self.kit.db, topic).await.map_err(|error| of_database(&error))?;
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
