//! The raw operations that accepting a complaint cannot do without, each alone, measured beside the run that they are
//! the denominator of: processor time moves with machine, kernel and neighbours, ratios hardly do.

pub(crate) mod bare_grpc;
pub(crate) mod bare_upload;
pub(crate) mod harness;
mod produce;
mod redis_set;
mod sealing;

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::driver::tally::latencies;
use crate::procfs::own_cpu;
use crate::report::{Report, progress};
use crate::site::Site;
use harness::{Done, Operation, at_rate, flat_out};
use produce::Produce;
use redis_set::RedisSet;
use sealing::Sealing;

/// Before anything is measured; a broker that has just started is ten times as slow.
pub(crate) const WARM_UP: Duration = Duration::from_secs(3);
/// For what runs in a closed loop: it does in a second what the service does in twenty.
const FLAT_OUT: Duration = Duration::from_secs(2);
const REDIS_TASKS: usize = 256;
const PRODUCE_TASKS: usize = 1_000;

/// Processor time per operation, microseconds.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// A bare gRPC server's, at the rate.
    grpc: f64,
    /// Sealing one complaint.
    sealing: f64,
    redis: Raw,
    produce: Raw,
}

/// A client-side operation in its two ways.
#[derive(Debug)]
struct Raw {
    flat_out_us: f64,
    flat_out_per_s: f64,
    at_rate_us: f64,
    at_rate: Done,
}

impl Baseline {
    /// Measures all of it, what runs at the rate for `lasting`.
    pub(crate) async fn measure(site: &Site, rate: u32, lasting: Duration) -> anyhow::Result<Self> {
        progress(format_args!("baseline: bare gRPC server at {rate}/s"));
        let grpc = bare_grpc::measure(site, rate, lasting).await?;
        progress("baseline: sealing, Redis, produce");
        let sealer = Sealing::new(site)?;
        let sealing = sealer.measure(FLAT_OUT / 2).await?;
        let redis = Arc::new(RedisSet::connect(site.stack()).await?);
        let redis = Raw::measure(&redis, REDIS_TASKS, rate, lasting).await?;
        let (payload, meta) = sealer.record().await?;
        let produce = Arc::new(Produce::connect(site.stack(), payload, &meta).await?);
        let produce = Raw::measure(&produce, PRODUCE_TASKS, rate, lasting).await?;
        Ok(Self { grpc, sealing, redis, produce })
    }

    /// The denominator of P1: Redis and Kafka at their cheapest.
    pub(crate) fn sum_us(&self) -> f64 {
        self.grpc + self.sealing + self.redis.flat_out_us + self.produce.flat_out_us
    }

    /// The same with Redis and Kafka as often as the service uses them, wake-ups included.
    pub(crate) fn sum_at_rate_us(&self) -> f64 {
        self.grpc + self.sealing + self.redis.at_rate_us + self.produce.at_rate_us
    }

    /// Of a bare produce at the rate: the denominator of H3 and P4.
    pub(crate) fn produce_latency(&self) -> &Histogram<u64> {
        &self.produce.at_rate.latency
    }

    pub(crate) fn report(&self, report: &mut Report) {
        report.figure("a_bare_grpc_server_cpu_us", self.grpc);
        report.figure("b_sealing_cpu_us", self.sealing);
        for (name, raw) in [("c_redis_set", &self.redis), ("d_produce", &self.produce)] {
            report.figure(format!("{name}_cpu_us"), raw.flat_out_us);
            report.figure(format!("{name}_flat_out_per_s"), raw.flat_out_per_s);
            report.figure(format!("{name}_at_rate_cpu_us"), raw.at_rate_us);
        }
        latencies(report, "d_produce_at_rate", &self.produce.at_rate.latency);
        report.figure("sum_cpu_us", self.sum_us());
        report.figure("sum_at_rate_cpu_us", self.sum_at_rate_us());
    }
}

impl Raw {
    async fn measure(
        operation: &Arc<impl Operation>,
        tasks: usize,
        rate: u32,
        lasting: Duration,
    ) -> anyhow::Result<Self> {
        at_rate(operation, rate, WARM_UP).await?;
        let before = own_cpu();
        let flat = flat_out(operation, tasks, FLAT_OUT).await?;
        let between = own_cpu();
        let paced = at_rate(operation, rate, lasting).await?;
        Ok(Self {
            flat_out_us: flat.cpu_us(between.saturating_sub(before)),
            flat_out_per_s: flat.per_second(),
            at_rate_us: paced.cpu_us(own_cpu().saturating_sub(between)),
            at_rate: paced,
        })
    }
}
