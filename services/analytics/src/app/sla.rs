//! How deadlines were kept: one fact per complaint and clock.

use futures::{Stream, StreamExt, TryStreamExt};
use redress_domain::{Principal, TenantId};
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;

use super::counted::Counted;
use super::metrics::Questions;
use super::window::Reader;
use crate::domain::item::ItemState;
use crate::domain::metric::Population;
use crate::domain::selection::{Selection, Span};
use crate::error::Error;
use crate::store::fact::Fact;
use crate::store::item::{self, Judged};

/// Clocks per page.
const PAGE: i64 = 1_000;

/// The acknowledgement of receipt: judged by the notices themselves, also where there is no sla.
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
            notices_through: Counted::now(&mut conn, &caller.tenant).await?.notices,
            slice: None,
        };
        drop(conn);
        let acknowledgements = self
            .pages(caller.tenant.clone(), selection)
            .map_ok(|facts| facts.iter().map(acknowledgement).collect::<Vec<_>>());
        let clocks = self
            .clocks(caller.tenant.clone(), span)
            .map_ok(|clocks| clocks.into_iter().map(clock).collect::<Vec<_>>());
        Ok(acknowledgements.chain(clocks).flat_map(|page| {
            let facts: Vec<_> = match page {
                Ok(facts) => facts.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(facts)
        }))
    }

    /// The judged clocks of sla, a page at a time.
    fn clocks(
        &self,
        tenant: TenantId,
        span: Span,
    ) -> impl Stream<Item = Result<Vec<Judged>, Error>> + Send + use<> {
        let db = self.db.clone();
        futures::stream::try_unfold(None, move |after: Option<Judged>| {
            let (db, tenant) = (db.clone(), tenant.clone());
            async move {
                let mut conn = db.pool().acquire().await?;
                let page = item::judged(&mut conn, &tenant, span, after.as_ref(), PAGE).await?;
                let last = page.last().cloned();
                Ok(last.map(|last| (page, Some(last))))
            }
        })
    }
}

fn clock(judged: Judged) -> wire::ListSlaFactsResponse {
    let met = judged.state != ItemState::Breached;
    wire::ListSlaFactsResponse {
        complaint_id: judged.complaint.to_string(),
        clock: judged.definition,
        due_at: judged.due_at.map(to_wire_time),
        met_at: judged.ended_at.filter(|_| met).map(to_wire_time),
        met: judged.state == ItemState::Met,
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
