//! `complaint watch`.

use std::time::Duration;

use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::intake::v1::{HistoryEntry, WatchComplaintRequest, WatchComplaintResponse};
use redress_proto::types::v1::ComplaintState;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{PAUSE, fetch, shape};
use crate::cli::Verdict;
use crate::client::Connection;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::installation::Service;
use crate::output::{self, Format};
use crate::words;

/// Attempts in a row that fail before the watch is given up.
const ATTEMPTS: u32 = 8;
/// The longest pause between them.
const PAUSE_MOST: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The complaint's id or number
    #[arg(value_name = "ID|NUMBER")]
    complaint: String,
    /// Only what happens after this version; 0 tells all from the beginning
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    after_version: u32,
    /// End when this state is reached; may be repeated
    #[arg(long, value_name = "STATE", value_parser = words::parser::<ComplaintState>(), ignore_case = true)]
    until: Vec<ComplaintState>,
    /// End after so many seconds; with --until that is exit code 1
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// Why a watch ended.
enum End {
    /// One of the wanted states is reached.
    Reached,
    /// Nothing more will come.
    Over,
    /// The connection broke.
    Broken(Box<Status>),
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Verdict, Failure> {
    let complaint_id = match Uuid::parse_str(&args.complaint) {
        Ok(_) => args.complaint.clone(),
        Err(_) => fetch(context, &args.complaint, Duration::ZERO).await?.complaint_id,
    };
    let watching = watch(context, complaint_id, args);
    let Some(seconds) = args.seconds else { return watching.await };
    let until = Instant::now() + Duration::from_secs(seconds);
    timeout_at(until, watching).await.unwrap_or_else(|_| {
        if args.until.is_empty() {
            return Ok(Verdict::Well);
        }
        output::tell(format_args!(
            "after {seconds} s the state is not reached; watch on with --after-version"
        ));
        Ok(Verdict::Wanting)
    })
}

/// Opens the stream again where it broke, from the last version seen.
async fn watch(context: &Context, complaint_id: String, args: &Args) -> Result<Verdict, Failure> {
    let intake = context.intake()?;
    let (mut seen, mut failures) = (args.after_version, 0);
    loop {
        let before = seen;
        let request = WatchComplaintRequest { complaint_id: complaint_id.clone(), after_version: seen };
        let end = match open(context, intake.clone(), request).await {
            Ok(stream) => follow(context, stream, args, &mut seen).await?,
            Err(status) => End::Broken(Box::new(status)),
        };
        let status = match end {
            End::Reached | End::Over => return Ok(Verdict::Well),
            End::Broken(status) => status,
        };
        let failure = context.failed(Service::Intake)(*status);
        failures = if seen > before { 1 } else { failures + 1 };
        if failure.told().kind != Kind::Unreachable || failures >= ATTEMPTS {
            return Err(failure);
        }
        output::tell(format_args!("the connection ended; watching on from version {seen}"));
        let pause = failure.retry_after().unwrap_or(PAUSE * 2_u32.pow(failures - 1));
        tokio::time::sleep(pause.min(PAUSE_MOST)).await;
    }
}

async fn open(
    context: &Context,
    mut intake: IntakeServiceClient<Connection>,
    request: WatchComplaintRequest,
) -> Result<Streaming<WatchComplaintResponse>, Status> {
    // The limit is for the beginning: a header would end the stream with it.
    let opened = timeout(context.timeout, intake.watch_complaint(request)).await;
    Ok(opened.map_err(|_| Status::deadline_exceeded("no answer in time"))??.into_inner())
}

async fn follow(
    context: &Context,
    mut stream: Streaming<WatchComplaintResponse>,
    args: &Args,
    seen: &mut u32,
) -> Result<End, Failure> {
    loop {
        let entry = match stream.message().await {
            Ok(Some(WatchComplaintResponse { entry })) => entry.unwrap_or_default(),
            Ok(None) => return Ok(End::Over),
            Err(status) => return Ok(End::Broken(Box::new(status))),
        };
        output::print(&line(context, &entry)?)?;
        *seen = (*seen).max(entry.version);
        if args.until.contains(&entry.state()) {
            return Ok(End::Reached);
        }
    }
}

fn line(context: &Context, entry: &HistoryEntry) -> Result<String, Failure> {
    if context.format == Format::Json {
        return output::json_line(entry);
    }
    let [version, at, event, state, by, detail] =
        shape::event(entry, &context.zone).map(|cell| output::clean(&cell).replace('\n', " "));
    Ok(format!("{version:>3}  {at}  {event}  {state}  {by}  {detail}").trim_end().to_owned() + "\n")
}
