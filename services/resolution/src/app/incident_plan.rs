//! `PlanForIncident`: one plan for all members of an incident, a proposal for each, each free to differ (L34).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message as _, Name as _};
use redress_domain::{ComplaintId, ErrorKind, Principal, Problem, TenantId, Violations, derived_id};
use redress_outbox::{Call, Seen};
use redress_proto::resolution::v1 as wire;
use redress_vault::{Sealer, WrappedKey};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::out::Out;
use super::publish::Origin;
use super::save::Left;
use super::standing::{self, Standing};
use super::wire::{options as told_options, read_options, sides};
use super::{Desk, rules, words};
use crate::domain::case::Case;
use crate::domain::guard::{Refusal, require};
use crate::domain::proposal::{self, Proposal, ProposalKind, ProposalState, Revision};
use crate::domain::ruling::check_offered;
use crate::domain::state::State;
use crate::domain::terms::RemedyTerms;
use crate::domain::text;
use crate::error::Error;
use crate::store::case::{self, Held, Key};
use crate::store::incident;

/// The most members of one call; it says whether there are more.
const MOST: i64 = 500;

/// A plan: options with their words; none leaves a member out.
type Plan = (Vec<Vec<RemedyTerms>>, Vec<String>);

/// Drafts a proposal for every member that waits for one.
pub async fn plan(
    desk: &Desk,
    caller: &Principal,
    message: wire::PlanForIncidentRequest,
) -> Result<wire::PlanForIncidentResponse, Error> {
    let incident = Uuid::try_parse(&message.incident_id).map_err(|_| Problem::not_found())?;
    let (general, special) = read(&message)?;
    let mut content = message.clone();
    content.request_id.clear();
    let content =
        [wire::PlanForIncidentRequest::full_name().as_bytes(), b"\0", &content.encode_to_vec()].concat();
    let fingerprint = desk.vault.fingerprint(&caller.tenant, &content).await?;
    let call = Call::new(caller, &message.request_id, fingerprint)?;
    let nothing = |(_, (options, _)): &(&Uuid, &Plan)| options.is_empty();
    let left_out: Vec<Uuid> = special.iter().filter(nothing).map(|(id, _)| *id).collect();
    let index = standing::index_of(&desk.vault, caller).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let members = incident::unplanned(&mut conn, &caller.tenant, incident, &left_out, MOST + 1).await?;
    let more = members.len() > usize::try_from(MOST).unwrap_or(usize::MAX);
    let members: Vec<Uuid> = members.into_iter().take(usize::try_from(MOST).unwrap_or(usize::MAX)).collect();
    // Outside the transaction: a key provider may be a remote service.
    let sealers = sealers(desk, &mut conn, &caller.tenant, &members).await?;
    drop(conn);
    let work = Arc::new(Work {
        caller: caller.clone(),
        index,
        call,
        incident,
        general,
        special,
        full_basis: message.full_basis,
        members,
        sealers,
        now: desk.now(),
    });
    let planned = desk
        .db
        .run_tx("plan_for_incident", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.run(conn).await })
        })
        .await?;
    desk.wake.wake();
    Ok(wire::PlanForIncidentResponse { more, ..planned })
}

fn read(message: &wire::PlanForIncidentRequest) -> Result<(Plan, HashMap<Uuid, Plan>), Error> {
    let mut found = Violations::default();
    let general = read_options(&mut found, "options", &message.options);
    text::words(&mut found, "fullBasis", &message.full_basis, 20_000);
    if message.members.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
        found.add("members", "TOO_MANY", "at most 500");
    }
    let mut special = HashMap::new();
    for (index, member) in message.members.iter().enumerate() {
        let field = format!("members[{index}]");
        let Ok(id) = Uuid::try_parse(&member.complaint_id) else {
            found.add(format!("{field}.complaintId"), "MALFORMED", "the id of a complaint is expected");
            continue;
        };
        let plan = if member.options.is_empty() {
            Plan::default()
        } else {
            read_options(&mut found, &format!("{field}.options"), &member.options)
        };
        special.insert(id, plan);
    }
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    Ok((general, special))
}

async fn sealers(
    desk: &Desk,
    conn: &mut PgConnection,
    tenant: &TenantId,
    members: &[Uuid],
) -> Result<HashMap<Uuid, Sealer>, Error> {
    let mut sealers = HashMap::new();
    for (id, key) in case::wrapped_keys(conn, tenant, members).await? {
        let complaint = ComplaintId::from_uuid(id);
        let sealer = desk.vault.sealer_from(tenant, complaint, &WrappedKey::from_bytes(&key)?).await?;
        sealers.insert(id, sealer);
    }
    Ok(sealers)
}

struct Work {
    caller: Principal,
    index: Vec<u8>,
    call: Call,
    incident: Uuid,
    general: Plan,
    special: HashMap<Uuid, Plan>,
    full_basis: String,
    members: Vec<Uuid>,
    sealers: HashMap<Uuid, Sealer>,
    now: Timestamp,
}

