//! What letters say in a tenant's name, and in which zone its day runs: a file, with a profile for tenants that have
//! none of their own.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use redress_domain::TenantId;
use serde::Deserialize;

use super::form::Form;
use super::locale::Locale;

/// Stands in a survey's address for what it asks about.
const ASPECT: &str = "{aspect}";
/// Stands in an address for the complaint's number.
const NUMBER: &str = "{number}";

/// Stands in a survey's address for the notice that asks, by which an answer is submitted.
pub(super) const NOTICE: &str = "{notice}";

/// The profiles of all tenants.
#[derive(Debug, Clone)]
pub struct Profiles {
    default: Profile,
    own: BTreeMap<TenantId, Profile>,
}

/// One tenant's.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The zone of deadlines and of quiet hours.
    pub zone: TimeZone,
    /// The language of letters to those whose own is unknown.
    pub locale: Locale,
    survey: String,
    case: String,
    voice: BTreeMap<Locale, Voice>,
}

/// What a survey asks about: the two are asked apart (domain.md N18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// The result.
    Outcome,
    /// The way it was handled.
    Process,
}

/// How a tenant signs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Who writes.
    pub sender: String,
    /// How the sender is reached, in one line.
    pub contact: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Row,
    #[serde(default)]
    tenant: BTreeMap<TenantId, Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    zone: String,
    locale: Locale,
    survey: String,
    case: String,
    voice: BTreeMap<Locale, Voice>,
}

impl Profiles {
    /// Reads a file of profiles; all that is wrong with it is told at once.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let file: File = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        let mut problems = Vec::new();
        let mut profile = |name: &str, row: Row| {
            for &locale in Locale::ALL {
                let voice = row.voice.get(&locale);
                if voice.is_none_or(|voice| voice.sender.trim().is_empty() || voice.contact.trim().is_empty())
                {
                    problems.push(format!("{name}.voice.{locale}: sender and contact are mandatory"));
                }
            }
            let zone = TimeZone::get(&row.zone).unwrap_or_else(|_| {
                problems.push(format!("{name}.zone: `{}` is no IANA time zone", row.zone));
                TimeZone::UTC
            });
            let filled = row.survey.replace(ASPECT, "outcome").replace(NUMBER, "0").replace(NOTICE, "0");
            if !(row.survey.contains(ASPECT) && row.survey.contains(NUMBER) && Form::Link.fits(&filled)) {
                problems
                    .push(format!("{name}.survey: an https address with {ASPECT} and {NUMBER} is mandatory"));
            }
            if !(row.case.contains(NUMBER) && Form::Link.fits(&row.case.replace(NUMBER, "0"))) {
                problems.push(format!("{name}.case: an https address with {NUMBER} is mandatory"));
            }
            Profile { zone, locale: row.locale, survey: row.survey, case: row.case, voice: row.voice }
        };
        let default = profile("default", file.default);
        let own = file
            .tenant
            .into_iter()
            .map(|(tenant, row)| {
                let read = profile(&format!("tenant.{tenant}"), row);
                (tenant, read)
            })
            .collect();
        if problems.is_empty() { Ok(Self { default, own }) } else { Err(problems) }
    }

    /// The profile of `tenant`.
    pub fn of(&self, tenant: &TenantId) -> &Profile {
        self.own.get(tenant).unwrap_or(&self.default)
    }
}

impl Profile {
    /// Where the survey about a complaint is answered; [`Content::named`](super::content::Content::named) says by which notice.
    pub fn survey(&self, aspect: Aspect, complaint_no: &str) -> String {
        let aspect = match aspect {
            Aspect::Outcome => "outcome",
            Aspect::Process => "process",
        };
        self.survey.replace(ASPECT, aspect).replace(NUMBER, complaint_no)
    }

    /// Where staff look at a complaint.
    pub fn case(&self, complaint_no: &str) -> String {
        self.case.replace(NUMBER, complaint_no)
    }

    /// How the tenant signs in `locale`. Every profile has all languages.
    pub fn voice(&self, locale: Locale) -> Option<&Voice> {
        self.voice.get(&locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../data/tenants.toml");

    #[test]
    fn a_tenant_without_a_profile_of_its_own_has_the_default_one() {
        let own = BUILT_IN.replace("[default", "[tenant.acme").replace("Asia/Shanghai", "Asia/Taipei");
        let profiles = Profiles::read(&format!("{BUILT_IN}\n{own}")).unwrap();
        let zone = |tenant: &str| profiles.of(&tenant.parse().unwrap()).zone.iana_name().map(str::to_owned);
        assert_eq!(zone("acme").as_deref(), Some("Asia/Taipei"));
        assert_eq!(zone("beta").as_deref(), Some("Asia/Shanghai"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let broken = BUILT_IN.replace("Asia/Shanghai", "Asia/Nowhere").replace(
            "[default.voice.en]",
            "[tenant.x]\nzone=\"UTC\"\nlocale=\"en\"\nsurvey=\"http://x\"\ncase=\"http://x\"\n[tenant.x.voice.en]",
        );
        let problems = Profiles::read(&broken).unwrap_err();
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("Asia/Nowhere")));
        assert!(problems.iter().any(|problem| problem.starts_with("tenant.x.voice.zh-Hant")));
    }
}
