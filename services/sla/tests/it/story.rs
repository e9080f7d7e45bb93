//! Cases told as facts, in China time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::TenantId;
use redress_sla::domain::course::{BuiltinCalendars, CaseFacts, Clock, Extension, Pin, State, course};
use redress_sla::domain::fact::{Fact, Value};
use redress_sla::domain::policy::Policy;
use redress_sla::domain::vocabulary;
use uuid::Uuid;

/// A case.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) tenant: TenantId,
    pub(crate) facts: Vec<Fact>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) pinned: BTreeMap<Uuid, Pin>,
    pub(crate) policy: Arc<Policy>,
}

/// "2026-03-09T10:00", in China.
pub(crate) fn at(text: &str) -> Timestamp {
    let seconds = if text.len() == 16 { ":00" } else { "" };
    format!("{text}{seconds}+08:00").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn name(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn time(text: &str) -> Value {
    Value::Time(at(text))
}

pub(crate) fn yes(value: bool) -> Value {
    Value::Bool(value)
}

impl Story {
    /// Nothing was heard yet.
    pub(crate) fn new() -> Self {
        Self {
            tenant: "acme".parse().unwrap(),
            facts: Vec::new(),
            extensions: Vec::new(),
            pinned: BTreeMap::new(),
            policy: Policy::builtin(),
        }
    }

    /// A consumer's complaint through a form, registered at `when`.
    pub(crate) fn registered(when: &str) -> Self {
        Self::new().tell(
            when,
            "ComplaintRegistered",
            &[
                ("received_at", time(when)),
                ("submission.channel", name("CHANNEL_FORM")),
                ("submission.origin", name("ORIGIN_CONSUMER")),
            ],
        )
    }

    /// The next event of its topic.
    pub(crate) fn tell(mut self, when: &str, event: &str, fields: &[(&str, Value)]) -> Self {
        let known = vocabulary::event(event).unwrap_or_else(|| panic!("{event} is not heard"));
        for (field, _) in fields {
            assert!(known.fields().contains_key(*field), "{event} has no {field}");
        }
        let topic = known.topic().to_owned();
        let version = 1 + self.facts.iter().filter(|fact| fact.topic == topic).count();
        self.facts.push(Fact {
            topic,
            version: i64::try_from(version).unwrap(),
            at: at(when),
            event: event.to_owned(),
            fields: fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect(),
        });
        self
    }

    /// The next event of its topic, as it stands in the log.
    pub(crate) fn hear<M: prost::Message + prost::Name>(self, when: &str, message: &M) -> Self {
        self.hear_by(when, message, None)
    }

    /// The same, of an envelope that says who decided it.
    pub(crate) fn hear_by<M: prost::Message + prost::Name>(
        mut self,
        when: &str,
        message: &M,
        decided_by: Option<&str>,
    ) -> Self {
        let heard = vocabulary::extract(&M::full_name(), &message.encode_to_vec(), decided_by).unwrap();
        let heard = heard.unwrap_or_else(|| panic!("{} is not heard", M::full_name()));
        self = self.tell(when, heard.event, &[]);
        self.facts.last_mut().unwrap().fields = heard.fields;
        self
    }

    /// It is assessed, and whether it is to be taken up is decided.
    pub(crate) fn assessed(self, when: &str, severity: &str, urgent: bool) -> Self {
        let fields = [
            ("category", name("CATEGORY_CQ01")),
            ("severity", name(&format!("SEVERITY_{severity}"))),
            ("urgent", yes(urgent)),
        ];
        self.tell(when, "AdmissibilityReviewStarted", &fields)
    }

    /// The lifecycle moves.
    pub(crate) fn advanced(self, when: &str, from: &str, to: &str, fact: &str) -> Self {
        let state = |code: &str| name(&format!("COMPLAINT_STATE_{code}"));
        self.tell(
            when,
            "ComplaintAdvanced",
            &[("from", state(from)), ("to", state(to)), ("fact", name(fact))],
        )
    }

    pub(crate) fn complaint(&self) -> Uuid {
        redress_domain::derived_id("test/complaint", &[self.tenant.as_str().as_bytes()])
    }

    pub(crate) fn clocks(&self) -> Vec<Clock> {
        let case = CaseFacts {
            tenant: &self.tenant,
            complaint_id: self.complaint(),
            facts: &self.facts,
            extensions: &self.extensions,
            pinned: &self.pinned,
        };
        course(&case, &self.policy, &BuiltinCalendars).unwrap()
    }

    /// All runs of a definition, in order.
    pub(crate) fn runs(&self, definition: &str) -> Vec<Clock> {
        self.clocks().into_iter().filter(|clock| clock.definition == definition).collect()
    }

    /// The one run of a definition.
    pub(crate) fn clock(&self, definition: &str) -> Clock {
        let mut runs = self.runs(definition);
        assert_eq!(runs.len(), 1, "{definition} runs {} times", runs.len());
        runs.remove(0)
    }

    /// The builtin policy with one replacement in its text.
    pub(crate) fn under(mut self, replace: &str, with: &str) -> Self {
        let text = include_str!("../../data/policies/cn.toml");
        assert!(text.contains(replace), "the policy does not say: {replace}");
        self.policy = Arc::new(Policy::parse(&text.replace(replace, with)).unwrap());
        self
    }
}

/// `running`, `paused lab`, `met`, `met late`, `cancelled closed`.
pub(crate) fn state(clock: &Clock) -> String {
    match &clock.state {
        State::Running => "running".to_owned(),
        State::Paused { reason } => format!("paused {reason}"),
        State::Met { .. } if clock.is_late() => "met late".to_owned(),
        State::Met { .. } => "met".to_owned(),
        State::Cancelled { reason, .. } => format!("cancelled {reason}"),
    }
}

/// When it is due, in China; empty while nobody can tell.
pub(crate) fn due(clock: &Clock) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    clock
        .due_at()
        .map(|at| zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string())
        .unwrap_or_default()
}
