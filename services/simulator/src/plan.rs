//! Who sends what and when: decided before anything runs, so that two runs send the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_proto::types::v1::PartyKind;
use serde_json::{Value, json};

use crate::connectors::EMPTY_PURSE;
use crate::dice::throw;
use crate::texts::{Language, Text};

/// How many complaints, how fast, and by which chance.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// All of them.
    pub complaints: u32,
    /// Per second, before the spike.
    pub rate: u32,
    /// Per second, in the spike.
    pub spike: u32,
    /// What decides who does what.
    pub seed: u64,
}

/// The whole run.
#[derive(Debug)]
pub struct Plan {
    /// As it was asked for.
    pub shape: Shape,
    /// When the live room erupts, from the beginning.
    pub spike_begins: Duration,
    /// By time.
    pub planned: Vec<Planned>,
}

/// One caller's intention.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// From the beginning.
    pub at: Duration,
    /// Which of the two tenants.
    pub tenant: usize,
    /// The idempotency key.
    pub key: String,
    /// The submission, as JSON.
    pub body: Value,
    /// What the caller does.
    pub intention: Intention,
    /// How the case goes on.
    pub script: Script,
    /// Who argues it.
    pub parties: Parties,
}

/// Who argues a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The platform's reference of the complainant, and the subject of their token.
    pub complainant: String,
    /// What the respondent is.
    pub respondent_kind: PartyKind,
    /// The respondent, and the subject of their token.
    pub respondent: String,
    /// What was paid, minor units.
    pub paid_minor: i64,
}

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intention {
    /// A complaint.
    Complain,
    /// A complaint, and some time after its answer another call under the same key.
    ComplainAgain {
        /// After which time.
        when: Again,
        /// Whether with another body.
        other_body: bool,
    },
    /// A body without its mandatory text.
    Nonsense,
}

/// How a case goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Evidence at once, a proposal that both accept, paid, reported, accepted.
    Settle,
    /// The respondent asks for more time before it answers.
    EvidenceLate,
    /// The respondent never answers; the handler gives it up and goes by the rest.
    EvidenceNever,
    /// The complainant declines the proposal; a person rules.
    Ruling,
    /// The respondent cannot pay; the platform pays first.
    FailedRefund,
    /// The complainant appeals against the result; another person upholds it.
    Appeal,
    /// The complainant takes it back.
    Withdraw,
    /// It insults and complains of nothing; a supervisor refuses it.
    Abusive,
    /// Details are missing and are brought in when they are asked for.
    MissingDetails,
    /// It came from a regulator, and mediation ends with handing it back.
    Regulator,
    /// A merchant against a penalty of the platform.
    Penalty,
    /// One of the many that one live room has misled; handled together.
    Spike,
}

/// Of twenty cases before the spike; a seed shuffles them.
const DECK: [Script; 20] = [
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::Settle,
    Script::EvidenceLate,
    Script::EvidenceLate,
    Script::EvidenceNever,
    Script::Ruling,
    Script::Ruling,
    Script::FailedRefund,
    Script::Appeal,
    Script::Appeal,
    Script::Withdraw,
    Script::Withdraw,
    Script::Abusive,
    Script::MissingDetails,
    Script::Regulator,
    Script::Penalty,
];

/// When somebody calls again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// At once, as impatient people do: the filter knows.
    Soon,
    /// After Redis has forgotten everything: only the register knows.
    AfterRedisForgot,
}

impl Plan {
    /// Two thirds of the complaints come at the steady rate, the others in the spike.
    pub fn of(languages: &[Language], shape: Shape, now: Timestamp) -> Self {
        let steady = (shape.complaints * 2).div_ceil(3);
        let spike_begins = Duration::from_secs(1) * steady / shape.rate;
        let words: Vec<(&Language, &Text)> = languages
            .iter()
            .flat_map(|language| language.texts.iter().map(move |text| (language, text)))
            .collect();
        let mut planned = Vec::new();
        for n in 0..shape.complaints {
            let script = if n < steady { script(shape.seed, n) } else { Script::Spike };
            let at = match n.checked_sub(steady) {
                None => Duration::from_secs(1) * n / shape.rate,
                Some(later) => spike_begins + Duration::from_secs(1) * later / shape.spike,
            };
            let fitting: Vec<_> = words.iter().copied().filter(|(_, text)| fits(script, text)).collect();
            let Some(chosen) = pick(shape.seed, n, &fitting) else { continue };
            let case = Case { n, script, chosen };
            let (body, parties) = (case.body(now), case.parties());
            let one = Planned {
                at,
                // One room is one tenant's.
                tenant: if script == Script::Spike { 0 } else { n as usize % 2 },
                key: format!("sim-{}-{n}", shape.seed),
                body,
                intention: intention(n, script == Script::Spike),
                script,
                parties,
            };
            if n % 50 == 11 {
                planned.push(nonsense(&one));
            }
            planned.push(one);
        }
        Self { shape, spike_begins, planned }
    }

