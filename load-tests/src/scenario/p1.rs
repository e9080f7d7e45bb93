//! P1, H3 and P4: baseline and accept in turn, A B A B …, so that a neighbour's noise meets both.
//!
//! Only intake's accept role runs meanwhile. The register, whose work is no part of the ratio, starts afterwards and
//! proves that nothing was lost.

use super::spread::spread;
use super::steady::Steady;
use super::{DRAIN_LIMIT, Finding};
use crate::audit::Audit;
use crate::baseline::Baseline;
use crate::cli::Load;
use crate::driver::tally::milliseconds;
use crate::report::{Report, progress};
use crate::site::{IntakeRole, Site};
use crate::stores::Stores;

pub(crate) async fn run(site: &Site, load: Load, pairs: u32) -> anyhow::Result<Finding> {
    let accept = site.serve(IntakeRole::Accept, None).await?;
    let driver = site.driver(&accept)?;
    let mut processes = vec![accept.named()];
    processes.extend(site.processes());

    let mut report = Report::of("p1");
    report.figure("rate_per_s", load.rate);
    report.figure("seconds", load.seconds);
    let (mut ratios, mut valid) = (Ratios::default(), true);
    for pair in 1..=pairs {
        progress(format_args!("pair {pair} of {pairs}"));
        let baseline = Baseline::measure(site, load.rate, load.lasting()).await?;
        let steady = Steady::run(&driver, &processes, load.rate, load.lasting()).await?;
        let accepted = steady.cpu_us(accept.named().name);
        ratios.cpu.push(accepted / baseline.sum_us());
        ratios.cpu_at_rate.push(accepted / baseline.sum_at_rate_us());
        for (quantile, ratios) in [(0.5, &mut ratios.p50), (0.99, &mut ratios.p99)] {
            let accept = milliseconds(&steady.tally.counts().latency, quantile);
            ratios.push(accept / milliseconds(baseline.produce_latency(), quantile));
        }
        valid &= steady.is_valid();
        let mut each = Report::of("pair");
        baseline.report(&mut each);
        steady.report(&mut each, "accept_");
        each.print_table()?;
        report.figure(format!("pair_{pair}_accept_cpu_us"), accepted);
        report.figure(format!("pair_{pair}_raw_cpu_us"), baseline.sum_us());
        report.figure(format!("pair_{pair}_raw_at_rate_cpu_us"), baseline.sum_at_rate_us());
    }
    spread(&mut report, "p1_ratio", ratios.cpu, "median <= 2.0");
    spread(&mut report, "p1_ratio_at_rate", ratios.cpu_at_rate, "");
    spread(&mut report, "p50_ratio", ratios.p50, "");
    spread(&mut report, "h3_p99_ratio", ratios.p99, "median <= 3.0");

    let _register = site.serve(IntakeRole::Register, None).await?;
    let stores = Stores::of(site).await?;
    stores.quiesce(DRAIN_LIMIT).await?;
    let audit = Audit::of(&stores, &driver).await?;
    audit.report(&mut report, &driver);
    Ok(Finding { report, sound: audit.is_clean() && valid })
}

#[derive(Debug, Default)]
struct Ratios {
    cpu: Vec<f64>,
    cpu_at_rate: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}
