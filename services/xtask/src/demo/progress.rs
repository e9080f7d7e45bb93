//! How far the complaints have come, while they go: a line for each stage with what it has done and what it has yet to read.

use std::fmt::Write as _;
use std::time::Duration;

use redress_simulator::Connectors;
use redress_simulator::ledger::Ledger;
use redress_simulator::reckoning::{Databases, Stores};
use tokio::time::Instant;

use super::lag::{Lag, Lags};

/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(5);

/// What the lines are made of.
pub(super) struct Progress<'a> {
    pub(super) begin: Instant,
    pub(super) ledger: &'a Ledger,
    pub(super) connectors: &'a Connectors,
    pub(super) databases: Databases,
    pub(super) lag: Lag,
}

impl Progress<'_> {
    /// Shows the stages until it is dropped. Ends only by an error.
    pub(super) async fn show(self) -> anyhow::Error {
        let mut tick = tokio::time::interval(PERIOD);
        tick.tick().await;
        loop {
            tick.tick().await;
            match self.look().await {
                Ok(shown) => println!("{shown}"),
                Err(error) => return error,
            }
        }
    }

    async fn look(&self) -> anyhow::Result<String> {
        let stores = Stores::look(&self.databases).await?;
        // A broker that is busy for a moment is no reason to end the demo.
        let lags = self.lag.look(&self.databases).await.ok();
        let (_, accepted) = self.ledger.so_far();
        let going = accepted.saturating_sub(self.ledger.over());
        let heading =
            format!("{:>4} s  {accepted} accepted, {going} cases under way", self.begin.elapsed().as_secs());
        let paid = self.connectors.payments.made().len();
        Ok(format!("{heading}\n{}", stages(&stores, paid, lags.as_ref())))
    }
}

/// A line for each stage, in the order of the way. The lag is what the stage's service has yet to read of its topics; a
/// question mark where that is not known.
fn stages(found: &Stores, paid: usize, lags: Option<&Lags>) -> String {
    let ends =
        format!("{} closed, {} withdrawn, {} not accepted", found.closed, found.withdrawn, found.refused);
    let stages = [
        ("registered", "intake", found.registered, ends),
        ("assessed", "classification", found.assessed, format!("{} incidents confirmed", found.incidents)),
        ("found out", "investigation", found.concluded, format!("of {} taken up", found.admitted)),
        ("paid", "resolution", found.remedies_paid, format!("{paid} by the payments' books")),
        ("told", "notification", found.notices_sent, format!("{} on their way", found.on_their_way)),
        ("clocks met", "sla", found.deadlines_met, format!("{} missed", found.deadlines_missed)),
        ("counted", "analytics", found.counted, String::new()),
    ];
    let mut lines = String::new();
    for (stage, service, count, more) in stages {
        let lag = lags.and_then(|lags| lags.get(service)).map_or_else(|| "?".to_owned(), u64::to_string);
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:8}{stage:<12} {count:>6}  {more:<42} lag {lag:>5}  {service}", "");
    }
    lines.truncate(lines.trim_end().len());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_a_line_with_its_count_and_with_what_its_service_has_yet_to_read() {
        let found = Stores { registered: 40, assessed: 37, notices_sent: 90, ..Stores::default() };
        let lags = [("classification", 3), ("notification", 12)];
        let lags = lags.map(|(service, lag)| (service.to_owned(), lag)).into();
        let shown = stages(&found, 0, Some(&lags));
        let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), 7);
        let line = |service| lines.iter().find(|words| words.last() == Some(&service)).unwrap();
        let lag = |service| line(service)[line(service).len() - 2];
        assert_eq!((line("classification")[1], lag("classification")), ("37", "3"));
        assert_eq!((line("notification")[1], lag("notification")), ("90", "12"));
        assert_eq!(
            (line("intake")[1], lag("intake")),
            ("40", "?"),
            "what is not known is not said to be nothing"
        );
        assert!(stages(&found, 0, None).lines().all(|line| line.contains(" ?  ")));
    }
}
