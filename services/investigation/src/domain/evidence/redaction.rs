//! What an audience is shown of evidence that is not its own: a policy in `data/redaction.toml` (F025, L51).

use redress_domain::coded_enum;
use serde::Deserialize;
use thiserror::Error;

use super::media::Class;
use super::{EvidenceType, MediaType};

/// The policy that is built in.
pub const BUILT_IN: &str = include_str!("../../../data/redaction.toml");

coded_enum! {
    /// For whose eyes a copy is made.
    Audience {
        /// Who complained.
        Complainant = "complainant",
        /// Whom the complaint is directed at.
        Respondent = "respondent",
        /// An outside expert, laboratory or body.
        Expert = "expert",
    }
}

coded_enum! {
    /// What is done to make a copy.
    Treatment {
        /// Nothing: it is shown as it is.
        AsIs = "as_is",
        /// Telephone numbers, identity numbers, accounts, addresses and names are taken out of a text.
        TextRedacted = "text_redacted",
        /// Place, device and author are taken out of a picture or film; what is seen stays.
        MetadataStripped = "metadata_stripped",
        /// Staff prepared it by hand.
        Prepared = "prepared",
        /// Nothing is shown.
        Withheld = "withheld",
    }
}

coded_enum! {
    /// What the policy says of a type of evidence.
    Show {
        /// As it is.
        AsIs = "as_is",
        /// Without what the audience does not need, as far as the form allows; else not at all.
        Redacted = "redacted",
        /// Not at all.
        Withheld = "withheld",
    }
}

/// What is done, and why nothing is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub treatment: Treatment,
    /// Why it is withheld, as a code; empty if it is not.
    pub withheld_reason: String,
}

impl Decision {
    /// Nothing is shown.
    pub fn withheld(reason: &str) -> Self {
        Self { treatment: Treatment::Withheld, withheld_reason: reason.to_owned() }
    }
}

/// A policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its version, kept with each copy.
    pub version: String,
    /// Rules; the first that fits decides.
    rule: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// For whom; nobody named stands for everybody.
    #[serde(default)]
    audience: Vec<Audience>,
    /// Types of evidence; none named stands for all.
    #[serde(default)]
    types: Vec<EvidenceType>,
    show: Show,
    /// Why it is withheld, as a code.
    #[serde(default)]
    reason: String,
}

/// A policy that does not read.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// The text is no policy.
    #[error("the redaction policy does not read")]
    Form(#[from] toml::de::Error),
    /// A gap or a contradiction.
    #[error("the redaction policy: {0}")]
    Content(&'static str),
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// If it does not read, withholds without a reason, or leaves something open.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text)?;
        if policy.version.is_empty() {
            return Err(PolicyError::Content("it has no version"));
        }
        if policy.rule.iter().any(|rule| (rule.show == Show::Withheld) == rule.reason.is_empty()) {
            return Err(PolicyError::Content("whatever is withheld has a reason, and nothing else has one"));
        }
        match policy.rule.last() {
            Some(last) if last.audience.is_empty() && last.types.is_empty() => Ok(policy),
            _ => Err(PolicyError::Content("the last rule is not for everybody and everything")),
        }
    }

    /// What `audience` is shown of evidence of type `kind` in the form `media`.
    pub fn decide(&self, audience: Audience, kind: EvidenceType, media: MediaType) -> Decision {
        let fits = |rule: &&Rule| {
            (rule.audience.is_empty() || rule.audience.contains(&audience))
                && (rule.types.is_empty() || rule.types.contains(&kind))
        };
        match self.rule.iter().find(fits) {
            Some(Rule { show: Show::AsIs, .. }) => as_is(),
            Some(Rule { show: Show::Redacted, .. }) => redacted(media),
            Some(Rule { reason, .. }) => Decision::withheld(reason),
            None => Decision::withheld("no_rule"),
        }
    }
}

fn as_is() -> Decision {
    Decision { treatment: Treatment::AsIs, withheld_reason: String::new() }
}

/// What can be taken out without opening pages or hearing words. A form in which nothing can is not shown: somebody
/// prepares another copy of it by hand and hands that in.
fn redacted(media: MediaType) -> Decision {
    let treatment = match (media, media.class()) {
        (_, Class::Text) => Treatment::TextRedacted,
        (MediaType::Heic | MediaType::Webm, _) | (_, Class::Document | Class::Audio | Class::Archive) => {
            return Decision::withheld("form_not_redactable");
        }
        (_, Class::Image | Class::Video) => Treatment::MetadataStripped,
    };
    Decision { treatment, withheld_reason: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::read(BUILT_IN).unwrap()
    }

    #[test]
    fn the_built_in_policy_reads_and_decides_everything() {
        for &audience in Audience::ALL {
            for &kind in EvidenceType::ALL {
                for &media in MediaType::ALL {
                    let decision = policy().decide(audience, kind, media);
                    let withheld = decision.treatment == Treatment::Withheld;
                    assert_eq!(withheld, !decision.withheld_reason.is_empty(), "{audience} {kind} {media}");
                    assert_ne!(decision.withheld_reason, "no_rule");
                }
            }
        }
    }

    #[test]
    fn identity_and_bank_papers_are_shown_to_nobody() {
        for &audience in Audience::ALL {
            for kind in [EvidenceType::IdentityDocument, EvidenceType::BankRecord] {
                let decision = policy().decide(audience, kind, MediaType::Jpeg);
                assert_eq!(decision.treatment, Treatment::Withheld, "{audience} {kind}");
            }
        }
    }

    #[test]
    fn the_other_side_sees_a_chat_without_numbers_and_a_photograph_without_its_place() {
        let of = |kind, media| policy().decide(Audience::Respondent, kind, media).treatment;
        assert_eq!(of(EvidenceType::ChatLog, MediaType::Text), Treatment::TextRedacted);
        assert_eq!(of(EvidenceType::ComplainantPhoto, MediaType::Jpeg), Treatment::MetadataStripped);
        assert_eq!(of(EvidenceType::ChatLog, MediaType::Pdf), Treatment::Withheld);
        assert_eq!(of(EvidenceType::ThirdPartyTestReport, MediaType::Pdf), Treatment::AsIs);
    }

    #[test]
    fn a_policy_with_a_gap_or_without_a_reason_is_refused() {
        let all = "[[rule]]\nshow = \"redacted\"\n";
        assert!(Policy::read(&format!("version = \"1\"\n{all}")).is_ok());
        for bad in [
            all.to_owned(),
            format!("version = \"\"\n{all}"),
            "version = \"1\"\n[[rule]]\nshow = \"withheld\"\n".to_owned(),
            "version = \"1\"\n[[rule]]\ntypes = [\"invoice\"]\nshow = \"as_is\"\n".to_owned(),
            format!("version = \"1\"\n[[rule]]\ntypes = [\"no_such\"]\nshow = \"as_is\"\n{all}"),
        ] {
            assert!(Policy::read(&bad).is_err(), "{bad}");
        }
    }
}
