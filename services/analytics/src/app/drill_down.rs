//! The way back from a number to its complaints.

use redress_domain::{Principal, Problem};
use redress_proto::analytics::v1 as wire;
use redress_runtime::page::{self, After};

use super::case;
use super::counted::Counted;
use super::metrics::Questions;
use super::window::Reader;
use crate::domain::selection::Selection;
use crate::error::Error;
use crate::store::fact::{self, Order};

const PAGE_MOST: i32 = 1_000;
const PAGE_DEFAULT: i32 = 100;

impl Questions {
    /// The complaints of a metric's population, newest first: as many as the row of that window and value says.
    pub async fn drill_down(
        &self,
        caller: &Principal,
        request: wire::DrillDownRequest,
    ) -> Result<wire::DrillDownResponse, Error> {
        let mut selection = self.drilled(&request)?;
        let conditions = format!("{} {selection:?}", request.metric);
        let after = After::read(&request.page_token, &conditions)?;
        let size = page::size(request.page_size, PAGE_DEFAULT, PAGE_MOST)?;
        let mut conn = self.db.pool().acquire().await?;
        selection.notices_through = Counted::now(&mut conn, &caller.tenant).await?.notices;
        // One more than asked tells whether there is another page.
        let order = Order::NewestFirst;
        let mut found = fact::page(&mut conn, &caller.tenant, &selection, order, after, size + 1).await?;
        let size = usize::try_from(size).unwrap_or_default();
        let more = found.len() > size;
        found.truncate(size);
        let token =
            |last: &fact::Fact| After { at: last.received_at, id: *last.id.as_uuid() }.write(&conditions);
        let next_page_token = found.last().filter(|_| more).map(token).unwrap_or_default();
        Ok(wire::DrillDownResponse { cases: found.into_iter().map(case::told).collect(), next_page_token })
    }

    fn drilled(&self, request: &wire::DrillDownRequest) -> Result<Selection, Problem> {
        let mut reader = Reader::default();
        let definition = reader.metric(&self.dictionary, &request.metric);
        let span = reader.span(request.from.as_ref(), request.until.as_ref());
        let dimension = reader.dimension(request.dimension);
        let value = reader.value(dimension, &request.value);
        let selection = definition.zip(span).map(|(definition, span)| Selection {
            span,
            among: definition.among,
            notices_through: None,
            slice: dimension.map(|dimension| (dimension, value)),
        });
        reader.finish(selection)
    }
}
