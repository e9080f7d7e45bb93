//! Records that a service could not apply: seen, applied again, given up.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use redress_proto::admin::v1::{
    DiscardParkedRequest, ListParkedRequest, ListParkedResponse, ParkedEvent, Position, RedriveParkedRequest,
    RedriveParkedResponse,
};

use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format, table};
use crate::shown::time;

/// Most that the service gives at once.
const PAGE: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List parked records in the order in which they were parked
    List(List),
    /// Apply parked records again, once their cause is gone; harmless to repeat
    Redrive(Redrive),
    /// Give parked records up for good; they stay on record with who did it and why
    Discard(Discard),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The service that parked them
    service: Service,
    /// Only of this topic
    #[arg(long)]
    topic: Option<String>,
    /// Most records
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// The service that parked them
    service: Service,
    /// All of this topic
    #[arg(long, required_unless_present = "position", conflicts_with = "position")]
    topic: Option<String>,
    /// This one, as the list names it; may be repeated
    #[arg(long, value_name = "TOPIC/PARTITION/OFFSET", value_parser = position)]
    position: Vec<Position>,
    /// Why; kept on record
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Discard {
    /// The service that parked them
    service: Service,
    /// This one, as the list names it; may be repeated
    #[arg(long, value_name = "TOPIC/PARTITION/OFFSET", value_parser = position, required = true)]
    position: Vec<Position>,
    /// Why; kept on record
    #[arg(long)]
    reason: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn position(text: &str) -> Result<Position, String> {
    let parts = || {
        let (rest, offset) = text.rsplit_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        let read = Position {
            topic: topic.into(),
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
        };
        (!topic.is_empty()).then_some(read)
    };
    parts().ok_or_else(|| "TOPIC/PARTITION/OFFSET is expected, as `parked list` shows it".to_owned())
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    match command {
        Command::List(args) => list(context, args).await,
        Command::Redrive(args) => redrive(context, args).await,
        Command::Discard(args) => discard(context, args).await,
    }
}

async fn list(context: &Context, args: List) -> Result<Verdict, Failure> {
    let mut request =
        ListParkedRequest { topic: args.topic.unwrap_or_default(), ..ListParkedRequest::default() };
    let mut found = ListParkedResponse::default();
    let mut admin = context.admin(args.service)?;
    while found.events.len() < args.limit {
        request.page_size = i32::try_from((args.limit - found.events.len()).min(PAGE)).unwrap_or_default();
        let answer = admin.list_parked(context.request(request.clone())).await;
        let answer = answer.map_err(context.failed(args.service)).map_err(for_administrators)?.into_inner();
        found.events.extend(answer.events);
        found.next_page_token = answer.next_page_token;
        if found.next_page_token.is_empty() {
            break;
        }
        request.page_token.clone_from(&found.next_page_token);
    }
    match context.format {
        Format::Json => output::print(&output::json(&found)?)?,
        Format::Table => {
            output::print(&rows(context, &found.events))?;
            if found.events.is_empty() {
                output::tell("nothing is parked that the token's tenant may see");
            } else if !found.next_page_token.is_empty() {
                output::tell(format_args!("there are more: --limit {}", args.limit * 2));
            }
        }
    }
    Ok(Verdict::Well)
}

fn rows(context: &Context, events: &[ParkedEvent]) -> String {
    table(
        ["POSITION", "CAUSE", "TRIED", "PARKED", "TYPE", "AGGREGATE", "DETAIL"],
        events.iter().map(|event| {
            [
                event.position.as_ref().map(written).unwrap_or_default(),
                event.cause.clone(),
                event.attempts.to_string(),
                time(event.parked_at.as_ref(), &context.zone),
                event.r#type.rsplit('.').next().unwrap_or_default().to_owned(),
                event.aggregate_id.clone(),
                event.detail.clone(),
            ]
        }),
    )
}

/// As [`position`] reads it.
fn written(position: &Position) -> String {
    format!("{}/{}/{}", position.topic, position.partition, position.offset)
}

/// One call takes on a part of a long queue: called until nothing is left, or nothing moves.
async fn redrive(context: &Context, args: Redrive) -> Result<Verdict, Failure> {
    let request = RedriveParkedRequest {
        positions: args.position,
        topic: args.topic.unwrap_or_default(),
        reason: args.reason,
    };
    let mut admin = context.admin(args.service)?;
    let mut sum = RedriveParkedResponse::default();
    loop {
        let answer = admin.redrive_parked(context.request(request.clone())).await;
        let answer = answer.map_err(context.failed(args.service)).map_err(for_administrators)?.into_inner();
        sum.applied += answer.applied;
        sum.dropped += answer.dropped;
        sum.still_parked = answer.still_parked;
        sum.more = answer.more;
        if !answer.more || answer.applied + answer.dropped == 0 {
            break;
        }
    }
    match context.format {
        Format::Json => output::print(&output::json(&sum)?)?,
        Format::Table => {
            let RedriveParkedResponse { applied, dropped, still_parked, .. } = sum;
            let told = format!(
                "applied {applied}, had been applied before {dropped}, still parked {still_parked}\n"
            );
            output::print(&told)?;
        }
    }
    if sum.still_parked == 0 && !sum.more {
        return Ok(Verdict::Well);
    }
    if context.format == Format::Table {
        output::tell(format_args!(
            "the cause is not gone: `redressctl parked list {}` tells it anew for each",
            args.service.name()
        ));
    }
    Ok(Verdict::Wanting)
}

async fn discard(context: &Context, args: Discard) -> Result<Verdict, Failure> {
    if !args.yes && !confirmed(args.position.len())? {
        return Err(Failure::refused("nothing was given up", ""));
    }
    let asked = args.position.len();
    let request = DiscardParkedRequest { positions: args.position, reason: args.reason };
    let mut admin = context.admin(args.service)?;
    let answer = admin.discard_parked(context.request(request)).await;
    let answer = answer.map_err(context.failed(args.service)).map_err(for_administrators)?.into_inner();
    match context.format {
        Format::Json => output::print(&output::json(&answer)?)?,
        Format::Table => output::print(&format!("given up {} of {asked}\n", answer.discarded))?,
    }
    // Some may have been applied, or given up, meanwhile: whoever asked should know.
    let all = usize::try_from(answer.discarded).is_ok_and(|discarded| discarded == asked);
    Ok(if all { Verdict::Well } else { Verdict::Wanting })
}

fn confirmed(records: usize) -> Result<bool, Failure> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        let message = "giving records up cannot be undone, and there is nobody to ask";
        return Err(Failure::usage(message, "Add --yes."));
    }
    output::tell(format_args!(
        "Give {records} parked record(s) up for good? Their changes will never be applied. [y/N]"
    ));
    let mut answer = String::new();
    let read = input.lock().read_line(&mut answer);
    read.map_err(|error| Failure::usage(format!("cannot read the answer: {error}"), "Add --yes."))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Only administrators may; the service says no more than that the right lacks.
fn for_administrators(failure: Failure) -> Failure {
    if failure.told().reason == "PERMISSION_DENIED" {
        return failure
            .with_remedy("Parked records are for administrators: use a token with the role admin.");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let read = position("redress.intake.lifecycle.v1/5/120").unwrap();
        assert_eq!(
            (read.topic.as_str(), read.partition, read.offset),
            ("redress.intake.lifecycle.v1", 5, 120)
        );
        assert_eq!(written(&read), "redress.intake.lifecycle.v1/5/120");
        for bad in ["topic/5", "topic/x/1", "/5/1", "topic/5/"] {
            assert!(position(bad).is_err(), "{bad}");
        }
    }
}
