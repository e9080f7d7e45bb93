//! Complaints and what happens to them, as people read them.

use jiff::tz::TimeZone;
use redress_proto::intake::v1::{Complaint, HistoryEntry};
use redress_proto::types::v1::{
    Category, Channel, Complainant, ComplaintState, ContactType, DecidedBy, Demand, LiveRef, Money, OrderRef,
    Origin, PartyKind, Respondent, Severity,
};

use crate::output::{card, table};
use crate::shown::time;
use crate::words::word;

/// All that the caller may see.
pub(super) fn whole(complaint: &Complaint, zone: &TimeZone) -> String {
    let lines = [
        ("number", complaint.complaint_no.clone()),
        ("id", complaint.complaint_id.clone()),
        (
            "state",
            format!("{} (version {})", word::<ComplaintState>(complaint.state), complaint.state_version),
        ),
        ("channel", word::<Channel>(complaint.channel)),
        ("origin", word::<Origin>(complaint.origin)),
        ("category", word::<Category>(complaint.category)),
        ("severity", word::<Severity>(complaint.severity)),
        ("urgent", if complaint.urgent { "yes".to_owned() } else { String::new() }),
        ("submitted", time(complaint.submitted_at.as_ref(), zone)),
        ("received", time(complaint.received_at.as_ref(), zone)),
        ("registered", time(complaint.registered_at.as_ref(), zone)),
        ("acknowledged by", time(complaint.acknowledge_by.as_ref(), zone)),
        ("complainant", complaint.complainant.as_ref().map(complainant).unwrap_or_default()),
        ("respondents", lines(complaint.respondents.iter().map(respondent))),
        ("order", complaint.order.as_ref().map(order).unwrap_or_default()),
        ("live", complaint.live.as_ref().map(live).unwrap_or_default()),
        ("demand", complaint.demand.as_ref().map(demand).unwrap_or_default()),
        ("language", complaint.language.clone()),
        ("text", complaint.text.clone().unwrap_or_default()),
        (
            "attachments",
            lines(complaint.attachments.iter().map(|attachment| {
                words([
                    attachment.name.as_deref().unwrap_or_default(),
                    &attachment.media_type,
                    &attachment.object_key,
                ])
            })),
        ),
        ("missing", complaint.missing.join(", ")),
        (
            "notes",
            lines(complaint.notes.iter().map(|note| {
                format!(
                    "{} (version {}): {}",
                    note.kind,
                    note.version,
                    note.text.as_deref().unwrap_or("not shown")
                )
            })),
        ),
        (
            "conflicts",
            lines(complaint.conflicts.iter().map(|other| {
                let text = other.text.as_deref().unwrap_or("not shown");
                format!(
                    "{} {}: {text}",
                    time(other.received_at.as_ref(), zone),
                    word::<Channel>(other.channel)
                )
            })),
        ),
    ];
    let history = history(&complaint.history, zone);
    if history.is_empty() { card(lines) } else { format!("{}\n{history}", card(lines)) }
}

/// One line per complaint.
pub(super) fn rows(complaints: &[Complaint], zone: &TimeZone) -> String {
    table(
        ["NUMBER", "STATE", "CATEGORY", "SEVERITY", "CHANNEL", "RECEIVED", "ID"],
        complaints.iter().map(|complaint| {
            let severity = word::<Severity>(complaint.severity);
            [
                complaint.complaint_no.clone(),
                word::<ComplaintState>(complaint.state),
                word::<Category>(complaint.category),
                if complaint.urgent {
                    format!("{severity} urgent").trim_start().to_owned()
                } else {
                    severity
                },
                word::<Channel>(complaint.channel),
                time(complaint.received_at.as_ref(), zone),
                complaint.complaint_id.clone(),
            ]
        }),
    )
}

/// One line per event.
pub(super) fn history(entries: &[HistoryEntry], zone: &TimeZone) -> String {
    table(["VERSION", "AT", "EVENT", "STATE", "BY", "DETAIL"], entries.iter().map(|entry| event(entry, zone)))
}

