//! `PreviewDeadline`: arithmetic over a calendar of the tenant, or one that came with the question. Nothing is kept.

use redress_domain::{Principal, Problem};

use super::Desk;
use crate::domain::explain::Language;
use crate::domain::preview::{Answer, Request, preview};
use crate::error::Error;

/// When it would be due.
///
/// A question that brings its calendar needs no database.
pub async fn answer(
    desk: &Desk,
    caller: &Principal,
    request: &Request,
    language: Language,
) -> Result<Answer, Error> {
    let stored = if request.calendar.is_some() || request.calendar_id.is_empty() {
        None
    } else {
        let mut conn = desk.db.pool().acquire().await?;
        desk.books.of(&mut conn, &caller.tenant).await?.newest(&request.calendar_id)
    };
    let stored = stored.as_ref().map(|(_, calendar)| &**calendar);
    preview(request, |_| stored, Some(desk.now()), language).map_err(|found| Problem::invalid(found).into())
}

/// The language that a caller asks for by `accept-language`: English if it comes before Chinese, else Chinese.
pub fn language(accepted: Option<&str>) -> Language {
    let named = accepted.unwrap_or_default().split(',').map(str::trim);
    let first = named.filter_map(|tag| match tag.get(..2) {
        Some("en") => Some(Language::English),
        Some("zh") => Some(Language::Chinese),
        _ => None,
    });
    first.into_iter().next().unwrap_or_default()
}
