use super::*;
use uuid::Uuid;

fn complaint(n: u128) -> Complaint {
    ("tenant-a".to_owned(), Uuid::from_u128(n))
}

/// Three complaints; the third was repeated and the register recognised it.
fn accounts() -> (Book, Contents, Events) {
    let all = || (1..=3).map(complaint);
    let book = Book {
        sent: 4,
        accepted: all().collect(),
        latencies: [30, 10, 20].map(Duration::from_millis).into(),
        repeats_passed_on: 1,
        ..Book::default()
    };
    let version = |complaint: &Complaint| if complaint.1.as_u128() == 3 { 2 } else { 1 };
    let stores = Contents {
        complaints: all().map(|complaint| (complaint.clone(), version(&complaint))).collect(),
        repeated: 1,
        conflicting: 0,
    };
    let names = [(1, REGISTERED.to_owned()), (2, REPEATED.to_owned())];
    let events = all().map(|complaint| {
        let published = usize::try_from(version(&complaint)).unwrap();
        (complaint, names[..published].iter().cloned().collect())
    });
    (book, stores, events.collect())
}

#[test]
fn accounts_that_agree_pass() {
    let (book, stores, events) = accounts();
    let report = Report::of(&book, &stores, &events);
    report.verdict().unwrap();
    assert_eq!((report.accepted, report.registered, report.published), (3, 3, 3));
    assert_eq!((report.duplicates_recognised, report.lost, report.doubled), (1, 0, 0));
    assert_eq!((report.p50_ms, report.p99_ms), (20.0, 30.0));
    assert_eq!(report.json()["summary"]["lost"], 0);
}

#[test]
fn the_line_for_programs_has_sixteen_numbers_and_no_more() {
    let (book, stores, events) = accounts();
    let line = Report::of(&book, &stores, &events).json();
    let keys: Vec<&str> = line["summary"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "accepted admitted assessed closed deadlines_met deadlines_missed duplicated incidents lost \
                    notices_sent open parked refused registered remedies_paid withdrawn";
    assert_eq!(keys, expected.split_whitespace().collect::<Vec<_>>());
    assert!(line["summary"].as_object().unwrap().values().all(Value::is_number));
}

#[test]
fn the_incidents_that_are_shown_are_those_that_are_compared_with_the_ledger() {
    let (book, contents, events) = accounts();
    let stores = Stores { incidents: 7, ..Stores::default() };
    let report = Report { stores, ..Report::of(&book, &contents, &events) };
    assert_eq!(report.json()["summary"]["incidents"], 7);
    let table = report.table();
    let row = table.lines().find(|line| line.trim_start().starts_with("incidents ")).unwrap();
    assert_eq!(row.split_whitespace().nth(1), Some("7"));
}

#[test]
fn a_complaint_that_is_not_registered_or_not_published_is_lost() {
    let (book, mut stores, events) = accounts();
    stores.complaints.remove(&complaint(1));
    let report = Report::of(&book, &stores, &events);
    assert!(report.lost == 1 && report.verdict().is_err());
    let (book, stores, mut events) = accounts();
    events.remove(&complaint(2));
    let report = Report::of(&book, &stores, &events);
    assert!(report.lost == 1 && report.verdict().is_err());
}

#[test]
fn a_complaint_that_nobody_was_told_of_or_that_was_registered_twice_is_doubled() {
    let (book, mut stores, events) = accounts();
    stores.complaints.insert(complaint(4), 1);
    let report = Report::of(&book, &stores, &events);
    assert!(report.doubled == 1 && report.verdict().is_err());
    let (book, stores, mut events) = accounts();
    events.get_mut(&complaint(3)).unwrap().insert(2, REGISTERED.to_owned());
    let report = Report::of(&book, &stores, &events);
    assert!(report.doubled == 1 && report.verdict().is_err());
}

#[test]
fn numbers_that_differ_and_holes_in_the_versions_are_told() {
    let (mut book, stores, events) = accounts();
    book.repeats_passed_on = 2;
    let told = Report::of(&book, &stores, &events).verdict().unwrap_err().to_string();
    assert!(
        told.contains("repetitions left to the register: 2 by the callers' ledger, 1 in PostgreSQL"),
        "{told}"
    );
    let (book, mut stores, events) = accounts();
    stores.complaints.insert(complaint(1), 2);
    let told = Report::of(&book, &stores, &events).verdict().unwrap_err().to_string();
    assert!(told.contains("holes"), "{told}");
}
