//! What each side should bring, by category, and the points to decide: data, read from `data/checklists.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use redress_domain::{Category, PartyKind};
use serde::Deserialize;

use super::case::Respondent;
use super::evidence::EvidenceType;
use super::request::{Consequence, Item, Party};

static SOURCE: &str = include_str!("../../data/checklists.toml");
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// A text in the three languages of the table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Simplified Chinese.
    pub zh_hans: String,
    /// Traditional Chinese.
    pub zh_hant: String,
    /// English.
    pub en: String,
}

/// One line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Who should bring it.
    pub party: Party,
    /// Which kind of respondent; any if not told.
    pub kind: Option<PartyKind>,
    /// What.
    pub item: EvidenceType,
    /// Whether an answer is in full only with it.
    pub mandatory: bool,
    /// What follows if it does not come.
    pub consequence: Consequence,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    issues: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: String,
    consequence: BTreeMap<Consequence, Text>,
    issue: BTreeMap<String, Text>,
    item: BTreeMap<EvidenceType, Text>,
    category: BTreeMap<Category, Part>,
    live: Part,
}

/// The checklist of a category.
#[derive(Debug, Clone)]
pub struct Checklist {
    /// The version of the table.
    pub version: &'static str,
    /// The points to decide.
    pub issues: Vec<&'static str>,
    /// What each side should bring.
    pub lines: Vec<&'static Line>,
}

/// The checklist of a category, with the lines for live sessions if `live`.
pub fn of(category: Category, live: bool) -> Checklist {
    let parts = TABLE.category.get(&category).into_iter().chain(live.then_some(&TABLE.live));
    let mut checklist = Checklist { version: &TABLE.version, issues: Vec::new(), lines: Vec::new() };
    for part in parts {
        for issue in &part.issues {
            if !checklist.issues.contains(&issue.as_str()) {
                checklist.issues.push(issue);
            }
        }
        checklist.lines.extend(&part.lines);
    }
    checklist
}

/// The question behind a point; none for a point of a person's own.
pub fn issue_text(code: &str) -> Option<&'static Text> {
    TABLE.issue.get(code)
}

/// What an item is and where it is found.
pub fn item_text(kind: EvidenceType) -> Option<&'static Text> {
    TABLE.item.get(&kind)
}

/// What follows if nothing comes.
pub fn consequence_text(consequence: Consequence) -> Option<&'static Text> {
    TABLE.consequence.get(&consequence)
}

impl Checklist {
    /// What it asks of a side of a case: of one respondent, what its kind should bring; of all, what any should.
    pub fn asks(&self, party: Party, respondent_ref: &str, respondents: &[Respondent]) -> Vec<Item> {
        let asked: Vec<PartyKind> = respondents
            .iter()
            .filter(|r| respondent_ref.is_empty() || r.external_ref == respondent_ref)
            .map(|r| r.kind)
            .collect();
        let fits = |line: &&&Line| {
            line.party == party
                && line.kind.is_none_or(|kind| party != Party::Respondent || asked.contains(&kind))
        };
        let item = |line: &&Line| Item { kind: line.item, mandatory: line.mandatory, received: false };
        super::request::distinct(self.lines.iter().filter(fits).map(item).collect())
    }

    /// What follows if a side does not bring these items: the gravest that any of its lines announces.
    pub fn consequence(&self, party: Party, items: &[Item]) -> Consequence {
        let announced =
            |line: &&&Line| line.party == party && items.iter().any(|item| item.kind == line.item);
        let gravest =
            self.lines.iter().filter(announced).map(|line| line.consequence).max_by_key(|c| match c {
                Consequence::DecidedOnRecord => 0,
                Consequence::PointNotShown => 1,
                Consequence::OtherSideBelieved => 2,
            });
        gravest.unwrap_or(Consequence::DecidedOnRecord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_has_every_category_with_texts_in_three_languages() {
        let table: Table = toml::from_str(SOURCE).unwrap();
        for &category in Category::ALL {
            let checklist = of(category, true);
            assert!(!checklist.issues.is_empty(), "{category}");
            for side in [Party::Complainant, Party::Respondent] {
                let silent = category == Category::Cq06 && side == Party::Respondent;
                assert!(
                    silent || of(category, false).lines.iter().any(|l| l.party == side),
                    "{category} {side}"
                );
            }
            for issue in &checklist.issues {
                assert!(issue_text(issue).is_some(), "{issue}");
            }
            for line in &checklist.lines {
                assert!(item_text(line.item).is_some(), "{:?}", line.item);
            }
        }
        let texts = table.consequence.values().chain(table.issue.values()).chain(table.item.values());
        for text in texts {
            assert!(!text.zh_hans.is_empty() && !text.zh_hant.is_empty() && text.en.is_ascii(), "{text:?}");
        }
        assert_eq!(table.consequence.len(), Consequence::ALL.len());
    }

    #[test]
    fn each_role_of_a_live_room_answers_for_its_part() {
        let respondent = |kind, external_ref: &str| Respondent { kind, external_ref: external_ref.into() };
        let all = [respondent(PartyKind::Anchor, "anchor-1"), respondent(PartyKind::Mcn, "mcn-1")];
        let checklist = of(Category::Cq07, true);
        let of_anchor = checklist.asks(Party::Respondent, "anchor-1", &all);
        assert!(of_anchor.iter().any(|item| item.kind == EvidenceType::AnchorStatement && item.mandatory));
        assert!(!of_anchor.iter().any(|item| item.kind == EvidenceType::ProductVettingRecord));
        let of_mcn = checklist.asks(Party::Respondent, "mcn-1", &all);
        assert!(of_mcn.iter().any(|item| item.kind == EvidenceType::ProductVettingRecord));
        assert_eq!(checklist.consequence(Party::Respondent, &of_mcn), Consequence::OtherSideBelieved);
        assert_eq!(checklist.consequence(Party::Lab, &of_mcn), Consequence::DecidedOnRecord);
    }
}
