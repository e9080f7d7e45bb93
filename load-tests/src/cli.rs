//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::scenario::deadlines;
use crate::scenario::evidence::Files;
use crate::scenario::timers::Amounts;

/// Load on intake, on one machine, with raw baselines and a ledger. Results are for release builds.
#[derive(Debug, Parser)]
#[command(name = "load-tests", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Submits at a fixed rate; latency, processor time, memory; nothing lost.
    Accept {
        #[command(flatten)]
        load: Load,
        /// The edge to submit to.
        #[arg(long, value_enum, default_value_t = Edge::Grpc)]
        transport: Edge,
    },
    /// The raw operations below one accepted complaint, each alone.
    Baseline {
        #[command(flatten)]
        load: Load,
    },
    /// Baseline and accept in turn; the median ratio of their processor time.
    P1 {
        #[command(flatten)]
        load: Load,
        /// Pairs of baseline and accept.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        pairs: u32,
    },
    /// Registers a backlog, then inserts the same rows raw; the ratio of their rates.
    Register {
        /// Complaints to accept before the register starts.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
        backlog: u32,
        /// Rate at which they are accepted, per second.
        #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
    },
    /// 50 per second, then suddenly `peak`.
    Spike {
        /// Complaints per second.
        #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
        peak: u32,
        /// How long the peak lasts.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// From the start of the process to ready, ten times, with dependencies up.
    Start,
    /// Kills intake under load, again and again; nothing lost, doubled or invented.
    Faults {
        /// How often.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        kills: u32,
        /// Complaints per second meanwhile.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
    },
    /// All four services of understanding and telling: from accepted to assessed and to the first notice; what each costs.
    Understand {
        #[command(flatten)]
        load: Load,
    },
    /// One live room turns: from its first complaint to the incident, and what a complaint costs then.
    Incident {
        /// Complaints per second from the room.
        #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
        peak: u32,
        /// How long they come.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// Timers: armed, fired, late by how much, and rebuilt after a loss, beside `BullMQ` and the bare commands.
    Timers {
        #[command(flatten)]
        amounts: Amounts,
    },
    /// Scripted parties argue cases through investigation and resolution: how many end per second, and what one costs.
    Cases {
        #[command(flatten)]
        load: Load,
        /// How often investigation and resolution are killed meanwhile, in turn. No processor time is told then.
        #[arg(long, default_value_t = 0)]
        kills: u32,
        /// All seven services: classification, notification, analytics and sla run too, first idle, then with the cases.
        #[arg(long)]
        whole: bool,
    },
    /// Files into investigation beside a bare server that writes them to the disk; memory with small and large ones.
    Evidence {
        #[command(flatten)]
        files: Files,
    },
    /// A bare server that writes uploads to the disk: what `evidence` is compared with, as a process of its own.
    #[command(hide = true)]
    RawUpload {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        folder: PathBuf,
    },
    /// The service of deadlines itself: clocks set from the log, and warned of at one instant and all the time.
    Deadlines {
        #[command(flatten)]
        amounts: deadlines::Amounts,
    },
    /// A bare gRPC server: what `baseline` measures, as a process of its own.
    #[command(hide = true)]
    RawServer {
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// A constant rate.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Load {
    /// Complaints per second.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// How long, after the warm-up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
}

impl Load {
    pub(crate) fn lasting(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.seconds.into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Edge {
    Grpc,
    Http,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_and_refuses_a_rate_of_nothing() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["load-tests", "accept", "--rate", "0"]).is_err());
    }
}
