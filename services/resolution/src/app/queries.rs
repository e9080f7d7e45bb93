//! Reading a case, as far as the caller may see it. Opening words is recorded first.

use redress_domain::{ComplaintId, Principal, Problem};
use redress_proto::resolution::v1 as wire;
use redress_vault::{Opener, WrappedKey};

use super::standing::{self, Standing};
use super::view::{Seen, show};
use super::words::Reader;
use super::{Desk, remedy};
use crate::domain::case::Case;
use crate::error::Error;
use crate::store::{access, case, offer, text};

/// Reads.
#[derive(Clone)]
pub struct Queries {
    /// What every use needs.
    pub desk: Desk,
}

impl Queries {
    /// The case of a complaint. Who is nobody to it is told that there is none.
    pub async fn get(&self, caller: &Principal, complaint: &str) -> Result<wire::Resolution, Error> {
        let id: ComplaintId = complaint.parse().map_err(|_| Problem::not_found())?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = case::find(&mut conn, &caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
        let index = standing::index_of(&self.desk.vault, caller).await?;
        let standing = Standing::of(caller, &index, &found);
        if standing == Standing::Stranger {
            return Err(Problem::not_found().into());
        }
        let links = offer::of_case(&mut conn, &caller.tenant, id).await?;
        let texts = text::of_case(&mut conn, &caller.tenant, id).await?;
        let remedies = remedy::shown(&mut conn, &caller.tenant, id).await?;
        let money = match standing {
            Standing::Staff | Standing::Auditor => remedy::lines(&mut conn, &caller.tenant, id).await?,
            _ => Vec::new(),
        };
        let opener =
            if texts.is_empty() { None } else { self.opener(&mut conn, caller, &found, &standing).await? };
        let words = Reader { opener: opener.as_ref(), texts: &texts };
        let window = self.desk.windows.of(&caller.tenant);
        show(&Seen { case: &found, standing: &standing, links: &links, words, remedies, money, window })
    }

    async fn opener(
        &self,
        conn: &mut sqlx::PgConnection,
        caller: &Principal,
        found: &Case,
        standing: &Standing,
    ) -> Result<Option<Opener>, Error> {
        let Some(purpose) = standing.purpose() else { return Ok(None) };
        let Some(key) = case::wrapped_key(conn, &found.tenant, found.id).await? else { return Ok(None) };
        let opened = [(found.tenant.clone(), *found.id.as_uuid())];
        access::record(conn, &opened, &caller.subject, purpose, self.desk.now()).await?;
        let key = WrappedKey::from_bytes(&key)?;
        Ok(Some(self.desk.vault.opener(&found.tenant, found.id, &key, purpose).await?))
    }
}
