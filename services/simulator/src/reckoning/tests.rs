use super::*;
use crate::ledger::Course;
use crate::plan::Script;
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn notices(n: u128, of: &[(&str, &str)]) -> Vec<Notice> {
    let notice = |(kind, role): &(&str, &str)| Notice {
        case: ("tenant-a".to_owned(), id(n).to_string()),
        id: format!("{n}-{kind}"),
        kind: (*kind).to_owned(),
        role: (*role).to_owned(),
    };
    of.iter().map(notice).collect()
}

fn counts(of: &[(&str, u64)]) -> Counts {
    of.iter().map(|(definition, count)| ((*definition).to_owned(), *count)).collect()
}

/// One case settled and closed, one withdrawn.
fn accounts() -> (Book, Stores, Arrived) {
    let mut book = Book::default();
    for (n, owed_minor, state) in [(1, 700, State::Closed), (2, 0, State::Withdrawn)] {
        let complaint = ("tenant-a".to_owned(), id(n));
        book.accepted.insert(complaint.clone());
        let course =
            Course { admitted: true, owed_minor, state, over: true, ..Course::begun(Script::Settle) };
        book.courses.insert(complaint, course);
    }
    book.courses.values_mut().next().unwrap().kept = BTreeMap::from([("C11", 1), ("C18", 1), ("C29", 1)]);
    let case = ("tenant-a".to_owned(), id(1).to_string());
    let taken_up =
        [("n01_receipt", "complainant"), ("n02_acceptance", "complainant"), ("n05_respondent", "respondent")];
    let notices = [
        notices(1, &taken_up),
        notices(1, &[("n06_evidence", "respondent"), ("n12_result", "complainant")]),
        notices(2, &taken_up),
    ]
    .concat();
    let ids = notices.iter().map(|notice| notice.id.clone()).collect();
    let stores = Stores {
        registered: 2,
        assessed: 2,
        counted: 2,
        admitted: 2,
        closed: 1,
        withdrawn: 1,
        notices_sent: 8,
        notices,
        remedies_paid: 1,
        paid: BTreeMap::from([(case.clone(), 700)]),
        deadlines_met: 10,
        met: counts(&[("C06", 2), ("C07", 2), ("C11", 1), ("C18", 1), ("C19", 1), ("C29", 1)]),
        windows_over: 1,
        counted_clocks: (10, 0, 1),
        ..Stores::default()
    };
    let payment = Payment { tenant: case.0, complaint: case.1, amount_minor: 700, reversed: false };
    (book, stores, Arrived { notices: 8, ids, payments: vec![payment] })
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
    let told = Stores { deadlines_met: 11, ..stores }.disagreements(&book, &arrived);
    assert_eq!(told, ["clocks met, by analytics: 10 by the ledger, 11 in the stores"]);
}

#[test]
fn a_party_that_lacks_a_notice_of_its_case_is_told_though_as_many_came() {
    let (book, stores, mut arrived) = accounts();
    arrived.ids.remove("1-n12_result");
    arrived.ids.insert("of another case".to_owned());
    let told = stores.disagreements(&book, &arrived);
    assert_eq!(told, [format!("tenant-a/{} (Settle) was not told: n12_result to the complainant", id(1))]);
    let told = |script, state, kept: &[(&'static str, u64)]| {
        let (mut book, stores, arrived) = accounts();
        let course = book.courses.values_mut().next().unwrap();
        (course.script, course.state) = (script, state);
        course.kept.extend(kept.iter().copied());
        stores.disagreements(&book, &arrived).join("; ")
    };
    assert!(
        told(Script::Abusive, State::NotAccepted, &[]).contains("not told: n03_refusal to the complainant")
    );
    assert!(told(Script::Regulator, State::Referred, &[]).contains("n14_termination to the complainant"));
    assert!(told(Script::Appeal, State::Closed, &[("C28", 1)]).contains("n15_appeal to the complainant"));
    let (book, mut stores, arrived) = accounts();
    stores.notices.retain(|notice| notice.role != "respondent");
    assert_eq!(stores.disagreements(&book, &arrived).len(), 2, "the other side is told too");
}

#[test]
fn deadlines_are_held_against_what_those_know_who_kept_or_missed_them() {
    let (book, stores, arrived) = accounts();
    let with = |met: &[(&str, u64)], missed: &[(&str, u64)]| {
        let mut stores = stores.clone();
        stores.met.extend(counts(met));
        stores.missed.extend(counts(missed));
        stores.disagreements(&book, &arrived)
    };
    assert_eq!(with(&[("C11", 0)], &[]), ["clocks C11 met: 1 by the ledger, 0 in sla"]);
    assert_eq!(with(&[("C07", 3)], &[]), ["clocks C07 met: 2 by the ledger, 3 in sla"]);
    assert_eq!(with(&[], &[("C11", 1)]), ["clocks C11 missed: 0 by the ledger, 1 in sla"]);
    assert_eq!(with(&[], &[("C13", 1)]), ["clocks C13 missed: 0 by the ledger, 1 in sla"]);
    assert_eq!(with(&[("C32", 9)], &[("C04", 1)]), [""; 0], "what nobody outside can know");
    let (mut book, stores, arrived) = accounts();
    book.courses.values_mut().for_each(|course| course.lapsed = 1);
    let told = stores.disagreements(&book, &arrived);
    assert!(told.contains(&"clocks C11 missed: 2 by the ledger, 0 in sla".to_owned()), "{told:?}");
    // Of the two only one was asked in writing.
    assert!(
        told.contains(&format!("tenant-a/{} (Settle) was not told: n06_evidence to the respondent", id(2)))
    );
}

#[test]
fn what_handlers_recorded_is_held_against_its_clocks_and_what_ended_before_counts_for_neither() {
    // The case that was withdrawn was urgent too, and ended before anything was done: it is in neither account.
    let (mut book, mut stores, arrived) = accounts();
    let course = book.courses.values_mut().next().unwrap();
    for definition in ["C17", "C34"] {
        course.keeps(definition);
    }
    let told = stores.disagreements(&book, &arrived);
    assert_eq!(
        told,
        ["clocks C17 met: 1 by the ledger, 0 in sla", "clocks C34 met: 1 by the ledger, 0 in sla"],
        "what was recorded has not met its clock"
    );
    stores.met.extend(counts(&[("C17", 1), ("C34", 1)]));
    assert_eq!(stores.disagreements(&book, &arrived), [""; 0]);
    stores.met.insert("C29".to_owned(), 2);
    let told = stores.disagreements(&book, &arrived);
    assert_eq!(told, ["clocks C29 met: 1 by the ledger, 2 in sla"], "nobody recorded the second");
    stores.met.insert("C29".to_owned(), 1);
    for definition in ["C17", "C29", "C34"] {
        let missed = counts(&[(definition, 1)]);
        let told = Stores { missed, ..stores.clone() }.disagreements(&book, &arrived);
        assert_eq!(told, [format!("clocks {definition} missed: 0 by the ledger, 1 in sla")]);
    }
}
