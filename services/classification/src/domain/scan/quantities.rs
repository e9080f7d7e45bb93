//! Numbers with their units: money, people, orders, views, days, ages.

use serde::Deserialize;

use super::numbers::Number;
use crate::domain::lexicon::{Concept, Match};

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Money, in yuan at the table's rate.
    Money,
    /// People.
    People,
    /// Orders.
    Orders,
    /// Views, likes, viewers.
    Views,
    /// Days.
    Days,
    /// Age in years.
    Age,
}

/// A concept that is a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The concept.
    pub concept: Concept,
    /// What it measures.
    pub measure: Measure,
    /// How many of the measure's base it is.
    pub factor: f64,
}

/// A feature that a quantity gives to rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The feature.
    pub gives: Concept,
    /// What is measured.
    pub measure: Measure,
    /// From here, included.
    pub at_least: Option<f64>,
    /// Up to here, excluded.
    pub below: Option<f64>,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    pub(super) measure: Measure,
    pub(super) value: f64,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Threshold {
    pub(super) fn holds(&self, quantity: &Quantity) -> bool {
        self.measure == quantity.measure
            && self.at_least.is_none_or(|least| quantity.value >= least)
            && self.below.is_none_or(|below| quantity.value < below)
    }
}

/// Pairs each unit with the number right before it, or, for money and views (`NT$1,590`, `点赞十一万`), right behind it.
pub(super) fn find(text: &str, numbers: &[Number], matches: &[Match], units: &[Unit]) -> Vec<Quantity> {
    let mut found = Vec::new();
    for m in matches {
        let Some(unit) = units.iter().find(|unit| unit.concept == m.concept) else { continue };
        let number = before(text, numbers, m).or_else(|| {
            behind(text, numbers, m).filter(|_| matches!(unit.measure, Measure::Money | Measure::Views))
        });
        if let Some(number) = number {
            found.push(Quantity {
                measure: unit.measure,
                value: number.value * unit.factor,
                start: number.start.min(m.start),
                end: number.end.max(m.end),
            });
        }
    }
    found
}

fn before<'a>(text: &str, numbers: &'a [Number], m: &Match) -> Option<&'a Number> {
    let index = numbers.partition_point(|n| n.end <= m.start).checked_sub(1)?;
    let number = numbers.get(index)?;
    let between = text.get(number.end..m.start)?;
    matches!(
        between,
        "" | " "
            | "-"
            | "多"
            | "余"
            | "个"
            | "多个"
            | "来"
            | "+"
            | "几"
            | "多万"
            | "次"
            | "条"
            | " more "
            | " other "
    )
    .then_some(number)
}

fn behind<'a>(text: &str, numbers: &'a [Number], m: &Match) -> Option<&'a Number> {
    let number = numbers.get(numbers.partition_point(|n| n.start < m.end))?;
    matches!(
        text.get(m.end..number.start)?,
        "" | " " | "量" | "数" | "已" | "已经" | "了" | "破" | "过" | "超" | ":"
    )
    .then_some(number)
}
