//! The audit chains of the token's tenant: recomputed, and their ends told, to be kept elsewhere.

use std::path::PathBuf;

use clap::Subcommand;
use redress_proto::intake::v1::{VerifyAuditChainRequest, VerifyAuditChainResponse};

use super::file;
use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Recompute every chain; with `-o json` the answer holds their ends: keep it outside the database
    Verify {
        /// What an earlier `verify -o json` printed: a chain that was cut at its end since, or written anew, is then noticed
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    let Command::Verify { against } = command;
    let known_heads = against
        .as_deref()
        .map(file::message::<VerifyAuditChainResponse>)
        .transpose()?
        .unwrap_or_default()
        .heads;
    let mut whole = VerifyAuditChainResponse { intact: true, ..Default::default() };
    let mut request = VerifyAuditChainRequest { known_heads, page_token: String::new() };
    let mut client = context.intake()?;
    // A call verifies what its time allows, and says where to go on.
    loop {
        let answer = client.verify_audit_chain(context.request(request.clone())).await;
        let answer = answer.map_err(context.failed(Service::Intake)).map_err(|failure| {
            if failure.told().reason == "PERMISSION_DENIED" {
                return failure
                    .with_remedy("The trail is for auditors and supervisors: use a token of theirs.");
            }
            failure
        })?;
        let part = answer.into_inner();
        whole.intact &= part.intact;
        whole.entries += part.entries;
        whole.heads.extend(part.heads);
        whole.first_break = whole.first_break.or(part.first_break);
        request.page_token = part.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    output::print(&match context.format {
        Format::Json => output::json(&whole)?,
        Format::Table => told(&whole),
    })?;
    Ok(if whole.intact { Verdict::Well } else { Verdict::Wanting })
}

fn told(answer: &VerifyAuditChainResponse) -> String {
    let entries = answer.entries;
    match &answer.first_break {
        None => format!("intact: {entries} entries in {} chains\n", answer.heads.len()),
        Some(found) => {
            let cause = output::clean(&found.cause);
            format!("broken: chain {}, entry {}: {cause}; {entries} entries fit\n", found.chain, found.seq)
        }
    }
}
