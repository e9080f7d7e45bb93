//! Who has to show a fact, and how sure one must be (L26, L40): data, read from `data/burden.toml`.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_domain::Category;
use serde::Deserialize;

use super::finding::Standard;
use super::request::Party;

static SOURCE: &str = include_str!("../../data/burden.toml");
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(SOURCE).unwrap_or(Table { version: String::new(), rows: Vec::new() }));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    category: Category,
    durable_within_months: Option<i32>,
    burden: Party,
    standard: Standard,
    rule: String,
}

/// What decides on the burden.
#[derive(Debug, Clone, Copy)]
pub struct Matter {
    /// The category.
    pub category: Category,
    /// Whether the goods are durable ones or decoration.
    pub durable_goods: bool,
    /// When they were bought; unknown if nobody said.
    pub bought_at: Option<Timestamp>,
    /// When the defect was complained of.
    pub complained_at: Timestamp,
}

/// Who has the burden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burden {
    /// Who has to show it.
    pub party: Party,
    /// How sure one must be.
    pub standard: Standard,
    /// The rule, with its version, and the version of the table.
    pub rule: String,
}

/// Who has to show a fact of this matter. Months are those of the calendar in Shanghai; the day itself still counts.
pub fn of(matter: &Matter) -> Burden {
    let row = TABLE.rows.iter().find(|row| row.category == matter.category && fits(row, matter));
    row.map_or_else(
        || Burden { party: Party::Complainant, standard: Standard::Balance, rule: "general@0".to_owned() },
        |row| Burden {
            party: row.burden,
            standard: row.standard,
            rule: format!("{}/{}", row.rule, TABLE.version),
        },
    )
}

fn fits(row: &Row, matter: &Matter) -> bool {
    let Some(months) = row.durable_within_months else { return true };
    let Some(bought_at) = matter.bought_at.filter(|_| matter.durable_goods) else { return false };
    // The law counts by days in China, whose clock has had one offset since 1991.
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let last_day = bought_at.to_zoned(zone.clone()).date().checked_add(jiff::Span::new().months(months));
    last_day.is_ok_and(|last_day| matter.complained_at.to_zoned(zone).date() <= last_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(category: Category, durable: bool, bought: &str, complained: &str) -> Matter {
        Matter {
            category,
            durable_goods: durable,
            bought_at: bought.parse().ok(),
            complained_at: complained.parse().unwrap(),
        }
    }

    #[test]
    fn the_table_has_a_row_for_every_category() {
        let table: Table = toml::from_str(SOURCE).unwrap();
        for &category in Category::ALL {
            assert!(
                table.rows.iter().any(|row| row.category == category && row.durable_within_months.is_none())
            );
        }
    }

    #[test]
    fn a_defect_of_durable_goods_within_six_months_is_the_operators_to_disprove() {
        let of = |durable, bought, complained| of(&matter(Category::Cq01, durable, bought, complained)).party;
        // Bought on 31 August in Shanghai: the last day is 28 February.
        let bought = "2026-08-30T17:00:00Z";
        assert_eq!(of(true, bought, "2027-02-28T15:59:59Z"), Party::Respondent);
        assert_eq!(of(true, bought, "2027-02-28T16:00:00Z"), Party::Complainant);
        assert_eq!(of(false, bought, "2026-09-01T00:00:00Z"), Party::Complainant);
        assert_eq!(of(true, "", "2026-09-01T00:00:00Z"), Party::Complainant);
    }

    #[test]
    fn the_rule_that_decides_is_told_with_its_version() {
        let burden = of(&matter(Category::Cq07, false, "", "2026-09-01T00:00:00Z"));
        assert_eq!(burden.standard, Standard::HighProbability);
        assert!(burden.rule.starts_with("cn.advertising_law.28@"), "{}", burden.rule);
    }
}
