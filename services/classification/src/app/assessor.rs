//! From submissions to what they come to: the rules in effect, and an outside model where they are unsure.

use std::sync::Arc;

use redress_domain::TenantId;
use redress_proto::types::v1::Submission;

use super::assess::Beside;
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

/// A submission whose words are in place.
#[derive(Debug)]
pub struct Told {
    /// Whose rules are applied.
    pub tenant: TenantId,
    /// The words, and what is public beside them.
    pub submission: Submission,
    /// Whom the words may name.
    pub names: Names,
}

/// Where the names and contacts are that came beside a submission's words. The rules need none of them. A model's question
/// does: what is not known cannot be taken out of the words.
#[derive(Debug)]
pub enum Names {
    /// In their places in the submission.
    InPlace,
    /// Sealed; opened for a question alone.
    Sealed(Beside),
}

/// A submission with what it came to.
struct Read {
    engine: Arc<Engine>,
    submission: Submission,
    names: Names,
    understood: Understood,
}

impl Assessor {
    /// Understands submissions; the answers are in the same order.
    pub async fn understand(&self, texts: Vec<Told>) -> Result<Vec<Understood>, Error> {
        let mut read = Vec::with_capacity(texts.len());
        let mut rest = texts.into_iter();
        loop {
            let stretch: Vec<_> =
                rest.by_ref().take(STRETCH).map(|told| (self.engines.current(&told.tenant), told)).collect();
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

fn read_one((engine, told): (Arc<Engine>, Told)) -> Read {
    let understood = engine.understand(&told.submission);
    Read { engine, submission: told.submission, names: told.names, understood }
}

/// A model is asked where a person would have to look because the rules are unsure of the category.
async fn ask(provider: &Provider, read: Vec<Read>) -> Result<Vec<Read>, Error> {
    let unsure: Vec<usize> =
        (0..read.len()).filter(|&at| super::provider::is_open(&read[at].understood.assessment)).collect();
    if unsure.is_empty() {
        return Ok(read);
    }
    // Masking goes over each text once for every name: work for a processor, like reading.
    let questions = tokio::task::spawn_blocking(move || {
        let questions: Result<Vec<Submission>, Error> =
            unsure.iter().map(|&at| question_of(&read[at])).collect();
        questions.map(|questions| (read, unsure, questions))
    });
    let (mut read, unsure, questions) = questions.await.map_err(Error::unread)??;
    let opinions = provider.opinions(questions).await;
    let provider = provider.clone();
    let followed = tokio::task::spawn_blocking(move || {
        for (at, opinion) in unsure.into_iter().zip(opinions) {
            let Read { engine, submission, understood, .. } = &mut read[at];
            if let Some(opinion) = opinion {
                provider.follow(engine, submission, &mut understood.assessment, &opinion);
            }
        }
        read
    });
    followed.await.map_err(Error::unread)
}

/// The question about a submission. Names are opened for it, taken out of the words, and dropped.
fn question_of(read: &Read) -> Result<Submission, Error> {
    match &read.names {
        Names::InPlace => Ok(question::about(&read.submission)),
        Names::Sealed(beside) => Ok(question::about(&beside.put_into(read.submission.clone())?)),
    }
}
