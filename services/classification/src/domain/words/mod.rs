//! How much the words of a text speak for each sub-category, cause of urgency and party: the voice that remains where no
//! rule knows the wording.
//!
//! Tables of weights, learned from labelled texts (`cargo run --example learn`), published with the rules as plain numbers
//! (`data/words`), and read like them: a text's pieces ([`pieces`](self)), the concepts said in it with their scopes, and
//! what it came with each add their weights; the sums become shares of belief. The decision weighs these against the votes
//! of the rules, and the pieces that spoke loudest stand among its reasons.
//!
//! Refused: a model whose sums nobody can follow to the words (it may be asked beside these rules, behind a gate).

mod pieces;
mod table;

use std::collections::{BTreeMap, HashMap};

use redress_domain::{Category, PartyKind};

use super::case::Case;
use super::lexicon::Concept;
use super::scan::{Hit, Scope};
use table::Row;

pub use table::Table;

/// The label of texts that are not urgent, and of texts that are directed at nobody known.
pub const NONE: &str = "none";
/// How much the table of sub-categories speaks for its usual party, as the logarithm of a share of belief. Weights for
/// parties are learned on top of it, so that words say only what that table does not know.
pub const USUAL: f32 = 2.0;

/// How a concept was said, and the mark its rows begin with.
const MARKS: [(Scope, char); 4] =
    [(Scope::Asserted, '#'), (Scope::Negated, '~'), (Scope::Quoted, '"'), (Scope::Supposed, '?')];
/// What a concept counts: a text of ten pieces gives each of them about as much.
const CONCEPT: f32 = 0.3;
/// What counts that came with the text.
const CONTEXT: f32 = 0.4;

/// The published weights, ready for weighing: what pieces and concepts there are, and what each says to three questions.
#[derive(Debug, Default)]
pub struct Words {
    /// The place of each piece in the rows of the voices.
    pieces: HashMap<Box<str>, u32>,
    /// Per concept, the place of each way to say it.
    concepts: Vec<[Option<u32>; 4]>,
    context: HashMap<&'static str, u32>,
    places: usize,
    subs: Voice,
    urgency: Voice,
    parties: Voice,
}

/// Tables of weights, one per question.
#[derive(Debug, Default)]
pub struct Tables {
    /// For sub-categories.
    pub subs: Table,
    /// For causes of urgency.
    pub urgency: Table,
    /// For the party that a complaint is directed at.
    pub parties: Table,
}

/// The weights for one question: labels, and what each place says for them.
#[derive(Debug, Default)]
struct Voice {
    labels: Vec<String>,
    /// The category of a label that is a sub-category.
    categories: Vec<Option<Category>>,
    bias: Vec<f32>,
    /// The weights of all places in one piece of memory, which is what makes weighing fast, and where each place's begin.
    weights: Vec<(u16, f32)>,
    starts: Vec<usize>,
}

/// Something that a text shows: its place in the rows, how much it counts, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shown {
    row: u32,
    value: f32,
    start: usize,
    end: usize,
}

/// What the words of one text say.
#[derive(Debug)]
pub struct Weighed<'a> {
    shown: Vec<Shown>,
    /// For which sub-category they speak.
    pub(super) subs: Opinion<'a>,
    /// For which cause of urgency they speak.
    pub(super) urgency: Opinion<'a>,
    /// For which party they speak.
    pub(super) parties: Opinion<'a>,
}

/// The answer to one question.
#[derive(Debug)]
pub(super) struct Opinion<'a> {
    voice: &'a Voice,
    /// The share of belief in each label; empty if nothing is known about the text's words.
    shares: Vec<f32>,
}

/// What is known of names when weights are arranged.
pub(super) trait Known {
    /// The place of a concept.
    fn concept(&self, name: &str) -> Option<Concept>;
    /// The category of a sub-category.
    fn category(&self, sub: &str) -> Option<Category>;
}

