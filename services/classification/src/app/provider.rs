//! An outside model, asked where the rules are unsure.
//!
//! It has a time limit for a whole batch, a breaker, and a gate: an answer counts only if it names a category, from the
//! configured confidence on, and a sub-category of the rule set or none. All else that depends on the category (what is
//! mandatory, whom it is directed at, how grave it is) the rules then say of that category: labels of two opinions would
//! not belong together. It may make a case urgent and never less urgent or grave, and it never refuses. Slow, down or
//! nonsense: the rules decide alone, and a person looks as before.
//!
//! It hears what [`question`](super::question) lets out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use redress_domain::{Category, UrgentReason};
use redress_proto::classification::v1::classifier_provider_service_client::ClassifierProviderServiceClient;
use redress_proto::classification::v1::{Assessment, AssessmentReason, ClassifyRequest, ClassifyResponse};
use redress_proto::types::v1::{self as types, Submission};
use redress_redis::{Breaker, Change};
use redress_runtime::grpc::{TracedChannel, connect};
use tokio::time::Instant;
use tonic::transport::Endpoint;

use super::engine::Engine;

/// Questions that are open at once.
const AT_ONCE: usize = 32;

/// The model. Clones share it.
#[derive(Clone)]
pub struct Provider {
    client: ClassifierProviderServiceClient<TracedChannel>,
    limit: Duration,
    gate: f64,
    breaker: Arc<Mutex<Breaker>>,
    answers: Counter<u64>,
}

/// What the model says, checked as far as it can be without a rule set.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    category: Category,
    sub_category: String,
    confidence: f64,
    urgent: Option<UrgentReason>,
    model: String,
}

/// Whether the rules leave the category open: a person is to look, and not because a refusal is proposed.
pub fn is_open(assessment: &Assessment) -> bool {
    assessment.needs_human && assessment.admissibility() != types::Admissibility::No
}

impl Provider {
    /// The model at `endpoint`, connected when it is first asked. `limit` is a batch's, `gate` from 0 to 1.
    pub fn new(endpoint: Endpoint, limit: Duration, gate: f64) -> Self {
        let channel = connect(&endpoint.connect_timeout(limit));
        let meter = opentelemetry::global::meter("redress_classification");
        let answers = meter
            .u64_counter("redress.classification.provider.answers")
            .with_description("Questions to the outside model, by what came of them.")
            .build();
        let client = ClassifierProviderServiceClient::new(channel);
        Self { client, limit, gate, breaker: Arc::default(), answers }
    }

