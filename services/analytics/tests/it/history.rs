//! An invented history of complaints of two tenants: what every service told of them, and what is true of each.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use redress_analytics::topics::{ASSESSMENTS, INCIDENTS, LIFECYCLE, NOTICES};
use redress_proto::classification::v1 as classification;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as notification;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::types::v1 as types;
use redress_testkit::EventStream;
use uuid::Uuid;

use crate::script;
use crate::steps::{self, Steps};

pub(crate) const TENANTS: [&str; 2] = ["tenant-a", "tenant-b"];
/// When the history begins; it lasts five days.
pub(crate) const BEGIN: &str = "2026-11-20T00:00:00Z";
pub(crate) const DAYS: i64 = 5;

/// What is true of a complaint.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) tenant: &'static str,
    pub(crate) id: Uuid,
    pub(crate) received_at: Timestamp,
    pub(crate) acknowledge_by: Timestamp,
    pub(crate) channel: &'static str,
    pub(crate) complainant: Option<u8>,
    pub(crate) merchant: Option<&'static str>,
    pub(crate) anchor: Option<&'static str>,
    pub(crate) live_room: Option<&'static str>,
    pub(crate) state: &'static str,
    pub(crate) decided_at: Option<Timestamp>,
    pub(crate) result_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) resubmissions: u32,
    pub(crate) category: Option<&'static str>,
    pub(crate) severity: Option<&'static str>,
    pub(crate) urgent: bool,
    /// When answers were sent to the complainant, and whether each acknowledged the receipt.
    pub(crate) answers: Vec<(Timestamp, bool)>,
    pub(crate) satisfaction: Option<u32>,
    /// Incidents that were not dissolved, with the time of joining.
    pub(crate) incidents: Vec<(Timestamp, Uuid)>,
    pub(crate) steps: Steps,
}

impl Case {
    /// Where the cause lay: every closing of a script names the same.
    pub(crate) fn cause(&self) -> Option<&'static str> {
        (self.state == "closed").then_some("product")
    }
}

/// What is true, and how it was told.
pub(crate) struct History {
    pub(crate) cases: Vec<Case>,
    pub(crate) streams: Vec<EventStream>,
}

pub(crate) fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

impl History {
    /// The history of a seed: `count` complaints.
    pub(crate) fn of(seed: u64, count: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let scripts = script::all();
        let mut history = Self { cases: Vec::new(), streams: Vec::new() };
        for number in 0..count {
            // Every way is taken, the rest by chance.
            let script = scripts.get(number).unwrap_or_else(|| scripts.choose(&mut rng).unwrap());
            history.complaint(&mut rng, script);
        }
        history.incidents(&mut rng);
        history
    }

    fn complaint(&mut self, rng: &mut StdRng, script: &script::Script) {
        // Whole minutes, so that instants meet.
        let received_at = begin() + SignedDuration::from_mins(rng.random_range(0..DAYS * 24 * 60));
        let mut case = Case {
            tenant: TENANTS.choose(rng).unwrap(),
            id: Uuid::from_u128(rng.random()),
            received_at,
            acknowledge_by: received_at + SignedDuration::from_hours(1),
            channel: ["app", "chat", "live_comment"].choose(rng).unwrap(),
            complainant: rng.random_bool(0.8).then(|| rng.random_range(0..40)),
            merchant: ["shop-1", "shop-2"].choose(rng).copied().filter(|_| rng.random_bool(0.8)),
            anchor: ["anchor-1", "anchor-2"].choose(rng).copied().filter(|_| rng.random_bool(0.5)),
            live_room: ["room-1", "room-2"].choose(rng).copied().filter(|_| rng.random_bool(0.5)),
            state: script.state,
            decided_at: None,
            result_at: None,
            ended_at: None,
            outcome: script.outcome,
            resubmissions: 0,
            category: None,
            severity: None,
            urgent: false,
            answers: Vec::new(),
            satisfaction: None,
            incidents: Vec::new(),
            steps: Steps::default(),
        };
        let lifecycle = lifecycle(rng, &mut case, script);
        let assessments = assessments(rng, &mut case);
        if let Some((category, severity, urgent)) = script.applied {
            (case.category, case.severity, case.urgent) = (Some(category), Some(severity), urgent);
        }
        let notices = notices(rng, &mut case);
        self.streams.extend([lifecycle, assessments, notices]);
        self.streams.extend(steps::of(rng, &mut case));
        self.cases.push(case);
    }

    /// Two incidents of each tenant, one of them dissolved, and a third that takes members of the first.
    fn incidents(&mut self, rng: &mut StdRng) {
        for tenant in TENANTS {
            for dissolved in [false, true, false] {
                let id = Uuid::from_u128(rng.random());
                let mut stream = EventStream::new(INCIDENTS, tenant, id);
                let mut at = begin();
                stream.tell(at, &classification::IncidentSuspected::default());
                for case in self.cases.iter_mut().filter(|case| case.tenant == tenant) {
                    if !rng.random_bool(0.2) {
                        continue;
                    }
                    at += SignedDuration::from_secs(rng.random_range(0..2));
                    stream
                        .tell(at, &classification::IncidentMemberAdded { complaint_id: case.id.to_string() });
                    if !dissolved {
                        case.incidents.push((at, id));
                    }
                }
                stream.tell(at, &classification::IncidentConfirmed::default());
                if dissolved {
                    stream.tell(at, &classification::IncidentDissolved { reason: "no_common_cause".into() });
                }
                self.streams.push(stream);
            }
        }
    }
}

