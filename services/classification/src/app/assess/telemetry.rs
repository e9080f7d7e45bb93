//! What assessing tells.

use std::sync::LazyLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use redress_proto::classification::v1::Assessment;

use crate::app::labels::decided_by;

static CONFIDENCE: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    opentelemetry::global::meter("redress_classification")
        .f64_histogram("redress.classification.confidence")
        .with_description("How sure first assessments are of their category, from 0 to 1.")
        .with_boundaries(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98])
        .build()
});

/// A complaint was assessed for the first time. A batch that is tried again counts again.
pub(super) fn assessed(assessment: &Assessment) {
    let by = KeyValue::new("redress.decided_by", decided_by(assessment).code());
    CONFIDENCE.record(assessment.confidence, &[by]);
}
