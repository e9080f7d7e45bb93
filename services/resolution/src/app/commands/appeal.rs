//! `FileAppeal` (T28, L25).

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Sealed;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Act, Scene};
use crate::app::wire::{read_consent, read_side, side as told_side, time};
use crate::app::words;
use crate::domain::appeal::{Appeal, AppealState, Ground};
use crate::domain::guard::{Refusal, require};
use crate::domain::hearing::others;
use crate::domain::party::Side;
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;

/// The code of a ground that says nothing of its kind: no appeal is refused for its form.
const UNTOLD: &str = "other";

#[async_trait]
impl Act for wire::FileAppealRequest {
    fn check(&self, found: &mut Violations) {
        read_side(found, self.party.as_ref());
        if self.grounds.len() > 20 {
            found.add("grounds", "TOO_MANY", "at most 20");
        }
        for (index, ground) in self.grounds.iter().enumerate() {
            let at = format!("grounds[{index}]");
            text::optional_words(found, &format!("{at}.text"), &ground.text, 4_000);
            if !ground.code.is_empty() && !text::is_code(&ground.code) {
                found.add(format!("{at}.code"), "MALFORMED", "1 to 64 characters of a-z, 0-9 and _-.@");
            }
            if ground.evidence_ids.len() > 20 || ground.evidence_ids.iter().any(|id| !text::is_reference(id))
            {
                found.add(format!("{at}.evidenceIds"), "MALFORMED", "up to 20 ids of evidence");
            }
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        let named = read_side(&mut Violations::default(), self.party.as_ref());
        let (side, _) = scene.acting(conn, named, read_consent(self.consent.as_ref())).await?;
        scene.case.require_state(&[State::Executing, State::ResultNotified, State::Closed])?;
        let human_required = self.human_required;
        let filing = Filing { side, grounds: &self.grounds, human_required, by_rejection: false };
        filing.file_and_tell(scene)
    }
}

/// An appeal on its way into the case.
pub(super) struct Filing<'a> {
    pub(super) side: Side,
    pub(super) grounds: &'a [wire::AppealGround],
    pub(super) human_required: bool,
    pub(super) by_rejection: bool,
}

/// An appeal that was filed, as events tell of it.
pub(super) struct Filed {
    pub(super) id: Uuid,
    /// Its grounds.
    pub(super) sealed: Sealed,
    /// Until when the other parties can reply; none where there is nobody to hear.
    pub(super) reply_until: Option<pbjson_types::Timestamp>,
}

impl Filing<'_> {
    /// Files it; gives what events tell of it.
    pub(super) fn file(self, scene: &mut Scene<'_>) -> Result<Filed, Error> {
        require(!scene.case.appeals.iter().any(|appeal| appeal.state.is_open()), Refusal::AppealPending)?;
        let window = scene.desk.windows.of(&scene.case.tenant);
        let until = window.until(scene.case, Some(&self.side));
        let until = until.ok_or_else(|| Refusal::NothingToAppeal.problem())?;
        require(scene.now <= until, Refusal::AppealWindowOver)?;
        let id = scene.next_id("appeal", scene.case.appeals.len());
        let told =
            if self.grounds.is_empty() { vec![wire::AppealGround::default()] } else { self.grounds.to_vec() };
        let ground = |(number, told): (u32, &wire::AppealGround)| Ground {
            number,
            code: if told.code.is_empty() { UNTOLD.to_owned() } else { told.code.clone() },
            evidence: told.evidence_ids.clone(),
        };
        let grounds: Vec<Ground> = (1..).zip(&told).map(ground).collect();
        let word = |(number, told): (u32, &wire::AppealGround)| wire::AppealGround {
            ground: number,
            text: told.text.clone(),
            ..Default::default()
        };
        let plain = wire::Appeal { grounds: (1..).zip(&told).map(word).collect(), ..Default::default() };
        let sealed = scene.keep(words::appeal(id), &plain.encode_to_vec())?;
        let lasts = SignedDuration::from_hours(scene.desk.settings.appeal_reply_hours.into());
        let has_others = !others(&scene.case.facts, &self.side).is_empty();
        let reply_until = has_others.then(|| scene.now.saturating_add(lasts).unwrap_or(Timestamp::MAX));
        scene.case.appeals.push(Appeal {
            id,
            appellant: self.side,
            grounds,
            human_required: self.human_required,
            state: AppealState::Filed,
            filed_at: scene.now,
            reply_until,
            replies: Vec::new(),
            reviewer: String::new(),
            seconded_by: String::new(),
            outcome: None,
            next: None,
            decided_at: None,
            terms: Vec::new(),
            case_outcome: None,
            by_rejection: self.by_rejection,
            void_reason: String::new(),
        });
        Ok(Filed { id, sealed, reply_until: reply_until.and_then(time) })
    }

    /// The same, told as an event of its own.
    pub(super) fn file_and_tell(self, scene: &mut Scene<'_>) -> Result<(), Error> {
        let (side, human_required) = (told_side(&self.side), self.human_required);
        let filed = self.file(scene)?;
        let grounds = scene.case.appeals.last().map_or(0, |appeal| appeal.grounds.len());
        scene.out.push(&wire::AppealFiled {
            appeal_id: filed.id.to_string(),
            appellant: Some(side),
            grounds: u32::try_from(grounds).unwrap_or(u32::MAX),
            human_required,
            sealed: Some(filed.sealed),
            reply_until: filed.reply_until,
        });
        Ok(())
    }
}
