//! The rules of notices: pure, without time, network or database.

pub mod amount;
pub mod content;
pub mod delivery;
pub mod form;
pub mod hand;
pub mod kind;
pub mod letter;
pub mod lexicon;
pub mod locale;
pub mod part;
pub mod profile;
pub mod quiet;
pub mod retry;
pub mod route;
pub mod schema;
pub mod signature;
pub mod templates;
pub mod vocabulary;
