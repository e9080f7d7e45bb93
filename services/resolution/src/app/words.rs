//! Words that people typed: sealed under the complaint's data key before they are stored or published.

use std::collections::HashMap;

use redress_domain::Problem;
use redress_proto::types::v1::{Sealed, SealedField};
use redress_vault::{Opener, Sealer};
use uuid::Uuid;

use super::out::Out;
use crate::domain::guard::Refusal;
use crate::error::Error;

/// The field of a determination's reasons.
pub fn liability(id: Uuid) -> String {
    format!("liability.{id}")
}

/// The field of the words of a proposal's revision that parties read: its options' reasons.
pub fn proposal(id: Uuid, revision: u32) -> String {
    format!("proposal.{id}.{revision}")
}

/// The field of the whole basis of a proposal's revision, for staff.
pub fn basis(id: Uuid, revision: u32) -> String {
    format!("proposal_basis.{id}.{revision}")
}

/// The field of what a party said with a link of the chain.
pub fn comment(sequence: u32) -> String {
    format!("offer.{sequence}")
}

/// The field of a ruling's reasons.
pub fn ruling(id: Uuid) -> String {
    format!("ruling.{id}")
}

/// The field of an appeal's grounds.
pub fn appeal(id: Uuid) -> String {
    format!("appeal.{id}")
}

/// The field of a reply to an appeal, by its number from 1.
pub fn appeal_reply(id: Uuid, number: usize) -> String {
    format!("appeal_reply.{id}.{number}")
}

/// The field of the answers to an appeal.
pub fn appeal_answers(id: Uuid) -> String {
    format!("appeal_answers.{id}")
}

/// The field of why a result was rejected.
pub fn result(version: i64) -> String {
    format!("result.{version}")
}

/// The field of a recommendation's reasons.
pub fn sanction(id: Uuid) -> String {
    format!("sanction.{id}")
}

/// The field of a report's parts.
pub fn report(id: Uuid) -> String {
    format!("report.{id}")
}

/// Seals `plain` as `field`, keeps it, and gives it as an event carries it.
pub fn keep(sealer: Option<&Sealer>, out: &mut Out, field: String, plain: &[u8]) -> Result<Sealed, Error> {
    let sealer = sealer.ok_or_else(erased)?;
    let value = sealer.seal(&field, plain)?;
    out.texts.push((field.clone(), value.clone()));
    // The wrapped key travels with ComplaintRegistered alone: whoever deletes it there has erased this too.
    Ok(Sealed { wrapped_key: Vec::new(), fields: vec![SealedField { name: field, value }] })
}

fn erased() -> Problem {
    Refusal::SubjectErased.problem()
}

/// The words of a case as one reader may open them.
pub struct Reader<'a> {
    /// Opens; none where the reader may not, or the subject was erased.
    pub opener: Option<&'a Opener>,
    /// What is sealed.
    pub texts: &'a HashMap<String, Vec<u8>>,
}

impl Reader<'_> {
    /// The bytes of a field; none if it is not there or may not be read.
    pub fn bytes(&self, field: &str) -> Result<Option<Vec<u8>>, Error> {
        match (self.opener, self.texts.get(field)) {
            (Some(opener), Some(sealed)) => Ok(Some(opener.open(field, sealed)?.to_vec())),
            _ => Ok(None),
        }
    }

    /// The same as text; empty if there is none.
    pub fn text(&self, field: &str) -> Result<String, Error> {
        Ok(self.bytes(field)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
    }
}
