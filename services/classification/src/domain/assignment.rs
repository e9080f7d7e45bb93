//! Who is offered which case.
//!
//! Urgent cases go first, then the longest waiting. A case goes to somebody who serves its queue and has room; among
//! those to whoever has the most room, so that work is shared. Who returned a case or let it pass is offered it again
//! only when nobody else can take it, and not before a while.
//!
//! Refused: a score of skills (nobody can check why a case went elsewhere), and pulling by handlers (the pleasant cases
//! go first).

use std::fmt;
use std::str::FromStr;

use redress_domain::{Category, Severity, coded_enum};
use thiserror::Error;
use uuid::Uuid;

use super::language::Language;

coded_enum! {
    /// Where a case stands on its way to a person.
    AssignmentState {
        /// It waits for somebody.
        Waiting = "waiting",
        /// It is offered.
        Offered = "offered",
        /// Somebody has it.
        Taken = "taken",
        /// It needs nobody any more.
        Ended = "ended",
    }
}

/// Where cases of one kind wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue {
    /// The category.
    pub category: Category,
    /// The severity.
    pub severity: Severity,
    /// The language that the case is led in.
    pub language: Language,
}

impl Queue {
    /// Every queue there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        Category::ALL.iter().flat_map(|&category| {
            Severity::ALL.iter().flat_map(move |&severity| {
                Language::ALL.iter().map(move |&language| Self { category, severity, language })
            })
        })
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.category, self.severity, self.language)
    }
}

/// Queues that a handler serves: `CQ07/major/zh-Hans`, with `*` for any part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Served {
    /// The category; none for any.
    pub category: Option<Category>,
    /// The severity; none for any.
    pub severity: Option<Severity>,
    /// The language; none for any.
    pub language: Option<Language>,
}

/// A text that names no queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("category/severity/language is expected, each a code or *")]
pub struct NoQueue;

impl FromStr for Served {
    type Err = NoQueue;
    fn from_str(text: &str) -> Result<Self, NoQueue> {
        fn part<T: FromStr>(text: &str) -> Result<Option<T>, NoQueue> {
            if text == "*" { Ok(None) } else { text.parse().map(Some).map_err(|_| NoQueue) }
        }
        let mut parts = text.split('/');
        let (Some(category), Some(severity), Some(language), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoQueue);
        };
        Ok(Self { category: part(category)?, severity: part(severity)?, language: part(language)? })
    }
}

impl Served {
    /// Whether the queue is one of these.
    pub fn holds(&self, queue: &Queue) -> bool {
        self.category.is_none_or(|c| c == queue.category)
            && self.severity.is_none_or(|s| s == queue.severity)
            && self.language.is_none_or(|l| l == queue.language)
    }
}

/// A case that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The complaint.
    pub complaint: Uuid,
    /// Its queue.
    pub queue: Queue,
    /// Whether it goes before others.
    pub urgent: bool,
    /// Since when it waits, in microseconds since 1970 UTC.
    pub since: i64,
    /// Who returned it or let it pass.
    pub passed_by: Vec<String>,
    /// Whether these may be offered it again.
    pub again: bool,
}

/// A person with room for cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// The subject of the person's token.
    pub name: String,
    /// What the person serves.
    pub served: Vec<Served>,
    /// How many more cases the person takes.
    pub room: u32,
}

/// A case for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The complaint.
    pub complaint: Uuid,
    /// Its queue.
    pub queue: Queue,
    /// To whom.
    pub handler: String,
}

/// After how many rounds of offers a case is told to a supervisor, and after as many more again.
pub const ROUNDS: i32 = 3;

/// Whether a case that came back for the `rounds`th time is told: offers alone find nobody who keeps it.
pub const fn is_stranded(rounds: i32) -> bool {
    rounds > 0 && rounds % ROUNDS == 0
}

