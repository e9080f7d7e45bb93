//! What the figures depend on, told before them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;

use crate::report::Report;
use crate::site::Site;

const SYNCS: usize = 201;
/// A page of the write-ahead log.
const SYNC_BYTES: usize = 8_192;

/// Versions, cores, load and the disk's pace. Asked before any load.
pub(crate) async fn describe(site: &Site) -> anyhow::Result<Report> {
    let mut report = Report::of("machine");
    report
        .figure("build", if cfg!(debug_assertions) { "DEBUG: the figures mean nothing" } else { "release" });
    report.figure("rust", env!("CARGO_PKG_RUST_VERSION"));
    report.figure("cores", std::thread::available_parallelism().map_or(0, usize::from));
    let load = fs::read_to_string("/proc/loadavg").context("cannot read the load average")?;
    report.figure("load_average", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
    let memory = fs::read_to_string("/proc/meminfo").context("cannot read the memory's size")?;
    report.figure("memory", field(&memory, "MemTotal:").unwrap_or_default());
    report.figure("kernel", fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim());
    report.figure("postgres", postgres(site).await?);
    report.figure("redis", redis_version(site).await?);
    report.figure("kafka", kafka(site).unwrap_or_default());
    report.figure("librdkafka", rdkafka::util::get_rdkafka_version().1);
    let dir = site.dir().to_owned();
    let sync = tokio::task::spawn_blocking(move || median_sync(&dir)).await??;
    report.figure("fdatasync_p50_ms", sync.as_secs_f64() * 1_000.0);
    Ok(report)
}

async fn postgres(site: &Site) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(site.database_url()).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await?;
    Ok(format!("{version}, fsync {fsync}"))
}

async fn redis_version(site: &Site) -> anyhow::Result<String> {
    let client = redis::Client::open(site.stack().redis.as_str())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    Ok(field(&info, "redis_version:").unwrap_or_default())
}

/// The folder that the broker's jars are in names its version.
fn kafka(site: &Site) -> Option<String> {
    let broker = site.processes().into_iter().find(|process| process.name == "kafka")?;
    let command = fs::read_to_string(format!("/proc/{}/cmdline", broker.pid)).ok()?;
    let (_, version) = command.split_once("/kafka-")?;
    Some(version.split('/').next()?.to_owned())
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

fn median_sync(dir: &Path) -> anyhow::Result<Duration> {
    let path = dir.join("sync-probe");
    let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[0; SYNC_BYTES])?;
        let start = Instant::now();
        file.sync_data()?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    fs::remove_file(&path)?;
    Ok(took[SYNCS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_name() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n";
        assert_eq!(field(info, "redis_version:").as_deref(), Some("7.0.15"));
        assert_eq!(field(info, "nothing:"), None);
    }
}
