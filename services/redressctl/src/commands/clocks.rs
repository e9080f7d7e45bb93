//! Deadlines: which run, and why they are due when they are.

use clap::{Args, Subcommand, ValueEnum};
use pbjson_types::Timestamp;
use redress_proto::sla::v1::{
    Clock, ClockState, ExplainDeadlineRequest, ExplainDeadlineResponse, ExtensionState, ListClocksRequest,
    ListClocksResponse,
};

use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format, card, table};
use crate::shown::{self, time};
use crate::words::{self, word};

/// Most that the service gives at once.
const PAGE: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List clocks by due time: those of a complaint, of a state, or due within a span
    List(List),
    /// Tell why a clock is due when it is: every counted and skipped stretch with its rule
    Explain(Explain),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Those of this complaint, by its id
    #[arg(value_name = "COMPLAINT")]
    complaint: Option<String>,
    /// Those of this state
    #[arg(long, value_parser = words::parser::<ClockState>(), ignore_case = true)]
    state: Option<ClockState>,
    /// Those of this definition, for example C13
    #[arg(long)]
    definition: Option<String>,
    /// Due at or after this time, as in 2026-08-01T09:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = shown::instant)]
    due_from: Option<Timestamp>,
    /// Due before this time
    #[arg(long, value_name = "TIME", value_parser = shown::instant)]
    due_until: Option<Timestamp>,
    /// Most clocks
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Go on where a list with the same conditions ended
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The clock's id, as the list shows it
    #[arg(value_name = "CLOCK")]
    clock: String,
    /// The language of the sentences
    #[arg(long, value_enum, default_value = "en")]
    language: Language,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Chinese
    Zh,
    /// English
    En,
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    match command {
        Command::List(args) => list(context, args).await,
        Command::Explain(args) => explain(context, args).await,
    }
}

async fn list(context: &Context, args: List) -> Result<Verdict, Failure> {
    let mut request = ListClocksRequest {
        complaint_id: args.complaint.unwrap_or_default(),
        state: args.state.map_or(0, Into::into),
        definition: args.definition.unwrap_or_default(),
        due_from: args.due_from,
        due_until: args.due_until,
        page_size: 0,
        page_token: args.page_token.unwrap_or_default(),
        delay_notice_owed: false,
    };
    let mut found = ListClocksResponse::default();
    let mut sla = context.clocks()?;
    while found.clocks.len() < args.limit {
        request.page_size = i32::try_from((args.limit - found.clocks.len()).min(PAGE)).unwrap_or_default();
        let answer = sla.list_clocks(context.request(request.clone())).await;
        let answer = answer.map_err(context.failed(Service::Sla))?.into_inner();
        found.clocks.extend(answer.clocks);
        found.next_page_token = answer.next_page_token;
        if found.next_page_token.is_empty() {
            break;
        }
        request.page_token.clone_from(&found.next_page_token);
    }
    match context.format {
        Format::Json => output::print(&output::json(&found)?)?,
        Format::Table => {
            output::print(&rows(context, &found.clocks))?;
            if found.clocks.is_empty() {
                output::tell("no clock that the token's holder may see fits");
            } else if !found.next_page_token.is_empty() {
                output::tell(format_args!("there are more: --page-token {}", found.next_page_token));
            }
        }
    }
    Ok(Verdict::Well)
}

fn rows(context: &Context, clocks: &[Clock]) -> String {
    table(
        ["DEFINITION", "STATE", "DUE", "STARTED", "ENDED", "NOTE", "COMPLAINT", "ID"],
        clocks.iter().map(|clock| {
            [
                named(clock),
                word::<ClockState>(clock.state),
                time(clock.due_at.as_ref(), &context.zone),
                time(clock.started_at.as_ref(), &context.zone),
                time(clock.ended_at.as_ref(), &context.zone),
                note(clock),
                clock.complaint_id.clone(),
                clock.clock_id.clone(),
            ]
        }),
    )
}

fn named(clock: &Clock) -> String {
    if clock.variant.is_empty() {
        clock.definition.clone()
    } else {
        format!("{}/{}", clock.definition, clock.variant)
    }
}

fn note(clock: &Clock) -> String {
    let notes = [
        (!clock.reason.is_empty()).then(|| clock.reason.clone()),
        clock.provisional.then(|| "provisional".to_owned()),
        clock.announced.then(|| "announced".to_owned()),
        (clock.extension > 0).then(|| format!("extended by {}", clock.extension)),
    ];
    notes.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn explain(context: &Context, args: Explain) -> Result<Verdict, Failure> {
    let request = ExplainDeadlineRequest { clock_id: args.clock };
    let answer = context.clocks()?.explain_deadline(context.request(request)).await;
    let answer = answer.map_err(context.failed(Service::Sla))?.into_inner();
    output::print(&match context.format {
        Format::Json => output::json(&answer)?,
        Format::Table => explained(context, &answer, args.language),
    })?;
    Ok(Verdict::Well)
}

fn explained(context: &Context, answer: &ExplainDeadlineResponse, language: Language) -> String {
    let clock = answer.clock.clone().unwrap_or_default();
    let zone = &context.zone;
    let calendar = match (clock.calendar_id.as_str(), clock.calendar_version) {
        ("", _) => String::new(),
        (id, version) => format!("{id} version {version}"),
    };
    let policy = answer.policy.clone().unwrap_or_default();
    let name = match language {
        Language::Zh => policy.name_zh,
        Language::En => policy.name_en,
    };
    let rule = [policy.limit, policy.sources.join(", "), policy.chosen_by.join(", ")];
    let rule = rule.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let mut text = card([
        ("clock", format!("{} {name}", named(&clock)).trim_end().to_owned()),
        ("id", clock.clock_id.clone()),
        ("complaint", clock.complaint_id.clone()),
        ("state", word::<ClockState>(clock.state)),
        ("started", time(clock.started_at.as_ref(), zone)),
        ("due", time(clock.due_at.as_ref(), zone)),
        ("breached", time(clock.breached_at.as_ref(), zone)),
        ("ended", time(clock.ended_at.as_ref(), zone)),
        ("note", note(&clock)),
        ("calendar", calendar),
        ("rule", rule),
        (
            "policy",
            format!("version {}, definition version {}", clock.policy_version, clock.definition_version),
        ),
    ]);
    let sentences = match language {
        Language::Zh => &answer.explanation_zh,
        Language::En => &answer.explanation_en,
    };
    if !sentences.is_empty() {
        text.push('\n');
    }
    for sentence in sentences {
        text.extend(["- ", &output::clean(sentence), "\n"]);
    }
    let pauses = answer.pauses.iter().map(|pause| {
        let to = if pause.to.is_empty() { "still".to_owned() } else { pause.to.clone() };
        [pause.from.clone(), to, pause.reason.clone()]
    });
    let extensions = answer.extensions.iter().map(|extension| {
        [
            extension.amount.to_string(),
            word::<ExtensionState>(extension.state),
            extension.reason.clone(),
            extension.requested_by.clone(),
            extension.decided_by.clone(),
            time(extension.new_due_at.as_ref(), zone),
        ]
    });
    let pauses = table(["STOOD STILL FROM", "TO", "REASON"], pauses);
    let extensions =
        table(["EXTENSION", "STATE", "REASON", "ASKED BY", "DECIDED BY", "DUE THEN"], extensions);
    for part in [pauses, extensions] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}
