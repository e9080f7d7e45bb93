use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::TenantId;
use redress_messaging::{EventMeta, Record};
use redress_runtime::telemetry::TraceContext;

use super::plan::{Candidate, Cause, CauseKind, Effect, Identity};
use crate::handler::{BatchHandler, Delivery, Guard};

/// A record, read as far as it could be.
pub(crate) struct Item<E> {
    pub(crate) record: Arc<Record>,
    pub(crate) meta: Option<Arc<EventMeta>>,
    /// Also where the rest of the envelope cannot be read.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) identity: Option<Identity>,
    pub(crate) effect: Effect,
    /// Present exactly if the effect is [`Effect::Apply`].
    pub(crate) delivery: Option<Delivery<E>>,
    /// How often it was tried alone.
    pub(crate) attempts: i32,
    stripped: bool,
}

impl<E> Item<E> {
    /// Reads a record. Whatever it holds becomes an item; what cannot be read becomes one that is set aside.
    pub(crate) fn read<H: BatchHandler<Event = E>>(handler: &H, guard: Guard, record: Arc<Record>) -> Self {
        let meta = match EventMeta::of_record(&record) {
            Ok(meta) => Arc::new(meta),
            Err(error) => return Self::undecodable(record, None, None, error.to_string().into()),
        };
        let identity = match identity(guard, &meta) {
            Ok(identity) => identity,
            Err(cause) => return Self::undecodable(record, Some(meta), None, cause.into()),
        };
        let decoded = catch_unwind(AssertUnwindSafe(|| handler.decode(&meta, &record.payload)));
        let event = match decoded {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => {
                return Self::undecodable(record, Some(meta), identity, error.to_string().into());
            }
            Err(_) => return Self::undecodable(record, Some(meta), identity, "decoding panicked".into()),
        };
        let delivery = event.map(|event| Delivery {
            event: Arc::new(event),
            meta: Arc::clone(&meta),
            record: Arc::clone(&record),
        });
        let effect = if delivery.is_some() { Effect::Apply } else { Effect::Nothing };
        let tenant = Some(meta.tenant.clone());
        Self { record, meta: Some(meta), tenant, identity, effect, delivery, attempts: 0, stripped: false }
    }

    fn undecodable(
        record: Arc<Record>,
        meta: Option<Arc<EventMeta>>,
        identity: Option<Identity>,
        detail: Cow<'static, str>,
    ) -> Self {
        let effect = Effect::Impossible(Cause { kind: CauseKind::Undecodable, detail });
        let tenant = EventMeta::tenant_of(&record);
        Self { record, meta, tenant, identity, effect, delivery: None, attempts: 0, stripped: false }
    }

    /// What comes of the event belongs to `context`.
    pub(crate) fn goes_on_within(&mut self, context: TraceContext) {
        let (Some(meta), Some(delivery)) = (&self.meta, &mut self.delivery) else { return };
        let TraceContext { traceparent, tracestate } = context;
        let meta =
            Arc::new(EventMeta { traceparent: Some(traceparent), tracestate, ..EventMeta::clone(meta) });
        delivery.meta = Arc::clone(&meta);
        self.meta = Some(meta);
    }

    /// From now on it is set aside.
    pub(crate) fn give_up(&mut self, cause: Cause) {
        self.effect = Effect::Impossible(cause);
        self.delivery = None;
        self.attempts += 1;
    }

    /// Sets it aside with nothing of its envelope but the tenant, since the database refuses something of it. Answers
    /// whether there was anything to leave out.
    pub(crate) fn strip(&mut self) -> bool {
        let first = !std::mem::replace(&mut self.stripped, true);
        let detail =
            "the database refuses a value of its envelope or of the cause for which it was set aside".into();
        self.give_up(Cause { kind: CauseKind::Undecodable, detail });
        self.meta = None;
        self.identity = None;
        first
    }

    pub(crate) fn candidate(&self) -> Candidate<'_> {
        Candidate {
            partition: self.record.partition,
            offset: self.record.offset,
            tenant: self.tenant.as_ref().map_or("", TenantId::as_str),
            key: self.record.key.as_deref(),
            identity: self.identity,
            effect: self.effect.clone(),
        }
    }

    /// When it was recorded: by its writer's word, but not later than it was written to the log.
    pub(crate) fn recorded_at(&self) -> Timestamp {
        let logged = self.record.timestamp.max(Timestamp::UNIX_EPOCH);
        self.meta.as_ref().and_then(|meta| meta.recorded_at).map_or(logged, |recorded| recorded.min(logged))
    }
}

fn identity(guard: Guard, meta: &EventMeta) -> Result<Option<Identity>, &'static str> {
    match guard {
        Guard::Version => {
            let version = meta.version.ok_or("header ce_version: missing")?;
            Ok(Some(Identity { aggregate: meta.subject, version }))
        }
        Guard::Own => Ok(None),
    }
}
