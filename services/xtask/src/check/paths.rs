//! The paths that a piece of Rust names, read from its tokens: comments and strings are none, and nested imports are
//! told apart. A syntax tree would leave out what stands inside macros.

use proc_macro2::{Delimiter, LexError, Spacing, TokenStream, TokenTree};

/// A path such as `crate::store::Db`, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
}

/// All paths of `source`, single names included.
pub(super) fn named(source: &str) -> Result<Vec<NamedPath>, LexError> {
    let mut found = Vec::new();
    collect(source.parse()?, &[], &mut found);
    Ok(found)
}

/// `prefix` is what stands before a group of imports: `a` for the inside of `a::{b, c}`.
fn collect(tokens: TokenStream, prefix: &[String], found: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => collect(group.stream(), &[], found),
            TokenTree::Ident(first) => {
                let mut segments = [prefix, &[first.to_string()]].concat();
                let mut imports = None;
                while is_separator(&tokens[at..]) {
                    match tokens.get(at + 2) {
                        Some(TokenTree::Ident(next)) => segments.push(next.to_string()),
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            imports = Some(group.stream());
                        }
                        _ => break,
                    }
                    at += 3;
                }
                match imports {
                    Some(inside) => collect(inside, &segments, found),
                    None => found.push(NamedPath { line: first.span().start().line, segments }),
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Whether `::` comes next.
fn is_separator(tokens: &[TokenTree]) -> bool {
    let colon = |token: Option<&TokenTree>| match token {
        Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => Some(punct.spacing()),
        _ => None,
    };
    colon(tokens.first()) == Some(Spacing::Joint) && colon(tokens.get(1)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        let found = named(source).unwrap();
        found.into_iter().map(|path| path.segments.join("::")).filter(|path| path.contains("::")).collect()
    }

    #[test]
    fn imports_are_told_apart_also_nested_ones() {
        assert_eq!(
            paths("use crate::{app::{self, Accept}, store}; pub use std::fmt;"),
            ["crate::app::self", "crate::app::Accept", "crate::store", "std::fmt"]
        );
    }

    #[test]
    fn paths_in_code_and_in_macros_count_and_comments_and_strings_do_not() {
        let source = r#"
            //! crate::grpc
            fn f(a: crate::app::X) -> Vec::<tokio::Y> { // crate::http
                debug!("crate::http", x = crate::store::y(), "sqlx::{}", 1)
            }"#;
        assert_eq!(paths(source), ["crate::app::X", "tokio::Y", "crate::store::y"]);
    }

    #[test]
    fn a_path_knows_its_line() {
        let found = named("\n\nuse crate::{\n    app,\n};").unwrap();
        assert_eq!(found.last().map(|path| path.line), Some(4));
    }
}
