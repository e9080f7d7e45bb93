//! Room for files to pass through memory: so many at once in a process, and so many of them for one side of a case.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redress_domain::{Principal, Role, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A side of a case may hold one part in so many of the room.
const SHARE: usize = 8;

/// How long a caller waits for a place. Most files pass within milliseconds, and being asked again costs more than waiting.
const WAITS: Duration = Duration::from_secs(1);

/// Who holds room.
type Who = (TenantId, String);
type Held = Arc<Mutex<HashMap<Who, usize>>>;

/// The room. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Rooms {
    all: Arc<Semaphore>,
    share: usize,
    held: Held,
    waits: Duration,
}

/// Room for one file; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    _place: OwnedSemaphorePermit,
    _share: Option<Share>,
}

/// A side's part of the room.
#[derive(Debug)]
struct Share {
    who: Who,
    held: Held,
}

impl Rooms {
    /// For `at_once` files.
    pub(super) fn new(at_once: usize) -> Self {
        let share = at_once.div_ceil(SHARE).max(2);
        Self { all: Arc::new(Semaphore::new(at_once)), share, held: Held::default(), waits: WAITS }
    }

    /// Room for a file of `caller`, if there is any within a second. Staff and services, who act for many, share all of it.
    pub(super) async fn enter(&self, caller: &Principal) -> Option<Room> {
        let for_many = [Role::IntakeOfficer, Role::Handler, Role::Supervisor, Role::Auditor, Role::Service];
        let share = if caller.has_any(&for_many) { None } else { Some(self.share_of(caller)?) };
        let place =
            tokio::time::timeout(self.waits, Arc::clone(&self.all).acquire_owned()).await.ok()?.ok()?;
        Some(Room { _place: place, _share: share })
    }

    fn share_of(&self, caller: &Principal) -> Option<Share> {
        let who = (caller.tenant.clone(), caller.subject.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(who.clone()).or_default();
        if *count >= self.share {
            return None;
        }
        *count += 1;
        Some(Share { who, held: Arc::clone(&self.held) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: &str, role: Role) -> Principal {
        Principal { tenant: "acme".parse().unwrap(), subject: subject.into(), roles: vec![role] }
    }

    #[tokio::test]
    async fn one_side_cannot_fill_the_room_and_gets_its_part_back() {
        let rooms = Rooms { waits: Duration::ZERO, ..Rooms::new(16) };
        let person = caller("person-1", Role::Complainant);
        let held = (rooms.enter(&person).await.unwrap(), rooms.enter(&person).await.unwrap());
        assert!(rooms.enter(&person).await.is_none());
        let other = rooms.enter(&caller("shop-1", Role::Respondent)).await;
        assert!(other.is_some(), "others still have room");
        drop(held);
        assert!(rooms.enter(&person).await.is_some());
        drop(other);
        assert!(rooms.held.lock().unwrap().is_empty(), "nobody is remembered who holds nothing");
    }

    #[tokio::test]
    async fn staff_share_all_of_it_and_no_more() {
        let rooms = Rooms { waits: Duration::ZERO, ..Rooms::new(2) };
        let staff = caller("handler-1", Role::Handler);
        let held = (rooms.enter(&staff).await.unwrap(), rooms.enter(&staff).await.unwrap());
        assert!(rooms.enter(&staff).await.is_none());
        assert!(rooms.enter(&caller("person-1", Role::Complainant)).await.is_none());
        assert!(rooms.held.lock().unwrap().is_empty(), "what was not given is not counted");
        drop(held);
    }

    #[tokio::test]
    async fn who_finds_it_full_gets_the_place_that_is_given_back_meanwhile() {
        let rooms = Rooms::new(1);
        let staff = caller("handler-1", Role::Handler);
        let held = rooms.enter(&staff).await.unwrap();
        let waits = rooms.enter(&staff);
        // The first is asked first, and finds it full.
        let (entered, ()) = tokio::join!(biased; waits, async { drop(held) });
        assert!(entered.is_some());
    }
}
