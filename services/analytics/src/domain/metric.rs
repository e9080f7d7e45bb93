//! The dictionary of metrics: what each means, and how it is made of facts.
//!
//! It is data (`data/metrics.toml`), and the same entry is what is told and what is computed: a definition cannot drift
//! from its number. Code knows only the kinds of measures and the properties of a fact they are made of.

use redress_domain::coded_enum;
use serde::Deserialize;
use thiserror::Error;

coded_enum! {
    /// In what a number is told.
    Unit {
        /// How many.
        Count = "count",
        /// A share, 0 to 1.
        Ratio = "ratio",
        /// A length of time.
        Seconds = "seconds",
        /// An answer of a survey, 1 to 5.
        Points = "points",
        /// Money in the smallest unit of its currency; told by currency alone.
        MinorUnits = "minor_units",
    }
}

coded_enum! {
    /// Which complaints a metric looks at.
    Population {
        /// All.
        Registered = "registered",
        /// Whose complainant is known, by a keyed hash.
        Identified = "identified",
        /// To whose complainant a notice was handed to a channel.
        Answered = "answered",
        /// Whose acknowledgement (C05) was sent or is overdue.
        AcknowledgementJudged = "acknowledgement_judged",
        /// Which were assessed.
        Assessed = "assessed",
        /// Of which it was decided whether they are taken up.
        Decided = "decided",
        /// Whose complainant was told a result.
        Told = "told",
        /// Which have ended other than by a merge.
        Ended = "ended",
        /// Whose complainant answered the survey.
        Surveyed = "surveyed",
        /// Which belong to an incident that was not dissolved.
        InIncident = "in_incident",
        /// An investigation of which was opened.
        Investigated = "investigated",
        /// An investigation of which was concluded.
        Concluded = "concluded",
        /// In which evidence was asked for.
        EvidenceAsked = "evidence_asked",
        /// In which remedies were ordered.
        Remedied = "remedied",
        /// In which clocks were met or breached (C05 aside).
        ClockJudged = "clock_judged",
    }
}

coded_enum! {
    /// What holds of a complaint or does not.
    Condition {
        /// The same complainant had complained in the 72 hours before.
        Repeated = "repeated",
        /// Its receipt was acknowledged in time (C05).
        AcknowledgedInTime = "acknowledged_in_time",
        /// It is urgent.
        Urgent = "urgent",
        /// It was closed with a finding or a settlement.
        Resolved = "resolved",
    }
}

coded_enum! {
    /// A number that a complaint has.
    Number {
        /// From receipt to the first notice, seconds.
        FirstResponseSeconds = "first_response_seconds",
        /// From receipt to the decision whether it is taken up, seconds.
        DecisionSeconds = "decision_seconds",
        /// From receipt to the result, seconds.
        ResultSeconds = "result_seconds",
        /// The survey's answer, 1 to 5.
        Satisfaction = "satisfaction",
        /// How often its submission came again.
        Resubmissions = "resubmissions",
        /// From receipt to its end, seconds.
        EndSeconds = "end_seconds",
        /// From receipt to the opening of its investigation, seconds.
        InvestigationOpenedSeconds = "investigation_opened_seconds",
        /// From receipt to the conclusion of its investigation, seconds.
        InvestigationConcludedSeconds = "investigation_concluded_seconds",
        /// Requests for evidence.
        EvidenceRequested = "evidence_requested",
        /// Of them: lapsed.
        EvidenceLapsed = "evidence_lapsed",
        /// Remedies ordered.
        RemediesOrdered = "remedies_ordered",
        /// Of them: carried out.
        RemediesExecuted = "remedies_executed",
        /// Of them: paid first by the platform.
        RemediesAdvanced = "remedies_advanced",
        /// Of them: failed.
        RemediesFailed = "remedies_failed",
        /// Money ordered, minor units.
        AmountOrdered = "amount_ordered",
        /// Of it: paid by whoever had to.
        AmountExecuted = "amount_executed",
        /// Of it: paid first by the platform.
        AmountAdvanced = "amount_advanced",
        /// Of it: not paid.
        AmountFailed = "amount_failed",
        /// Appeals filed.
        Appeals = "appeals",
        /// Clocks met in time.
        ClocksMet = "clocks_met",
        /// Clocks met or breached.
        ClocksJudged = "clocks_judged",
    }
}

impl Number {
    /// Whether it is an amount of money.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::AmountOrdered | Self::AmountExecuted | Self::AmountAdvanced | Self::AmountFailed)
    }
}

