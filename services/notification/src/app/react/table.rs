//! Which event sends which notice to whom, and what the notice says.

use jiff::{SignedDuration, Timestamp};
use redress_domain::{Category, PartyKind};

use super::event::Event;
use crate::app::asked::Asked;
use crate::app::draft::{Texts, end_of_day, fields};
use crate::app::terms::Terms;
use crate::domain::form::Form;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::profile::{Aspect, Profile};
use crate::domain::vocabulary::Vocabulary;
use crate::store::complaint::Complaint;

/// The names of events in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// `ComplaintRegistered`
    Registered,
    /// `CompletionRequested`
    CompletionRequested,
    /// `ComplaintAccepted`
    Accepted,
    /// `ComplaintRefused`
    Refused,
    /// `ComplaintLapsed`
    Lapsed,
    /// `ComplaintClosed`
    Closed,
}

/// The table. A notice to respondents goes to each of them.
const TABLE: &[(On, NoticeKind, Role)] = &[
    (On::Registered, NoticeKind::Receipt, Role::Complainant),
    (On::CompletionRequested, NoticeKind::Completion, Role::Complainant),
    (On::Accepted, NoticeKind::Acceptance, Role::Complainant),
    (On::Accepted, NoticeKind::Respondent, Role::Respondent),
    (On::Refused, NoticeKind::Refusal, Role::Complainant),
    (On::Lapsed, NoticeKind::Refusal, Role::Complainant),
    (On::Closed, NoticeKind::Survey, Role::Complainant),
    (On::Closed, NoticeKind::Survey, Role::Respondent),
];

/// What an event sends.
pub(super) fn sent_on(event: &Event) -> impl Iterator<Item = (NoticeKind, Role)> {
    let on = match event {
        Event::Registered(_) => Some(On::Registered),
        Event::ReviewStarted { .. } | Event::Answered { .. } => None,
        Event::CompletionRequested { .. } => Some(On::CompletionRequested),
        Event::Accepted { .. } => Some(On::Accepted),
        Event::Refused { .. } => Some(On::Refused),
        Event::Lapsed { .. } => Some(On::Lapsed),
        Event::Closed => Some(On::Closed),
    };
    TABLE.iter().filter(move |row| Some(row.0) == on).map(|(_, kind, role)| (*kind, *role))
}

/// What contents are made from.
pub(super) struct Source<'a> {
    pub(super) complaint: &'a Complaint,
    pub(super) terms: Terms,
    pub(super) asked: &'a Asked,
    /// What was last asked for, where that it did not come is told.
    pub(super) asked_for: &'a [String],
    pub(super) profile: &'a Profile,
    /// When the event happened.
    pub(super) at: Timestamp,
}

impl Source<'_> {
    /// What the notice of `kind` about `event` says to what is a `party`.
    pub(super) fn content(&self, kind: NoticeKind, party: PartyKind, event: &Event) -> Texts {
        match event {
            Event::Registered(registered) => fields([
                ("channel", registered.channel.code().to_owned()),
                ("decision_days", self.terms.decision_days.to_string()),
            ]),
            Event::CompletionRequested { missing } => {
                completion(missing, self.end_of_day(self.terms.completion_days).to_string())
            }
            Event::Accepted { .. } if kind == NoticeKind::Respondent => self.respondent(party),
            Event::Accepted { handler } => self.acceptance(handler),
            Event::Refused { reason, rule, review_until } => refusal(reason, rule, *review_until),
            Event::Lapsed { review_until } => {
                let mut texts = refusal("incomplete", "completion_lapsed", *review_until);
                texts.insert("missing".to_owned(), named(self.asked_for));
                texts
            }
            Event::Closed => self.survey(),
            Event::ReviewStarted { .. } | Event::Answered { .. } => Texts::new(),
        }
    }

    fn survey(&self) -> Texts {
        let link = |aspect| self.profile.survey(aspect, &self.complaint.complaint_no);
        fields([
            ("outcome_survey", link(Aspect::Outcome)),
            ("process_survey", link(Aspect::Process)),
            ("due", self.end_of_day(self.terms.survey_days).to_string()),
        ])
    }

    fn acceptance(&self, handler: &str) -> Texts {
        let category = self.category();
        let queue = format!("queue-{}", category.code().to_lowercase());
        let handler = if is_staff_number(handler) { handler } else { "" };
        let result_days =
            if self.complaint.urgent { self.terms.urgent_result_days } else { self.terms.result_days };
        fields([
            ("category", category.code().to_owned()),
            ("product", self.complaint.product.clone()),
            ("handler", if handler.is_empty() { queue } else { handler.to_owned() }),
            ("accepted_at", self.at.to_string()),
            ("result_days", result_days.to_string()),
            ("longest_days", self.terms.longest_days.to_string()),
        ])
    }

    /// Facts that are public by themselves: nothing that tells who complains, the order's number included.
    fn respondent(&self, party: PartyKind) -> Texts {
        let questions = self.asked.about(self.category(), party);
        let told = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let due = self.at.saturating_add(SignedDuration::from_hours(self.terms.answer_hours.into()));
        fields([
            ("category", self.category().code().to_owned()),
            ("summary", self.category().code().to_owned()),
            ("product", self.complaint.product.clone()),
            ("ordered_at", told(self.complaint.ordered_at)),
            ("live_room", self.complaint.live_room.clone()),
            ("live_at", told(self.complaint.live_at)),
            ("claimed", self.complaint.claimed.clone()),
            ("demand", self.complaint.remedies.join("\n")),
            ("points", questions.points),
            ("evidence", questions.evidence),
            ("due", due.unwrap_or(self.at).to_string()),
            ("consequence", "decided_on_file".to_owned()),
        ])
    }

    fn end_of_day(&self, days: u16) -> Timestamp {
        end_of_day(self.at, &self.profile.zone, days)
    }

    fn category(&self) -> Category {
        self.complaint.category.unwrap_or(Category::Cq09)
    }
}

