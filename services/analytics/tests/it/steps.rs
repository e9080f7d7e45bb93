//! What investigation, resolution and sla tell of a complaint, by chance, and what is true then.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use redress_analytics::topics::{CLOCKS, INVESTIGATION, RESOLUTION};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as resolution;
use redress_proto::sla::v1 as sla;
use redress_proto::types::v1::Money;
use redress_testkit::EventStream;
use uuid::Uuid;

use crate::history::Case;

/// What is true of the steps of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    pub(crate) opened_at: Option<Timestamp>,
    pub(crate) concluded_at: Option<Timestamp>,
    /// Whether each request for evidence lapsed.
    pub(crate) requests: Vec<bool>,
    /// Where each remedy came to, and its money.
    pub(crate) remedies: Vec<(&'static str, Option<i64>)>,
    pub(crate) currency: Option<&'static str>,
    pub(crate) appeals: u32,
    /// Definition of each clock, and where it came to.
    pub(crate) clocks: Vec<(&'static str, &'static str)>,
}

/// All that the three tell of a case; what is true is written into it.
pub(crate) fn of(rng: &mut StdRng, case: &mut Case) -> [EventStream; 3] {
    // A generator of its own, so that what others tell stays the same.
    let mut rng = StdRng::seed_from_u64(rng.random());
    [investigation(&mut rng, case), resolution(&mut rng, case), clocks(&mut rng, case)]
}

fn id(rng: &mut StdRng) -> String {
    Uuid::from_u128(rng.random()).to_string()
}

fn investigation(rng: &mut StdRng, case: &mut Case) -> EventStream {
    let mut stream = EventStream::new(INVESTIGATION, case.tenant, case.id);
    let mut at = case.received_at;
    let mut later = |rng: &mut StdRng| {
        at += SignedDuration::from_secs(rng.random_range(1..90_000));
        at
    };
    // The second round changes nothing of when the first began and ended.
    for round in 0..rng.random_range(0..3) {
        let opened_at = later(rng);
        stream.tell(opened_at, &investigation::InvestigationOpened::default());
        case.steps.opened_at.get_or_insert(opened_at);
        for _ in 0..rng.random_range(0..3) {
            let request_id = id(rng);
            let asked =
                investigation::EvidenceRequested { request_id: request_id.clone(), ..Default::default() };
            stream.tell(later(rng), &asked);
            let piece = |settled| investigation::EvidenceSubmitted {
                request_id: request_id.clone(),
                request_settled: settled,
                ..Default::default()
            };
            stream.tell(later(rng), &piece(false));
            let lapsed = rng.random_bool(0.4);
            if lapsed {
                let lapse = investigation::EvidenceRequestLapsed {
                    request_id: request_id.clone(),
                    ..Default::default()
                };
                stream.tell(later(rng), &lapse);
            } else {
                stream.tell(later(rng), &piece(true));
            }
            case.steps.requests.push(lapsed);
        }
        if round == 0 && rng.random_bool(0.7) {
            let concluded_at = later(rng);
            stream.tell(concluded_at, &investigation::InvestigationConcluded::default());
            case.steps.concluded_at = Some(concluded_at);
        }
    }
    stream
}

fn resolution(rng: &mut StdRng, case: &mut Case) -> EventStream {
    let mut stream = EventStream::new(RESOLUTION, case.tenant, case.id);
    let currency = ["CNY", "HKD"].choose(rng).copied().unwrap();
    for _ in 0..rng.random_range(0..3) {
        let remedy_id = id(rng);
        let money = rng.random_bool(0.7).then(|| rng.random_range(1..100_000));
        let amount = money.map(|amount_minor| Money { currency: currency.into(), amount_minor });
        case.steps.currency = case.steps.currency.or(money.map(|_| currency));
        let at = case.received_at;
        stream.tell(
            at,
            &resolution::RemedyOrdered { remedy_id: remedy_id.clone(), amount, ..Default::default() },
        );
        let states = ["ordered", "executed", "failed", "advanced", "cancelled", "reversed"];
        let state = states.choose(rng).copied().unwrap();
        if matches!(state, "failed" | "advanced") {
            stream.tell(at, &resolution::RemedyFailed { remedy_id: remedy_id.clone(), ..Default::default() });
        }
        match state {
            "executed" => {
                stream.tell(at, &resolution::RemedyExecuted { remedy_id, ..Default::default() });
            }
            "cancelled" => {
                stream.tell(at, &resolution::RemedyCancelled { remedy_id, ..Default::default() });
            }
            "reversed" => {
                let executed =
                    resolution::RemedyExecuted { remedy_id: remedy_id.clone(), ..Default::default() };
                stream.tell(at, &executed);
                stream.tell(at, &resolution::RemedyReversed { remedy_id, ..Default::default() });
            }
            "advanced" => {
                stream.tell(at, &resolution::RemedyAdvanced { remedy_id, ..Default::default() });
            }
            _ => {}
        }
        case.steps.remedies.push((state, money));
    }
    if rng.random_bool(0.2) {
        let appeal_id = id(rng);
        let filed = resolution::AppealFiled { appeal_id: appeal_id.clone(), ..Default::default() };
        stream.tell(case.received_at, &filed);
        stream.tell(case.received_at, &resolution::AppealDecided { appeal_id, ..Default::default() });
        case.steps.appeals = 1;
    }
    stream
}

fn clocks(rng: &mut StdRng, case: &mut Case) -> EventStream {
    let mut stream = EventStream::new(CLOCKS, case.tenant, case.id);
    let at = case.received_at;
    let due_at = Some(to_wire_time(at + SignedDuration::from_hours(1)));
    for definition in ["C05", "C06", "C11", "C13"] {
        let clock = Some(sla::ClockRef {
            clock_id: id(rng),
            definition: definition.into(),
            ..sla::ClockRef::default()
        });
        let state = ["running", "met", "met_late", "breached", "cancelled"].choose(rng).copied().unwrap();
        stream.tell(at, &sla::ClockStarted { clock: clock.clone(), due_at, ..Default::default() });
        stream.tell(at, &sla::ClockPaused { clock: clock.clone(), ..Default::default() });
        stream.tell(at, &sla::ClockResumed { clock: clock.clone(), due_at, ..Default::default() });
        if matches!(state, "met_late" | "breached") {
            stream.tell(at, &sla::ClockBreached { clock: clock.clone(), due_at, ..Default::default() });
        }
        let after_breach = state == "met_late";
        match state {
            "met" | "met_late" => {
                stream.tell(
                    at,
                    &sla::ClockMet { clock: clock.clone(), due_at, after_breach, ..Default::default() },
                );
            }
            "cancelled" => {
                stream.tell(at, &sla::ClockCancelled { clock: clock.clone(), ..Default::default() });
            }
            _ => {}
        }
        // A deadline that is computed anew says nothing of where its clock stands.
        stream.tell(at, &sla::DeadlineRecalculated { clock, new_due_at: due_at, ..Default::default() });
        case.steps.clocks.push((definition, state));
    }
    stream
}
