//! A registered complaint as it is remembered.

use redress_domain::{ComplaintId, Currency, Money, Origin, PartyKind, Severity};
use redress_messaging::EventMeta;
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;

use crate::domain::case::{Case, Course, Facts};
use crate::domain::party::Respondent;
use crate::domain::state::State;

/// What is kept of a registration.
#[derive(Debug)]
pub struct Registered {
    facts: Facts,
    complainant_index: Vec<u8>,
    /// The data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

impl Registered {
    /// Reads the event.
    pub fn read(event: intake::ComplaintRegistered) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
        let submission = event.submission.ok_or_else(|| unfit("submission"))?;
        let received = event.received_at.as_ref().and_then(|at| from_wire_time(at).ok());
        let kind = submission.complainant.as_ref().map(types::Complainant::kind).unwrap_or_default();
        let complainant_kind: PartyKind = kind.try_into().map_err(|_| unfit("complainant.kind"))?;
        let respondents = submission.respondents.iter().map(|respondent| {
            let kind = respondent.kind().try_into().map_err(|_| unfit("respondent.kind"))?;
            Ok(Respondent { kind, reference: respondent.external_ref.clone() })
        });
        let order = submission.order.clone().unwrap_or_default();
        let currency: Option<Currency> = order.paid.as_ref().and_then(|paid| paid.currency.parse().ok());
        let paid = order.paid.and_then(|paid| Money::new(&paid.currency, paid.amount_minor).ok());
        let facts = Facts {
            complaint_no: event.complaint_no,
            received_at: received.ok_or_else(|| unfit("received_at"))?,
            submitted_by: event.submitted_by,
            origin: submission.origin().try_into().unwrap_or(match complainant_kind {
                PartyKind::Merchant => Origin::Merchant,
                PartyKind::User => Origin::User,
                _ => Origin::Consumer,
            }),
            complainant_kind,
            respondents: respondents.collect::<Result<_, DecodeError>>()?,
            order_no: order.order_no,
            currency,
            paid,
        };
        let wrapped_key = event.sealed.unwrap_or_default().wrapped_key;
        Ok(Self { facts, complainant_index: event.complainant_index, wrapped_key })
    }

    /// As a case that has just begun.
    pub fn case(&self, meta: &EventMeta) -> Case {
        Case {
            tenant: meta.tenant.clone(),
            id: ComplaintId::from_uuid(meta.subject),
            state: State::Received,
            severity: Severity::General,
            complainant_index: self.complainant_index.clone(),
            version: 0,
            stream_version: 0,
            chain: (0, String::new()),
            facts: self.facts.clone(),
            course: Course::default(),
            liability: Vec::new(),
            proposals: Vec::new(),
            settlements: Vec::new(),
            rulings: Vec::new(),
            appeals: Vec::new(),
            reports: Vec::new(),
            sanctions: Vec::new(),
        }
    }
}
