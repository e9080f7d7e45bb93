use proptest::prelude::*;
use redress_domain::Category;
use uuid::Uuid;

use super::*;

const NOON: i64 = 29_700_000;

fn complaint(n: u128, minute: i64) -> Complaint {
    Complaint {
        id: Uuid::from_u128(n),
        tenant: "tenant-a".parse().unwrap(),
        minute,
        subjects: Subjects { live_room: "room-1".into(), merchant: "shop-1".into(), ..Subjects::default() },
        category: Category::Cq07,
        sub_category: "material_or_ingredient".into(),
        text_hash: Some(0),
    }
}

fn place(gathering: &mut Gathering, complaint: &Complaint) -> Placed {
    gathering.place(complaint, |_, id| id)
}

/// A room in which an incident was noticed.
fn with_incident() -> (Gathering, Opened) {
    let mut gathering = Gathering::default();
    for n in 1..=40 {
        if let Placed::Opened(opened) = place(&mut gathering, &complaint(n, NOON)) {
            return (gathering, opened);
        }
    }
    panic!("no incident was noticed");
}

#[test]
fn a_sudden_crowd_about_one_matter_is_an_incident_with_its_first_members() {
    let (gathering, opened) = with_incident();
    assert_eq!(opened.evidence.count, 20);
    assert_eq!(opened.members, (1..=20).map(Uuid::from_u128).collect::<Vec<_>>());
    assert_eq!(gathering.incidents[0].key.dimension, Dimension::LiveRoom, "the narrowest cause");
}

#[test]
fn what_follows_about_the_same_matter_joins_and_is_counted_no_more() {
    let (mut gathering, opened) = with_incident();
    for n in 100..1_100 {
        assert_eq!(place(&mut gathering, &complaint(n, NOON + 1)), Placed::Joined(opened.incident));
    }
    assert_eq!(gathering.incidents.len(), 1, "one cause makes one incident");
    assert!(gathering.rates.values().all(|rate| rate.recent.iter().sum::<u32>() == 0));
}

#[test]
fn another_matter_of_the_same_room_stays_out_unless_its_text_is_near() {
    let (mut gathering, opened) = with_incident();
    let other = Complaint {
        category: Category::Cq02,
        sub_category: "dispatch_delay".into(),
        text_hash: Some(u64::MAX),
        ..complaint(100, NOON)
    };
    assert_eq!(place(&mut gathering, &other), Placed::Counted);
    let mislabelled = Complaint { text_hash: Some(0b1011), id: Uuid::from_u128(101), ..other.clone() };
    assert_eq!(place(&mut gathering, &mislabelled), Placed::Joined(opened.incident));
    let elsewhere = Complaint { subjects: Subjects::default(), ..complaint(102, NOON) };
    assert_eq!(place(&mut gathering, &elsewhere), Placed::Counted);
    let stranger = Complaint { tenant: "tenant-b".parse().unwrap(), ..complaint(103, NOON) };
    assert_eq!(place(&mut gathering, &stranger), Placed::Counted);
}

#[test]
fn a_subject_that_is_always_busy_is_measured_by_its_own_baseline() {
    let mut gathering = Gathering::default();
    let mut n = 0;
    // Ten a minute for two days.
    for minute in 0..2_880 {
        for _ in 0..10 {
            n += 1;
            let placed = place(&mut gathering, &complaint(n, NOON + minute));
            // Its first minutes are news; a person says that they are none, and the baseline follows.
            if let Placed::Opened(_) = placed {
                gathering.incidents.clear();
                for rate in gathering.rates.values_mut() {
                    rate.baseline = rate.baseline.max(10.0);
                }
            }
        }
    }
    assert!(gathering.incidents.is_empty());
    let found = (0..2_000).find(|i| {
        matches!(place(&mut gathering, &complaint(1_000_000 + i, NOON + 2_880)), Placed::Opened(_))
    });
    assert!(found.is_some_and(|i| i > 150), "{found:?}");
}

#[test]
fn an_incident_that_nobody_joined_for_long_takes_nobody_up() {
    let (mut gathering, _) = with_incident();
    assert_eq!(place(&mut gathering, &complaint(100, NOON + 121)), Placed::Counted);
}

#[test]
fn an_incident_moves_only_along_its_states() {
    use IncidentState::{Confirmed, Dissolved, Handled, Suspected};
    for from in IncidentState::ALL {
        assert!(!may_become(Dissolved, *from));
        assert!(!may_become(*from, *from));
        assert!(!may_become(*from, Suspected));
    }
    assert!(may_become(Suspected, Confirmed) && may_become(Confirmed, Handled));
    assert!(!may_become(Suspected, Handled));
    assert!(!leaves_no_doubt(199) && leaves_no_doubt(200));
}

#[derive(Debug, Clone)]
struct Step {
    minute: i64,
    room: u8,
    matter: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..8_i64, 0..3_u8, any::<bool>());
    prop::collection::vec(step.prop_map(|(minute, room, matter)| Step { minute, room, matter }), 0..200)
}

fn told(step: &Step, n: u128) -> Complaint {
    let category = if step.matter { Category::Cq01 } else { Category::Cq02 };
    let live_room = format!("room-{}", step.room);
    let subjects = Subjects { live_room, merchant: "shop-1".into(), ..Subjects::default() };
    Complaint { subjects, category, text_hash: None, ..complaint(n, NOON + step.minute) }
}

proptest! {
    #[test]
    fn a_complaint_belongs_to_one_incident_at_most_and_an_incident_has_enough_members(steps in steps()) {
        let mut gathering = Gathering::default();
        let mut members: Vec<Uuid> = Vec::new();
        for (step, n) in steps.iter().zip(1..) {
            match place(&mut gathering, &told(step, n)) {
                Placed::Joined(_) => members.push(Uuid::from_u128(n)),
                Placed::Opened(opened) => {
                    prop_assert_eq!(opened.members.last(), Some(&Uuid::from_u128(n)));
                    prop_assert!(opened.evidence.count >= 20 && opened.evidence.ratio() >= 5.0);
                    members.extend(opened.members);
                }
                Placed::Counted => {}
            }
        }
        let mut joined_once = members.clone();
        joined_once.sort();
        joined_once.dedup();
        // A window may hold members of an incident of another subject; these the caller passes over.
        prop_assert!(joined_once.len() <= steps.len());
        for rate in gathering.rates.values() {
            prop_assert!(rate.latest.len() <= KEPT && rate.baseline >= 0.0);
            prop_assert!(rate.recent.iter().sum::<u32>() as usize >= rate.latest.len());
        }
    }

    #[test]
    fn where_a_batch_is_cut_makes_no_difference(steps in steps(), cut in 0..200_usize) {
        let whole = {
            let mut gathering = Gathering::default();
            steps.iter().zip(1..).map(|(step, n)| place(&mut gathering, &told(step, n))).collect::<Vec<_>>()
        };
        let mut first = Gathering::default();
        let mut second = None;
        let cut_up: Vec<Placed> = steps
            .iter()
            .zip(1..)
            .enumerate()
            .map(|(at, (step, n))| {
                if at < cut {
                    return place(&mut first, &told(step, n));
                }
                let gathering = second.get_or_insert_with(|| Gathering {
                    rates: first.rates.clone(),
                    incidents: first.incidents.clone(),
                });
                place(gathering, &told(step, n))
            })
            .collect();
        prop_assert_eq!(whole, cut_up);
    }
}
