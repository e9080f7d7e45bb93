//! The numbers of analytics, which must equal the ledger's.

use jiff::SignedDuration;
use redress_domain::Role;
use redress_proto::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use redress_proto::analytics::v1::{Dimension, QueryMetricsRequest};
use redress_proto::convert::to_wire_time;

use super::asking::Asking;
use crate::launch::Launched;

/// What is shown for each tenant.
const METRICS: [&str; 8] = [
    "complaints",
    "urgent_rate",
    "first_response_p50",
    "first_response_p90",
    "acknowledged_in_time",
    "repeat_rate",
    "incidents",
    "incident_complaints",
];

pub(super) struct Measured {
    /// Complaints of all tenants.
    pub(super) complaints: u64,
    /// Lines for people.
    pub(super) told: Vec<String>,
}

impl Measured {
    pub(super) async fn look(launched: &Launched) -> anyhow::Result<Self> {
        let mut client = AnalyticsServiceClient::new(Asking::channel(launched, "analytics").await?);
        // Of the time before it was moved on, too.
        let (now, month) = (launched.now(), SignedDuration::from_hours(31 * 24));
        let (mut complaints, mut rows) = (0, vec![Vec::new(); METRICS.len()]);
        let mut categories = Vec::new();
        for tenant in &launched.tenants {
            let supervisor = Asking::of(launched, tenant, &[Role::Supervisor])?;
            let question = |metric: &str, dimension: Dimension| QueryMetricsRequest {
                metric: metric.to_owned(),
                from: Some(to_wire_time(now - month)),
                until: Some(to_wire_time(now + month)),
                dimension: dimension.into(),
                ..QueryMetricsRequest::default()
            };
            for (row, metric) in rows.iter_mut().zip(METRICS) {
                let asked = supervisor.request(question(metric, Dimension::Unspecified));
                let answer = client.query_metrics(asked).await?.into_inner();
                let value = answer.rows.first().map_or(0.0, |found| found.value);
                if metric == "complaints" {
                    complaints +=
                        answer.rows.iter().map(|found| found.population.unsigned_abs()).sum::<u64>();
                }
                row.push(value);
            }
            let asked = supervisor.request(question("complaints", Dimension::Category));
            let found = client.query_metrics(asked).await?.into_inner().rows;
            let each: Vec<String> = found.iter().map(|row| format!("{} {}", row.key, row.value)).collect();
            categories.push(format!("  {tenant} by category: {}", each.join(", ")));
        }
        let names: Vec<String> =
            launched.tenants.iter().map(|tenant| format!("{:>12}", tenant.as_str())).collect();
        let mut told = vec![format!("  {:<24}{}", "metric", names.join(""))];
        told.extend(rows.iter().zip(METRICS).map(|(row, metric)| {
            let values: Vec<String> =
                row.iter().map(|value| format!("{:>12}", (value * 1_000.0).round() / 1_000.0)).collect();
            format!("  {metric:<24}{}", values.join(""))
        }));
        told.extend(categories);
        Ok(Self { complaints, told })
    }
}
