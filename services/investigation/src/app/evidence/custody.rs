//! Links of the chain, as this service writes them.

use aws_lc_rs::rand;
use jiff::Timestamp;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::evidence::Audience;
use crate::domain::evidence::chain::{Anchor, Entry, Happening};
use crate::error::Error;
use crate::store::custody;
use crate::store::evidence::Evidence;
use crate::store::rendition::Rendition;

/// What a link is about.
pub(super) enum About<'a> {
    /// A piece.
    Item(&'a Evidence),
    /// A copy of it.
    Copy(&'a Evidence, &'a Rendition),
    /// A pack.
    Pack(Option<Audience>),
}

/// Who did what, when and what for.
pub(super) struct Deed<'a> {
    pub(super) event: Happening,
    pub(super) actor: &'a str,
    pub(super) purpose: &'a str,
    pub(super) at: Timestamp,
}

/// Adds a link and gives the chain's new end: its number and hash.
pub(super) async fn link(
    conn: &mut PgConnection,
    place: (&TenantId, Uuid),
    deed: &Deed<'_>,
    about: &About<'_>,
) -> Result<Anchor, Error> {
    let (item, copy, audience) = match about {
        About::Item(item) => (Some(*item), None, None),
        About::Copy(item, copy) => (Some(*item), Some(copy.linked()), None),
        About::Pack(audience) => (None, None, *audience),
    };
    let mut nonce = [0; 16];
    rand::fill(&mut nonce)
        .map_err(|_| Error::Defect("the operating system gives no random numbers".into()))?;
    let entry = Entry {
        event: deed.event,
        at: deed.at,
        actor: deed.actor.to_owned(),
        purpose: deed.purpose.to_owned(),
        item: item.map(Evidence::linked),
        copy,
        audience,
        nonce: hex::encode(nonce),
    };
    let text = entry.text().map_err(|_| Error::Defect("a link has no text".into()))?;
    custody::append(conn, place, item.map(|item| item.id), &text).await
}
