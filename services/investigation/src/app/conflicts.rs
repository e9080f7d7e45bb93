//! Conflicts of interest, and what they end (L06).

use async_trait::async_trait;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;

use super::change::{Change, Command};
use super::standing::Standing;
use super::{Desk, fits, subject};
use crate::domain::conflict::{Conflict, ConflictKind};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{conflict, task};

struct Declare {
    subject: String,
    own: bool,
    kind: ConflictKind,
    recused: bool,
}

/// Declares a conflict; gives it and the case's version.
pub async fn declare(
    desk: &Desk,
    principal: &Principal,
    request: wire::DeclareConflictRequest,
) -> Result<wire::DeclareConflictResponse, Error> {
    let kind = super::wire::read_conflict_kind(request.kind()).ok_or_else(|| super::wire::unknown("kind"))?;
    let mut found = Violations::default();
    subject(&mut found, "subject", &request.subject);
    fits(found)?;
    let own = request.subject.is_empty() || request.subject == principal.subject;
    let whose = if own { principal.subject.clone() } else { request.subject.clone() };
    let caller = desk.caller(principal).await?;
    let content = wire::DeclareConflictRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    let recused = request.recused || kind.always_recuses();
    desk.change(&caller, target, Declare { subject: whose.clone(), own, kind, recused }).await?;
    // Read past the guard of `look`: whoever recused themselves is told so once.
    let mut conn = desk.db.pool().acquire().await?;
    let file = crate::store::case::find(&mut conn, &principal.tenant, complaint).await?;
    let file = file.ok_or_else(Problem::not_found)?;
    let conflicts = conflict::of(&mut conn, &file.tenant, file.id).await?;
    let declared = conflicts.iter().find(|conflict| conflict.subject == whose);
    Ok(wire::DeclareConflictResponse {
        conflict: declared.map(super::wire::conflict),
        version: super::wire::version(file.stream_version),
    })
}

#[async_trait]
impl Command for Declare {
    const NAME: &'static str = "declare_conflict";

    fn admits(&self, standing: &Standing) -> bool {
        standing.supervisor || (self.own && standing.staff)
    }

    fn admits_recused(&self) -> bool {
        self.own
    }

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let before = change.conflicts.iter().any(|known| known.subject == self.subject && known.recused);
        let conflict = Conflict {
            subject: self.subject.clone(),
            kind: self.kind,
            recused: self.recused || before,
            declared_by: change.caller.subject.clone(),
            declared_at: change.now,
        };
        let (tenant, complaint) = (change.telling.file.tenant.clone(), change.telling.file.id);
        conflict::save(conn, &[(tenant.clone(), complaint, conflict.clone())]).await?;
        if conflict.recused {
            task::unassign(conn, &[(tenant, complaint, self.subject.clone())]).await?;
            change.telling.file.case.step_down(&self.subject);
        }
        let declared = wire::ConflictDeclared {
            subject: self.subject.clone(),
            kind: super::wire::conflict_kind(self.kind).into(),
            recused: conflict.recused,
        };
        change.telling.tell(&declared);
        change.telling.enter("conflict_declared", None, Visibility::Staff);
        Ok(String::new())
    }
}