    /// Complaints of the live room.
    pub fn in_spike(&self) -> usize {
        let in_spike = |planned: &&Planned| planned.script == Script::Spike;
        let complains = |planned: &&Planned| planned.intention != Intention::Nonsense;
        self.planned.iter().filter(in_spike).filter(complains).count()
    }

    /// In one line, for people.
    pub fn announcement(&self) -> String {
        let Shape { complaints, rate, spike, seed } = self.shape;
        let steady = self.spike_begins.as_secs_f32();
        format!(
            "{complaints} complaints by seed {seed}: {steady:.1} s at {rate}/s, then a live room at {spike}/s"
        )
    }
}

/// By a deck of twenty that is shuffled anew for every twenty, so that each script comes up in any short run.
fn script(seed: u64, n: u32) -> Script {
    let (round, place) = (n / 20, n as usize % 20);
    let mut deck: Vec<(u64, usize)> =
        (0..DECK.len()).map(|card| (throw(seed, &format!("deck {round} {card}"), u64::MAX), card)).collect();
    deck.sort_unstable();
    DECK[deck[place].1]
}

fn fits(script: Script, text: &Text) -> bool {
    match script {
        Script::Spike => text.uproar,
        Script::Abusive => text.abusive,
        Script::Penalty => text.penalty,
        _ => !(text.uproar || text.abusive || text.penalty),
    }
}

fn pick<T: Copy>(seed: u64, n: u32, of: &[T]) -> Option<T> {
    let place = throw(seed, &format!("text {n}"), of.len() as u64);
    of.get(usize::try_from(place).ok()?).copied()
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
pub(crate) fn other(body: &Value) -> Value {
    let mut other = body.clone();
    other["demand"]["text"] = json!("……");
    other
}

struct Case<'a> {
    n: u32,
    script: Script,
    chosen: (&'a Language, &'a Text),
}

