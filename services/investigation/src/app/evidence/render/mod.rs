//! Making the copy of a piece that an audience may see (F025, L51).

mod film;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{Principal, Problem};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::custody::{self, About, Deed};
use super::rights::Viewer;
use super::view::altered;
use super::{Files, told};
use crate::app::change::{Change, Command, Target};
use crate::app::standing::Caller;
use crate::app::{id, made_id, wire as words};
use crate::domain::Refusal;
use crate::domain::case::State;
use crate::domain::evidence::chain::Happening;
use crate::domain::evidence::{Audience, Class, Decision, Provider, Treatment, Unfit, mask, picture};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::objects::{Stored, Writer};
use crate::store::case::CaseFile;
use crate::store::evidence::{self, Evidence, Pending};
use crate::store::rendition::{self, Rendition, Shown};

/// Makes a copy, or shows the one that the same policy made before.
pub async fn produce(
    files: &Files,
    principal: &Principal,
    request: wire::ProduceRenditionRequest,
) -> Result<wire::Rendition, Error> {
    let _room = files.room(principal).await?;
    let audience = told::read_audience(request.audience()).ok_or_else(|| words::unknown("audience"))?;
    let caller = files.desk.caller(principal).await?;
    let content = wire::ProduceRenditionRequest { request_id: String::new(), ..request.clone() };
    let target =
        files.desk.target(principal, &request.request_id, &request.complaint_id, 0, &content).await?;
    let look = files.look(&caller, target.complaint, wire::Audience::Unspecified).await?;
    if !matches!(look.viewer, Viewer::Staff) {
        return Err(Problem::permission_denied().into());
    }
    let evidence = id(&request.evidence_id)?;
    let item = look.items.iter().find(|item| item.id == evidence).ok_or_else(Problem::not_found)?;
    let prepared = match request.prepared_evidence_id.as_str() {
        "" => None,
        by_hand => Some(prepared(&look.items, item, id(by_hand)?)?),
    };
    let version = match prepared {
        Some(by_hand) => prepared_version(by_hand),
        None => files.policy.version.clone(),
    };
    let is_made = |copy: &&Rendition| {
        (copy.evidence, copy.audience) == (evidence, audience) && copy.policy_version == version
    };
    let complaint = target.complaint;
    let made = if let Some(made) = look.copies.iter().find(is_made) {
        made.id.to_string()
    } else {
        let order = Order { item, audience, version, principal, request_id: &request.request_id };
        let (copy, pending) = match prepared {
            Some(by_hand) => {
                (order.copy(Treatment::Prepared, String::new(), Some(shown(by_hand)), files), None)
            }
            None => files.made(&look.file, order).await?,
        };
        let hearing_lasts = files.desk.hearing_lasts;
        let render = Render { item: item.clone(), copy, pending, hearing_lasts };
        files.keep_copy(&caller, target, render).await?
    };
    let look = files.look(&caller, complaint, wire::Audience::Unspecified).await?;
    let copy = look.copies.iter().find(|copy| copy.id.to_string() == made).ok_or_else(Problem::not_found)?;
    Ok(told::rendition(copy))
}

/// The piece that staff brought in to be shown in the place of `item`.
fn prepared<'a>(items: &'a [Evidence], item: &Evidence, by_hand: Uuid) -> Result<&'a Evidence, Error> {
    let found = items.iter().find(|one| one.id == by_hand && one.id != item.id);
    let found = found.ok_or_else(Problem::not_found)?;
    if found.provider == Provider::Staff { Ok(found) } else { Err(Refusal::PreparedNotByStaff.into()) }
}

/// What stands in the place of a policy's version for a copy that was prepared by hand.
fn prepared_version(by_hand: &Evidence) -> String {
    format!("prepared.{}", by_hand.id)
}

/// A piece's own file, as a copy that shows it.
fn shown(item: &Evidence) -> Shown {
    let key = item.key.clone();
    Shown { media: item.media, size: item.size, sha256: item.sha256, place: item.place, key }
}

/// What copy is asked for, of what, for whom, by whom.
struct Order<'a> {
    item: &'a Evidence,
    audience: Audience,
    version: String,
    principal: &'a Principal,
    request_id: &'a str,
}

impl Order<'_> {
    fn copy(
        self,
        treatment: Treatment,
        withheld_reason: String,
        file: Option<Shown>,
        files: &Files,
    ) -> Rendition {
        Rendition {
            id: made_id("rendition", self.principal, self.request_id),
            evidence: self.item.id,
            audience: self.audience,
            policy_version: self.version,
            treatment,
            withheld_reason,
            file,
            produced_by: self.principal.subject.clone(),
            produced_at: files.desk.now(),
            seq: 0,
        }
    }
}

impl Files {
    /// The copy that the policy makes, with its file if one had to be written.
    async fn made(&self, file: &CaseFile, order: Order<'_>) -> Result<(Rendition, Option<Pending>), Error> {
        let Order { item, audience, .. } = order;
        let decision = self.policy.decide(audience, item.kind, item.media);
        let (decision, file, pending) = match decision.treatment {
            Treatment::Withheld => (decision, None, None),
            Treatment::AsIs | Treatment::Prepared => (decision, Some(shown(item)), None),
            Treatment::TextRedacted | Treatment::MetadataStripped => {
                let pending = self.announce(file, item.place).await?;
                self.rewritten(item, decision, pending).await?
            }
        };
        Ok((order.copy(decision.treatment, decision.withheld_reason, file, self), pending))
    }

