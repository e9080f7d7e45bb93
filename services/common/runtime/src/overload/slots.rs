use std::collections::VecDeque;

use crate::Criticality;

/// Who is in and who waits: the pure part of the limit.
///
/// Of several that wait the dearest class goes first, within a class the newest: under overload the oldest have lost
/// most of their time already and would be served for nothing.
pub(crate) struct Slots<W> {
    in_flight: usize,
    limits: [usize; 4],
    waiting: [VecDeque<(u64, W)>; 4],
    queue_length: usize,
    next_id: u64,
}

/// What happens to a newcomer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is in.
    Admitted,
    /// It waits under this id.
    Waits(u64),
    /// There is no room to wait either.
    Refused,
}

impl<W> Slots<W> {
    /// Room for `max_in_flight` and a queue of `queue_length` over all classes.
    pub(crate) fn new(max_in_flight: usize, queue_length: usize) -> Self {
        Self {
            in_flight: 0,
            limits: Criticality::ALL.map(|class| (max_in_flight * percent(class) / 100).max(1)),
            waiting: Default::default(),
            queue_length,
            next_id: 0,
        }
    }

    /// Lets a newcomer in, or keeps `waiter` until there is room. In a full queue it takes the place of the cheapest that has
    /// waited longest, if that one is cheaper than itself: dropping its waiter tells it.
    pub(crate) fn enter(&mut self, class: Criticality, waiter: impl FnOnce() -> W) -> Entry {
        if self.in_flight < self.limits[class as usize] {
            self.in_flight += 1;
            return Entry::Admitted;
        }
        if self.waiting.iter().map(VecDeque::len).sum::<usize>() >= self.queue_length {
            let cheaper = self.waiting[..class as usize].iter_mut().find(|queue| !queue.is_empty());
            if cheaper.and_then(VecDeque::pop_front).is_none() {
                return Entry::Refused;
            }
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting[class as usize].push_back((id, waiter()));
        Entry::Waits(id)
    }

    /// One leaves. The waiter that comes back is in.
    pub(crate) fn leave(&mut self) -> Option<W> {
        self.in_flight -= 1;
        for class in Criticality::ALL.into_iter().rev() {
            if self.in_flight < self.limits[class as usize]
                && let Some((_, waiter)) = self.waiting[class as usize].pop_back()
            {
                self.in_flight += 1;
                return Some(waiter);
            }
        }
        None
    }

    /// One waits no longer. False if it is in already.
    pub(crate) fn give_up(&mut self, class: Criticality, id: u64) -> bool {
        let queue = &mut self.waiting[class as usize];
        let found = queue.iter().position(|(waiting, _)| *waiting == id);
        found.and_then(|at| queue.remove(at)).is_some()
    }
}

/// The share of the limit that a class may fill.
const fn percent(class: Criticality) -> usize {
    match class {
        Criticality::Accept => 100,
        Criticality::Staff => 90,
        Criticality::Status => 75,
        Criticality::Analytics => 50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(class: Criticality, count: usize, queue: usize) -> Slots<&'static str> {
        let mut slots = Slots::new(20, queue);
        for _ in 0..count {
            assert_eq!(slots.enter(class, || "filler"), Entry::Admitted);
        }
        slots
    }

    #[test]
    fn each_class_fills_its_share_and_accept_is_shed_last() {
        for (class, share) in [
            (Criticality::Analytics, 10),
            (Criticality::Status, 15),
            (Criticality::Staff, 18),
            (Criticality::Accept, 20),
        ] {
            let mut slots = filled(class, share, 0);
            assert_eq!(slots.enter(class, || "more"), Entry::Refused, "{class:?}");
        }
        let mut slots = filled(Criticality::Staff, 18, 0);
        assert_eq!(slots.enter(Criticality::Accept, || "accept"), Entry::Admitted);
    }

    #[test]
    fn the_dearest_goes_first_and_within_a_class_the_newest() {
        let mut slots = filled(Criticality::Accept, 20, 4);
        for (class, name) in
            [(Criticality::Status, "status"), (Criticality::Accept, "old"), (Criticality::Accept, "new")]
        {
            assert!(matches!(slots.enter(class, || name), Entry::Waits(_)));
        }
        assert_eq!(slots.leave(), Some("new"));
        assert_eq!(slots.leave(), Some("old"));
        // 20 in flight: room for the status query comes only below its share.
        assert_eq!(
            (0..6).map(|_| slots.leave()).collect::<Vec<_>>(),
            [None, None, None, None, None, Some("status")]
        );
    }

    #[test]
    fn in_a_full_queue_the_dearer_takes_the_place_of_the_cheapest_and_never_of_its_like() {
        let mut slots = filled(Criticality::Accept, 20, 3);
        let mut enter = |class, name| slots.enter(class, || name);
        for (class, name) in [
            (Criticality::Staff, "staff"),
            (Criticality::Analytics, "old question"),
            (Criticality::Analytics, "new question"),
        ] {
            assert!(matches!(enter(class, name), Entry::Waits(_)));
        }
        assert_eq!(enter(Criticality::Analytics, "another question"), Entry::Refused);
        assert!(matches!(enter(Criticality::Accept, "first"), Entry::Waits(_)), "for the old question");
        assert!(matches!(enter(Criticality::Status, "status"), Entry::Waits(_)), "for the new question");
        assert!(matches!(enter(Criticality::Accept, "second"), Entry::Waits(_)), "for the status");
        assert!(matches!(enter(Criticality::Accept, "third"), Entry::Waits(_)), "for the staff");
        assert_eq!(enter(Criticality::Accept, "fourth"), Entry::Refused);
        assert_eq!(
            (0..5).map(|_| slots.leave()).collect::<Vec<_>>(),
            [Some("third"), Some("second"), Some("first"), None, None]
        );
    }

    #[test]
    fn who_gave_up_leaves_the_queue_at_once() {
        let mut slots = filled(Criticality::Accept, 20, 1);
        let Entry::Waits(id) = slots.enter(Criticality::Accept, || "gone") else { panic!("no queue") };
        assert_eq!(slots.enter(Criticality::Accept, || "no room"), Entry::Refused);
        assert!(slots.give_up(Criticality::Accept, id));
        assert!(!slots.give_up(Criticality::Accept, id));
        assert!(matches!(slots.enter(Criticality::Accept, || "next"), Entry::Waits(_)));
        assert_eq!(slots.leave(), Some("next"));
    }
}
