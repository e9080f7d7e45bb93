//! One try: a letter, a channel, an answer.

use std::sync::{Arc, LazyLock};

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};
use serde::Serialize;

use super::prepare::{Prepared, Task};
use super::{Dispatch, Done, NoticeRef, Through};
use crate::app::wire;
use crate::channel::Chance;
use crate::channel::callback::Message;
use crate::channel::in_app::Envelope;
use crate::domain::delivery::Outcome;
use crate::domain::letter::Letter;
use crate::domain::route::{Address, Station};
use crate::store::notice::Notice;

/// Tries, by channel and outcome.
static TRIES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    let meter = global::meter("redress-notification");
    meter.u64_counter("redress.notice.tries").with_description("Tries to deliver notices.").build()
});

/// Time from when a notice might go out until a channel took it.
static DELAY: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    let meter = global::meter("redress-notification");
    let delay = meter.f64_histogram("redress.notice.delay").with_unit("s");
    delay.with_description("Time until a channel took a notice that might go out.").build()
});

/// A callback's body. Its form is a contract with receivers: fields are added, never changed.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    notice_id: String,
    complaint_id: String,
    kind: &'static str,
    addressee: Addressee<'a>,
    locale: &'static str,
    urgent: bool,
    not_before: String,
    subject: &'a str,
    body: &'a str,
    plain: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Addressee<'a> {
    role: &'static str,
    kind: &'static str,
    external_ref: &'a str,
}

impl Dispatch {
    pub(super) async fn carry(&self, prepared: Prepared, chance: &Chance) -> Done {
        let Prepared { claimed, notice, task } = prepared;
        let at = self.desk.now();
        let (through, outcome) = match task {
            Task::NoWay(reason) => (Through::Nothing, Outcome::Refused(reason.into())),
            Task::Broken => (Through::Nothing, Outcome::Failed("COMPOSITION".into())),
            Task::Station { station, more, letter } => {
                let channel = station.address.channel();
                let attempt = self.to_station(&notice, &station, &letter, (at, chance));
                let outcome = self.pace.watch(channel, attempt).await;
                (Through::Station { name: station.name, channel, more }, outcome)
            }
            Task::Callback { url, secrets, letter } => {
                let body = body(&notice, &letter);
                let message = Message { url: &url, secrets: &secrets, notice: notice.id, body, at };
                (Through::Callback, self.outlets.callbacks.send(message, chance).await)
            }
        };
        measure(&notice, &through, &outcome, self.desk.now());
        let notice = Arc::new(NoticeRef { complaint: notice.complaint });
        Done { claimed, notice, through, outcome, at: self.desk.now() }
    }

    async fn to_station(
        &self,
        notice: &Notice,
        station: &Station,
        letter: &Letter,
        (at, chance): (jiff::Timestamp, &Chance),
    ) -> Outcome {
        match (&station.address, &self.outlets.email, &self.outlets.in_app) {
            (Address::Email(to), Some(email), _) => {
                email.send(notice.id, to, letter, notice.locale, (at, chance)).await
            }
            (Address::InApp(reference), _, Some(in_app)) => {
                let envelope = Envelope {
                    tenant: &notice.tenant,
                    notice: notice.id,
                    reference,
                    kind: wire::kind(notice.kind),
                    locale: notice.locale,
                };
                in_app.send(&envelope, letter, chance).await
            }
            // The route knows only channels that are there.
            _ => Outcome::Refused("NO_CHANNEL".into()),
        }
    }
}

fn body(notice: &Notice, letter: &Letter) -> Vec<u8> {
    let body = Body {
        r#type: format!("notice.{}", notice.kind),
        timestamp: notice.queued_at.to_string(),
        data: Data {
            notice_id: notice.id.to_string(),
            complaint_id: notice.complaint.to_string(),
            kind: wire::kind(notice.kind).as_str_name(),
            addressee: Addressee {
                role: notice.addressee.role.code(),
                kind: notice.addressee.kind.code(),
                external_ref: &notice.addressee.reference,
            },
            locale: notice.locale.code(),
            urgent: notice.urgent,
            not_before: notice.not_before.to_string(),
            subject: &letter.subject,
            body: &letter.body,
            plain: &letter.plain,
        },
    };
    // Texts, booleans and names: there is nothing in it that JSON could not hold.
    serde_json::to_vec(&body).unwrap_or_default()
}

fn measure(notice: &Notice, through: &Through, outcome: &Outcome, now: jiff::Timestamp) {
    let channel = match through {
        Through::Station { channel, .. } => channel.code(),
        Through::Callback => "callback",
        Through::Nothing => "none",
    };
    let (name, took) = match outcome {
        Outcome::Accepted | Outcome::Delivered => ("accepted", true),
        Outcome::Refused(_) => ("refused", false),
        Outcome::Failed(_) => ("failed", false),
        Outcome::Deferred => ("deferred", false),
    };
    let labels = [KeyValue::new("redress.channel", channel), KeyValue::new("redress.outcome", name)];
    TRIES.add(1, &labels);
    if took {
        let ready = if through == &Through::Callback { notice.queued_at } else { notice.not_before };
        DELAY.record((now - ready).total(jiff::Unit::Second).unwrap_or_default().max(0.0), &labels[..1]);
    }
}
