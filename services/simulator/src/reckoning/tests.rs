use super::*;
use crate::ledger::Course;
use crate::plan::Script;
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// One case settled and closed, one withdrawn.
fn accounts() -> (Book, Stores, Arrived) {
    let mut book = Book::default();
    for (n, owed_minor, state) in [(1, 700, State::Closed), (2, 0, State::Withdrawn)] {
        let complaint = ("tenant-a".to_owned(), id(n));
        book.accepted.insert(complaint.clone());
        let course = Course { script: Script::Settle, admitted: true, owed_minor, state, over: true };
        book.courses.insert(complaint, course);
    }
    let case = ("tenant-a".to_owned(), id(1).to_string());
    let stores = Stores {
        registered: 2,
        assessed: 2,
        counted: 2,
        admitted: 2,
        closed: 1,
        withdrawn: 1,
        notices_sent: 5,
        remedies_paid: 1,
        paid: BTreeMap::from([(case.clone(), 700)]),
        deadlines_met: 3,
        windows_over: 1,
        counted_clocks: (3, 0, 1),
        ..Stores::default()
    };
    let payment = Payment { tenant: case.0, complaint: case.1, amount_minor: 700, reversed: false };
    (book, stores, Arrived { notices: 5, people_told: 2, payments: vec![payment] })
}

#[test]
fn accounts_that_agree_have_nothing_to_tell() {
    let (book, stores, arrived) = accounts();
    assert_eq!(stores.disagreements(&book, &arrived), [] as [String; 0]);
}

#[test]
fn whatever_is_lost_unpaid_untold_parked_or_left_behind_is_told() {
    let spoiled = |spoil: fn(&mut Book, &mut Stores, &mut Arrived)| {
        let (mut book, mut stores, mut arrived) = accounts();
        spoil(&mut book, &mut stores, &mut arrived);
        stores.disagreements(&book, &arrived).join("; ")
    };
    assert_eq!(spoiled(|_, stores, _| stores.parked = 1), "1 events are parked");
    assert_eq!(spoiled(|_, stores, _| stores.undeliverable = 1), "1 notices reached nobody");
    assert_eq!(spoiled(|_, _, arrived| arrived.people_told = 1), "1 complainants were told nothing");
    let told = spoiled(|book, _, _| book.courses.values_mut().for_each(|course| course.over = false));
    assert_eq!(told, "2 cases are left behind");
    let told = spoiled(|_, _, arrived| arrived.payments.clear());
    assert!(told.contains("remedies paid: 0 by the ledger, 1 in the stores"), "{told}");
    assert!(told.contains("Some(700) is owed, None by the payments' books"), "{told}");
    let told = spoiled(|_, _, arrived| arrived.payments.push(arrived.payments[0].clone()));
    assert!(told.contains("Some(1400) by the payments' books"), "paid twice: {told}");
    let told = spoiled(|_, stores, _| (stores.registered, stores.open) = (3, 1));
    assert!(told.contains("registered: 2 by the ledger, 3 in the stores"), "{told}");
}

#[test]
fn clocks_that_analytics_has_not_heard_of_are_told_and_so_are_windows() {
    let (book, stores, arrived) = accounts();
    let told = Stores { windows_over: 2, ..stores.clone() }.disagreements(&book, &arrived);
    assert_eq!(told, ["windows over, by analytics: 1 by the ledger, 2 in the stores"]);
    let told = Stores { deadlines_met: 4, ..stores }.disagreements(&book, &arrived);
    assert_eq!(told, ["clocks met, by analytics: 3 by the ledger, 4 in the stores"]);
}