impl Case<'_> {
    fn paid_minor(&self) -> i64 {
        1_990 + 100 * i64::from(self.n % 300)
    }

    /// A spike is one room; before it many rooms have a complaint now and then.
    fn room(&self) -> u32 {
        if self.script == Script::Spike { 1 } else { 2 + self.n % 30 }
    }

    fn parties(&self) -> Parties {
        let n = self.n;
        let (respondent_kind, respondent) = match self.script {
            Script::Penalty => (PartyKind::Platform, "sim-platform".to_owned()),
            Script::FailedRefund => (PartyKind::Merchant, format!("{EMPTY_PURSE}{}", n % 10)),
            _ if self.chosen.1.live => (PartyKind::Anchor, format!("sim-anchor-{}", self.room())),
            _ => (PartyKind::Merchant, format!("sim-shop-{}", n % 40)),
        };
        let complainant = match self.script {
            Script::Penalty => format!("sim-fined-shop-{n}"),
            _ => format!("sim-buyer-{n}"),
        };
        Parties { complainant, respondent_kind, respondent, paid_minor: self.paid_minor() }
    }

    fn body(&self, now: Timestamp) -> Value {
        let (n, (language, text)) = (self.n, self.chosen);
        let before = |minutes| (now - SignedDuration::from_mins(minutes)).to_string();
        let parties = self.parties();
        let merchant = self.script == Script::Penalty;
        let channel = match self.script {
            Script::Spike => "CHANNEL_LIVE_COMMENT",
            Script::Regulator => "CHANNEL_REGULATOR",
            _ => CHANNELS[n as usize % CHANNELS.len()],
        };
        let mut body = json!({
            "channel": channel,
            "text": text.words,
            "language": language.tag,
            "complainant": {
                "kind": if merchant { "PARTY_KIND_MERCHANT" } else { "PARTY_KIND_CONSUMER" },
                "externalRef": parties.complainant,
                "name": language.names[n as usize % language.names.len()],
                "contacts": [
                    {"type": "CONTACT_TYPE_EMAIL", "value": format!("sim-{n}@example.invalid"), "consentToContact": true},
                ],
            },
            "respondents": [
                {"kind": parties.respondent_kind.as_str_name(), "externalRef": parties.respondent},
            ],
            "demand": {"remedies": text.remedies},
        });
        if self.script != Script::MissingDetails {
            body["order"] = json!({
                "orderNo": format!("SIM{n:08}"),
                "productName": text.product,
                "paid": {"currency": "CNY", "amountMinor": parties.paid_minor.to_string()},
                "orderedAt": before(3 * 24 * 60),
            });
        }
        if text.live {
            body["live"] = json!({
                "roomId": format!("sim-room-{}", self.room()),
                "anchorId": format!("sim-anchor-{}", self.room()),
                "startedAt": before(40),
                "offsetMs": 60_000 + n,
            });
        }
        body
    }
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
    use super::*;
    use crate::texts;
    use std::collections::BTreeSet;

    fn plan(seed: u64, complaints: u32) -> Plan {
        let shape = Shape { complaints, rate: 5, spike: 40, seed };
        Plan::of(&texts::all().unwrap(), shape, "2026-11-25T02:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_steady_rate_is_followed_by_a_spike_of_one_live_room_of_one_tenant() {
        let plan = plan(1, 300);
        assert_eq!(plan.spike_begins, Duration::from_secs(40));
        assert_eq!(plan.in_spike(), 100);
        let last = plan.planned.last().unwrap();
        assert!(last.at > Duration::from_secs(42) && last.at < Duration::from_secs(43), "{:?}", last.at);
        assert!(plan.planned.is_sorted_by_key(|planned| planned.at));
        for planned in plan.planned.iter().filter(|planned| planned.at >= plan.spike_begins) {
            assert_eq!(planned.body["live"]["roomId"], "sim-room-1");
            assert_eq!((planned.tenant, planned.script), (0, Script::Spike));
        }
        let calm = plan.planned.iter().filter(|planned| planned.script != Script::Spike);
        assert!(calm.clone().all(|planned| planned.body["live"]["roomId"] != "sim-room-1"));
        assert_eq!(calm.map(|planned| planned.tenant).collect::<BTreeSet<_>>().len(), 2);
    }

    #[test]
    fn every_script_comes_up_among_thirty_and_the_seed_decides_their_order() {
        let scripts = |seed| plan(seed, 30).planned.iter().map(|planned| planned.script).collect::<Vec<_>>();
        let different: BTreeSet<Script> = scripts(1).into_iter().collect();
        assert_eq!(different.len(), 12, "{different:?}");
        assert_eq!(scripts(1), scripts(1));
        assert_ne!(scripts(1), scripts(2));
    }

    #[test]
    fn every_intention_occurs_and_no_two_complaints_share_a_key_or_a_complainant() {
        let plan = plan(1, 300);
        let count = |wanted| plan.planned.iter().filter(|planned| planned.intention == wanted).count();
        assert_eq!(count(Intention::Nonsense), 6);
        for when in [Again::Soon, Again::AfterRedisForgot] {
            for other_body in [false, true] {
                assert!(count(Intention::ComplainAgain { when, other_body }) >= 4, "{when:?} {other_body}");
            }
        }
        let keys: BTreeSet<&str> = plan.planned.iter().map(|planned| planned.key.as_str()).collect();
        assert_eq!(keys.len(), plan.planned.len());
        let complain = plan.planned.iter().filter(|planned| planned.intention != Intention::Nonsense);
        let people: BTreeSet<&str> = complain.map(|planned| planned.parties.complainant.as_str()).collect();
        assert_eq!(people.len(), 300);
    }

    #[test]
    fn who_cannot_pay_is_asked_for_a_refund_that_fails_and_missing_details_are_an_order() {
        for planned in plan(1, 300).planned {
            assert_eq!(
                planned.parties.respondent.starts_with(EMPTY_PURSE),
                planned.script == Script::FailedRefund
            );
            assert_eq!(planned.body["order"].is_null(), planned.script == Script::MissingDetails);
        }
    }

    #[test]
    fn another_body_differs() {
        let planned = &plan(1, 30).planned[0];
        assert_ne!(other(&planned.body), planned.body);
    }
}
