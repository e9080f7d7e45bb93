//! `complaint submit`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use redress_proto::intake::v1::{SubmitComplaintRequest, SubmitComplaintResponse};
use redress_proto::types::v1::{
    Channel, Complainant, Demand, LiveRef, OrderRef, PartyKind, Respondent, Submission,
};

use super::fetch;
use crate::cli::Verdict;
use crate::commands::{file, fresh_id};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::installation::Service;
use crate::output::{self, Format, card};
use crate::shown::time;
use crate::words;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The submission as JSON, as over HTTP; the arguments below come over it. - is standard input
    #[arg(long, short, value_name = "FILE", required_unless_present = "text")]
    file: Option<PathBuf>,
    /// The complaint in the complainant's words; - is standard input, which no list of processes shows
    #[arg(long)]
    text: Option<String>,
    /// Through which channel it came [without a file: form]
    #[arg(long, value_parser = words::parser::<Channel>(), ignore_case = true)]
    channel: Option<Channel>,
    /// Who complains [without a file: consumer]
    #[arg(long, value_parser = words::parser::<PartyKind>(), ignore_case = true)]
    complainant: Option<PartyKind>,
    /// The platform's own identifier of the complainant
    #[arg(long, value_name = "REFERENCE")]
    complainant_ref: Option<String>,
    /// Whom it is directed at, for example merchant:shop-7; may be repeated
    #[arg(long, value_name = "KIND:REFERENCE", value_parser = respondent)]
    respondent: Vec<Respondent>,
    /// The order it is about
    #[arg(long, value_name = "NUMBER")]
    order: Option<String>,
    /// The live room it is about
    #[arg(long, value_name = "ROOM")]
    live_room: Option<String>,
    /// What is asked for, a code of the catalogue such as `refund_only`; may be repeated
    #[arg(long, value_name = "CODE")]
    remedy: Vec<String>,
    /// Tag of the text's language, for example zh-Hans
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The name of this act: the same again is the same complaint [default: a fresh one, which is told]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Wait up to so many seconds until it is registered
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

fn respondent(text: &str) -> Result<Respondent, String> {
    let (kind, reference) =
        text.split_once(':').ok_or("KIND:REFERENCE is expected, for example merchant:shop-7")?;
    let kind: PartyKind = words::read(kind).ok_or_else(|| format!("there is no kind of party {kind}"))?;
    Ok(Respondent { kind: kind.into(), external_ref: reference.to_owned(), ..Respondent::default() })
}

pub(super) async fn run(context: &Context, mut args: Args) -> Result<Verdict, Failure> {
    let request_id = args.request_id.take().unwrap_or_else(|| fresh_id(context));
    let wait = args.wait;
    let request =
        SubmitComplaintRequest { request_id: request_id.clone(), submission: Some(submission(args)?) };
    let mut intake = context.intake()?;
    let answer = intake.submit_complaint(context.request(request)).await;
    let answer = answer.map_err(context.failed(Service::Intake)).map_err(|failure| {
        if failure.told().kind == Kind::Unreachable && !failure.told().reason.is_empty() {
            return failure.with_remedy(format!(
                "The outcome is unknown: repeat with --request-id {request_id}, and exactly one complaint comes of it."
            ));
        }
        failure
    })?;
    let answer = answer.into_inner();
    if wait > 0 {
        fetch(context, &answer.complaint_id, Duration::from_secs(wait)).await?;
    }
    output::print(&match context.format {
        Format::Json => output::json(&answer)?,
        Format::Table => told(context, &answer),
    })?;
    Ok(Verdict::Well)
}