fn lifecycle(rng: &mut StdRng, case: &mut Case, script: &script::Script) -> EventStream {
    let mut stream = EventStream::new(LIFECYCLE, case.tenant, case.id);
    stream.tell(case.received_at, &registered(case));
    let mut at = case.received_at;
    for (number, step) in script.steps.iter().enumerate() {
        if rng.random_bool(0.1) {
            case.resubmissions += 1;
            stream.tell(at, &intake::SubmissionDeduplicated { received_at: Some(to_wire_time(at)) });
        }
        // Nothing is counted of these.
        stream.tell(at, &intake::ComplaintTransferred { unit: "unit-1".into() });
        at += SignedDuration::from_secs(rng.random_range(1..200_000));
        step.tell(&mut stream, at);
        let here = |marked: Option<usize>| (marked == Some(number)).then_some(at);
        case.decided_at = case.decided_at.or(here(script.decided));
        case.result_at = case.result_at.or(here(script.result));
        case.ended_at = case.ended_at.or(here(script.ended));
    }
    stream
}

pub(crate) fn registered(case: &Case) -> intake::ComplaintRegistered {
    let merchant = case.merchant.map(|reference| types::Respondent {
        kind: types::PartyKind::Merchant.into(),
        external_ref: reference.into(),
        name: None,
    });
    let other = types::Respondent {
        kind: types::PartyKind::Merchant.into(),
        external_ref: "shop-named-second".into(),
        name: None,
    };
    let channel = format!("CHANNEL_{}", case.channel.to_uppercase());
    intake::ComplaintRegistered {
        received_at: Some(to_wire_time(case.received_at)),
        acknowledge_by: Some(to_wire_time(case.acknowledge_by)),
        submission: Some(types::Submission {
            channel: types::Channel::from_str_name(&channel).unwrap().into(),
            respondents: merchant.into_iter().flat_map(|first| [first, other.clone()]).collect(),
            live: Some(types::LiveRef {
                room_id: case.live_room.unwrap_or_default().into(),
                anchor_id: case.anchor.unwrap_or_default().into(),
                ..types::LiveRef::default()
            }),
            ..types::Submission::default()
        }),
        complainant_index: case.complainant.map(|who| vec![who; 32]).unwrap_or_default(),
        ..intake::ComplaintRegistered::default()
    }
}

fn assessments(rng: &mut StdRng, case: &mut Case) -> EventStream {
    let mut stream = EventStream::new(ASSESSMENTS, case.tenant, case.id);
    for round in 0..rng.random_range(0..3) {
        case.category = ["CQ01", "CQ02", "CQ07"].choose(rng).copied();
        case.severity = ["general", "major"].choose(rng).copied();
        case.urgent = rng.random_bool(0.3);
        let category = format!("CATEGORY_{}", case.category.unwrap());
        let severity = format!("SEVERITY_{}", case.severity.unwrap().to_uppercase());
        let assessment = Some(classification::Assessment {
            category: types::Category::from_str_name(&category).unwrap().into(),
            severity: types::Severity::from_str_name(&severity).unwrap().into(),
            urgent: case.urgent,
            ..classification::Assessment::default()
        });
        let at = case.received_at + SignedDuration::from_secs(rng.random_range(0..10));
        if round == 0 {
            stream.tell(at, &classification::AssessmentMade { assessment, ..Default::default() });
        } else {
            stream.tell(at, &classification::AssessmentOverridden { assessment, ..Default::default() });
        }
        stream.tell(at, &classification::DuplicateSuspected::default());
    }
    stream
}

fn notices(rng: &mut StdRng, case: &mut Case) -> EventStream {
    let mut stream = EventStream::new(NOTICES, case.tenant, case.id);
    for kind in
        [NoticeKind::N05Respondent, NoticeKind::N01Receipt, NoticeKind::N02Acceptance, NoticeKind::N01Receipt]
    {
        if !rng.random_bool(0.6) {
            continue;
        }
        // Some within the hour, some late, and not in the order of their events.
        let at = case.received_at + SignedDuration::from_secs(rng.random_range(0..7_200));
        stream.tell(at, &notification::NoticeQueued { kind: kind.into(), ..Default::default() });
        stream.tell(at, &notification::NoticeSent { kind: kind.into(), ..Default::default() });
        if kind != NoticeKind::N05Respondent {
            case.answers.push((at, kind == NoticeKind::N01Receipt));
        }
    }
    for role in ["complainant", "respondent", "complainant"] {
        if !rng.random_bool(0.3) {
            continue;
        }
        let satisfaction = rng.random_range(1..=5);
        if role == "complainant" {
            case.satisfaction = Some(satisfaction);
        }
        let addressee = Some(notification::Addressee { role: role.into(), ..Default::default() });
        let answer = notification::SurveyAnswered { satisfaction, addressee, ..Default::default() };
        stream.tell(case.received_at, &answer);
    }
    stream
}