impl Work {
    async fn run(&self, conn: &mut PgConnection) -> Result<wire::PlanForIncidentResponse, Error> {
        let tenant = &self.caller.tenant;
        let state = incident::lock(conn, tenant, self.incident).await?.ok_or_else(Problem::not_found)?;
        match self.call.seen(conn).await? {
            Seen::Same(planned) => return Ok(again(&planned)),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        if state != "confirmed" {
            let message = "a plan for all needs an incident that somebody confirmed";
            let problem = Problem::new(ErrorKind::FailedPrecondition, "INCIDENT_NOT_CONFIRMED", message);
            return Err(problem.with("satisfied_by", "ConfirmIncident").into());
        }
        let keys: Vec<Key> =
            self.members.iter().map(|id| (tenant.clone(), ComplaintId::from_uuid(*id))).collect();
        let mut held = case::lock_all(conn, &keys).await?;
        // As if each were drafted alone: a rule that is not in force charges nobody (L22, L28).
        for (options, _) in std::iter::once(&self.general).chain(self.special.values()) {
            rules::require_charges(conn, tenant, &options.concat(), self.now).await?;
        }
        let mut left = Left::default();
        let mut answer = wire::PlanForIncidentResponse::default();
        let origin = Origin::person(&self.caller.subject, self.now);
        for held in held.values_mut() {
            let complaint_id = held.case.id.to_string();
            match self.draft(&mut held.case) {
                Ok(out) => {
                    left.take(held, &origin, out);
                    answer.planned.push(complaint_id);
                }
                Err(Error::Told(problem)) => {
                    answer
                        .passed_over
                        .push(wire::PassedOver { complaint_id, reason: problem.reason.to_owned() });
                }
                Err(other) => return Err(other),
            }
        }
        let touched: BTreeMap<String, &Held> =
            held.values().map(|held| (held.case.id.to_string(), held)).collect();
        let touched: Vec<&Held> = answer.planned.iter().filter_map(|id| touched.get(id).copied()).collect();
        self.call.record(conn, &answer.planned.join(" "), self.now).await?;
        left.save(conn, &touched).await?;
        Ok(answer)
    }

    /// A proposal for one member, under the same guards as if it were drafted alone.
    fn draft(&self, case: &mut Case) -> Result<Out, Error> {
        let id = *case.id.as_uuid();
        let (options, plain) = self.special.get(&id).unwrap_or(&self.general);
        if options.is_empty() {
            let message = "the plan leaves this member out";
            return Err(Problem::new(ErrorKind::FailedPrecondition, "LEFT_OUT", message).into());
        }
        // Who has a role among staff is only a party in a case of their own.
        if Standing::of(&self.caller, &self.index, case) != Standing::Staff {
            return Err(Problem::permission_denied().into());
        }
        case.require_impartial(&self.caller.subject)?;
        case.require_state(&[State::Investigating, State::PlanReview])?;
        require(!case.proposals.iter().any(Proposal::is_pending), Refusal::ProposalPending)?;
        require(proposal::payers_are_parties(options, &case.facts.respondents), Refusal::PayerNotAParty)?;
        if !options.iter().all(|option| case.currency_fits(option)) {
            let message = "the order was paid in another currency";
            return Err(Problem::new(ErrorKind::FailedPrecondition, "WRONG_CURRENCY", message).into());
        }
        check_offered(options)?;
        case.require_parties(&options.concat(), false)?;
        self.propose(case, options, plain)
    }

    fn propose(&self, case: &mut Case, options: &[Vec<RemedyTerms>], plain: &[String]) -> Result<Out, Error> {
        let count = case.proposals.len() as u64;
        let parts: [&[u8]; 4] = [
            case.tenant.as_str().as_bytes(),
            case.id.as_uuid().as_bytes(),
            b"proposal",
            &count.to_be_bytes(),
        ];
        let id = derived_id("redress/resolution/1", &parts);
        let sealer = self.sealers.get(case.id.as_uuid());
        let mut out = Out::default();
        words::keep(sealer, &mut out, words::basis(id, 1), self.full_basis.as_bytes())?;
        let option = |text: &String| wire::ProposalOption { plain_basis: text.clone(), ..Default::default() };
        let told =
            wire::ProposalRevision { options: plain.iter().map(option).collect(), ..Default::default() };
        words::keep(sealer, &mut out, words::proposal(id, 1), &told.encode_to_vec())?;
        let required = proposal::required(options, &case.facts.respondents, &[]);
        out.push(&wire::ProposalDrafted {
            proposal_id: id.to_string(),
            revision: 1,
            options: told_options(options),
            required: sides(&required),
            incident_id: self.incident.to_string(),
        });
        case.proposals.push(Proposal {
            id,
            kind: ProposalKind::Mediation,
            state: ProposalState::InReview,
            revisions: vec![Revision {
                number: 1,
                options: options.to_vec(),
                author: self.caller.subject.clone(),
                offered_by: None,
                drafted_at: self.now,
                within_bounds: true,
                reviewer: String::new(),
                sent_at: None,
                due_at: None,
            }],
            required,
            acceptances: Vec::new(),
            mediation_refused: false,
            returned_reason: String::new(),
            incident: Some(self.incident),
        });
        Ok(out)
    }
}

/// What a repetition is told: whom the call gave a proposal.
fn again(planned: &str) -> wire::PlanForIncidentResponse {
    let planned = planned.split_whitespace().map(str::to_owned).collect();
    wire::PlanForIncidentResponse { planned, ..Default::default() }
}