/// The file with the arguments over it.
fn submission(args: Args) -> Result<Submission, Failure> {
    let mut submission = match &args.file {
        Some(file) => file::message(file)?,
        None => Submission {
            channel: Channel::Form.into(),
            complainant: Some(Complainant { kind: PartyKind::Consumer.into(), ..Complainant::default() }),
            ..Submission::default()
        },
    };
    match args.text.as_deref() {
        Some("-") => {
            let text = String::from_utf8(file::bytes(Path::new("-"))?);
            let text =
                text.map_err(|_| Failure::usage("standard input is not UTF-8", "Convert it first."))?;
            text.trim_end().clone_into(&mut submission.text);
        }
        Some(text) => text.clone_into(&mut submission.text),
        None => {}
    }
    if let Some(channel) = args.channel {
        submission.channel = channel.into();
    }
    if let Some(kind) = args.complainant {
        submission.complainant.get_or_insert_default().kind = kind.into();
    }
    if let Some(reference) = args.complainant_ref {
        submission.complainant.get_or_insert_default().external_ref = Some(reference);
    }
    if !args.respondent.is_empty() {
        submission.respondents = args.respondent;
    }
    if let Some(order_no) = args.order {
        submission.order.get_or_insert_with(OrderRef::default).order_no = order_no;
    }
    if let Some(room) = args.live_room {
        submission.live.get_or_insert_with(LiveRef::default).room_id = room;
    }
    if !args.remedy.is_empty() {
        submission.demand.get_or_insert_with(Demand::default).remedies = args.remedy;
    }
    if let Some(language) = args.language {
        submission.language = language;
    }
    Ok(submission)
}

fn told(context: &Context, answer: &SubmitComplaintResponse) -> String {
    card([
        ("number", answer.complaint_no.clone()),
        ("id", answer.complaint_id.clone()),
        ("received", time(answer.received_at.as_ref(), &context.zone)),
        ("acknowledged by", time(answer.acknowledge_by.as_ref(), &context.zone)),
        (
            "note",
            if answer.duplicate {
                "submitted before under this request id".to_owned()
            } else {
                String::new()
            },
        ),
    ])
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &[&str]) -> Result<Args, clap::Error> {
        Line::try_parse_from([&["submit"], line].concat()).map(|line| line.args)
    }

    #[test]
    fn arguments_come_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let json = r#"{"channel":"CHANNEL_APP","text":"old","language":"en","live":{"room_id":"r1","anchorId":"a1"},
                       "complainant":{"kind":"PARTY_KIND_MERCHANT"}}"#;
        std::fs::write(file.path(), json).unwrap();
        let path = file.path().to_str().unwrap();
        let line = ["--file", path, "--text", "new", "--live-room", "r2", "--respondent", "merchant:shop-7"];
        let submission = submission(parse(&line).unwrap()).unwrap();
        assert_eq!((submission.text.as_str(), submission.language.as_str()), ("new", "en"));
        assert_eq!(submission.channel(), Channel::App);
        assert_eq!(submission.complainant.unwrap().kind(), PartyKind::Merchant);
        let live = submission.live.unwrap();
        assert_eq!((live.room_id.as_str(), live.anchor_id.as_str()), ("r2", "a1"));
        assert_eq!(submission.respondents[0].kind(), PartyKind::Merchant);
        assert_eq!(submission.respondents[0].external_ref, "shop-7");
    }

    #[test]
    fn without_a_file_a_text_is_enough_and_without_both_it_is_refused() {
        let least = submission(parse(&["--text", "x"]).unwrap()).unwrap();
        assert_eq!(least.channel(), Channel::Form);
        assert_eq!(least.complainant.unwrap().kind(), PartyKind::Consumer);
        assert!(parse(&[]).unwrap_err().to_string().contains("--file"));
        assert!(parse(&["--text", "x", "--respondent", "shop-7"]).is_err());
    }

    #[test]
    fn all_that_does_not_fit_in_a_file_is_told_at_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"channel":"CHANNEL_PIGEON","colour":"red"}"#).unwrap();
        let told = submission(parse(&["--file", file.path().to_str().unwrap()]).unwrap()).unwrap_err();
        assert_eq!(told.told().kind, Kind::Usage);
        for part in ["channel", "UNKNOWN_ENUM_VALUE", "colour", "UNKNOWN_FIELD"] {
            assert!(told.to_string().contains(part), "{part} in {told}");
        }
    }
}
