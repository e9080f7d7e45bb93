//! What is printed: tables for people, JSON for programs.
//!
//! JSON is the JSON form of the contract's messages, so its field names are as stable as the contract. Tables have no
//! frames: a line is a row, which `grep` and `awk` understand.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// For whom output is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences
    Table,
    /// JSON: one document, of streams one per line
    Json,
}

/// Rows under headings, columns as wide as their widest cell on a terminal. Empty if there are no rows.
pub(crate) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    let mut any = false;
    for row in rows {
        any = true;
        table.add_row(row.map(|cell| one_line(&cell)));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), 1));
    }
    if !any {
        return String::new();
    }
    table.trim_fmt() + "\n"
}

/// Names and values below each other; what is empty is left out.
pub(crate) fn card<'a>(lines: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let lines: Vec<_> = lines.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in lines {
        let indented = clean(&value).replace('\n', &format!("\n{:width$}  ", ""));
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name:width$}  {indented}");
    }
    text
}

/// What came from elsewhere must not steer the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || *character == '\n').collect()
}

/// A cell is one line, or rows would not be lines.
fn one_line(text: &str) -> String {
    clean(&text.replace(['\n', '\t'], " "))
}

/// Standard output. A reader that has gone (`… | head`) is no failure: the rest is left out.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::usage(format!("cannot write the output: {error}"), "")),
    }
}

/// A document of its own.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritable(&error))?;
    Ok(text + "\n")
}

/// A document on one line, of a stream.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|error| unwritable(&error))?;
    Ok(text + "\n")
}

fn unwritable(error: &serde_json::Error) -> Failure {
    // A number of an enumeration that this version does not know has no name.
    Failure::refused(
        format!("the answer has no JSON form: {error}"),
        "The service is newer than this redressctl: use the one of its version.",
    )
}

/// The error output, for sentences and for errors as JSON.
pub(crate) fn tell(text: impl fmt::Display) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_also_where_characters_are_wide() {
        let rows = [["投诉".to_owned(), "1".to_owned()], ["ab".to_owned(), "22".to_owned()]];
        let text = table(["NAME", "N"], rows);
        assert_eq!(text, "NAME  N\n投诉  1\nab    22\n");
        assert_eq!(table(["NAME"], []), "");
    }

    #[test]
    fn what_came_from_elsewhere_neither_breaks_lines_nor_steers_the_terminal() {
        let text = table(["A"], [["x\n\u{1b}[31my\r".to_owned()]]);
        assert_eq!(text, "A\nx [31my\n");
    }

    #[test]
    fn a_card_leaves_out_what_is_empty_and_indents_what_has_lines() {
        let lines = [("id", "1".to_owned()), ("none", String::new()), ("text", "a\nb".to_owned())];
        assert_eq!(card(lines), "id    1\ntext  a\n      b\n");
    }
}
