//! Calendars: checked, shown, published.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use redress_proto::sla::v1::{
    Calendar, DayOfWeek, DeadlineUnit, ExceptionKind, GetCalendarRequest, PreviewDeadlineRequest,
    PreviewDeadlineResponse, PublishCalendarRequest, WorkingInterval,
};

use super::{file, fresh_id};
use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format, card, table};
use crate::words::word;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a calendar in JSON, by letting the service count a working day in it; nothing is kept
    Check {
        /// The file; - is standard input
        file: PathBuf,
    },
    /// Show a calendar; as JSON it is a file for `check` and `publish`
    Get(Get),
    /// Publish the next version of a calendar: open deadlines that count in it are computed anew
    Publish(Publish),
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Its name, for example cn-office
    #[arg(value_name = "CALENDAR")]
    calendar: String,
    /// This version [default: the newest]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The file; - is standard input
    file: PathBuf,
    /// The name of this act: the same again is answered alike [default: a fresh one, which is told]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    match command {
        Command::Check { file } => check(context, &file).await,
        Command::Get(args) => get(context, args).await,
        Command::Publish(args) => publish(context, args).await,
    }
}

async fn check(context: &Context, file: &Path) -> Result<Verdict, Failure> {
    let calendar: Calendar = file::message(file)?;
    let request = PreviewDeadlineRequest {
        calendar: Some(calendar.clone()),
        unit: DeadlineUnit::WorkingDays.into(),
        amount: 1,
        ..PreviewDeadlineRequest::default()
    };
    let answer = context.clocks()?.preview_deadline(context.request(request)).await;
    let answer = answer.map_err(context.failed(Service::Sla))?.into_inner();
    output::print(&match context.format {
        Format::Json => output::json(&answer)?,
        Format::Table => format!("{} can be counted in. {}\n", calendar.id, sample(&answer)),
    })?;
    if answer.provisional && context.format == Format::Table {
        output::tell(
            "Its yearly plan ends before that day: such deadlines are provisional until the plan is published.",
        );
    }
    Ok(Verdict::Well)
}

fn sample(answer: &PreviewDeadlineResponse) -> String {
    format!("One working day from now is over at {}.", answer.due_at.as_deref().unwrap_or("no known time"))
}

async fn get(context: &Context, args: Get) -> Result<Verdict, Failure> {
    let request = GetCalendarRequest { calendar_id: args.calendar, version: args.version };
    let answer = context.clocks()?.get_calendar(context.request(request)).await;
    let calendar = answer.map_err(context.failed(Service::Sla))?.into_inner().calendar.unwrap_or_default();
    output::print(&match context.format {
        Format::Json => output::json(&calendar)?,
        Format::Table => whole(&calendar),
    })?;
    Ok(Verdict::Well)
}

async fn publish(context: &Context, args: Publish) -> Result<Verdict, Failure> {
    let calendar: Calendar = file::message(&args.file)?;
    let request_id = args.request_id.unwrap_or_else(|| fresh_id(context));
    let request = PublishCalendarRequest { request_id, calendar: Some(calendar) };
    let answer = context.clocks()?.publish_calendar(context.request(request)).await;
    let answer = answer.map_err(context.failed(Service::Sla)).map_err(|failure| {
        if failure.told().reason == "PERMISSION_DENIED" {
            return failure.with_remedy(
                "Publishing calendars is for supervisors: use a token with the role supervisor.",
            );
        }
        failure
    })?;
    let calendar = answer.into_inner().calendar.unwrap_or_default();
    output::print(&match context.format {
        Format::Json => output::json(&calendar)?,
        Format::Table => format!("published {} version {}\n", calendar.id, calendar.version),
    })?;
    Ok(Verdict::Well)
}

fn whole(calendar: &Calendar) -> String {
    let plan = if calendar.covers_from.is_empty() {
        String::new()
    } else {
        format!("{} to {}", calendar.covers_from, calendar.covers_to)
    };
    let mut text = card([
        ("calendar", calendar.id.clone()),
        ("version", calendar.version.clone()),
        ("zone", calendar.zone.clone()),
        ("yearly plan", plan),
        ("make-up hours", hours(&calendar.makeup_intervals)),
    ]);
    let weekly = calendar.weekly.iter().map(|day| [word::<DayOfWeek>(day.day), hours(&day.intervals)]);
    let exceptions = calendar.exceptions.iter().map(|day| {
        [day.date.clone(), word::<ExceptionKind>(day.kind), hours(&day.intervals), day.name.clone()]
    });
    for part in [table(["DAY", "HOURS"], weekly), table(["DATE", "KIND", "HOURS", "NAME"], exceptions)] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}

fn hours(intervals: &[WorkingInterval]) -> String {
    intervals.iter().map(|hours| format!("{}-{}", hours.from, hours.to)).collect::<Vec<_>>().join(" ")
}
