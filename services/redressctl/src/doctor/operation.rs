//! What a service says of its own operation to an administrator: parked records, outbox, consumers.

use redress_proto::admin::v1::{
    ConsumerStatusRequest, ListParkedRequest, OutboxStatusRequest, OutboxStatusResponse, PartitionStatus,
};

use super::finding::{Finding, Level};
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;

/// Events are published within a second; older than this they wait for something.
const OUTBOX_OLD_MS: i64 = 30_000;

pub(super) async fn look(context: &Context, service: Service) -> Result<Vec<Finding>, Failure> {
    let name = service.name();
    if context.settings.token.is_none() {
        let skipped = Finding::new("parked", name, Level::Skipped, "there is no token to ask with");
        return Ok(vec![skipped.remedy("Give a token of an administrator (role admin).")]);
    }
    let mut admin = context.admin(service)?;
    let list = ListParkedRequest { page_size: 1, ..ListParkedRequest::default() };
    let parked = match admin.list_parked(context.request(list)).await {
        Ok(answer) => answer.into_inner().events.len(),
        Err(status) => {
            let told = context.failed(service)(status);
            let skipped = Finding::new("parked", name, Level::Skipped, told.told().message.clone());
            return Ok(vec![skipped.remedy("Give a token of an administrator (role admin).")]);
        }
    };
    let outbox = admin.outbox_status(context.request(OutboxStatusRequest {})).await;
    let consumers = admin.consumer_status(context.request(ConsumerStatusRequest {})).await;
    let mut found = vec![of_parked(name, parked)];
    // Whoever answered the first question and not these is on the way out; the health above has said so.
    found.extend(outbox.ok().map(|answer| of_outbox(name, &answer.into_inner())));
    found.extend(consumers.ok().map(|answer| of_consumers(name, &answer.into_inner().partitions)));
    Ok(found)
}

fn of_parked(name: &str, parked: usize) -> Finding {
    if parked == 0 {
        return Finding::new("parked", name, Level::Ok, "nothing is parked that the token's tenant may see");
    }
    Finding::new("parked", name, Level::Problem, "records are parked: their aggregates do not move").remedy(format!(
        "`redressctl parked list {name}` tells why; mend the cause, then `redressctl parked redrive {name} --topic … \
         --reason …`."
    ))
}

fn of_outbox(name: &str, status: &OutboxStatusResponse) -> Finding {
    if !status.refused_topics.is_empty() {
        let topics = status.refused_topics.join(", ");
        return Finding::new("outbox", name, Level::Problem, format!("Kafka refuses {topics}: events wait"))
            .remedy(format!(
                "Run `redress-{name} topics`, and look whether its user may write there (ACL)."
            ));
    }
    if status.oldest_age_ms > OUTBOX_OLD_MS {
        let message =
            format!("{} events wait, the oldest for {} s", status.waiting, status.oldest_age_ms / 1_000);
        return Finding::new("outbox", name, Level::Problem, message)
            .remedy("Look whether the brokers answer and whether a process with a relay runs.");
    }
    Finding::new("outbox", name, Level::Ok, format!("{} events wait", status.waiting))
}

fn of_consumers(name: &str, partitions: &[PartitionStatus]) -> Finding {
    let paused: Vec<_> = partitions.iter().filter(|partition| partition.paused).collect();
    let behind: i64 =
        partitions.iter().map(|partition| (partition.end_offset - partition.next_offset).max(0)).sum();
    let read =
        format!("{} partitions in the process that answered, {behind} records behind", partitions.len());
    match paused.first() {
        None => Finding::new("consumers", name, Level::Ok, read),
        Some(first) => {
            let message = format!("{read}; {} paused, for example {}", paused.len(), first.topic);
            Finding::new("consumers", name, Level::Warning, message)
                .remedy("A dependency is away, or there is more work than the database takes: look at the service's log.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parked_refused_or_old_is_a_problem() {
        assert!(of_parked("intake", 0).is(Level::Ok));
        assert!(of_parked("intake", 1).text().contains("redressctl parked list intake"));
        let refused =
            OutboxStatusResponse { refused_topics: vec!["t".into()], ..OutboxStatusResponse::default() };
        assert!(of_outbox("sla", &refused).text().contains("`redress-sla topics`"));
        let old =
            OutboxStatusResponse { oldest_age_ms: 30_001, waiting: 7, ..OutboxStatusResponse::default() };
        assert!(of_outbox("sla", &old).is(Level::Problem));
        assert!(of_outbox("sla", &OutboxStatusResponse::default()).is(Level::Ok));
    }

    #[test]
    fn a_paused_partition_is_worth_a_look() {
        let partition =
            |paused| PartitionStatus { paused, next_offset: 5, end_offset: 9, ..PartitionStatus::default() };
        assert!(of_consumers("sla", &[partition(false)]).text().contains("4 records behind"));
        assert!(of_consumers("sla", &[partition(false), partition(true)]).is(Level::Warning));
    }
}
