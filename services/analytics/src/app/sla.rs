//! How deadlines were kept: one fact per complaint and clock.

use futures::{Stream, StreamExt};
use redress_domain::Principal;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;

use super::counted::Counted;
use super::metrics::Questions;
use super::window::Reader;
use crate::domain::metric::Population;
use crate::domain::selection::Selection;
use crate::error::Error;
use crate::store::fact::Fact;

/// The acknowledgement of receipt, the one clock whose beginning and end are events so far.
const ACKNOWLEDGEMENT: &str = "C05";

impl Questions {
    /// The judged clocks of a span, by time of receipt.
    pub async fn sla_facts(
        &self,
        caller: &Principal,
        request: wire::ListSlaFactsRequest,
    ) -> Result<impl Stream<Item = Result<wire::ListSlaFactsResponse, Error>> + Send + use<>, Error> {
        let mut reader = Reader::default();
        let span = reader.span(request.from.as_ref(), request.until.as_ref());
        let span = reader.finish(span)?;
        let mut conn = self.db.pool().acquire().await?;
        let selection = Selection {
            span,
            among: Population::AcknowledgementJudged,
            notices_through: Counted::now(&mut conn).await?.notices,
            slice: None,
        };
        drop(conn);
        let pages = self.pages(caller.tenant.clone(), selection);
        Ok(pages.flat_map(|page| {
            let facts: Vec<_> = match page {
                Ok(facts) => facts.iter().map(acknowledgement).map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(facts)
        }))
    }
}

fn acknowledgement(fact: &Fact) -> wire::ListSlaFactsResponse {
    wire::ListSlaFactsResponse {
        complaint_id: fact.id.to_string(),
        clock: ACKNOWLEDGEMENT.to_owned(),
        due_at: Some(to_wire_time(fact.acknowledge_by)),
        met_at: fact.acknowledged_at.map(to_wire_time),
        met: fact.acknowledged_at.is_some_and(|at| at <= fact.acknowledge_by),
    }
}
