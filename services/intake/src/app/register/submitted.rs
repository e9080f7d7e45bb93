use jiff::Timestamp;
use redress_domain::{Channel, ComplaintNo, Origin, PartyKind};
use redress_outbox::DecodeError;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1::SubmissionAccepted;
use redress_proto::types::v1::{self as types, Sealed, Submission};

use crate::domain::lifecycle::Capacity;

/// An accepted submission as the log carries it, checked.
#[derive(Debug)]
pub struct Submitted {
    /// The number told to the caller.
    pub no: ComplaintNo,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// By when receipt is to be acknowledged, as the caller was told.
    pub acknowledge_by: Timestamp,
    /// When it was sent, by the channel's clock.
    pub submitted_at: Option<Timestamp>,
    /// The token's subject.
    pub submitted_by: String,
    /// As what it submitted.
    pub submitted_as: Capacity,
    /// The channel.
    pub channel: Channel,
    /// Who brought it in.
    pub origin: Origin,
    /// What the complainant is.
    pub complainant_kind: PartyKind,
    /// Kind and reference of each respondent.
    pub respondents: Vec<(PartyKind, String)>,
    /// The public half of what was brought in.
    pub public: Submission,
    /// The personal half.
    pub sealed: Sealed,
    /// Keyed hash of the whole body.
    pub fingerprint: Vec<u8>,
    /// Keyed hash of the complainant.
    pub complainant_index: Vec<u8>,
}

impl Submitted {
    /// Checks a message. It was validated before it was written, so an error here is a defect or another's record.
    pub fn read(message: SubmissionAccepted) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| move || DecodeError::new(format!("{field} does not fit"));
        let public = message.submission.ok_or_else(unfit("submission"))?;
        let complainant = public.complainant.as_ref().ok_or_else(unfit("submission.complainant"))?;
        let complainant_kind =
            complainant.kind().try_into().map_err(|_| unfit("submission.complainant.kind")())?;
        let respondents = public
            .respondents
            .iter()
            .map(|r| {
                Ok((
                    r.kind().try_into().map_err(|_| unfit("submission.respondents.kind")())?,
                    r.external_ref.clone(),
                ))
            })
            .collect::<Result<_, DecodeError>>()?;
        let time = |wire: &pbjson_types::Timestamp, field| from_wire_time(wire).map_err(|_| unfit(field)());
        let received_at = message.received_at.ok_or_else(unfit("received_at"))?;
        let acknowledge_by = message.acknowledge_by.ok_or_else(unfit("acknowledge_by"))?;
        Ok(Self {
            no: message.complaint_no.parse().map_err(|_| unfit("complaint_no")())?,
            received_at: time(&received_at, "received_at")?,
            acknowledge_by: time(&acknowledge_by, "acknowledge_by")?,
            submitted_at: public
                .submitted_at
                .as_ref()
                .map(|t| time(t, "submission.submitted_at"))
                .transpose()?,
            submitted_by: message.submitted_by,
            submitted_as: message.submitted_as.parse().map_err(|_| unfit("submitted_as")())?,
            channel: public.channel().try_into().map_err(|_| unfit("submission.channel")())?,
            origin: origin(public.origin(), complainant_kind),
            complainant_kind,
            respondents,
            sealed: message.sealed.ok_or_else(unfit("sealed"))?,
            fingerprint: message.fingerprint,
            complainant_index: message.complainant_index,
            public,
        })
    }
}

/// Not told, the origin follows from what the complainant is.
fn origin(told: types::Origin, complainant: PartyKind) -> Origin {
    told.try_into().unwrap_or(match complainant {
        PartyKind::Merchant => Origin::Merchant,
        PartyKind::User => Origin::User,
        _ => Origin::Consumer,
    })
}
