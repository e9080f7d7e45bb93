//! `complaint list`.

use pbjson_types::Timestamp;
use redress_proto::intake::v1::{ListComplaintsRequest, ListComplaintsResponse};
use redress_proto::types::v1::{Category, ComplaintState};

use super::shape;
use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format};
use crate::{shown, words};

/// Most that the service gives at once.
const PAGE: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// In this state
    #[arg(long, value_parser = words::parser::<ComplaintState>(), ignore_case = true)]
    state: Option<ComplaintState>,
    /// Of this category
    #[arg(long, value_parser = words::parser::<Category>(), ignore_case = true)]
    category: Option<Category>,
    /// Received at or after this time, as in 2026-08-01T09:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = shown::instant)]
    from: Option<Timestamp>,
    /// Received before this time
    #[arg(long, value_name = "TIME", value_parser = shown::instant)]
    until: Option<Timestamp>,
    /// Against this party, by the platform's own identifier
    #[arg(long, value_name = "REFERENCE")]
    respondent: Option<String>,
    /// About this live room
    #[arg(long, value_name = "ROOM")]
    live_room: Option<String>,
    /// Most complaints
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Go on where a list with the same conditions ended
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<Verdict, Failure> {
    let mut request = ListComplaintsRequest {
        state: args.state.map_or(0, Into::into),
        category: args.category.map_or(0, Into::into),
        received_from: args.from,
        received_until: args.until,
        respondent: args.respondent.unwrap_or_default(),
        live_room: args.live_room.unwrap_or_default(),
        page_size: 0,
        page_token: args.page_token.unwrap_or_default(),
    };
    let mut found = ListComplaintsResponse::default();
    let mut intake = context.intake()?;
    while found.complaints.len() < args.limit {
        let page = (args.limit - found.complaints.len()).min(PAGE);
        request.page_size = i32::try_from(page).unwrap_or_default();
        let answer = intake.list_complaints(context.request(request.clone())).await;
        let answer = answer.map_err(context.failed(Service::Intake))?.into_inner();
        found.complaints.extend(answer.complaints);
        found.next_page_token = answer.next_page_token;
        if found.next_page_token.is_empty() {
            break;
        }
        request.page_token.clone_from(&found.next_page_token);
    }
    match context.format {
        Format::Json => output::print(&output::json(&found)?)?,
        Format::Table => {
            output::print(&shape::rows(&found.complaints, &context.zone))?;
            if found.complaints.is_empty() {
                output::tell("no complaint that the token's holder may see fits");
            } else if !found.next_page_token.is_empty() {
                output::tell(format_args!("there are more: --page-token {}", found.next_page_token));
            }
        }
    }
    Ok(Verdict::Well)
}