/// What a request for missing details says.
pub(in crate::app) fn completion(missing: &[String], due: String) -> Texts {
    fields([("missing", named(missing)), ("due", due), ("consequence", "not_taken_up".to_owned())])
}

/// Names of what is missing, as far as they can stand in a letter, a line each.
fn named(missing: &[String]) -> String {
    let fits = |name: &&str| Form::Phrase(Vocabulary::Missing).fits(name) && !name.trim().is_empty();
    missing.iter().map(String::as_str).filter(fits).collect::<Vec<_>>().join("\n")
}

/// Longest number of staff or name of a queue.
const STAFF_MOST: usize = 40;

/// Whether `handler` is a number of staff or a queue, and not the subject of a token: those are names, addresses and ids
/// that a party has no business with.
fn is_staff_number(handler: &str) -> bool {
    handler.len() <= STAFF_MOST
        && handler.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && handler.contains(|c: char| c.is_ascii_digit())
        && handler.parse::<uuid::Uuid>().is_err()
}

fn refusal(reason: &str, rule: &str, review_until: Timestamp) -> Texts {
    let rule = if Form::Phrase(Vocabulary::Rule).fits(rule) { rule.trim() } else { "" };
    fields([
        ("reason", reason.to_owned()),
        // The facts of the case are sealed in intake and no event carries them: the letter explains the ground, and says
        // where they are read.
        ("facts", reason.to_owned()),
        ("rule", if rule.is_empty() { "l04".to_owned() } else { rule.to_owned() }),
        ("review_until", review_until.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Content;
    use crate::domain::profile::Profiles;
    use redress_domain::{Channel, ComplaintId, PartyKind};

    fn complaint() -> Complaint {
        Complaint {
            tenant: "acme".parse().unwrap(),
            id: ComplaintId::from_uuid(uuid::Uuid::from_u128(1)),
            complaint_no: "20261125-TEST".into(),
            submitted_by: "app".into(),
            complainant_index: Vec::new(),
            complainant_kind: PartyKind::Consumer,
            channel: Channel::App,
            locale: None,
            product: "示例围巾".into(),
            live_room: String::new(),
            ordered_at: None,
            live_at: None,
            claimed: String::new(),
            remedies: vec!["exchange".into()],
            category: None,
            urgent: false,
            received_at: Timestamp::UNIX_EPOCH,
            sealed: None,
            stream_version: 0,
            respondents: Vec::new(),
        }
    }

    const TERMS: Terms = Terms {
        decision_days: 1,
        result_days: 15,
        urgent_result_days: 7,
        longest_days: 30,
        completion_days: 5,
        answer_hours: 48,
        progress_days: 5,
        objection_days: 7,
        appeal_days: 30,
        survey_days: 14,
        follow_clocks: false,
    };

    fn content(kind: NoticeKind, event: &Event) -> Content {
        of(&complaint(), kind, PartyKind::Consumer, event)
    }

    fn of(complaint: &Complaint, kind: NoticeKind, party: PartyKind, event: &Event) -> Content {
        let asked = Asked::builtin().unwrap();
        let profiles = Profiles::read(include_str!("../../../data/tenants.toml")).unwrap();
        let source = Source {
            complaint,
            terms: TERMS,
            asked: &asked,
            asked_for: &["order_no".to_owned()],
            profile: profiles.of(&complaint.tenant),
            at: "2026-11-25T16:30:00Z".parse().unwrap(),
        };
        Content::check(kind, source.content(kind, party, event)).unwrap()
    }

    #[test]
    fn every_row_of_the_table_makes_a_whole_notice_also_of_a_bare_complaint() {
        let review_until = "2026-12-25T00:00:00Z".parse().unwrap();
        for event in [
            Event::CompletionRequested { missing: vec!["order_no".into(), "a\u{7}".into()] },
            Event::Accepted { handler: String::new() },
            Event::Refused { reason: "no_dispute".into(), rule: String::new(), review_until },
            Event::Lapsed { review_until },
            Event::Closed,
        ] {
            let sent: Vec<_> = sent_on(&event).collect();
            assert!(!sent.is_empty());
            for (kind, _) in sent {
                content(kind, &event);
            }
        }
    }

    #[test]
    fn the_day_of_the_request_does_not_count_towards_its_deadline() {
        // 00:30 on the 26th in Shanghai; five days later ends on the 1st of December.
        let event = Event::CompletionRequested { missing: vec!["demand".into()] };
        let content = content(NoticeKind::Completion, &event);
        assert_eq!(content.get("due"), Some("2026-12-01T15:59:00Z"));
        assert_eq!(content.get("missing"), Some("demand"));
    }

    #[test]
    fn a_case_without_a_handler_of_its_own_is_answered_for_by_a_queue() {
        // A subject of the issuer's is nobody's number: it may be a name.
        for handler in
            ["", "zhang.san@corp.example.invalid", "zhangsan", "0190f2c8-0000-7000-8000-000000000001"]
        {
            let content = content(NoticeKind::Acceptance, &Event::Accepted { handler: handler.into() });
            assert_eq!(content.get("handler"), Some("queue-cq09"), "{handler}");
        }
        let content = content(NoticeKind::Acceptance, &Event::Accepted { handler: "staff-0042".into() });
        assert_eq!(content.get("handler"), Some("staff-0042"));
    }

    #[test]
    fn an_urgent_complaint_is_promised_its_result_in_the_time_of_urgent_ones() {
        let event = Event::Accepted { handler: String::new() };
        let urgent = Complaint { urgent: true, ..complaint() };
        let urgent = of(&urgent, NoticeKind::Acceptance, PartyKind::Consumer, &event);
        assert_eq!(urgent.get("result_days"), Some("7"));
        assert_eq!(content(NoticeKind::Acceptance, &event).get("result_days"), Some("15"));
    }

    #[test]
    fn a_respondent_is_told_what_is_complained_of_and_asked_for_what_it_can_have() {
        let event = Event::Accepted { handler: String::new() };
        let parcel = Complaint {
            category: Some(Category::Cq02),
            ordered_at: "2026-11-20T01:00:00Z".parse().ok(),
            claimed: "CNY 12.00".into(),
            ..complaint()
        };
        let to = |party| of(&parcel, NoticeKind::Respondent, party, &event);
        let (merchant, carrier, user) =
            (to(PartyKind::Merchant), to(PartyKind::Carrier), to(PartyKind::User));
        for content in [&merchant, &carrier, &user] {
            assert_eq!(content.get("summary"), Some("CQ02"));
            assert_eq!(content.get("ordered_at"), Some("2026-11-20T01:00:00Z"));
            assert_eq!(content.get("claimed"), Some("CNY 12.00"));
            assert!(content.get("points").unwrap().lines().any(|point| point == "truth"));
        }
        assert!(merchant.get("evidence").unwrap().contains("outbound_record"));
        assert!(!carrier.get("evidence").unwrap().contains("outbound_record"));
        assert!(carrier.get("evidence").unwrap().contains("sign_for_record"));
        assert!(!user.get("points").unwrap().contains("delivery"));
    }

    #[test]
    fn what_was_asked_for_and_did_not_come_is_told() {
        let review_until = "2026-12-25T00:00:00Z".parse().unwrap();
        let content = content(NoticeKind::Refusal, &Event::Lapsed { review_until });
        assert_eq!(content.get("missing"), Some("order_no"));
    }
}
