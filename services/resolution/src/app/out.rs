//! What a decision leaves behind beside the changed case: events, sealed words, links of the chain of offers.

use prost::{Message, Name};

use crate::domain::case::Case;
use crate::domain::offer::{Link, LinkBody, link};

/// An event that is to be published, not yet bound to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The message's full name.
    pub event_type: String,
    /// The message.
    pub payload: Vec<u8>,
    /// Whose act it is, where that is not whoever caused it.
    pub actor: Option<String>,
}

impl Emitted {
    /// An event of whoever caused it.
    pub fn of<M: Message + Name>(message: &M) -> Self {
        Self { event_type: M::full_name(), payload: message.encode_to_vec(), actor: None }
    }
}

/// What is left behind.
#[derive(Debug, Default)]
pub struct Out {
    /// The events, in order.
    pub events: Vec<Emitted>,
    /// Sealed words: field and value.
    pub texts: Vec<(String, Vec<u8>)>,
    /// Links of the chain of offers.
    pub links: Vec<Link>,
}

impl Out {
    /// An event of whoever caused it.
    pub fn push<M: Message + Name>(&mut self, message: &M) {
        self.events.push(Emitted::of(message));
    }

    /// An event of somebody else: a ruling is its decider's, whoever confirmed it.
    pub fn push_as<M: Message + Name>(&mut self, message: &M, actor: &str) {
        self.events.push(Emitted { actor: Some(actor.to_owned()), ..Emitted::of(message) });
    }

    /// Appends to the case's chain; gives the new link's hash. Place and predecessor are filled in here.
    pub fn link(&mut self, case: &mut Case, body: LinkBody) -> String {
        let sequence = case.chain.0 + 1;
        let made = link(LinkBody { sequence, ..body }, &case.chain.1);
        case.chain = (sequence, made.hash.clone());
        let hash = made.hash.clone();
        self.links.push(made);
        hash
    }
}
