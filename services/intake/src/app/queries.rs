//! Reading complaints: one, and lists.

use std::collections::HashMap;
use std::time::Duration;

use redress_domain::{
    Category, ComplaintId, ComplaintNo, ErrorKind, PartyKind, Principal, Problem, Violations,
};
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1 as wire;
use redress_redis::DedupeFilter;
use redress_runtime::page::{self, After};

use super::accept::index;
use super::publish::state_of;
use super::view::{self, Sight, Views};
use crate::error::Error;
use crate::store::complaint::{self, Complaint, Key};
use crate::store::search::{self, Filter, Visible};

/// After which delay a complaint that was just accepted is registered, in all likelihood.
const REGISTERED_SOON: Duration = Duration::from_millis(200);
/// Most complaints on a page.
const PAGE_MAX: i32 = 100;
/// Complaints on a page if the caller does not say.
const PAGE_DEFAULT: i32 = 50;

/// Answers queries.
#[derive(Clone)]
pub struct Queries {
    /// Makes views.
    pub views: Views,
    /// Knows what is accepted and not yet registered.
    pub filter: DedupeFilter,
}

impl Queries {
    /// One complaint, by id or number.
    pub async fn get(
        &self,
        caller: &Principal,
        request: wire::GetComplaintRequest,
    ) -> Result<wire::Complaint, Error> {
        let key = key(&request)?;
        if let Some((complaint, sight)) = self.views.find(caller, &key).await? {
            return self.views.whole(caller, complaint, sight).await;
        }
        if !self.was_accepted(caller, &key).await {
            return Err(Problem::not_found().into());
        }
        // Looked up again, without regard to who asks: it may have been registered meanwhile, or have been there all
        // along and not be this caller's.
        let mut conn = self.views.db.pool().acquire().await?;
        let registered = complaint::find(&mut conn, &caller.tenant, &key).await?;
        drop(conn);
        let Some(complaint) = registered else { return Err(being_registered().into()) };
        match self.views.sight(caller, &complaint).await? {
            Sight::None => Err(Problem::not_found().into()),
            sight => self.views.whole(caller, complaint, sight).await,
        }
    }

    /// Whether the filter remembers that the complaint was accepted. It knows ids alone.
    async fn was_accepted(&self, caller: &Principal, key: &Key) -> bool {
        let Key::Id(id) = key else { return false };
        let remembered = self.filter.lookup(&caller.tenant, id).await.unwrap_or_default();
        remembered.is_some_and(|entry| entry.confirmed)
    }

    /// A page of complaints.
    pub async fn list(
        &self,
        caller: &Principal,
        request: wire::ListComplaintsRequest,
    ) -> Result<wire::ListComplaintsResponse, Error> {
        let mut filter = filter(&request)?;
        if !caller.is_staff() {
            let vault = &self.views.vault;
            let index = index::of_reference(vault, &caller.tenant, &caller.subject).await?;
            filter.visible_to = Some(Visible { subject: caller.subject.clone(), index });
        }
        let conditions = format!("{filter:?}");
        let after = After::read(&request.page_token, &conditions)?;
        let size = page::size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let mut conn = self.views.db.pool().acquire().await?;
        // One more than asked tells whether there is another page.
        let mut found = search::page(&mut conn, &caller.tenant, &filter, after, size + 1).await?;
        let more = found.len() > usize::try_from(size).unwrap_or_default();
        found.truncate(usize::try_from(size).unwrap_or_default());
        let mut respondents: HashMap<ComplaintId, Vec<(PartyKind, String)>> = HashMap::new();
        for (id, kind, reference) in
            complaint::respondents(&mut conn, &caller.tenant, &search::ids(&found)).await?
        {
            respondents.entry(id).or_default().push((kind, reference));
        }
        let next_page_token =
            found.last().filter(|_| more).map(|last| token(last, &conditions)).unwrap_or_default();
        let complaints = found
            .iter()
            .map(|complaint| wire::Complaint {
                respondents: respondents
                    .remove(&complaint.id)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(kind, reference)| view::respondent(kind, reference))
                    .collect(),
                ..view::summary(complaint)
            })
            .collect();
        Ok(wire::ListComplaintsResponse { complaints, next_page_token })
    }
}

fn token(last: &Complaint, conditions: &str) -> String {
    After { at: last.received_at, id: *last.id.as_uuid() }.write(conditions)
}

fn being_registered() -> Problem {
    Problem::new(
        ErrorKind::NotFound,
        "BEING_REGISTERED",
        "the complaint was accepted and is being registered",
    )
    .after(REGISTERED_SOON)
}

fn key(request: &wire::GetComplaintRequest) -> Result<Key, Problem> {
    match (request.complaint_id.as_str(), request.complaint_no.as_str()) {
        ("", "") => {
            let mut found = Violations::default();
            found.add("complaintId", "REQUIRED", "an id or a number is mandatory");
            Err(Problem::invalid(found))
        }
        ("", number) => match number.parse::<ComplaintNo>() {
            Ok(number) => Ok(Key::Code(number.code())),
            Err(error) => {
                let mut found = Violations::default();
                found.add("complaintNo", "MALFORMED", error.to_string());
                Err(Problem::invalid(found))
            }
        },
        // What is no id is nobody's complaint.
        (id, _) => Ok(Key::Id(id.parse().map_err(|_| Problem::not_found())?)),
    }
}

fn filter(request: &wire::ListComplaintsRequest) -> Result<Filter, Problem> {
    let mut found = Violations::default();
    let mut time = |field: &str, wire: Option<&pbjson_types::Timestamp>| match wire.map(from_wire_time) {
        None => None,
        Some(Ok(time)) => Some(time),
        Some(Err(_)) => {
            found.add(field, "MALFORMED_TIME", "the time is outside the calendar");
            None
        }
    };
    let received_from = time("receivedFrom", request.received_from.as_ref());
    let received_until = time("receivedUntil", request.received_until.as_ref());
    let text = |text: &str| (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned());
    if !found.is_empty() {
        return Err(Problem::invalid(found));
    }
    Ok(Filter {
        state: state_of(request.state()).map(crate::domain::lifecycle::StateKind::code),
        category: Category::try_from(request.category()).ok(),
        received_from,
        received_until,
        respondent: text(&request.respondent),
        live_room: text(&request.live_room),
        visible_to: None,
    })
}
