use redress_domain::Violations;
use redress_proto::classification::v1 as wire;
use redress_proto::types::v1 as types;

use crate::domain::assessment::{Clearable, InadmissibleReason, Missing};
use crate::domain::language::Language;
use crate::domain::rules::RuleSet;

/// The labels of before with those told put over them.
pub(super) struct Merge {
    pub(super) merged: wire::Assessment,
    pub(super) found: Violations,
    pub(super) changed: Vec<&'static str>,
}

impl Merge {
    /// What `request` tells put over `before`; `rules` know the sub-categories.
    pub(super) fn of(
        before: wire::Assessment,
        request: &wire::OverrideAssessmentRequest,
        rules: &RuleSet,
    ) -> Self {
        let told = &request.assessment.clone().unwrap_or_default();
        let mut merge = Self { merged: before, found: Violations::default(), changed: Vec::new() };
        // First, so that a new category is not told to have lost its sub-category by a person.
        merge.cleared(told, &request.cleared);
        merge.category(told, rules);
        merge.weight(told, request.urgent);
        merge.parties(told);
        merge.admissibility(told);
        merge
    }

    fn cleared(&mut self, told: &wire::Assessment, cleared: &[String]) {
        for (index, name) in cleared.iter().enumerate() {
            let Ok(label) = name.parse::<Clearable>() else {
                self.found.add(
                    format!("cleared[{index}]"),
                    "UNKNOWN",
                    "there is no such label that may be absent",
                );
                continue;
            };
            if is_told(told, label) {
                self.found.add(
                    format!("cleared[{index}]"),
                    "CONTRADICTED",
                    "the assessment tells this label",
                );
                continue;
            }
            if self.changed.contains(&label.code()) {
                continue;
            }
            self.changed.push(label.code());
            match label {
                Clearable::SubCategory => self.merged.sub_category.clear(),
                Clearable::Secondary => self.merged.secondary.clear(),
                Clearable::LiveAttribution => self.merged.live_attribution = None,
                Clearable::Respondent => self.merged.respondent = None,
                Clearable::Demand => self.merged.demand.clear(),
            }
        }
    }

    fn category(&mut self, told: &wire::Assessment, rules: &RuleSet) {
        if told.category() != types::Category::Unspecified {
            self.changed.push("category");
            if told.category != self.merged.category {
                self.merged.sub_category.clear();
            }
            self.merged.category = told.category;
            self.merged.confidence = 1.0;
            self.merged.secondary.retain(|other| *other != told.category);
        }
        if !told.sub_category.is_empty() {
            let row = rules.sub_category(&told.sub_category);
            if row.is_some_and(|row| types::Category::from(row.category) == self.merged.category()) {
                self.changed.push("sub_category");
                self.merged.sub_category.clone_from(&told.sub_category);
            } else {
                self.found.add("assessment.subCategory", "UNKNOWN", "the category has no such sub-category");
            }
        }
        if !told.secondary.is_empty() {
            self.changed.push("secondary");
            self.merged.secondary.clone_from(&told.secondary);
            let known =
                |&c: &i32| types::Category::try_from(c).is_ok_and(|c| c != types::Category::Unspecified);
            if !told.secondary.iter().all(known) {
                self.found.add("assessment.secondary", "UNKNOWN_ENUM_VALUE", "categories are expected");
            }
            if told.secondary.contains(&self.merged.category) {
                self.found.add("assessment.secondary", "CONTRADICTED", "the category is no other one");
            }
        }
        if !told.demand.is_empty() {
            self.changed.push("demand");
            self.merged.demand.clone_from(&told.demand);
            if told.demand.len() > DEMANDS || !told.demand.iter().all(|code| is_code(code)) {
                self.found.add(
                    "assessment.demand",
                    "MALFORMED",
                    format!("at most {DEMANDS} codes are expected"),
                );
            }
        }
        if !told.language.is_empty() {
            if told.language.parse::<Language>().is_ok() {
                self.changed.push("language");
                self.merged.language.clone_from(&told.language);
            } else {
                self.found.add("assessment.language", "UNKNOWN", "zh-Hans, zh-Hant or en is expected");
            }
        }
    }

    fn weight(&mut self, told: &wire::Assessment, urgent: Option<bool>) {
        if told.severity() != types::Severity::Unspecified {
            self.changed.push("severity");
            self.merged.severity = told.severity;
        }
        if told.urgent_reason() != types::UrgentReason::Unspecified {
            self.changed.push("urgent_reason");
            self.merged.urgent_reason = told.urgent_reason;
        }
        if let Some(urgent) = urgent {
            self.changed.push("urgent");
            self.merged.urgent = urgent;
        }
        if !self.merged.urgent {
            if told.urgent_reason() != types::UrgentReason::Unspecified {
                self.found.add("assessment.urgentReason", "NOT_URGENT", "what is not urgent has no reason");
            }
            self.merged.urgent_reason = None;
        } else if self.merged.urgent_reason() == types::UrgentReason::Unspecified {
            self.found.add("assessment.urgentReason", "REQUIRED", "what is urgent has a reason");
        }
    }

    fn parties(&mut self, told: &wire::Assessment) {
        if told.live_attribution() != types::PartyKind::Unspecified {
            self.changed.push("live_attribution");
            self.merged.live_attribution = told.live_attribution;
        }
        if told.respondent() != types::PartyKind::Unspecified {
            self.changed.push("respondent");
            self.merged.respondent = told.respondent;
        }
        if told.matter() != types::Matter::Unspecified {
            self.changed.push("matter");
            self.merged.matter = told.matter;
        }
    }

    fn admissibility(&mut self, told: &wire::Assessment) {
        if told.admissibility() == types::Admissibility::Unspecified {
            return;
        }
        self.changed.push("admissibility");
        self.merged.admissibility = told.admissibility;
        self.merged.inadmissible_reason = None;
        self.merged.missing.clear();
        match told.admissibility() {
            types::Admissibility::No => {
                let reason = told.inadmissible_reason();
                if reason.parse::<InadmissibleReason>().is_err() {
                    self.found.add(
                        "assessment.inadmissibleReason",
                        "UNKNOWN",
                        "a code of the guide is expected",
                    );
                }
                self.merged.inadmissible_reason = Some(reason.to_owned());
            }
            types::Admissibility::NeedsCompletion => {
                if told.missing.is_empty() || told.missing.iter().any(|code| code.parse::<Missing>().is_err())
                {
                    self.found.add(
                        "assessment.missing",
                        "UNKNOWN",
                        "one or more codes of the guide are expected",
                    );
                }
                self.merged.missing.clone_from(&told.missing);
            }
            types::Admissibility::Yes | types::Admissibility::Unspecified => {}
        }
    }
}

fn is_told(told: &wire::Assessment, label: Clearable) -> bool {
    match label {
        Clearable::SubCategory => !told.sub_category.is_empty(),
        Clearable::Secondary => !told.secondary.is_empty(),
        Clearable::LiveAttribution => told.live_attribution() != types::PartyKind::Unspecified,
        Clearable::Respondent => told.respondent() != types::PartyKind::Unspecified,
        Clearable::Demand => !told.demand.is_empty(),
    }
}

/// Most things that are asked for.
const DEMANDS: usize = 20;

/// Whether it has the form of a code, for it is published.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
