//! Who sends what and when: decided before anything runs, so that two runs send the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::texts::{Language, Text};

/// How many complaints, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) complaints: u32,
    pub(super) rate: u32,
    pub(super) spike: u32,
}

/// The whole run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) shape: Shape,
    /// When the live room erupts, from the beginning.
    pub(super) spike_begins: Duration,
    /// By time.
    pub(super) planned: Vec<Planned>,
}

/// One caller's intention.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    /// From the beginning.
    pub(super) at: Duration,
    /// Which of the two tenants.
    pub(super) tenant: usize,
    /// The idempotency key.
    pub(super) key: String,
    pub(super) body: Value,
    pub(super) intention: Intention,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intention {
    /// A complaint.
    Complain,
    /// A complaint, and some time after its answer another call under the same key.
    ComplainAgain { when: Again, other_body: bool },
    /// A body without its mandatory text.
    Nonsense,
}

/// When somebody calls again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// At once, as impatient people do: the filter knows.
    Soon,
    /// After Redis has forgotten everything: only the register knows.
    AfterRedisForgot,
}

impl Plan {
    pub(super) fn of(languages: &[Language], shape: Shape, now: Timestamp) -> Self {
        let steady = shape.complaints.div_ceil(5);
        let spike_begins = Duration::from_secs(1) * steady / shape.rate;
        let words: Vec<(&Language, &Text)> = languages
            .iter()
            .flat_map(|language| language.texts.iter().map(move |text| (language, text)))
            .collect();
        let live: Vec<_> = words.iter().copied().filter(|(_, text)| text.live).collect();
        let uproar: Vec<_> = words.iter().copied().filter(|(_, text)| text.uproar).collect();
        let mut planned = Vec::new();
        for n in 0..shape.complaints {
            let in_spike = n >= steady;
            let at = match n.checked_sub(steady) {
                None => Duration::from_secs(1) * n / shape.rate,
                Some(later) => spike_begins + Duration::from_secs(1) * later / shape.spike,
            };
            let index = n as usize;
            // One lie has stirred the room up; one complaint in ten is about something else, and no part of it.
            let words = match (in_spike, n % 10) {
                (true, 9) => live[index / 10 % live.len()],
                (true, _) => uproar[index % uproar.len()],
                _ => words[index * 7 % words.len()],
            };
            let body = body(words, index, in_spike, now);
            let one = Planned {
                at,
                tenant: index % 2,
                key: format!("demo-{n}"),
                body,
                intention: intention(n, in_spike),
            };
            if n % 50 == 11 {
                planned.push(nonsense(&one));
            }
            planned.push(one);
        }
        Self { shape, spike_begins, planned }
    }

    pub(super) fn announcement(&self) -> String {
        let Shape { complaints, rate, spike } = self.shape;
        let steady = self.spike_begins.as_secs_f32();
        format!("{complaints} complaints: {steady:.1} s at {rate}/s, then a live room at {spike}/s")
    }
}

/// A tenth repeats itself and one in 25 sends another body, at once; before the spike as many do so later.
fn intention(n: u32, in_spike: bool) -> Intention {
    let again = |when, other_body| Intention::ComplainAgain { when, other_body };
    match (n % 10, n % 25) {
        (3, _) => again(Again::Soon, false),
        (_, 7) => again(Again::Soon, true),
        (5, _) if !in_spike => again(Again::AfterRedisForgot, false),
        (_, 9) if !in_spike => again(Again::AfterRedisForgot, true),
        _ => Intention::Complain,
    }
}

fn nonsense(of: &Planned) -> Planned {
    let mut bad =
        Planned { key: format!("{}-nonsense", of.key), intention: Intention::Nonsense, ..of.clone() };
    bad.body["text"] = json!("");
    bad
}

/// The body of a caller who has thought of something else.
pub(super) fn other(body: &Value) -> Value {
    let mut other = body.clone();
    other["demand"]["text"] = json!("……");
    other
}

