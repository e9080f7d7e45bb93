//! Follows intake's lifecycle: remembers each complaint, asks the platform for what it holds, opens what the policy says,
//! ends what is over, and undoes what intake could not take.
//!
//! A batch takes six statements whatever its size: what is new is written, cases are read, the events of each complaint
//! are applied in order, and what has changed is written together. Only where cases end, or something is refused, are
//! their requests, tests and consultations read and written too.

mod happened;
mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::publish::Origin;
use super::telling::Telling;
use super::{Desk, change};
use crate::domain::case::{ComplaintState, State};
use crate::domain::records::{self, Question};
use crate::domain::timeline::Visibility;
use crate::domain::{checklist, course, opening};
use crate::error::Error;
use crate::store::case::{self, CaseFile, PastRound};
use crate::store::record;
pub use happened::{Happened, Registered};

type Key = (TenantId, Uuid);

/// The handler of intake's lifecycle.
pub struct FollowCases {
    /// Database, clock, policy.
    pub desk: Desk,
    /// Whether the platform's own systems can be asked.
    pub asks_platform: bool,
}

#[async_trait]
impl BatchHandler for FollowCases {
    type Event = Happened;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
        Happened::read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        Ok(self.follow(conn, batch).await?)
    }
}

/// The cases of a batch, locked, with what becomes of them.
struct Cases {
    locked: BTreeMap<Key, Telling>,
    rounds: Vec<PastRound>,
    questions: Vec<record::Key>,
}

impl FollowCases {
    async fn follow(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut keys: Vec<Key> = batch.iter().map(|delivery| key(&delivery.meta)).collect();
        keys.sort_unstable();
        keys.dedup();
        case::insert(conn, &new_cases(batch).values().collect::<Vec<_>>()).await?;
        // Read after the new ones are written: who has taken them, and to which incident they belong, may have been told
        // before.
        let known = case::lock_all(conn, &keys).await?;
        let locked = known.into_iter().map(|file| {
            let key = (file.tenant.clone(), file.id);
            (key, Telling::new(file, Origin::service(now)))
        });
        let mut cases = Cases { locked: locked.collect(), rounds: Vec::new(), questions: Vec::new() };
        let mut attached = undo::Attached::load(conn, batch).await?;
        for delivery in batch {
            let Some(telling) = cases.locked.get_mut(&key(&delivery.meta)) else {
                // Told of a complaint whose registration is older than the log: it cannot be investigated here.
                tracing::warn!(complaint.id = %delivery.meta.subject, "an event of a complaint that is unknown here");
                continue;
            };
            telling.origin = origin(&delivery.meta, now);
            let step = Step { desk: &self.desk, rounds: &mut cases.rounds, attached: &mut attached, now };
            step.apply(telling, &delivery.meta, &delivery.event);
            if self.asks_platform && matches!(&*delivery.event, Happened::Registered(_)) {
                cases.questions.extend(questions(&telling.file));
            }
        }
        cases.save(conn, attached, now).await
    }
}

impl Cases {
    async fn save(
        self,
        conn: &mut PgConnection,
        attached: undo::Attached,
        now: Timestamp,
    ) -> Result<(), Error> {
        case::keep_rounds(conn, &self.rounds).await?;
        attached.save(conn, now).await?;
        record::ask(conn, &self.questions, now).await?;
        change::save(conn, &self.locked.values().collect::<Vec<_>>()).await
    }
}

/// The complaints that begin in this batch.
fn new_cases(batch: &[Delivery<Happened>]) -> BTreeMap<Key, CaseFile> {
    let mut new: BTreeMap<Key, CaseFile> = BTreeMap::new();
    for delivery in batch {
        if let Happened::Registered(registered) = &*delivery.event {
            let key = key(&delivery.meta);
            let file = registered.file(&key.0, key.1);
            new.entry(key).or_insert(file);
        }
    }
    new
}

/// One event of one case.
struct Step<'a> {
    desk: &'a Desk,
    rounds: &'a mut Vec<PastRound>,
    attached: &'a mut undo::Attached,
    now: Timestamp,
}