impl Words {
    /// Arranges tables; `concepts` is the number of names. Rows of unknown concepts never count.
    pub(super) fn build(tables: Tables, concepts: usize, known: &impl Known) -> Self {
        let mut words = Self { concepts: vec![[None; 4]; concepts], ..Self::default() };
        let mut places: BTreeMap<String, [Row; 3]> = BTreeMap::new();
        let mut voices = [&mut words.subs, &mut words.urgency, &mut words.parties];
        for (at, (voice, table)) in
            voices.iter_mut().zip([tables.subs, tables.urgency, tables.parties]).enumerate()
        {
            for (key, row) in table.rows {
                if let Some(slot) = places.entry(key).or_default().get_mut(at) {
                    *slot = row;
                }
            }
            **voice = Voice::new(table.labels, table.bias, known);
        }
        for (place, (key, rows)) in (0..).zip(places) {
            let voices = [&mut words.subs, &mut words.urgency, &mut words.parties];
            voices.into_iter().zip(rows).for_each(|(voice, row)| voice.push(row));
            words.places += 1;
            words.arrange(key, place, known);
        }
        words
    }

    fn arrange(&mut self, key: String, place: u32, known: &impl Known) {
        let marked =
            MARKS.iter().zip(0_usize..).find_map(|((_, mark), way)| Some((key.strip_prefix(*mark)?, way)));
        if let Some((name, way)) = marked {
            let ways = known.concept(name).and_then(|concept| self.concepts.get_mut(usize::from(concept)));
            if let Some(slot) = ways.and_then(|ways| ways.get_mut(way)) {
                *slot = Some(place);
            }
        } else if let Some(context) = CONTEXTS.iter().find(|context| **context == key) {
            self.context.insert(context, place);
        } else {
            self.pieces.insert(key.into_boxed_str(), place);
        }
    }

    /// Weighs a text in normal form with its hits; `live` says whether it speaks of live commerce.
    pub(super) fn weigh(&self, text: &str, hits: &[Hit], case: &Case, live: bool) -> Weighed<'_> {
        let mut seen = vec![false; self.places];
        let mut shown: Vec<Shown> = Vec::with_capacity(256);
        let mut show = |shown: &mut Vec<Shown>, row: u32, value, start, end| {
            if let Some(seen) = seen.get_mut(row as usize).filter(|seen| !**seen) {
                *seen = true;
                shown.push(Shown { row, value, start, end });
            }
        };
        pieces::visit(text, |piece, start, end| {
            if let Some(&row) = self.pieces.get(piece) {
                show(&mut shown, row, 0.0, start, end);
            }
        });
        let value = piece_value(shown.len());
        for piece in &mut shown {
            piece.value = value;
        }
        for hit in hits {
            let Some(ways) = self.concepts.get(usize::from(hit.concept)) else { continue };
            for ((scope, _), row) in MARKS.iter().zip(ways) {
                if let Some(row) = row.filter(|_| hit.scopes & *scope as u8 != 0) {
                    show(&mut shown, row, CONCEPT, hit.start, hit.end);
                }
            }
        }
        let knows = !shown.is_empty();
        for row in contexts(case, live).filter_map(|context| self.context.get(context)) {
            show(&mut shown, *row, CONTEXT, 0, 0);
        }
        let opinion = |voice| Opinion::of(voice, if knows { &shown } else { &[] });
        let (subs, urgency, parties) = (opinion(&self.subs), opinion(&self.urgency), opinion(&self.parties));
        Weighed { shown, subs, urgency, parties }
    }
}

impl Voice {
    fn new(labels: Vec<String>, bias: Vec<f32>, known: &impl Known) -> Self {
        let categories = labels.iter().map(|label| known.category(label)).collect();
        Self { labels, categories, bias, weights: Vec::new(), starts: vec![0] }
    }

    fn push(&mut self, row: Row) {
        self.weights.extend(row);
        self.starts.push(self.weights.len());
    }

