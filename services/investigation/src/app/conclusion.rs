//! Ending the finding of facts (T16).

use async_trait::async_trait;
use jiff::SignedDuration;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command};
use super::requests::take_back;
use super::words::{Words, field, seal, sealed};
use super::{Desk, consultations, fits, text};
use crate::domain::case::State;
use crate::domain::conclusion::{Stand, guard, open_issues};
use crate::domain::conflict::{deciders_are_named, is_recused};
use crate::domain::evidence::Audience;
use crate::domain::evidence::chain::Anchor;
use crate::domain::finding::{Finding, that_count};
use crate::domain::hearing::{Awaited, awaited, carrying, unseen};
use crate::domain::request::{EvidenceRequest, RequestState};
use crate::domain::timeline::Visibility;
use crate::domain::{Refusal, opening};
use crate::error::Error;
use crate::store::{cited, consultation, custody, finding, goods_test, request, timeline};

const CONCLUSION: usize = 10_000;
/// What somebody did who worked on the facts, whoever leads the case now.
const FINDING_FACTS: &[&str] = &[
    "evidence_requested",
    "finding_recorded",
    "rendition_produced",
    "sample_handed_over",
    "task_completed",
    "test_agreed",
    "test_ordered",
    "test_reported",
];

struct Conclude {
    hearing_lasts: SignedDuration,
    round: i32,
    conclusion: Vec<u8>,
}

/// Concludes.
pub async fn conclude(
    desk: &Desk,
    principal: &Principal,
    request: wire::ConcludeInvestigationRequest,
) -> Result<(), Error> {
    let mut found = Violations::default();
    text(&mut found, "conclusion", &request.conclusion, CONCLUSION, false);
    fits(found)?;
    let caller = desk.caller(principal).await?;
    let content = wire::ConcludeInvestigationRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let (file, _) = desk.look(&caller, target.complaint).await?;
    // Sealed for the round that is open now; another round meanwhile is another conclusion.
    let round = file.case.round;
    let name = field::conclusion(opening::investigation_id(&file.tenant, file.id, round));
    let place = (&file.tenant, file.id);
    let conclusion =
        seal(&desk.vault, place, &file.wrapped_key, &name, request.conclusion.as_bytes()).await?;
    let command = Conclude { hearing_lasts: desk.hearing_lasts, round, conclusion };
    desk.change(&caller, target, command).await?;
    Ok(())
}

/// What hangs on the case.
struct Attached {
    requests: Vec<request::Kept>,
    tests: Vec<crate::domain::goods_test::GoodsTest>,
    consultations: Vec<consultation::Kept>,
    own: Vec<Finding>,
    of_incident: Vec<Finding>,
}

impl Attached {
    async fn load(conn: &mut PgConnection, change: &Change) -> Result<Self, Error> {
        let (tenant, complaint) = change.place();
        let case = [(tenant.clone(), complaint)];
        let of_incident = match change.telling.file.case.incident {
            Some(incident) => finding::of(conn, tenant, incident).await?,
            None => Vec::new(),
        };
        Ok(Self {
            requests: request::of_cases(conn, &case).await?,
            tests: goods_test::of_cases(conn, &case).await?.into_iter().map(|(.., test)| test).collect(),
            consultations: consultation::of_cases(conn, &case).await?,
            own: finding::of(conn, tenant, complaint).await?,
            of_incident,
        })
    }
}

#[async_trait]
impl Command for Conclude {
    const NAME: &'static str = "conclude_investigation";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let mut attached = Attached::load(conn, change).await?;
        // What somebody found who is recused meanwhile is found again by somebody else.
        let impartial = |finding: &&Finding| !is_recused(&change.conflicts, &finding.found_by);
        let own: Vec<Finding> = attached.own.iter().filter(impartial).cloned().collect();
        let of_incident: Vec<Finding> = attached.of_incident.iter().filter(impartial).cloned().collect();
        let counting = that_count(&own, &of_incident);
        let requests: Vec<EvidenceRequest> =
            attached.requests.iter().map(|kept| kept.request.clone()).collect();
        let (tenant, complaint) = change.place();
        let incident = change.telling.file.case.incident;
        let carrying = carrying(counting.iter().map(|(finding, _)| *finding));
        let cited = cited::shown(conn, (tenant, complaint), incident, &carrying).await?;
        let respondents = &change.telling.file.case.respondents;
        let unseen = unseen(&cited, respondents);
        let answers = cited::answers(conn, (tenant, complaint)).await?;
        let awaited = awaited(&cited, respondents, &answers, (self.hearing_lasts, change.now));
        let stand = Stand {
            case: &change.telling.file.case,
            by: &change.caller.subject,
            requests: &requests,
            tests: &attached.tests,
            findings: &counting,
            deciders_named: deciders_are_named(&change.conflicts),
            unseen: &unseen,
            awaited: &awaited,
        };
        guard(&stand).map_err(|refusal| explained(refusal, &stand))?;
        if change.telling.file.case.round != self.round {
            return Err(Refusal::NotOpen.into());
        }
        let findings = counting.iter().map(|(f, shared)| super::wire::finding(f, *shared, &Words::closed()));
        let findings = findings.collect::<Result<Vec<_>, _>>()?;
        let (tenant, complaint) = change.place();
        let since = change.telling.file.case.opened_at.unwrap_or(change.now);
        let acted = timeline::actors(conn, (tenant, complaint), FINDING_FACTS, since).await?;
        let investigators = investigators(change, &attached, acted);
        settle_rest(conn, change, &mut attached).await?;
        let (tenant, complaint) = change.place();
        let end = custody::end(conn, tenant, complaint).await?;
        self.tell(change, (findings, end), investigators, &requests);
        Ok(String::new())
    }
}

