//! Logistic regression by stochastic gradient descent (`AdaGrad`), always in the same order, so that
//! the same texts give the same weights.
//!
//! Labels stand in groups (sub-categories in categories). Half of what a text teaches is its group, shared among the group's
//! labels as they stand, half is its label: a text that nobody labelled so finely still teaches.

use redress_classification::domain::words::Table;
const ROUNDS: u16 = 12;
/// The weights are the mean of those after the rounds from this one on: the last texts read weigh no more than the first.
const SETTLED: u16 = 6;
const STEP: f32 = 0.4;
/// Pulls weights back to nothing, so that no accident of few texts grows.
const PULL: f32 = 5e-4;
/// Weights below say nothing and are left out of the table.
const LEAST: f32 = 0.4;
/// Keeps the first steps finite.
const START: f32 = 1e-3;
/// An error that small teaches nothing.
const NEGLIGIBLE: f32 = 1e-4;

/// A text to learn from.
pub(crate) struct Text {
    /// Places of keys with what each counts.
    pub(crate) shows: Vec<(usize, f32)>,
    /// The group of labels it belongs to.
    pub(crate) group: usize,
    /// The place of its sub-category.
    pub(crate) label: Option<usize>,
    /// How much it teaches.
    pub(crate) weight: f32,
    /// A label that is believed in before anything is read, and how much, as the logarithm of a share.
    pub(crate) usual: Option<(usize, f32)>,
}

/// Weights with the squares of their steps.
struct Weights {
    values: Vec<f32>,
    squares: Vec<f32>,
}

impl Weights {
    fn new(count: usize) -> Self {
        Self { values: vec![0.0; count], squares: vec![START; count] }
    }

    fn step(&mut self, at: usize, gradient: f32, step: f32) {
        if let (Some(value), Some(square)) = (self.values.get_mut(at), self.squares.get_mut(at)) {
            let gradient = gradient + PULL * *value;
            *square += gradient * gradient;
            *value -= step * gradient / square.sqrt();
        }
    }
}

/// The mean of weights after several rounds.
struct Mean {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Mean {
    fn add(&mut self, weights: &Weights, bias: &Weights) {
        let share = 1.0 / f32::from(ROUNDS - SETTLED);
        let means = self.weights.iter_mut().chain(&mut self.bias);
        for (mean, value) in means.zip(weights.values.iter().chain(&bias.values)) {
            *mean += value * share;
        }
    }
}

/// The weights of `keys` for `labels`.
pub(crate) fn learn(texts: &[Text], keys: &[&str], labels: &[(String, usize)]) -> Table {
    let count = labels.len();
    let mut weights = Weights::new(keys.len() * count);
    let mut bias = Weights::new(count);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let mut seed = 1_u64;
    let mut mean = Mean { weights: vec![0.0; weights.values.len()], bias: vec![0.0; count] };
    for round in 0..ROUNDS {
        shuffle(&mut order, &mut seed);
        for text in order.iter().filter_map(|&place| texts.get(place)) {
            let believed = believed(&weights, &bias, text, count);
            let errors = errors(&believed, text, labels);
            for (label, error) in errors.into_iter().enumerate().filter(|(_, error)| error.abs() > NEGLIGIBLE)
            {
                bias.step(label, error, STEP / 10.0);
                for (key, value) in &text.shows {
                    weights.step(key * count + label, error * value, STEP);
                }
            }
        }
        if round >= SETTLED {
            mean.add(&weights, &bias);
        }
    }
    let row = |key: usize| {
        let weights = mean.weights.get(key * count..(key + 1) * count).unwrap_or_default();
        (0_u16..).zip(weights.iter().copied()).filter(|(_, weight)| weight.abs() >= LEAST).collect()
    };
    Table {
        labels: labels.iter().map(|(label, _)| label.clone()).collect(),
        bias: mean.bias,
        rows: keys.iter().enumerate().map(|(place, key)| ((*key).to_owned(), row(place))).collect(),
    }
}

/// The share of belief in each label.
fn believed(weights: &Weights, bias: &Weights, text: &Text, count: usize) -> Vec<f32> {
    let mut sums = bias.values.clone();
    if let Some((label, strength)) = text.usual
        && let Some(sum) = sums.get_mut(label)
    {
        *sum += strength;
    }
    for (key, value) in &text.shows {
        let row = weights.values.get(key * count..(key + 1) * count).unwrap_or_default();
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * value);
    }
    let highest = sums.iter().copied().fold(f32::MIN, f32::max);
    for sum in &mut sums {
        *sum = (*sum - highest).exp();
    }
    let all: f32 = sums.iter().sum();
    sums.into_iter().map(|sum| sum / all).collect()
}

/// What is believed too much (above 0) or too little of each label.
fn errors(believed: &[f32], text: &Text, labels: &[(String, usize)]) -> Vec<f32> {
    let own = |label: usize| labels.get(label).is_some_and(|(_, group)| *group == text.group);
    let right: f32 =
        believed.iter().enumerate().filter(|(label, _)| own(*label)).map(|(_, share)| share).sum();
    let (by_category, by_label) = if text.label.is_some() { (0.5, 0.5) } else { (1.0, 0.0) };
    let error = |(label, share): (usize, &f32)| {
        let shared = if own(label) { by_category * share / right.max(1e-9) } else { 0.0 };
        let told = if text.label == Some(label) { by_label } else { 0.0 };
        (share - shared - told) * text.weight
    };
    believed.iter().enumerate().map(error).collect()
}

/// Turns the order about, the same way each time (Fisher–Yates with a linear congruence).
fn shuffle(order: &mut [usize], seed: &mut u64) {
    for last in (1..order.len()).rev() {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(*seed >> 33).unwrap_or_default() % (last + 1);
        order.swap(last, drawn);
    }
}
