//! Who may bring, and who sees what of a case's evidence.
//!
//! Those who work on the case see originals; each side sees the originals that it brought itself, and of all others the
//! copy made for it, if one was made and is not withheld. What is not for the caller is absent.

use redress_domain::{Principal, Problem, Role};

use crate::app::standing::Standing;
use crate::domain::evidence::{Audience, Provider};
use crate::store::evidence::Evidence;
use crate::store::rendition::Rendition;

/// Whoever looks at a case's evidence.
#[derive(Debug, Clone)]
pub(super) enum Viewer {
    /// Works on the case and sees everything.
    Staff,
    /// Reads the records, not the files.
    Auditor,
    /// Who complained.
    Complainant,
    /// One of the respondents.
    Respondent(String),
    /// Whatever an audience may see; for staff who prepare it.
    As(Audience),
}

/// What of a piece is shown.
pub(super) enum Shown<'a> {
    /// The original.
    Original,
    /// A copy.
    Copy(&'a Rendition),
    /// That there is a copy which shows nothing, with its reason.
    Withheld(&'a Rendition),
    /// What it is, without any content.
    Record,
    /// Nothing: it does not exist for the viewer.
    Nothing,
}

impl Viewer {
    /// What a caller who sees the case is to its evidence.
    pub(super) fn of(principal: &Principal, standing: &Standing) -> Self {
        if standing.staff || (standing.reader && principal.has_any(&[Role::IntakeOfficer])) {
            Self::Staff
        } else if standing.complainant {
            Self::Complainant
        } else if standing.respondent {
            Self::Respondent(principal.subject.clone())
        } else {
            Self::Auditor
        }
    }

    /// The same as `audience` would see it, for staff and auditors; a party sees its own part anyway.
    pub(super) fn seeing_as(self, audience: Option<Audience>) -> Self {
        match (self, audience) {
            (Self::Staff | Self::Auditor, Some(audience)) => Self::As(audience),
            (viewer, _) => viewer,
        }
    }

    /// Whether a piece is the viewer's own.
    pub(super) fn is_own(&self, item: &Evidence) -> bool {
        match self {
            Self::Complainant | Self::As(Audience::Complainant) => item.provider == Provider::Complainant,
            Self::Respondent(subject) => {
                item.provider == Provider::Respondent && item.provider_ref == *subject
            }
            Self::As(Audience::Respondent) => item.provider == Provider::Respondent,
            Self::Staff | Self::Auditor | Self::As(Audience::Expert) => false,
        }
    }

    /// For which copies the viewer is the audience.
    pub(super) const fn audience(&self) -> Option<Audience> {
        match self {
            Self::Complainant => Some(Audience::Complainant),
            Self::Respondent(_) => Some(Audience::Respondent),
            Self::As(audience) => Some(*audience),
            Self::Staff | Self::Auditor => None,
        }
    }

    /// What of `item` is shown, given all copies of the case in the order in which they were made.
    pub(super) fn shown<'a>(&self, item: &Evidence, copies: &'a [Rendition]) -> Shown<'a> {
        match self {
            Self::Staff => return Shown::Original,
            Self::Auditor => return Shown::Record,
            _ if self.is_own(item) => return Shown::Original,
            _ => {}
        }
        let latest = copies
            .iter()
            .rev()
            .find(|copy| copy.evidence == item.id && Some(copy.audience) == self.audience());
        match latest {
            Some(copy) if copy.file.is_some() => Shown::Copy(copy),
            Some(copy) => Shown::Withheld(copy),
            None => Shown::Nothing,
        }
    }
}

/// From whom a file comes: parties bring their own; staff say whose it is, their own if nothing is said.
pub(super) fn provider(
    principal: &Principal,
    standing: &Standing,
    told: Option<Provider>,
) -> Result<Provider, Problem> {
    match Viewer::of(principal, standing) {
        Viewer::Staff => Ok(told.unwrap_or(Provider::Staff)),
        Viewer::Complainant => Ok(Provider::Complainant),
        Viewer::Respondent(_) => Ok(Provider::Respondent),
        Viewer::Auditor | Viewer::As(_) => Err(Problem::permission_denied()),
    }
}
