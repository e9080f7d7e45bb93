//! Classification: what a complaint is about, how grave and urgent it is, whom it is directed at and what it lacks,
//! each with reasons a person can check.
//!
//! So far the pure core; storage, calls and consumers stand around it and pass in what it needs.
//!
//! A text's way through the code:
//!
//! 1. [`domain::normalize`] brings it into one form (NFKC, lower case, simplified characters) and keeps the way back
//!    to the writer's own letters, so that evidence points at what was written.
//! 2. [`domain::lexicon`] finds the terms of the field in one pass; a term stands for a *concept* (`ship`, `refund`).
//! 3. [`domain::scan`] tells in which scope each was said (denied, quoted from a promise, supposed, settled) and reads
//!    numbers with their units (money, people, days, ages) and reference numbers.
//! 4. [`domain::rules`] holds typed tables: conditions over concepts and context, an outcome, a score.
//! 5. [`domain::assess`] adds the scores up, lets the borders of the guide decide, fills what the table of
//!    sub-categories says, and lists what is missing.
//!
//! Words are data (`data/lexicon`), labels are data (`data/rules`), and neither knows a case by name: a rule set is
//! published as files, versioned by their hash, tested on examples and compared with the running one before it takes
//! effect ([`domain::rules::examples`]).
//!
//! Refused: one list of regular expressions per label (unreadable after the first hundred, and slow); a trained model
//! as the first decider (it cannot say why; it may be asked beside these rules, behind a gate); segmenting into words
//! (nine tenths of the time budget, and the terms decide anyway).
#![warn(missing_docs)]

pub mod domain;
