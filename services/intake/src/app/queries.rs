//! Reading complaints: one, and lists.

use std::collections::HashMap;
use std::time::Duration;

use redress_domain::{
    Category, ComplaintId, ComplaintNo, ErrorKind, PartyKind, Principal, Problem, Violations,
};
use redress_proto::intake::v1 as wire;
use redress_redis::DedupeFilter;
use redress_runtime::page::{self, After};

use super::accept::index;
use super::publish::state_of;
use super::told;
use super::view::{self, Views};
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
    ///
    /// A complaint that was accepted is unknown until it is registered. To whoever is no staff, that it is on its way,
    /// that it is a stranger's and that there is none are one answer with one delay: ids follow from subject and key, and
    /// who guesses both must not learn that somebody complained.
    pub async fn get(
        &self,
        caller: &Principal,
        request: wire::GetComplaintRequest,
    ) -> Result<wire::Complaint, Error> {
        let key = key(&request)?;
        if let Some((complaint, sight)) = self.views.find(caller, &key).await? {
            return self.views.whole(caller, complaint, sight).await;
        }
        // The filter knows no owner. So it is asked for staff alone, to whom every complaint of the tenant may be told.
        if !caller.is_staff() || !self.was_accepted(caller, &key).await {
            return Err(Problem::not_found().after(REGISTERED_SOON).into());
        }
        // It may have been registered meanwhile.
        match self.views.find(caller, &key).await? {
            Some((complaint, sight)) => self.views.whole(caller, complaint, sight).await,
            None => Err(being_registered().into()),
        }
    }

    /// Whether the filter remembers that the complaint was accepted. It knows ids alone.
    async fn was_accepted(&self, caller: &Principal, key: &Key) -> bool {
        let Key::Id(id) = key else { return false };
        let remembered = self.filter.lookup(&caller.tenant, id).await.unwrap_or_default();
        remembered.is_some_and(|entry| entry.confirmed)
    }

    /// A page of complaints. `found` holds what was wrong with the request before its rules were checked.
    pub async fn list(
        &self,
        caller: &Principal,
        request: wire::ListComplaintsRequest,
        mut found: Violations,
    ) -> Result<wire::ListComplaintsResponse, Error> {
        let mut filter = filter(&request, &mut found);
        let size = told::part(page::size(request.page_size, PAGE_DEFAULT, PAGE_MAX), &mut found);
        let (Some(size), true) = (size, found.is_empty()) else { return Err(Problem::invalid(found).into()) };
        if !caller.is_staff() {
            let vault = &self.views.vault;
            let index = index::of_reference(vault, &caller.tenant, &caller.subject).await?;
            filter.visible_to = Some(Visible { subject: caller.subject.clone(), index });
        }
        let conditions = format!("{filter:?}");
        let after = After::read(&request.page_token, &conditions)?;
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

fn filter(request: &wire::ListComplaintsRequest, found: &mut Violations) -> Filter {
    Filter {
        state: state_of(request.state()).map(crate::domain::lifecycle::StateKind::code),
        category: Category::try_from(request.category()).ok(),
        received_from: told::time("receivedFrom", request.received_from.as_ref(), found),
        received_until: told::time("receivedUntil", request.received_until.as_ref(), found),
        respondent: told::text("respondent", &request.respondent, found),
        live_room: told::text("liveRoom", &request.live_room, found),
        visible_to: None,
    }
}
