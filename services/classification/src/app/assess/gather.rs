//! Incidents of a batch: rates and open incidents are read once, each complaint is placed, all is written once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{DecidedBy, TenantId, derived_id, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::OutboxEvent;
use redress_proto::classification::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::super::publish::Origin;
use super::New;
use crate::domain::incident::{
    Complaint, Dimension, Gathering, Incident, IncidentState, Opened, Placed, QUIET_MINUTES, Rate, RateKey,
    Subjects, WINDOW_MINUTES, leaves_no_doubt,
};
use crate::error::Error;
use crate::store::complaint::{self, Known, NewComplaint};
use crate::store::incident::{self, Stored};
use crate::store::member::{self, Member};
use crate::store::rate;
use crate::topics::INCIDENTS;

/// Places the complaints of a batch, which are written already, and gives the incidents' events.
pub(super) async fn gather(
    conn: &mut PgConnection,
    new: &[New<'_>],
    complaints: &[NewComplaint],
    now: Timestamp,
) -> Result<Vec<OutboxEvent>, Error> {
    let placing: Vec<Complaint> = complaints.iter().map(placed_by).collect();
    let keys: BTreeSet<RateKey> = placing.iter().flat_map(Complaint::keys).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let before: BTreeMap<RateKey, Rate> =
        rate::lock(conn, &keys.iter().collect::<Vec<_>>()).await?.into_iter().collect();
    let subjects: BTreeSet<(&TenantId, Dimension, &str)> =
        keys.iter().map(|key| (&key.tenant, key.dimension, key.subject.as_str())).collect();
    // One that was quiet for longer takes none of these up; a minute more, for minutes are cut.
    let quiet = SignedDuration::from_mins(QUIET_MINUTES + 1);
    let earliest = complaints.iter().map(|complaint| complaint.received_at).min().unwrap_or(now);
    let since = earliest.saturating_sub(quiet).unwrap_or(Timestamp::MIN);
    let open = incident::lock_open(conn, &subjects.into_iter().collect::<Vec<_>>(), since).await?;
    let mut gathering = Gathering { rates: before.clone(), incidents: open.iter().map(as_open).collect() };
    let earliest = earliest_of_tenants(complaints);
    let known_since = rate::known_since(conn, &earliest).await?;
    let mut effects = Effects::new(open, known_since, now);
    for (place, ((new, kept), placing)) in new.iter().zip(complaints).zip(&placing).enumerate() {
        match gathering.place(placing, incident_id) {
            Placed::Joined(id) => effects.joined(id, new.meta, kept),
            Placed::Opened(opened) => {
                // They are written already, and come when it is their turn.
                let later: Vec<Uuid> =
                    complaints.iter().skip(place + 1).map(|complaint| complaint.id).collect();
                let further = effects.opened(conn, &gathering, opened, new.meta, (kept, &later)).await?;
                if let Some((key, further)) = further {
                    gathering.explained(placing, &key, &further);
                }
            }
            Placed::Counted => {}
        }
    }
    let changed: Vec<(&RateKey, &Rate)> =
        gathering.rates.iter().filter(|(key, rate)| before.get(*key) != Some(*rate)).collect();
    rate::save(conn, &changed).await?;
    effects.save(conn, &gathering).await
}

/// When the earliest complaint of each tenant of the batch was received.
fn earliest_of_tenants(complaints: &[NewComplaint]) -> BTreeMap<&TenantId, Timestamp> {
    let mut earliest = BTreeMap::new();
    for complaint in complaints {
        let seen = earliest.entry(&complaint.tenant).or_insert(complaint.received_at);
        *seen = complaint.received_at.min(*seen);
    }
    earliest
}

fn placed_by(new: &NewComplaint) -> Complaint {
    Complaint {
        id: new.id,
        tenant: new.tenant.clone(),
        minute: minute(new.received_at),
        subjects: new.subjects.clone(),
        category: new.labels.category,
        sub_category: new.labels.sub_category.clone(),
        text_hash: new.text_hash,
    }
}

fn as_open(stored: &Stored) -> Incident {
    Incident {
        id: stored.id,
        key: stored.key.clone(),
        opened_minute: minute(stored.opened_at),
        last_minute: minute(stored.last_member_at),
        exemplars: stored.exemplars.clone(),
    }
}

/// The times of a window that ends with a minute.
fn window_of(until_minute: i64) -> (Timestamp, Timestamp) {
    let at = |minute: i64| Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::MAX);
    let length = i64::try_from(WINDOW_MINUTES).unwrap_or_default();
    (at(until_minute + 1 - length), at(until_minute + 1))
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// By what it is about and the complaint that made it visible, so that a replay finds the same incident.
fn incident_id(key: &RateKey, complaint: Uuid) -> Uuid {
    let parts: [&[u8]; 4] = [
        key.tenant.as_str().as_bytes(),
        key.dimension.code().as_bytes(),
        key.subject.as_bytes(),
        complaint.as_bytes(),
    ];
    derived_id("redress/incident/1", &parts)
}

/// What is told of an incident that stands for itself; the terms in common are known when all is written.
struct Shown {
    incident: Stored,
    confirmed: bool,
    origin: Origin,
}

enum Told {
    Shown(Box<Shown>),
    Member(Box<OutboxEvent>),
}

/// What a batch changes about incidents.
struct Effects {
    incidents: BTreeMap<Uuid, Stored>,
    touched: BTreeSet<Uuid>,
    members: Vec<Member>,
    terms: HashMap<(TenantId, Uuid), BTreeMap<String, i64>>,
    told: Vec<Told>,
    /// Since when the complaints of each tenant are counted.
    known_since: BTreeMap<TenantId, Timestamp>,
    now: Timestamp,
}

impl Effects {
    fn new(open: Vec<Stored>, known_since: BTreeMap<TenantId, Timestamp>, now: Timestamp) -> Self {
        Self {
            incidents: open.into_iter().map(|incident| (incident.id, incident)).collect(),
            touched: BTreeSet::new(),
            members: Vec::new(),
            terms: HashMap::new(),
            told: Vec::new(),
            known_since,
            now,
        }
    }

    fn origin(&self, meta: &Arc<EventMeta>) -> Origin {
        Origin::machine(meta, DecidedBy::Rule, whole_microseconds(meta.occurred_at), self.now)
    }

    fn joined(&mut self, id: Uuid, meta: &Arc<EventMeta>, complaint: &NewComplaint) {
        self.count(&complaint.tenant, id, &complaint.terms);
        self.member(id, meta, complaint.id, complaint.received_at);
    }

    async fn opened(
        &mut self,
        conn: &mut PgConnection,
        gathering: &Gathering,
        opened: Opened,
        meta: &Arc<EventMeta>,
        (complaint, later): (&NewComplaint, &[Uuid]),
    ) -> Result<Option<(RateKey, Vec<(i64, Subjects)>)>, Error> {
        let Some(open) = gathering.incidents.iter().find(|open| open.id == opened.incident) else {
            return Ok(None);
        };
        // Some of the window may belong to an incident of another subject, which explains them.
        let in_batch: BTreeSet<Uuid> = self.members.iter().map(|member| member.complaint).collect();
        let of_window = window_of(opened.until_minute);
        let all = usize::try_from(opened.evidence.count).is_ok_and(|count| count <= opened.members.len());
        let known = Known { ids: &opened.members, all };
        let mut members = complaint::window(conn, &open.key, of_window, known, later).await?;
        members.retain(|member| !in_batch.contains(&member.id));
        // What made it visible is the last.
        members.sort_by_key(|member| member.id == complaint.id);
        let stored = Stored {
            id: opened.incident,
            key: open.key.clone(),
            state: IncidentState::Suspected,
            opened_at: complaint.received_at,
            last_member_at: complaint.received_at,
            members: 0,
            window_count: opened.evidence.count.into(),
            baseline: opened.evidence.baseline,
            exemplars: Vec::new(),
            version: 0,
            decided_by: String::new(),
            reason: String::new(),
        };
        self.incidents.insert(opened.incident, stored);
        self.show(opened.incident, false, meta);
        let known: BTreeSet<Uuid> = opened.members.into_iter().collect();
        let mut further = Vec::new();
        for member in members {
            self.count(&complaint.tenant, opened.incident, &member.terms);
            self.member(opened.incident, meta, member.id, member.received_at);
            if !known.contains(&member.id) {
                further.push((minute(member.received_at), member.subjects));
            }
        }
        Ok(Some((open.key.clone(), further)))
    }

    /// The next event of an incident is about the incident itself.
    fn show(&mut self, id: Uuid, confirmed: bool, meta: &Arc<EventMeta>) {
        let origin = self.origin(meta);
        let Some(incident) = self.incidents.get_mut(&id) else { return };
        incident.version += 1;
        let shown = Shown { incident: incident.clone(), confirmed, origin };
        self.told.push(Told::Shown(Box::new(shown)));
    }

    fn member(&mut self, id: Uuid, meta: &Arc<EventMeta>, complaint: Uuid, joined_at: Timestamp) {
        let origin = self.origin(meta);
        let Some(incident) = self.incidents.get_mut(&id) else { return };
        incident.members += 1;
        incident.version += 1;
        incident.last_member_at = incident.last_member_at.max(joined_at);
        let tenant = incident.key.tenant.clone();
        let added = wire::IncidentMemberAdded { complaint_id: complaint.to_string() };
        let event = origin.event(INCIDENTS, &tenant, id, incident.version, &added);
        let ordinal = incident.members;
        let known = self.known_since.get(&tenant).map_or(0, |&since| minute(joined_at) - minute(since));
        let certain = incident.state == IncidentState::Suspected && leaves_no_doubt(incident.members, known);
        if certain {
            incident.state = IncidentState::Confirmed;
        }
        self.told.push(Told::Member(Box::new(event)));
        self.members.push(Member { tenant, incident: id, ordinal, complaint, joined_at });
        self.touched.insert(id);
        if certain {
            self.show(id, true, meta);
        }
    }

    fn count(&mut self, tenant: &TenantId, incident: Uuid, terms: &[String]) {
        let counted = self.terms.entry((tenant.clone(), incident)).or_default();
        for term in terms {
            *counted.entry(term.clone()).or_default() += 1;
        }
    }

    async fn save(
        mut self,
        conn: &mut PgConnection,
        gathering: &Gathering,
    ) -> Result<Vec<OutboxEvent>, Error> {
        for open in &gathering.incidents {
            if let Some(stored) = self.incidents.get_mut(&open.id) {
                stored.exemplars.clone_from(&open.exemplars);
            }
        }
        let touched: Vec<&Stored> = self.touched.iter().filter_map(|id| self.incidents.get(id)).collect();
        incident::save(conn, &touched).await?;
        member::insert(conn, &self.members).await?;
        // In order, as every row that two batches may meet at.
        let sorted: BTreeMap<_, _> = self.terms.iter().collect();
        let counted: Vec<(&TenantId, Uuid, &str, i64)> = sorted
            .iter()
            .flat_map(|((tenant, id), terms)| {
                terms.iter().map(move |(term, members)| (tenant, *id, term.as_str(), *members))
            })
            .collect();
        member::count_terms(conn, &counted).await?;
        events(conn, self.told).await
    }
}

async fn events(conn: &mut PgConnection, told: Vec<Told>) -> Result<Vec<OutboxEvent>, Error> {
    let mut events = Vec::with_capacity(told.len());
    for one in told {
        events.push(match one {
            Told::Member(event) => *event,
            Told::Shown(shown) => {
                let Shown { incident, confirmed, origin } = *shown;
                let tenant = incident.key.tenant.clone();
                let terms = member::common_terms(conn, &tenant, &[incident.id]).await?;
                let terms = terms.into_iter().map(|(_, term)| term).collect();
                let (id, version) = (incident.id, incident.version);
                let incident = Some(super::super::incidents::told(&incident, terms));
                if confirmed {
                    let message = wire::IncidentConfirmed { incident };
                    origin.event(INCIDENTS, &tenant, id, version, &message)
                } else {
                    let message = wire::IncidentSuspected { incident };
                    origin.event(INCIDENTS, &tenant, id, version, &message)
                }
            }
        });
    }
    Ok(events)
}
