//! Pure rules: what a complaint's facts are, what each metric means, and what can be asked.

pub mod assessed;
pub mod course;
pub mod item;
pub mod metric;
pub mod selection;
pub mod spreadsheet;
pub mod state;
