//! The dictionary, and numbers by it.

use std::sync::Arc;

use redress_domain::{Principal, Problem};
use redress_postgres::Db;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;

use super::counted::Counted;
use super::window::Reader;
use crate::domain::metric::{Definition, Dictionary};
use crate::domain::selection::Selection;
use crate::error::Error;
use crate::store::metric::{self, Question, Row};

/// Shortest window, seconds.
const WINDOW_LEAST: u32 = 60;
/// Most rows of an answer, and how many if the caller does not say.
const ROWS_MOST: i32 = 1_000;
const ROWS_DEFAULT: i32 = 100;

/// Answers all questions. Cheap to clone.
#[derive(Clone)]
pub struct Questions {
    /// The facts.
    pub db: Db,
    /// What the metrics mean.
    pub dictionary: Arc<Dictionary>,
}

impl Questions {
    /// What the metrics mean.
    pub fn definitions(&self) -> wire::ListMetricDefinitionsResponse {
        let told = |entry: &Definition| wire::MetricDefinition {
            name: entry.name.clone(),
            meaning: entry.meaning.clone(),
            unit: entry.unit.code().to_owned(),
            counting: entry.counting.clone(),
            source: entry.source.clone(),
        };
        wire::ListMetricDefinitionsResponse {
            definitions: self.dictionary.entries().iter().map(told).collect(),
        }
    }

    /// A metric by windows and dimensions.
    pub async fn query(
        &self,
        caller: &Principal,
        request: wire::QueryMetricsRequest,
    ) -> Result<wire::QueryMetricsResponse, Error> {
        let mut question = self.question(&request)?;
        let mut conn = self.db.pool().acquire().await?;
        let counted = Counted::now(&mut conn, &caller.tenant).await?;
        question.selection.notices_through = counted.notices;
        let mut rows = metric::rows(&mut conn, &caller.tenant, &question).await?;
        let most = usize::try_from(question.limit).unwrap_or_default();
        let truncated = rows.len() > most;
        rows.truncate(most);
        Ok(wire::QueryMetricsResponse {
            rows: rows.into_iter().map(told).collect(),
            counted_through: counted.through.map(to_wire_time),
            truncated,
        })
    }

    fn question(&self, request: &wire::QueryMetricsRequest) -> Result<Question, Problem> {
        let mut reader = Reader::default();
        let definition = reader.metric(&self.dictionary, &request.metric);
        let span = reader.span(request.from.as_ref(), request.until.as_ref());
        let split = reader.dimension(request.dimension);
        let value = reader.value(split, &request.value);
        if let Some(definition) = definition {
            reader.unit(definition.unit, split);
        }
        if (1..WINDOW_LEAST).contains(&request.window_seconds) {
            reader.out_of_range("windowSeconds", "60 or more, or 0 for one window");
        }
        if request.limit < 0 {
            reader.out_of_range("limit", "1 to 1000, or 0 for 100");
        }
        let limit = if request.limit == 0 { ROWS_DEFAULT } else { request.limit.min(ROWS_MOST) };
        let question = definition.zip(span).map(|(definition, span)| Question {
            selection: Selection {
                span,
                among: definition.among,
                notices_through: None,
                slice: split.zip(value).map(|(dimension, value)| (dimension, Some(value))),
            },
            measure: definition.measure,
            window_seconds: (request.window_seconds > 0).then_some(request.window_seconds),
            split,
            limit: limit.into(),
        });
        reader.finish(question)
    }
}

fn told(row: Row) -> wire::MetricRow {
    wire::MetricRow {
        window_start: Some(to_wire_time(row.window_start)),
        key: row.key,
        value: row.value,
        population: row.population,
    }
}
