use serde_json::{Value, json};

use super::samples::*;
use crate::domain::lifecycle::*;

#[test]
fn every_state_reads_back_as_it_was_stored() {
    for &kind in StateKind::ALL {
        let life = in_kind(kind);
        let stored = serde_json::to_value(&life).unwrap();
        assert_eq!(stored["state"]["state"], kind.code());
        assert_eq!(serde_json::from_value::<Lifecycle>(stored).unwrap(), life);
        assert_eq!(kind.code().parse::<StateKind>().unwrap(), kind);
    }
}

#[test]
fn a_young_lifecycle_is_stored_in_one_short_line() {
    let registered = Lifecycle::register(&registration(), &by(Capacity::Complainant)).unwrap();
    let life = Lifecycle::begin(&registered).unwrap();
    assert_eq!(
        serde_json::to_string(&life).unwrap(),
        r#"{"complaint":"00000000-0000-0000-0000-000000000001","state":{"state":"received"},"version":1}"#
    );
}

fn read(change: impl FnOnce(&mut Value)) -> Result<Lifecycle, String> {
    let mut stored = serde_json::to_value(in_kind(StateKind::Suspended)).unwrap();
    change(&mut stored);
    serde_json::from_value(stored).map_err(|e| e.to_string())
}

#[test]
fn a_row_that_no_lifecycle_can_have_written_is_refused_with_its_reason() {
    assert!(read(|_| ()).is_ok());
    let former = |state: StateKind| {
        let former = serde_json::to_value(super::samples::state(state)).unwrap();
        read(|stored| stored["state"]["data"]["former"] = former)
    };
    assert_eq!(former(StateKind::Closed).unwrap_err(), "state `suspended` cannot have followed `closed`");
    assert_eq!(
        former(StateKind::Suspended).unwrap_err(),
        "state `suspended` cannot have followed `suspended`"
    );
    assert_eq!(
        read(|stored| stored["version"] = json!(0)).unwrap_err(),
        "a lifecycle has at least one event"
    );
    for unfit in [
        read(|stored| stored["state"]["state"] = json!("asleep")),
        read(|stored| stored["state"]["data"]["note"] = json!("by hand")),
        read(|stored| stored["extra"] = json!(1)),
        read(|stored| {
            stored["regions"] = json!({
                "assignment": { "value": { "assignment": "unassigned" }, "version": 0 },
                "waiting_on": { "value": {}, "version": 0 },
                "escalation": { "value": 5, "version": 5 },
            });
        }),
    ] {
        assert!(unfit.is_err());
    }
}

#[test]
fn a_code_holds_no_free_text() {
    for fits in ["a", "rule-12@2026.04", &"c".repeat(64)] {
        assert_eq!(fits.parse::<Code>().unwrap().as_str(), fits);
    }
    for free in ["", "Ms Example called", "王小样", "UPPER", &"c".repeat(65)] {
        assert!(free.parse::<Code>().is_err(), "{free}");
        assert!(serde_json::from_value::<Code>(json!(free)).is_err(), "{free}");
    }
}

#[test]
fn paths_and_staff_references_hold_no_free_text() {
    for path in ["order.orderNo", "order_no", "contacts[0].value"] {
        assert!(is_field_path(path), "{path}");
    }
    for reference in ["H-0042", "queue-cq07", "staff_1@unit.7"] {
        assert!(is_staff_reference(reference), "{reference}");
    }
    let long = "c".repeat(65);
    for free in ["", "Ms Example called", "王小样", "+86", &long] {
        assert!(!is_field_path(free) && !is_staff_reference(free), "{free}");
    }
    assert!(!is_field_path("13800000000"), "a number is no path");
}

#[test]
fn a_replay_needs_the_first_event_first() {
    let registered = Lifecycle::register(&registration(), &by(Capacity::Complainant)).unwrap();
    let withdrawn = Event::ComplaintWithdrawn;
    assert_eq!(Lifecycle::replay([]), Ok(None));
    assert_eq!(
        Lifecycle::replay([&withdrawn, &registered]),
        Err(InvalidTransition { from: None, step: "ComplaintWithdrawn" })
    );
    assert_eq!(
        Lifecycle::replay([&registered, &withdrawn, &withdrawn]),
        Err(InvalidTransition { from: Some(StateKind::Withdrawn), step: "ComplaintWithdrawn" })
    );
}
