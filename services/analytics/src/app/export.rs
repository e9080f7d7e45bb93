//! Facts as CSV (RFC 4180), page by page: no connection is held while a slow caller reads.

use futures::Stream;
use futures::stream::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use redress_domain::{Principal, TenantId};
use redress_proto::analytics::v1 as wire;
use redress_runtime::page::After;

use super::metrics::Questions;
use super::window::Reader;
use crate::domain::metric::Population;
use crate::domain::selection::Selection;
use crate::domain::spreadsheet::cell;
use crate::error::Error;
use crate::store::fact::{self, Fact, Order};

/// Facts per page: about 200 KiB of CSV.
const PAGE: i64 = 1_000;

const HEADER: [&str; 38] = [
    "complaint_id",
    "received_at",
    "channel",
    "category",
    "severity",
    "urgent",
    "state",
    "merchant",
    "anchor",
    "live_room",
    "incident_id",
    "acknowledge_by",
    "acknowledged_at",
    "first_response_at",
    "decided_at",
    "result_at",
    "ended_at",
    "outcome",
    "repeated",
    "satisfaction",
    "resubmissions",
    "cause",
    "investigation_opened_at",
    "investigation_concluded_at",
    "currency",
    "evidence_requested",
    "evidence_lapsed",
    "remedies_ordered",
    "remedies_executed",
    "remedies_advanced",
    "remedies_failed",
    "amount_ordered_minor",
    "amount_executed_minor",
    "amount_advanced_minor",
    "amount_failed_minor",
    "appeals",
    "clocks_met",
    "clocks_judged",
];

impl Questions {
    /// The facts of a span as the parts of a file, by time of receipt.
    pub fn export(
        &self,
        caller: &Principal,
        request: &wire::ExportDatasetRequest,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, Error>> + Send + use<>, Error> {
        let mut reader = Reader::default();
        let span = reader.span(request.from.as_ref(), request.until.as_ref());
        let span = reader.finish(span)?;
        let selection = Selection { span, among: Population::Registered, notices_through: None, slice: None };
        let pages = self.pages(caller.tenant.clone(), selection);
        let header = futures::stream::once(async { lines([HEADER.map(Into::into)]) });
        Ok(header.chain(pages.and_then(|facts| async move { lines(facts.iter().map(line)) })))
    }

    /// The facts that are selected, by time of receipt, a page at a time.
    pub(super) fn pages(
        &self,
        tenant: TenantId,
        selection: Selection,
    ) -> impl Stream<Item = Result<Vec<Fact>, Error>> + Send + use<> {
        struct Reading {
            after: Option<After>,
            done: bool,
        }
        let db = self.db.clone();
        let begin = Reading { after: None, done: false };
        futures::stream::try_unfold(begin, move |reading| {
            let (db, tenant, selection) = (db.clone(), tenant.clone(), selection.clone());
            async move {
                if reading.done {
                    return Ok(None);
                }
                let mut conn = db.pool().acquire().await?;
                let order = Order::OldestFirst;
                let page = fact::page(&mut conn, &tenant, &selection, order, reading.after, PAGE).await?;
                let Some(last) = page.last() else { return Ok(None) };
                let after = Some(After { at: last.received_at, id: *last.id.as_uuid() });
                let done = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
                Ok(Some((page, Reading { after, done })))
            }
        })
    }
}

fn lines(rows: impl IntoIterator<Item = [String; HEADER.len()]>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| Error::Csv(error.into_error().into()))
}

fn line(fact: &Fact) -> [String; HEADER.len()] {
    let steps = &fact.steps;
    let text = |text: Option<&str>| cell(text.unwrap_or_default()).into_owned();
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    [
        fact.id.to_string(),
        fact.received_at.to_string(),
        fact.channel.code().to_owned(),
        text(fact.category.map(redress_domain::Category::code)),
        text(fact.severity.map(redress_domain::Severity::code)),
        fact.urgent.to_string(),
        fact.state.code().to_owned(),
        text(fact.merchant.as_deref()),
        text(fact.anchor.as_deref()),
        text(fact.live_room.as_deref()),
        fact.incident_id.map(|id| id.to_string()).unwrap_or_default(),
        fact.acknowledge_by.to_string(),
        time(fact.acknowledged_at),
        time(fact.first_response_at),
        time(fact.decided_at),
        time(fact.result_at),
        time(fact.ended_at),
        text(fact.outcome.as_deref()),
        fact.repeated.to_string(),
        fact.satisfaction.map(|points| points.to_string()).unwrap_or_default(),
        fact.resubmissions.to_string(),
        text(fact.cause.as_deref()),
        time(fact.investigation_opened_at),
        time(fact.investigation_concluded_at),
        text(fact.currency.as_deref()),
        steps.evidence_requested.to_string(),
        steps.evidence_lapsed.to_string(),
        steps.remedies_ordered.to_string(),
        steps.remedies_executed.to_string(),
        steps.remedies_advanced.to_string(),
        steps.remedies_failed.to_string(),
        steps.amount_ordered.to_string(),
        steps.amount_executed.to_string(),
        steps.amount_advanced.to_string(),
        steps.amount_failed.to_string(),
        steps.appeals.to_string(),
        steps.clocks_met.to_string(),
        steps.clocks_judged.to_string(),
    ]
}