    /// Asks about each submission; what is not answered within the limit is none.
    pub async fn opinions(&self, questions: Vec<Submission>) -> Vec<Option<Opinion>> {
        let until = Instant::now() + self.limit;
        futures::stream::iter(questions)
            .map(|submission| self.opinion(submission, until))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn opinion(&self, submission: Submission, until: Instant) -> Option<Opinion> {
        if Instant::now() >= until || !self.with_breaker(|breaker| breaker.admit(Instant::now().into_std())) {
            self.count("not_asked");
            return None;
        }
        let mut client = self.client.clone();
        let request = ClassifyRequest { submission: Some(submission) };
        let answered = tokio::time::timeout_at(until, client.classify(request)).await;
        let Ok(Ok(response)) = answered else {
            let failed = |breaker: &mut Breaker| breaker.failed(Instant::now().into_std());
            if self.with_breaker(failed) == Some(Change::Opened) {
                tracing::warn!("the outside model does not answer; the rules decide alone");
            }
            self.count("unanswered");
            return None;
        };
        if self.with_breaker(Breaker::succeeded) == Some(Change::Closed) {
            tracing::info!("the outside model answers again");
        }
        let opinion = read(response.into_inner(), self.gate);
        self.count(if opinion.is_some() { "heard" } else { "below_gate" });
        opinion
    }

    /// Has the rules assess `submission` under an opinion in the place of what they were unsure of. A sub-category that the
    /// rule set does not know is nonsense, and all of the opinion with it.
    pub fn follow(
        &self,
        engine: &Engine,
        submission: &Submission,
        before: &mut Assessment,
        opinion: &Opinion,
    ) {
        let sub = Some(opinion.sub_category.as_str()).filter(|sub| !sub.is_empty());
        let row = sub.map(|sub| engine.rules.sub_category(sub));
        if row.is_some_and(|row| row.is_none_or(|row| row.category != opinion.category)) {
            self.count("nonsense");
            return;
        }
        let after = engine.assess_as(submission, opinion.category, sub);
        *before = merged(before, after, opinion);
    }

    fn count(&self, outcome: &'static str) {
        self.answers.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    fn with_breaker<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the rules say under an opinion, beside what they said without it.
fn merged(before: &Assessment, mut after: Assessment, opinion: &Opinion) -> Assessment {
    if before.severity() == types::Severity::Major {
        after.severity = before.severity;
    }
    if before.urgent {
        after.urgent = true;
        after.urgent_reason = before.urgent_reason;
    } else if let (false, Some(reason)) = (after.urgent, opinion.urgent) {
        after.urgent = true;
        after.urgent_reason = Some(types::UrgentReason::from(reason).into());
    }
    // A model's word leads to no refusal, not even a proposed one.
    let refused = after.admissibility() == types::Admissibility::No;
    if refused {
        after.admissibility = before.admissibility;
        after.inadmissible_reason = None;
        after.missing.clone_from(&before.missing);
    }
    after.needs_human = refused;
    after.confidence = opinion.confidence;
    after.decided_by = types::DecidedBy::Model.into();
    after.reasons.push(AssessmentReason {
        rule_id: format!("model:{}", opinion.model),
        label: label(opinion),
        score: opinion.confidence,
        explanation: "an outside model, above the gate".to_owned(),
        spans: Vec::new(),
    });
    after
}

fn label(opinion: &Opinion) -> String {
    match opinion.sub_category.as_str() {
        "" => opinion.category.code().to_owned(),
        sub => format!("{}/{sub}", opinion.category),
    }
}

fn read(response: ClassifyResponse, gate: f64) -> Option<Opinion> {
    let assessment = response.assessment?;
    let confident = (gate..=1.0).contains(&assessment.confidence);
    let category = Category::try_from(assessment.category()).ok().filter(|_| confident)?;
    let urgent = assessment.urgent.then(|| assessment.urgent_reason().try_into().ok()).flatten();
    Some(Opinion {
        category,
        sub_category: assessment.sub_category,
        confidence: assessment.confidence,
        urgent,
        model: named(&response.model),
    })
}

/// The model's name stands in reasons and events: short and plain, or none.
fn named(model: &str) -> String {
    let plain = !model.is_empty() && model.len() <= 64 && model.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { model.to_owned() } else { "unnamed".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(change: impl FnOnce(&mut Assessment)) -> Option<Opinion> {
        let mut assessment =
            Assessment { category: types::Category::Cq04.into(), confidence: 0.9, ..Assessment::default() };
        change(&mut assessment);
        read(ClassifyResponse { assessment: Some(assessment), model: "model@3".into() }, 0.8)
    }

    #[test]
    fn only_a_category_above_the_gate_is_an_opinion() {
        assert_eq!(said(|_| {}).unwrap().category, Category::Cq04);
        assert_eq!(said(|a| a.confidence = 0.79), None);
        assert_eq!(said(|a| a.confidence = 1.01), None);
        assert_eq!(said(|a| a.confidence = f64::NAN), None);
        assert_eq!(said(|a| a.category = 0), None);
        assert_eq!(said(|a| a.category = 999), None);
        assert_eq!(read(ClassifyResponse::default(), 0.0), None);
    }

    #[test]
    fn a_model_without_a_plain_name_has_none() {
        assert_eq!(named("model@3"), "model@3");
        for name in ["", "a b", "模型", &"x".repeat(65)] {
            assert_eq!(named(name), "unnamed");
        }
    }
}