/// The cells of an event.
pub(super) fn event(entry: &HistoryEntry, zone: &TimeZone) -> [String; 6] {
    [
        entry.version.to_string(),
        time(entry.at.as_ref(), zone),
        entry.event.clone(),
        word::<ComplaintState>(entry.state),
        words([&*word::<DecidedBy>(entry.decided_by), &entry.actor]),
        detail(entry),
    ]
}

/// The facts of an event as JSON on one line; nothing for none.
fn detail(entry: &HistoryEntry) -> String {
    let facts = entry.detail.as_ref().filter(|detail| !detail.fields.is_empty());
    facts.and_then(|facts| serde_json::to_string(facts).ok()).unwrap_or_default()
}

fn complainant(complainant: &Complainant) -> String {
    let who = words([
        &*word::<PartyKind>(complainant.kind),
        complainant.external_ref.as_deref().unwrap_or_default(),
        complainant.name.as_deref().unwrap_or_default(),
    ]);
    let contacts = complainant.contacts.iter().map(|contact| {
        let consent = if contact.consent_to_contact { "" } else { " (no consent to contact)" };
        format!("{} {}{consent}", word::<ContactType>(contact.r#type), contact.value)
    });
    lines(std::iter::once(who).chain(contacts))
}

fn respondent(respondent: &Respondent) -> String {
    let name = respondent.name.as_deref().unwrap_or_default();
    words([&*word::<PartyKind>(respondent.kind), &respondent.external_ref, name])
}

fn order(order: &OrderRef) -> String {
    let paid = order.paid.as_ref().map(money).unwrap_or_default();
    words([
        &*order.order_no,
        &order.sku,
        &order.product_name,
        &order.specification,
        &paid,
        &order.logistics_status,
    ])
}

fn live(live: &LiveRef) -> String {
    let offset = if live.offset_ms == 0 { String::new() } else { format!("at {} s", live.offset_ms / 1_000) };
    let place = words([&*live.room_id, &live.anchor_id, &live.session_id, &offset]);
    lines([place, live.quoted_wording.clone().unwrap_or_default()])
}

fn demand(demand: &Demand) -> String {
    let amount = demand.amount.as_ref().map(money).unwrap_or_default();
    lines([words([&*demand.remedies.join(", "), &amount]), demand.text.clone().unwrap_or_default()])
}

/// In the currency's smallest unit, as the contract has it: how many digits a currency has is not this program's to know.
fn money(money: &Money) -> String {
    format!("{} {} (minor units)", money.currency, money.amount_minor)
}

/// What there is, with spaces between.
fn words<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What there is, below each other.
fn lines(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::instant;

    fn complaint() -> Complaint {
        Complaint {
            complaint_id: "0197".into(),
            complaint_no: "20260801-ABCD-EFGH-1".into(),
            state: ComplaintState::Accepted.into(),
            state_version: 2,
            channel: Channel::LiveComment.into(),
            category: Category::Cq07.into(),
            severity: Severity::Major.into(),
            urgent: true,
            received_at: instant("2026-08-01T01:00:00Z").ok(),
            respondents: vec![Respondent {
                kind: PartyKind::Anchor.into(),
                external_ref: "anchor-1".into(),
                name: None,
            }],
            text: Some("第一行\n第二行".into()),
            history: vec![HistoryEntry {
                version: 1,
                event: "ComplaintRegistered".into(),
                state: ComplaintState::Received.into(),
                actor: "c-1".into(),
                decided_by: DecidedBy::Human.into(),
                ..HistoryEntry::default()
            }],
            ..Complaint::default()
        }
    }

    #[test]
    fn a_complaint_is_shown_with_what_there_is_of_it() {
        let text = whole(&complaint(), &TimeZone::UTC);
        for line in [
            "number       20260801-ABCD-EFGH-1",
            "state        accepted (version 2)",
            "received     2026-08-01 01:00:00 +00:00",
            "respondents  anchor anchor-1",
            "text         第一行",
            "             第二行",
            "VERSION  AT  EVENT                STATE     BY         DETAIL",
            "1            ComplaintRegistered  received  human c-1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line:?} in\n{text}");
        }
        assert!(!text.contains("attachments"), "{text}");
    }

    #[test]
    fn in_a_list_a_complaint_is_a_line() {
        let text = rows(&[complaint()], &TimeZone::UTC);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains("accepted  cq07      major urgent  live_comment"), "{text}");
    }
}
