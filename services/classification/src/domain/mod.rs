//! The pure rules of classification: no I/O, no clock, no randomness.

pub mod assess;
pub mod assessment;
pub mod assignment;
pub mod case;
pub mod duplicate;
pub mod incident;
pub mod language;
pub mod lexicon;
pub mod measure;
pub mod normalize;
pub mod published;
pub mod rules;
pub mod scan;
pub mod service_hours;
pub mod simhash;
pub mod words;
