//! Room for files to pass through memory: so many at once in a process, and so many of them for one side of a case.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use redress_domain::{Principal, Role, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A side of a case may hold one part in so many of the room.
const SHARE: usize = 8;

/// Who holds room.
type Who = (TenantId, String);
type Held = Arc<Mutex<HashMap<Who, usize>>>;

/// The room. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Rooms {
    all: Arc<Semaphore>,
    share: usize,
    held: Held,
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
        Self { all: Arc::new(Semaphore::new(at_once)), share, held: Held::default() }
    }

    /// Room for a file of `caller`, if there is any. Staff and services, who act for many, share all of it.
    pub(super) fn enter(&self, caller: &Principal) -> Option<Room> {
        let for_many = [Role::IntakeOfficer, Role::Handler, Role::Supervisor, Role::Auditor, Role::Service];
        let share = if caller.has_any(&for_many) { None } else { Some(self.share_of(caller)?) };
        let place = Arc::clone(&self.all).try_acquire_owned().ok()?;
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

    #[test]
    fn one_side_cannot_fill_the_room_and_gets_its_part_back() {
        let rooms = Rooms::new(16);
        let person = caller("person-1", Role::Complainant);
        let held: Vec<_> = (0..2).map(|_| rooms.enter(&person).unwrap()).collect();
        assert!(rooms.enter(&person).is_none());
        let other = rooms.enter(&caller("shop-1", Role::Respondent));
        assert!(other.is_some(), "others still have room");
        drop(held);
        assert!(rooms.enter(&person).is_some());
        drop(other);
        assert!(rooms.held.lock().unwrap().is_empty(), "nobody is remembered who holds nothing");
    }

    #[test]
    fn staff_share_all_of_it_and_no_more() {
        let rooms = Rooms::new(4);
        let staff = caller("handler-1", Role::Handler);
        let held: Vec<_> = (0..4).map_while(|_| rooms.enter(&staff)).collect();
        assert_eq!(held.len(), 4);
        assert!(rooms.enter(&staff).is_none());
        assert!(rooms.enter(&caller("person-1", Role::Complainant)).is_none());
        assert!(rooms.held.lock().unwrap().is_empty(), "what was not given is not counted");
    }
}