/// Who is offered what. Nobody gets more than the room left, no case goes to two.
pub fn offers(mut waiting: Vec<Waiting>, mut handlers: Vec<Handler>) -> Vec<Offer> {
    waiting.sort_by_key(|case| (!case.urgent, case.since, case.complaint));
    // By name, so that of equals the choice does not depend on the order of rows.
    handlers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut made = Vec::new();
    for case in waiting {
        let passed = |handler: &Handler| case.passed_by.contains(&handler.name);
        let best = handlers
            .iter_mut()
            .filter(|handler| handler.room > 0 && handler.served.iter().any(|s| s.holds(&case.queue)))
            .filter(|handler| case.again || !passed(handler))
            .min_by_key(|handler| (passed(handler), std::cmp::Reverse(handler.room)));
        if let Some(handler) = best {
            handler.room -= 1;
            made.push(Offer { complaint: case.complaint, queue: case.queue, handler: handler.name.clone() });
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn queue(category: Category) -> Queue {
        Queue { category, severity: Severity::General, language: Language::ZhHans }
    }

    fn case(n: u128, urgent: bool, since: i64) -> Waiting {
        let complaint = Uuid::from_u128(n);
        Waiting {
            complaint,
            queue: queue(Category::Cq01),
            urgent,
            since,
            passed_by: Vec::new(),
            again: false,
        }
    }

    fn handler(name: &str, served: &str, room: u32) -> Handler {
        Handler { name: name.to_owned(), served: vec![served.parse().unwrap()], room }
    }

    fn order(offers: &[Offer]) -> Vec<(u128, &str)> {
        offers.iter().map(|offer| (offer.complaint.as_u128(), offer.handler.as_str())).collect()
    }

    #[test]
    fn urgent_cases_go_first_then_the_longest_waiting() {
        let waiting = vec![case(1, false, 10), case(2, false, 5), case(3, true, 99)];
        assert_eq!(order(&offers(waiting, vec![handler("a", "*/*/*", 2)])), [(3, "a"), (2, "a")]);
    }

    #[test]
    fn work_goes_to_whoever_has_the_most_room_and_serves_the_queue() {
        let handlers =
            vec![handler("a", "CQ02/*/*", 9), handler("b", "CQ01/*/*", 1), handler("c", "*/general/*", 2)];
        let waiting = vec![case(1, false, 1), case(2, false, 2), case(3, false, 3), case(4, false, 4)];
        assert_eq!(order(&offers(waiting, handlers)), [(1, "c"), (2, "b"), (3, "c")]);
    }

    #[test]
    fn whoever_passed_a_case_gets_it_again_only_after_a_while_and_after_everybody_else() {
        let passed = |again| Waiting { passed_by: vec!["a".into()], again, ..case(1, false, 1) };
        assert_eq!(offers(vec![passed(false)], vec![handler("a", "*/*/*", 9)]), []);
        assert_eq!(order(&offers(vec![passed(true)], vec![handler("a", "*/*/*", 9)])), [(1, "a")]);
        let both = vec![handler("a", "*/*/*", 9), handler("b", "*/*/*", 1)];
        assert_eq!(order(&offers(vec![passed(true)], both)), [(1, "b")]);
    }

    #[test]
    fn every_third_round_is_told() {
        let told: Vec<i32> = (0..10).filter(|&rounds| is_stranded(rounds)).collect();
        assert_eq!(told, [3, 6, 9]);
    }

    #[test]
    fn a_queue_is_named_by_three_codes_or_stars() {
        let served: Served = "CQ07/major/zh-Hans".parse().unwrap();
        let named = Queue { category: Category::Cq07, severity: Severity::Major, language: Language::ZhHans };
        assert_eq!(named.to_string(), "CQ07/major/zh-Hans");
        assert!(served.holds(&named) && !served.holds(&queue(Category::Cq07)));
        for text in ["", "*", "CQ07/major", "CQ10/*/*", "CQ07/*/*/*", "CQ07/huge/*", "*/*/fr"] {
            assert_eq!(text.parse::<Served>(), Err(NoQueue), "{text}");
        }
        assert_eq!(Queue::all().count(), 54);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_room_left_and_no_case_goes_to_two(
            rooms in prop::collection::vec(0..5_u32, 0..6),
            cases in prop::collection::vec((any::<bool>(), 0..9_i64, 0..9_usize, any::<bool>()), 0..40),
        ) {
            let handlers: Vec<Handler> =
                rooms.iter().enumerate().map(|(n, &room)| handler(&n.to_string(), "*/*/*", room)).collect();
            let waiting: Vec<Waiting> = cases
                .iter()
                .zip(0..)
                .map(|(&(urgent, since, passed, again), n)| Waiting {
                    passed_by: vec![passed.to_string()],
                    again,
                    ..case(n, urgent, since)
                })
                .collect();
            let made = offers(waiting, handlers);
            let mut given: BTreeMap<&str, u32> = BTreeMap::new();
            for offer in &made {
                *given.entry(&offer.handler).or_default() += 1;
            }
            for (name, count) in given {
                prop_assert!(count <= rooms[name.parse::<usize>().unwrap()]);
            }
            let distinct: BTreeSet<Uuid> = made.iter().map(|offer| offer.complaint).collect();
            prop_assert_eq!(distinct.len(), made.len());
        }
    }
}
