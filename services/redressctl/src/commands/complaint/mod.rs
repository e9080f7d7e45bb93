//! Complaints.

mod list;
mod shape;
mod show;
mod submit;
mod watch;

use std::time::Duration;

use clap::Subcommand;
use redress_proto::intake::v1::{Complaint, GetComplaintRequest};
use tokio::time::Instant;
use uuid::Uuid;

use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;

/// Between questions where the service names no delay.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Submit a complaint, from a file or from arguments
    Submit(submit::Args),
    /// Show a complaint with its history, as the token's holder may see it
    Show(show::Args),
    /// List complaints, newest first
    List(list::Args),
    /// Follow what happens to a complaint, line by line
    Watch(watch::Args),
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    match command {
        Command::Submit(args) => submit::run(context, args).await,
        Command::Show(args) => show::run(context, &args).await,
        Command::List(args) => list::run(context, args).await,
        Command::Watch(args) => watch::run(context, &args).await,
    }
}

/// The complaint of that id or number. One that was just accepted is registered within moments: asked for again for as
/// long as `patience`.
async fn fetch(context: &Context, key: &str, patience: Duration) -> Result<Complaint, Failure> {
    let request = if Uuid::parse_str(key).is_ok() {
        GetComplaintRequest { complaint_id: key.to_owned(), ..GetComplaintRequest::default() }
    } else {
        GetComplaintRequest { complaint_no: key.to_owned(), ..GetComplaintRequest::default() }
    };
    let until = Instant::now() + patience;
    let mut intake = context.intake()?;
    loop {
        let answer = intake.get_complaint(context.request(request.clone())).await;
        match answer.map_err(context.failed(Service::Intake)) {
            Ok(answer) => return Ok(answer.into_inner().complaint.unwrap_or_default()),
            Err(failure) if failure.is_not_found() && Instant::now() < until => {
                tokio::time::sleep(failure.retry_after().unwrap_or(PAUSE)).await;
            }
            Err(failure) if failure.is_not_found() && patience.is_zero() => {
                return Err(failure.with_remedy(
                    "Check the id or number, and whether the token's holder may see it: strangers' complaints look like \
                     none. One that was just accepted is there within moments: --wait 10.",
                ));
            }
            Err(failure) => return Err(failure),
        }
    }
}
