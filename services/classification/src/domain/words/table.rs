//! The table of weights as a file: a line of labels, a line of what each label weighs before anything is read, then a line
//! per piece with the places of labels and their weights.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::domain::rules::problem::{Problems, SourceFile};

/// Weights of one piece: places of labels, and how much it speaks for each.
pub(super) type Row = Box<[(u16, f32)]>;

/// Weights of pieces for labels, as learned or as read from a file.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Table {
    /// The labels in the order of their places.
    pub labels: Vec<String>,
    /// The weight of each label before anything is read.
    pub bias: Vec<f32>,
    /// What pieces say.
    pub rows: HashMap<String, Row>,
}

const LABELS: &str = "labels";
const BIAS: &str = "bias";

impl Table {
    /// Reads a file and notes what is wrong with it, line by line.
    pub(in crate::domain) fn read(file: &SourceFile, problems: &mut Problems) -> Self {
        let mut table = Self::default();
        for (number, line) in (1..).zip(file.content.lines()) {
            if line.is_empty() || line.starts_with("# ") {
                continue;
            }
            if let Err(reason) = table.read_line(line) {
                problems.add(file, number, reason);
            }
        }
        if table.bias.len() != table.labels.len() {
            problems.add(file, 0, "not every label has a weight of its own");
        }
        table
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let (piece, rest) = line.split_once('\t').ok_or("no piece with weights behind a tab")?;
        if piece == LABELS && self.labels.is_empty() {
            self.labels = rest.split(' ').map(str::to_owned).collect();
        } else if piece == BIAS && self.bias.is_empty() {
            self.bias = rest.split(' ').map(weight).collect::<Result<_, _>>()?;
        } else {
            let row = rest.split(' ').map(|part| self.entry(part)).collect::<Result<Row, _>>()?;
            if self.rows.insert(piece.to_owned(), row).is_some() {
                return Err(format!("`{piece}` stands here twice"));
            }
        }
        Ok(())
    }

    fn entry(&self, part: &str) -> Result<(u16, f32), String> {
        let (place, value) =
            part.split_once(':').ok_or_else(|| format!("`{part}` is no place with a weight"))?;
        let place: u16 = place.parse().map_err(|_| format!("`{place}` is no place of a label"))?;
        if usize::from(place) >= self.labels.len() {
            return Err(format!("there is no label at place {place}"));
        }
        Ok((place, weight(value)?))
    }

    /// The file's text, sorted, weights with one decimal; `origin` says in its head where they come from.
    pub fn write(&self, origin: &str) -> String {
        let mut text = String::new();
        for line in origin.lines() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# {line}");
        }
        let bias: Vec<String> = self.bias.iter().map(|weight| format!("{weight:.1}")).collect();
        let _ = writeln!(text, "{LABELS}\t{}\n{BIAS}\t{}", self.labels.join(" "), bias.join(" "));
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().filter(|(_, row)| !row.is_empty()).collect();
        rows.sort_unstable_by_key(|(piece, _)| *piece);
        for (piece, row) in rows {
            let entries: Vec<String> =
                row.iter().map(|(place, weight)| format!("{place}:{weight:.1}")).collect();
            let _ = writeln!(text, "{piece}\t{}", entries.join(" "));
        }
        text
    }
}

fn weight(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|w: &f32| w.is_finite()).ok_or_else(|| format!("`{text}` is no weight"))
}