    fn row(&self, place: u32) -> &[(u16, f32)] {
        match self.starts.get(place as usize..).unwrap_or_default() {
            [from, to, ..] => self.weights.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl<'a> Opinion<'a> {
    fn of(voice: &'a Voice, shown: &[Shown]) -> Self {
        if shown.is_empty() || voice.labels.is_empty() {
            return Self { voice, shares: Vec::new() };
        }
        let mut sums = voice.bias.clone();
        for Shown { row, value, .. } in shown {
            for (label, weight) in voice.row(*row) {
                if let Some(sum) = sums.get_mut(usize::from(*label)) {
                    *sum += weight * value;
                }
            }
        }
        let highest = sums.iter().copied().fold(f32::MIN, f32::max);
        for sum in &mut sums {
            *sum = (*sum - highest).exp();
        }
        let all: f32 = sums.iter().sum();
        for sum in &mut sums {
            *sum /= all;
        }
        Self { voice, shares: sums }
    }

    /// Whether any word of the text is known.
    pub(super) fn knows(&self) -> bool {
        !self.shares.is_empty()
    }

    /// Each label with its category, if it is a sub-category, and its share of belief; nothing if no word is known.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&'a str, Option<Category>, f32)> + Clone + '_ {
        let labels = self.voice.labels.iter().zip(&self.voice.categories);
        labels.zip(&self.shares).map(|((label, category), share)| (label.as_str(), *category, *share))
    }
}

impl Weighed<'_> {
    /// Where the words stand that speak loudest for `label` in an opinion, at most `most`.
    pub(super) fn loudest(&self, opinion: &Opinion<'_>, label: &str, most: usize) -> Vec<(usize, usize)> {
        let Some(place) = opinion.voice.labels.iter().position(|l| l == label) else { return Vec::new() };
        let says = |shown: &Shown| {
            let row = opinion.voice.row(shown.row);
            let (_, weight) = row.iter().find(|(label, _)| usize::from(*label) == place)?;
            (*weight > 0.0 && shown.end > shown.start)
                .then_some((weight * shown.value, (shown.start, shown.end)))
        };
        let mut loud: Vec<(f32, (usize, usize))> = self.shown.iter().filter_map(says).collect();
        loud.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        loud.truncate(most);
        loud.into_iter().map(|(_, span)| span).collect()
    }
}

/// What a piece counts among `pieces`: long texts do not shout louder.
#[expect(clippy::cast_precision_loss, reason = "a text has far fewer pieces than a float has exact integers")]
fn piece_value(pieces: usize) -> f32 {
    1.0 / (pieces.max(1) as f32).sqrt()
}

const CONTEXTS: [&str; 4] = ["=consumer", "=merchant", "=user", "=live"];

fn contexts(case: &Case, live: bool) -> impl Iterator<Item = &'static str> {
    let kind = match case.complainant {
        PartyKind::Merchant => "=merchant",
        PartyKind::User => "=user",
        _ => "=consumer",
    };
    [Some(kind), live.then_some("=live")].into_iter().flatten()
}

/// Everything that a text shows, by the keys of the table, with what it counts: what weights are learned from.
pub(super) fn keys(
    text: &str,
    hits: &[Hit],
    case: &Case,
    live: bool,
    name: impl Fn(Concept) -> String,
) -> (Vec<String>, Vec<(String, f32)>) {
    let mut found: Vec<String> = Vec::new();
    pieces::visit(text, |piece, _, _| found.push(piece.to_owned()));
    found.sort_unstable();
    found.dedup();
    let mut said: Vec<(String, f32)> = Vec::new();
    for hit in hits {
        for (scope, mark) in MARKS {
            if hit.scopes & scope as u8 != 0 {
                said.push((format!("{mark}{}", name(hit.concept)), CONCEPT));
            }
        }
    }
    said.sort_by(|a, b| a.0.cmp(&b.0));
    said.dedup();
    said.extend(contexts(case, live).map(|context| (context.to_owned(), CONTEXT)));
    (found, said)
}

/// The counted value of `pieces` pieces, as a text is weighed with.
pub fn value_of_pieces(pieces: usize) -> f32 {
    piece_value(pieces)
}