impl Conclude {
    fn tell(
        &self,
        change: &mut Change,
        (findings, end): (Vec<wire::Finding>, Option<Anchor>),
        investigators: Vec<String>,
        requests: &[EvidenceRequest],
    ) {
        let round = change.telling.file.case.round;
        let file = &mut change.telling.file;
        file.case.state = State::Concluded;
        file.case.concluded_at = Some(change.now);
        file.case.concluded_by.clone_from(&change.caller.subject);
        file.conclusion.clone_from(&self.conclusion);
        let id = file.case.investigation_id.unwrap_or_default();
        let lapsed = requests.iter().filter(|r| r.round == round && r.state == RequestState::Lapsed);
        let concluded = wire::InvestigationConcluded {
            investigation_id: id.to_string(),
            round: u32::try_from(round).unwrap_or_default(),
            findings,
            lapsed: lapsed.map(super::clocks::lapsed).collect(),
            investigators,
            sealed: sealed(&file.wrapped_key, field::conclusion(id), &self.conclusion),
            chain_links: end.map_or(0, |end| i64::try_from(end.count).unwrap_or(i64::MAX)),
            chain_head: end.map(|end| hex::encode(end.head)).unwrap_or_default(),
        };
        let version = change.telling.tell(&concluded);
        change.telling.file.concluded_version = version;
        change.telling.enter("investigation_concluded", None, Visibility::Everybody);
    }
}

/// Which points, requests or copies are missing, beside the reason.
fn explained(refusal: Refusal, stand: &Stand<'_>) -> Error {
    let Error::Told(problem) = Error::from(refusal) else { return refusal.into() };
    let problem: Problem = match refusal {
        Refusal::FindingMissing => {
            problem.with("issues", open_issues(&stand.case.issues, stand.findings).join(","))
        }
        Refusal::MandatoryRequestOpen => {
            let open = stand.requests.iter().filter(|request| request.mandatory && request.state.is_open());
            problem.with("evidence_request_ids", open.map(|r| r.id.to_string()).collect::<Vec<_>>().join(","))
        }
        Refusal::EvidenceNotShown => {
            let side = |(evidence, audience): &(Uuid, Audience)| format!("{evidence}:{}", audience.code());
            problem.with("evidence", stand.unseen.iter().map(side).collect::<Vec<_>>().join(","))
        }
        Refusal::HearingNotOver => {
            let side = |one: &Awaited| format!("{}:{}", one.evidence, one.audience.code());
            let until = stand.awaited.iter().map(|one| one.until).max();
            problem
                .with("evidence", stand.awaited.iter().map(side).collect::<Vec<_>>().join(","))
                .with("until", until.map(|until| until.to_string()).unwrap_or_default())
        }
        _ => problem,
    };
    problem.into()
}

/// Everybody who worked on it: whoever reviews what follows must be somebody else.
fn investigators(change: &Change, attached: &Attached, acted: Vec<String>) -> Vec<String> {
    let case = &change.telling.file.case;
    let found_by = attached.own.iter().chain(&attached.of_incident).map(|finding| finding.found_by.clone());
    let mut all: Vec<String> = found_by
        .chain(case.group.members.iter().cloned())
        .chain(acted)
        .chain([case.handler.clone(), change.caller.subject.clone()])
        .filter(|subject| !subject.is_empty())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What is still asked without being needed is asked no more.
async fn settle_rest(
    conn: &mut PgConnection,
    change: &mut Change,
    attached: &mut Attached,
) -> Result<(), Error> {
    let mut taken_back = Vec::new();
    for kept in &mut attached.requests {
        if take_back(&mut change.telling, kept) {
            taken_back.push(&*kept);
        }
    }
    request::save(conn, &taken_back).await?;
    for (tenant, complaint, consultation) in &mut attached.consultations {
        if consultations::cancel(&mut change.telling, consultation) {
            consultation::save(conn, tenant, *complaint, consultation).await?;
        }
    }
    Ok(())
}