impl Step<'_> {
    fn apply(mut self, telling: &mut Telling, meta: &EventMeta, happened: &Happened) {
        match happened {
            Happened::Registered(_) => telling.enter("complaint_registered", None, Visibility::Everybody),
            Happened::Assessed { category, severity, urgent } => {
                let case = &mut telling.file.case;
                case.category = category.or(case.category);
                case.severity = severity.or(case.severity);
                case.urgent = *urgent;
                self.open_if_due(telling, "accepted");
            }
            Happened::Accepted { handler } => {
                telling.file.case.complaint_state = ComplaintState::Accepted;
                let assigned = &telling.file.assigned;
                let named = if assigned.is_empty() { handler } else { assigned };
                named.clone_into(&mut telling.file.case.handler);
                telling.enter("complaint_accepted", None, Visibility::Everybody);
                self.open_if_due(telling, "accepted");
            }
            Happened::Moved { to, code } => {
                telling.file.case.complaint_state = *to;
                telling.enter(code, None, Visibility::Everybody);
                self.moved(telling, code);
            }
            Happened::Advanced { to, fact } => {
                telling.file.case.complaint_state = *to;
                if let Some((code, visibility)) = course::step(fact) {
                    let actor = meta.actor.clone().unwrap_or_default();
                    telling.enter_of(actor, &code, None, visibility);
                }
                if *to == ComplaintState::Investigating && opening::comes_back(fact) {
                    self.open(telling, fact);
                }
            }
            Happened::Noted { code } => telling.enter(code, None, Visibility::Staff),
            Happened::Refused { fact, state } => self.undo(telling, meta, fact, *state),
        }
    }

    /// The lifecycle has moved otherwise than by a fact.
    fn moved(&mut self, telling: &mut Telling, code: &str) {
        match telling.file.case.complaint_state {
            state if state.is_over() => self.end(telling, code),
            ComplaintState::Investigating if telling.file.case.state != State::Open => {
                self.open(telling, code);
            }
            ComplaintState::Accepted => self.open_if_due(telling, code),
            _ => {}
        }
    }

    fn open_if_due(&mut self, telling: &mut Telling, reason: &str) {
        let file = &telling.file;
        if self.desk.opening.opens_by_itself(&file.tenant, &file.case, !file.assigned.is_empty()) {
            self.open(telling, reason);
        }
    }

    fn open(&mut self, telling: &mut Telling, reason: &str) {
        if telling.file.case.state == State::Open {
            return;
        }
        self.rounds.extend(PastRound::of(&telling.file));
        open(telling, reason);
    }

    /// Ends a case and all that is still asked for it.
    fn end(&mut self, telling: &mut Telling, reason: &str) {
        telling.file.case.end(reason);
        self.attached.cancel_all(&telling.file.tenant, telling.file.id, self.now);
    }
}

/// Opens the next round of a case and tells of it. The points are those of the checklist, and those that people added.
pub fn open(telling: &mut Telling, reason: &str) {
    let (tenant, id) = (telling.file.tenant.clone(), telling.file.id);
    opening::open(&mut telling.file.case, &tenant, id, telling.origin.occurred_at);
    telling.file.conclusion = Vec::new();
    let case = &mut telling.file.case;
    if let Some(category) = case.category {
        for issue in checklist::of(category, case.live).issues {
            if case.round == 1 && !case.issues.iter().any(|known| known == issue) {
                case.issues.push(issue.to_owned());
            }
        }
    }
    let opened = wire::InvestigationOpened {
        investigation_id: case.investigation_id.map(|id| id.to_string()).unwrap_or_default(),
        handler: case.handler.clone(),
        task_group: super::wire::group(&case.group),
        round: u32::try_from(case.round).unwrap_or_default(),
        reason: reason.to_owned(),
        incident_id: case.incident.map(|id| id.to_string()).unwrap_or_default(),
    };
    telling.tell(&opened);
    telling.enter("investigation_opened", None, Visibility::Everybody);
}

/// What the platform is asked about a complaint.
fn questions(file: &CaseFile) -> Vec<record::Key> {
    let submission = &file.submission;
    let order = submission.order.as_ref().is_some_and(|order| !order.order_no.is_empty());
    let live = submission.live.as_ref().is_some_and(|live| !live.room_id.is_empty());
    let asked = records::questions(order, live);
    asked.into_iter().map(|question: Question| (file.tenant.clone(), file.id, question)).collect()
}

fn key(meta: &EventMeta) -> Key {
    (meta.tenant.clone(), meta.subject)
}

fn origin(meta: &Arc<EventMeta>, now: Timestamp) -> Origin {
    Origin::machine(meta, whole_microseconds(meta.occurred_at), now)
}
