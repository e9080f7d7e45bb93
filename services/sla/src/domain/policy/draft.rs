//! A policy as it is written, nothing checked yet.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Conditions: by field one value, or a list of which one must fit.
pub(super) type Conditions = BTreeMap<String, toml::Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PolicyDraft {
    pub(super) version: i64,
    pub(super) profile: String,
    pub(super) calendars: BTreeMap<String, String>,
    pub(super) pause: Vec<PauseDraft>,
    pub(super) terminal: Vec<PatternDraft>,
    pub(super) reopening: Vec<PatternDraft>,
    pub(super) clock: Vec<ClockDraft>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PauseDraft {
    pub(super) reason: String,
    pub(super) from: Vec<PatternDraft>,
    pub(super) to: Vec<PatternDraft>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PatternDraft {
    pub(super) event: String,
    pub(super) subject: Option<String>,
    pub(super) when: Conditions,
    pub(super) unless: Conditions,
    /// Of a stop.
    pub(super) at: Option<String>,
    /// Of a start or a move.
    pub(super) announced: Option<String>,
    /// Of a start.
    pub(super) counts_from: Option<String>,
    /// Of an ending.
    pub(super) reason: Option<String>,
    /// Of a reopening.
    pub(super) of: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ClockDraft {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) source: Vec<String>,
    pub(super) scope: String,
    pub(super) dormant: Option<String>,
    pub(super) start: Vec<PatternDraft>,
    pub(super) moved_by: Vec<PatternDraft>,
    pub(super) stop: Vec<PatternDraft>,
    pub(super) cancel: Vec<PatternDraft>,
    pub(super) window: bool,
    pub(super) delay_notice: Vec<PatternDraft>,
    pub(super) restarts: bool,
    pub(super) extendable: bool,
    pub(super) calendar: Option<String>,
    pub(super) limit: Option<LimitDraft>,
    pub(super) cap: Option<CapDraft>,
    pub(super) pauses: Option<Vec<String>>,
    pub(super) opt_in: Option<Vec<OptInDraft>>,
    pub(super) thresholds: Option<Vec<i64>>,
    pub(super) tightens: Option<bool>,
    pub(super) stretches: Option<bool>,
    pub(super) variant: Vec<VariantDraft>,
}

/// What a clock and its variants state alike: of a clock everything, of a variant what differs.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermsDraft<'a> {
    pub(super) calendar: Option<&'a str>,
    pub(super) limit: Option<&'a LimitDraft>,
    pub(super) cap: Option<&'a CapDraft>,
    pub(super) pauses: Option<&'a [String]>,
    pub(super) opt_in: Option<&'a [OptInDraft]>,
    pub(super) thresholds: Option<&'a [i64]>,
    pub(super) tightens: Option<bool>,
    pub(super) stretches: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LimitDraft {
    pub(super) unit: String,
    pub(super) amount: i64,
    pub(super) close: Option<String>,
    pub(super) event_day: Option<String>,
    pub(super) roll_forward: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CapDraft {
    pub(super) amount: i64,
    pub(super) pauses: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct OptInDraft {
    pub(super) reason: String,
    pub(super) on: bool,
    pub(super) most_days: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VariantDraft {
    pub(super) name: String,
    pub(super) when: Conditions,
    pub(super) unless: Conditions,
    pub(super) calendar: Option<String>,
    pub(super) limit: Option<LimitDraft>,
    pub(super) cap: Option<CapDraft>,
    pub(super) pauses: Option<Vec<String>>,
    pub(super) opt_in: Option<Vec<OptInDraft>>,
    pub(super) thresholds: Option<Vec<i64>>,
    pub(super) tightens: Option<bool>,
    pub(super) stretches: Option<bool>,
}

macro_rules! terms {
    ($($draft:ident),+) => {
        $(impl $draft {
            pub(super) fn terms(&self) -> TermsDraft<'_> {
                TermsDraft {
                    calendar: self.calendar.as_deref(),
                    limit: self.limit.as_ref(),
                    cap: self.cap.as_ref(),
                    pauses: self.pauses.as_deref(),
                    opt_in: self.opt_in.as_deref(),
                    thresholds: self.thresholds.as_deref(),
                    tightens: self.tightens,
                    stretches: self.stretches,
                }
            }
        })+
    };
}
terms!(ClockDraft, VariantDraft);
