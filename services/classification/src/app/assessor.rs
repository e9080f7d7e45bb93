//! From submissions to what they come to: the rules in effect, and an outside model where they are unsure.

use std::sync::Arc;

use redress_domain::TenantId;
use redress_proto::types::v1::Submission;

use super::engine::{Engine, Engines, Understood};
use super::provider::Provider;
use super::question;
use crate::error::Error;

/// Texts that one thread reads at a stretch.
const STRETCH: usize = 64;

/// Understands submissions. Cheap to clone.
#[derive(Clone)]
pub struct Assessor {
    /// The rules in effect.
    pub engines: Engines,
    /// The outside model, where there is one.
    pub provider: Option<Provider>,
}

/// A submission with what it came to.
struct Read {
    engine: Arc<Engine>,
    submission: Submission,
    understood: Understood,
}

impl Assessor {
    /// Understands submissions whose words are in place; the answers are in the same order.
    pub async fn understand(&self, texts: Vec<(TenantId, Submission)>) -> Result<Vec<Understood>, Error> {
        let mut read = Vec::with_capacity(texts.len());
        let mut rest = texts.into_iter();
        loop {
            let stretch: Vec<_> = rest
                .by_ref()
                .take(STRETCH)
                .map(|(tenant, submission)| (self.engines.current(&tenant), submission))
                .collect();
            if stretch.is_empty() {
                break;
            }
            // Reading is work for a processor, some milliseconds for the longest text: not on the threads that answer.
            let stretch = tokio::task::spawn_blocking(move || stretch.into_iter().map(read_one).collect());
            let stretch: Vec<Read> = stretch.await.map_err(Error::unread)?;
            read.extend(stretch);
        }
        if let Some(provider) = &self.provider {
            read = ask(provider, read).await?;
        }
        Ok(read.into_iter().map(|read| read.understood).collect())
    }
}

fn read_one((engine, submission): (Arc<Engine>, Submission)) -> Read {
    let understood = engine.understand(&submission);
    Read { engine, submission, understood }
}

/// A model is asked where a person would have to look because the rules are unsure of the category.
async fn ask(provider: &Provider, mut read: Vec<Read>) -> Result<Vec<Read>, Error> {
    let unsure: Vec<usize> =
        (0..read.len()).filter(|&at| super::provider::is_open(&read[at].understood.assessment)).collect();
    if unsure.is_empty() {
        return Ok(read);
    }
    let questions = unsure.iter().map(|&at| question::about(&read[at].submission)).collect();
    let opinions = provider.opinions(questions).await;
    let provider = provider.clone();
    let followed = tokio::task::spawn_blocking(move || {
        for (at, opinion) in unsure.into_iter().zip(opinions) {
            let Read { engine, submission, understood } = &mut read[at];
            if let Some(opinion) = opinion {
                provider.follow(engine, submission, &mut understood.assessment, &opinion);
            }
        }
        read
    });
    followed.await.map_err(Error::unread)
}