/// How a population becomes one number.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many complaints.
    Count,
    /// How many incidents they belong to.
    Incidents,
    /// Of how many a condition holds, divided by how many they are.
    Share(Condition),
    /// The numbers together.
    Sum(Number),
    /// The numbers together, divided by other numbers together.
    Ratio {
        /// Which.
        of: Number,
        /// Divided by which; not zero in the population.
        to: Number,
    },
    /// Their arithmetic mean.
    Mean(Number),
    /// Their quantile, exact, interpolated between the two nearest.
    Quantile {
        /// Of which number.
        of: Number,
        /// Which one: above 0, below 1.
        at: f64,
    },
}

/// An entry of the dictionary.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// In what it is told.
    pub unit: Unit,
    /// How it is counted, and from which events.
    pub counting: String,
    /// Where the definition comes from: ids of the features, the law, the goals, the clocks.
    pub source: String,
    /// Which complaints it looks at.
    pub among: Population,
    /// What it makes of them.
    pub measure: Measure,
}

/// A dictionary that does not read.
#[derive(Debug, Error)]
pub enum DictionaryError {
    /// It does not have the form of a dictionary.
    #[error("the dictionary of metrics does not read: {0}")]
    Form(#[from] toml::de::Error),
    /// Two entries have one name.
    #[error("the dictionary of metrics has two entries `{0}`")]
    Twice(String),
    /// A quantile that no population has.
    #[error("the quantile of `{0}` lies outside 0 to 1")]
    Quantile(String),
}

/// All metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary(Vec<Definition>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    metric: Vec<Definition>,
}

impl Dictionary {
    /// The dictionary of this version.
    pub fn builtin() -> Result<Self, DictionaryError> {
        Self::read(include_str!("../../data/metrics.toml"))
    }

    fn read(text: &str) -> Result<Self, DictionaryError> {
        let File { metric } = toml::from_str(text)?;
        for (index, definition) in metric.iter().enumerate() {
            if metric[..index].iter().any(|earlier| earlier.name == definition.name) {
                return Err(DictionaryError::Twice(definition.name.clone()));
            }
            if let Measure::Quantile { at, .. } = definition.measure
                && !(at > 0.0 && at < 1.0)
            {
                return Err(DictionaryError::Quantile(definition.name.clone()));
            }
        }
        Ok(Self(metric))
    }

    /// The entries in their order.
    pub fn entries(&self) -> &[Definition] {
        &self.0
    }

    /// The entry of a name.
    pub fn find(&self, name: &str) -> Option<&Definition> {
        self.0.iter().find(|definition| definition.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_says_what_it_means_and_cites_its_source_and_its_unit_fits_its_measure() {
        let dictionary = Dictionary::builtin().unwrap();
        for entry in dictionary.entries() {
            assert!(entry.meaning.len() > 20 && entry.counting.len() > 20, "{}", entry.name);
            let cites = |id: &str| {
                let number = id.strip_prefix(['C', 'F', 'G', 'L', 'U']).unwrap_or_default();
                number.len() >= 2 && number.bytes().all(|digit| digit.is_ascii_digit())
            };
            assert!(entry.source.split(' ').all(cites), "{}", entry.name);
            let fits = match entry.measure {
                Measure::Sum(number) if number.is_money() => entry.unit == Unit::MinorUnits,
                Measure::Count | Measure::Incidents | Measure::Sum(_) => entry.unit == Unit::Count,
                Measure::Share(_) | Measure::Ratio { .. } => entry.unit == Unit::Ratio,
                Measure::Mean(Number::Satisfaction) => entry.unit == Unit::Points,
                Measure::Mean(_) | Measure::Quantile { .. } => entry.unit == Unit::Seconds,
            };
            assert!(fits, "{}", entry.name);
        }
    }

    #[test]
    fn a_dictionary_with_two_meanings_of_a_name_or_with_an_impossible_quantile_is_refused() {
        let entry = |name: &str, measure: &str| {
            format!(
                "[[metric]]\nname = \"{name}\"\nmeaning = \"\"\nunit = \"count\"\ncounting = \"\"\nsource = \"\"\n\
                 among = \"registered\"\nmeasure = {measure}\n"
            )
        };
        let twice = [entry("a", "\"count\""), entry("a", "\"count\"")].concat();
        assert!(matches!(Dictionary::read(&twice), Err(DictionaryError::Twice(_))));
        let beyond = entry("a", "{ quantile = { of = \"decision_seconds\", at = 1.5 } }");
        assert!(matches!(Dictionary::read(&beyond), Err(DictionaryError::Quantile(_))));
        assert!(matches!(Dictionary::read(&entry("a", "\"guess\"")), Err(DictionaryError::Form(_))));
    }
}