fn body((language, text): (&Language, &Text), n: usize, in_spike: bool, now: Timestamp) -> Value {
    let before = |minutes| (now - SignedDuration::from_mins(minutes)).to_string();
    let mut body = json!({
        "channel": if in_spike { "CHANNEL_LIVE_COMMENT" } else { CHANNELS[n % CHANNELS.len()] },
        "text": text.words,
        "language": language.tag,
        "complainant": {
            "kind": "PARTY_KIND_CONSUMER",
            "externalRef": format!("demo-buyer-{n}"),
            "name": language.names[n % language.names.len()],
            "contacts": [
                {"type": "CONTACT_TYPE_EMAIL", "value": format!("buyer-{n}@example.invalid"), "consentToContact": true},
            ],
        },
        "respondents": [{"kind": "PARTY_KIND_MERCHANT", "externalRef": format!("demo-shop-{}", n % 40)}],
        "order": {
            "orderNo": format!("DEMO{n:08}"),
            "productName": text.product,
            "paid": {"currency": "CNY", "amountMinor": (1_990 + 100 * (n % 300)).to_string()},
            "orderedAt": before(3 * 24 * 60),
        },
        "demand": {"remedies": text.remedies},
    });
    if text.live {
        // A spike is one room; before it many rooms have a complaint now and then.
        let room = if in_spike { 1 } else { n % 30 };
        body["live"] = json!({
            "roomId": format!("demo-room-{room}"),
            "anchorId": format!("demo-anchor-{room}"),
            "startedAt": before(40),
            "offsetMs": 60_000 + n,
        });
        body["respondents"][0] =
            json!({"kind": "PARTY_KIND_ANCHOR", "externalRef": format!("demo-anchor-{room}")});
    }
    body
}

const CHANNELS: [&str; 6] = [
    "CHANNEL_APP",
    "CHANNEL_ORDER_DETAIL",
    "CHANNEL_CHAT",
    "CHANNEL_FORM",
    "CHANNEL_WECHAT",
    "CHANNEL_PHONE",
];

#[cfg(test)]
mod tests {
    use super::super::texts;
    use super::*;
    use std::collections::BTreeSet;

    fn plan() -> Plan {
        let shape = Shape { complaints: 2_500, rate: 50, spike: 400 };
        Plan::of(&texts::all().unwrap(), shape, "2026-11-25T02:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_steady_rate_is_followed_by_a_spike_of_one_live_room() {
        let plan = plan();
        assert_eq!(plan.spike_begins, Duration::from_secs(10));
        let last = plan.planned.last().unwrap();
        assert!(
            last.at > Duration::from_millis(14_900) && last.at < Duration::from_secs(15),
            "{:?}",
            last.at
        );
        assert!(plan.planned.is_sorted_by_key(|planned| planned.at));
        let spike = plan.planned.iter().filter(|planned| planned.at >= plan.spike_begins);
        assert!(spike.clone().all(|planned| planned.body["live"]["roomId"] == "demo-room-1"));
        assert!(spike.count() > 2_000);
    }

    #[test]
    fn every_intention_occurs_and_no_two_complaints_share_a_key() {
        let plan = plan();
        let count = |wanted| plan.planned.iter().filter(|planned| planned.intention == wanted).count();
        assert_eq!(count(Intention::Nonsense), 50);
        for when in [Again::Soon, Again::AfterRedisForgot] {
            for other_body in [false, true] {
                assert!(count(Intention::ComplainAgain { when, other_body }) >= 20, "{when:?} {other_body}");
            }
        }
        let keys: BTreeSet<&str> = plan.planned.iter().map(|planned| planned.key.as_str()).collect();
        assert_eq!(keys.len(), plan.planned.len());
    }

    #[test]
    fn another_body_differs() {
        let planned = &plan().planned[0];
        assert_ne!(other(&planned.body), planned.body);
    }
}