    async fn rewritten(
        &self,
        item: &Evidence,
        decision: Decision,
        pending: Pending,
    ) -> Result<(Decision, Option<Shown>, Option<Pending>), Error> {
        let written = match (decision.treatment, item.media.class()) {
            (Treatment::TextRedacted, _) => self.redacted(item, &pending).await,
            (_, Class::Video) => film::stripped(self, item, &pending).await,
            _ => self.stripped(item, &pending).await,
        };
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                self.discard(&pending).await;
                return Err(error);
            }
        };
        let Some(Stored { size, sha256 }) = written else {
            self.discard(&pending).await;
            return Ok((Decision::withheld("form_unreadable"), None, None));
        };
        let shown = Shown { media: item.media, size, sha256, place: pending.place, key: pending.key.clone() };
        Ok((decision, Some(shown), Some(pending)))
    }

    /// A text without personal data; none if it is not in Unicode, for what cannot be read cannot be redacted.
    async fn redacted(&self, item: &Evidence, pending: &Pending) -> Result<Option<Stored>, Error> {
        let original = self.original(item).await?;
        let masked = tokio::task::spawn_blocking(move || {
            std::str::from_utf8(&original).ok().map(|text| mask::masked(text).0)
        });
        match masked.await.map_err(|_| Error::Defect("redacting a text panicked".into()))? {
            Some(text) => self.write(pending, text.into()).await.map(Some),
            None => Ok(None),
        }
    }

    /// A picture without what is not seen; none if it does not read.
    async fn stripped(&self, item: &Evidence, pending: &Pending) -> Result<Option<Stored>, Error> {
        let original = self.original(item).await?;
        match picture::stripped(item.media, original) {
            Some(picture) => self.write(pending, picture).await.map(Some),
            None => Ok(None),
        }
    }

    /// A small original, proved to be the one that was received.
    async fn original(&self, item: &Evidence) -> Result<Bytes, Error> {
        let bytes = self.objects.at(item.place).whole(&item.key).await?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) == item.sha256 { Ok(bytes) } else { Err(altered()) }
    }

    async fn write(&self, pending: &Pending, bytes: Bytes) -> Result<Stored, Error> {
        let mut writer = Writer::new(self.objects.at(pending.place), &pending.key);
        match writer.put(bytes).await {
            Ok(()) => Ok(writer.finish().await?),
            Err(error) => {
                writer.give_up().await;
                Err(error.into())
            }
        }
    }

    /// Makes a copy count; gives its id, or that of the one that a twin made.
    async fn keep_copy(&self, caller: &Caller, target: Target, command: Render) -> Result<String, Error> {
        let (mine, pending) = (command.copy.id.to_string(), command.pending.clone());
        let kept = self.desk.change(caller, target, command).await;
        let lost = match &kept {
            Ok(made) => *made != mine,
            Err(error) => matches!(error, Error::Told(_)),
        };
        if let Some(pending) = pending.filter(|_| lost) {
            self.discard(&pending).await;
        }
        kept
    }
}

/// Makes a copy count.
struct Render {
    item: Evidence,
    copy: Rendition,
    pending: Option<Pending>,
    hearing_lasts: SignedDuration,
}

impl Render {
    /// Until when the side is waited for; none if it is shown nothing, or nobody is to be heard.
    fn answer_until(&self, copy: &Rendition, change: &Change) -> Option<Timestamp> {
        let heard = matches!(copy.audience, Audience::Complainant | Audience::Respondent)
            && copy.file.is_some()
            && change.telling.file.case.state == State::Open
            && self.hearing_lasts.is_positive();
        let until = copy.produced_at.saturating_add(self.hearing_lasts).unwrap_or(Timestamp::MAX);
        heard.then_some(until)
    }
}

#[async_trait]
impl Command for Render {
    const NAME: &'static str = "produce_rendition";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let (tenant, complaint) = change.place();
        let made = rendition::of(conn, tenant, complaint).await?;
        let same = |copy: &&Rendition| {
            (copy.evidence, copy.audience) == (self.copy.evidence, self.copy.audience)
                && copy.policy_version == self.copy.policy_version
        };
        if let Some(made) = made.iter().find(same) {
            return Ok(made.id.to_string());
        }
        if let Some(pending) = &self.pending
            && !evidence::count(conn, pending).await?
        {
            return Err(Unfit::TooSlow.into());
        }
        let actor = &change.caller.subject;
        let deed = Deed { event: Happening::Rendered, actor, purpose: "", at: change.now };
        let mut copy = Rendition { produced_at: change.now, ..self.copy.clone() };
        let about = About::Copy(&self.item, &self.copy);
        copy.seq = custody::link(conn, (tenant, complaint), &deed, &about).await?.count;
        rendition::insert(conn, (tenant, complaint), &copy).await?;
        let event = wire::RenditionProduced {
            rendition_id: copy.id.to_string(),
            evidence_id: copy.evidence.to_string(),
            audience: told::audience(copy.audience).into(),
            policy_version: copy.policy_version.clone(),
            sha256: copy.file.as_ref().map(|file| hex::encode(file.sha256)).unwrap_or_default(),
            answer_until: self.answer_until(&copy, change).map(to_wire_time),
        };
        change.telling.tell(&event);
        change.telling.enter("rendition_produced", Some(copy.evidence), Visibility::Staff);
        Ok(copy.id.to_string())
    }
}
