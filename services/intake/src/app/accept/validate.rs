//! Whether a submission can be accepted: every rule of its fields, all problems at once.
//!
//! What passes here must be storable later. The register has no caller whom it could tell; so a text that the database
//! would not take (a NUL in a reference, say) is refused at the door.

use jiff::Timestamp;
use redress_domain::{Currency, Violations};
use redress_proto::convert::from_wire_time;
use redress_proto::types::v1::{
    Attachment, Channel, Complainant, ContactPoint, ContactType, Demand, LiveRef, Money, OrderRef, Origin,
    PartyKind, Respondent, Submission,
};

/// How far a channel's clock may be ahead of ours.
const CLOCK_SKEW_SECONDS: i64 = 60;
/// Longest complaint text, in characters.
pub const TEXT_MAX: usize = 20_000;
/// Most files per submission or completion.
pub const ATTACHMENTS_MAX: usize = 20;

/// Notes everything about `submission` that does not fit, beside what `found` holds already.
pub fn submission(submission: &Submission, now: Timestamp, found: &mut Violations) {
    let mut check = Check { found, now };
    check.known::<Channel>("channel", submission.channel);
    check.known::<Origin>("origin", submission.origin);
    if submission.channel() == Channel::Unspecified {
        check.required("channel");
    }
    check.text("text", &submission.text, TEXT_MAX);
    if !submission.language.is_empty() {
        check.pattern("language", &submission.language, 35, |c| c.is_ascii_alphanumeric() || c == '-');
    }
    match &submission.complainant {
        None => check.required("complainant"),
        Some(complainant) => check.complainant(complainant),
    }
    check.each("respondents", &submission.respondents, 10, Check::respondent);
    if let Some(order) = &submission.order {
        check.order(order);
    }
    if let Some(live) = &submission.live {
        check.live(live);
    }
    if let Some(demand) = &submission.demand {
        check.demand(demand);
    }
    check.past("submittedAt", submission.submitted_at.as_ref());
    check.each("attachments", &submission.attachments, ATTACHMENTS_MAX, Check::attachment);
}

/// Notes what does not fit in a later answer of the complainant: its words and files.
pub fn completion(text: &str, files: &[Attachment], now: Timestamp, found: &mut Violations) {
    let mut check = Check { found, now };
    check.text("text", text, TEXT_MAX);
    check.each("attachments", files, ATTACHMENTS_MAX, Check::attachment);
}

struct Check<'a> {
    found: &'a mut Violations,
    now: Timestamp,
}

impl Check<'_> {
    fn required(&mut self, field: impl Into<String>) {
        self.found.add_unless_known(field, "REQUIRED", "the field is mandatory");
    }

    /// A mandatory free text: sealed, so any character may stand in it.
    fn text(&mut self, field: &str, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.required(field);
        }
        self.free(field, text, most);
    }

    fn free(&mut self, field: impl Into<String>, text: &str, most: usize) {
        if text.chars().nth(most).is_some() {
            self.found.add_unless_known(field, "TOO_LONG", format!("at most {most} characters"));
        }
    }

    /// A text that is kept in clear.
    fn plain(&mut self, field: impl Into<String>, text: &str, most: usize) {
        let field = field.into();
        if text.chars().any(char::is_control) {
            self.found.add_unless_known(
                field.clone(),
                "CONTROL_CHARACTER",
                "control characters are not allowed",
            );
        }
        self.free(field, text, most);
    }

    fn pattern(&mut self, field: impl Into<String>, text: &str, most: usize, allowed: fn(char) -> bool) {
        if text.is_empty() || text.chars().count() > most || !text.chars().all(allowed) {
            self.found.add_unless_known(field, "MALFORMED", "the value does not have the field's form");
        }
    }

    /// A number of a later version is refused: it would be read as not told.
    fn known<E: TryFrom<i32>>(&mut self, field: impl Into<String>, number: i32) {
        if E::try_from(number).is_err() {
            self.found.add_unless_known(field, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
        }
    }

    /// A list of at most `most` items. Their own problems come first: that the list is too long would hide them.
    fn each<T>(&mut self, field: &str, items: &[T], most: usize, check: fn(&mut Self, &str, &T)) {
        for (index, item) in items.iter().take(most).enumerate() {
            check(self, &format!("{field}[{index}]"), item);
        }
        if items.len() > most {
            self.found.add_unless_known(field, "TOO_MANY", format!("at most {most} entries"));
        }
    }

    fn past(&mut self, field: &str, time: Option<&pbjson_types::Timestamp>) {
        match time.map(from_wire_time) {
            Some(Err(_)) => {
                self.found.add_unless_known(field, "MALFORMED_TIME", "the time is outside the calendar");
            }
            Some(Ok(time)) if time.as_second() > self.now.as_second() + CLOCK_SKEW_SECONDS => {
                self.found.add_unless_known(field, "IN_FUTURE", "the time lies in the future");
            }
            // What the database's calendar takes, and no complaint is older.
            Some(Ok(time)) if time.as_second() < 0 => {
                self.found.add_unless_known(field, "OUT_OF_RANGE", "the time lies before 1970");
            }
            None | Some(Ok(_)) => {}
        }
    }

    fn money(&mut self, field: &str, money: &Money) {
        if money.currency.parse::<Currency>().is_err() {
            self.found.add_unless_known(
                format!("{field}.currency"),
                "MALFORMED",
                "a currency is three capital letters of ISO 4217",
            );
        }
        if money.amount_minor < 0 {
            self.found.add_unless_known(
                format!("{field}.amountMinor"),
                "OUT_OF_RANGE",
                "an amount is not negative",
            );
        }
    }

    fn complainant(&mut self, complainant: &Complainant) {
        self.known::<PartyKind>("complainant.kind", complainant.kind);
        match complainant.kind() {
            PartyKind::Unspecified => self.required("complainant.kind"),
            PartyKind::Consumer | PartyKind::Merchant | PartyKind::User => {}
            _ => self.found.add_unless_known(
                "complainant.kind",
                "NOT_ALLOWED",
                "a complainant is a consumer, a merchant or a user",
            ),
        }
        self.free("complainant.externalRef", complainant.external_ref(), 128);
        self.free("complainant.name", complainant.name(), 200);
        self.each("complainant.contacts", &complainant.contacts, 10, Self::contact);
    }

    fn contact(&mut self, field: &str, contact: &ContactPoint) {
        self.known::<ContactType>(format!("{field}.type"), contact.r#type);
        if contact.r#type() == ContactType::Unspecified {
            self.required(format!("{field}.type"));
        }
        self.text(&format!("{field}.value"), &contact.value, 200);
    }

    fn respondent(&mut self, field: &str, respondent: &Respondent) {
        self.known::<PartyKind>(format!("{field}.kind"), respondent.kind);
        match respondent.kind() {
            PartyKind::Unspecified => self.required(format!("{field}.kind")),
            PartyKind::Consumer | PartyKind::PaymentProvider => self.found.add_unless_known(
                format!("{field}.kind"),
                "NOT_ALLOWED",
                "a respondent is a merchant, live-room operator, anchor, MCN, platform, carrier, supplier or user",
            ),
            _ => {}
        }
        self.plain(format!("{field}.externalRef"), &respondent.external_ref, 128);
        self.free(format!("{field}.name"), respondent.name(), 200);
    }

    fn order(&mut self, order: &OrderRef) {
        self.plain("order.orderNo", &order.order_no, 64);
        self.plain("order.sku", &order.sku, 64);
        self.plain("order.productName", &order.product_name, 300);
        self.plain("order.specification", &order.specification, 300);
        self.plain("order.logisticsStatus", &order.logistics_status, 100);
        if let Some(paid) = &order.paid {
            self.money("order.paid", paid);
        }
        self.past("order.orderedAt", order.ordered_at.as_ref());
    }

    fn live(&mut self, live: &LiveRef) {
        self.plain("live.roomId", &live.room_id, 64);
        self.plain("live.anchorId", &live.anchor_id, 64);
        self.plain("live.sessionId", &live.session_id, 64);
        self.past("live.startedAt", live.started_at.as_ref());
        self.free("live.quotedWording", live.quoted_wording(), 2_000);
    }

    fn demand(&mut self, demand: &Demand) {
        self.each("demand.remedies", &demand.remedies, 10, |check, field, remedy| {
            check.pattern(field, remedy, 40, |c| c.is_ascii_alphanumeric() || c == '_');
        });
        if let Some(amount) = &demand.amount {
            self.money("demand.amount", amount);
        }
        self.free("demand.text", demand.text(), 4_000);
    }

    fn attachment(&mut self, field: &str, file: &Attachment) {
        self.free(format!("{field}.name"), file.name(), 200);
        self.pattern(format!("{field}.mediaType"), &file.media_type, 127, |c| {
            c.is_ascii_alphanumeric() || "/+-._".contains(c)
        });
        if file.sha256.len() != 64 || !file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            self.found.add_unless_known(
                format!("{field}.sha256"),
                "MALFORMED",
                "64 lower-case hexadecimal digits are expected",
            );
        }
        if file.object_key.is_empty() {
            self.required(format!("{field}.objectKey"));
        }
        self.plain(format!("{field}.objectKey"), &file.object_key, 512);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T02:00:00Z".parse().unwrap()
    }

    fn plain() -> Submission {
        Submission {
            channel: Channel::App.into(),
            text: "主播说是真皮，收到是人造革".into(),
            complainant: Some(Complainant { kind: PartyKind::Consumer.into(), ..Complainant::default() }),
            ..Submission::default()
        }
    }

    fn problems(change: impl FnOnce(&mut Submission)) -> Vec<(String, &'static str)> {
        let mut changed = plain();
        change(&mut changed);
        let mut found = Violations::default();
        submission(&changed, now(), &mut found);
        found.iter().map(|v| (v.field.clone(), v.reason)).collect()
    }

    fn at(text: &str) -> pbjson_types::Timestamp {
        redress_proto::convert::to_wire_time(text.parse().unwrap())
    }

    #[test]
    fn the_mandatory_fields_alone_are_enough() {
        assert_eq!(problems(|_| {}), []);
    }

    #[test]
    fn an_empty_submission_is_told_all_that_it_lacks() {
        let found = problems(|s| *s = Submission::default());
        assert_eq!(
            found.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
            ["channel", "text", "complainant"]
        );
        assert!(found.iter().all(|(_, reason)| *reason == "REQUIRED"));
    }

    #[test]
    fn the_text_is_counted_in_characters_and_may_hold_anything() {
        assert_eq!(problems(|s| s.text = "诉".repeat(20_000)), []);
        assert_eq!(problems(|s| s.text = "诉".repeat(20_001)), [("text".into(), "TOO_LONG")]);
        assert_eq!(problems(|s| s.text = "\u{0}\u{202e}💥".into()), []);
        assert_eq!(problems(|s| s.text = " \n\u{3000}".into()), [("text".into(), "REQUIRED")]);
    }

    #[test]
    fn what_is_kept_in_clear_holds_no_control_characters() {
        let found = problems(|s| {
            s.order = Some(OrderRef { order_no: "A\u{0}1".into(), sku: "\n".into(), ..OrderRef::default() });
            s.live = Some(LiveRef { room_id: "r\t1".into(), ..LiveRef::default() });
            s.respondents = vec![Respondent {
                kind: PartyKind::Merchant.into(),
                external_ref: "m\u{7}".into(),
                name: Some("\u{0}".into()),
            }];
        });
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|(_, reason)| *reason == "CONTROL_CHARACTER"), "{found:?}");
    }

    #[test]
    fn a_time_in_the_future_is_refused_beyond_a_minute_of_skew() {
        assert_eq!(problems(|s| s.submitted_at = Some(at("2026-11-25T02:00:59Z"))), []);
        assert_eq!(
            problems(|s| s.submitted_at = Some(at("2026-11-25T02:02:00Z"))),
            [("submittedAt".into(), "IN_FUTURE")]
        );
        assert_eq!(
            problems(|s| s.submitted_at = Some(at("1800-01-01T00:00:00Z"))),
            [("submittedAt".into(), "OUT_OF_RANGE")]
        );
    }

    #[test]
    fn parties_have_a_kind_that_fits_their_side() {
        let kind = |kind: PartyKind| {
            problems(|s| {
                s.respondents = vec![Respondent { kind: kind.into(), ..Respondent::default() }];
                s.complainant = Some(Complainant { kind: kind.into(), ..Complainant::default() });
            })
        };
        assert_eq!(kind(PartyKind::Merchant), []);
        assert_eq!(kind(PartyKind::Consumer), [("respondents[0].kind".into(), "NOT_ALLOWED")]);
        assert_eq!(kind(PartyKind::Anchor), [("complainant.kind".into(), "NOT_ALLOWED")]);
        assert_eq!(kind(PartyKind::Unspecified).len(), 2);
    }

    #[test]
    fn a_list_that_is_too_long_hides_no_problem_inside_it_and_nothing_beyond_its_length_is_looked_at() {
        let mut respondents =
            vec![Respondent { kind: PartyKind::Merchant.into(), ..Respondent::default() }; 12];
        respondents[3].kind = PartyKind::Unspecified.into();
        respondents[11].kind = PartyKind::Unspecified.into();
        assert_eq!(
            problems(|s| s.respondents = respondents),
            [("respondents[3].kind".into(), "REQUIRED"), ("respondents".into(), "TOO_MANY")]
        );
    }

    #[test]
    fn a_number_that_no_enumeration_has_is_told_as_unknown_and_not_as_missing() {
        let found = problems(|s| {
            (s.channel, s.origin) = (99, 99);
            let contacts = vec![ContactPoint { r#type: 99, value: "x".into(), ..ContactPoint::default() }];
            s.complainant = Some(Complainant { kind: 99, contacts, ..Complainant::default() });
            s.respondents = vec![Respondent { kind: -1, ..Respondent::default() }];
        });
        let fields =
            ["channel", "origin", "complainant.kind", "complainant.contacts[0].type", "respondents[0].kind"];
        assert_eq!(found, fields.map(|field| (field.to_owned(), "UNKNOWN_ENUM_VALUE")));
    }

    #[test]
    fn lists_amounts_and_digests_are_bounded() {
        let found = problems(|s| {
            s.complainant = Some(Complainant {
                kind: PartyKind::User.into(),
                contacts: vec![ContactPoint::default(); 11],
                ..Complainant::default()
            });
            s.demand = Some(Demand {
                remedies: vec!["refund only".into()],
                amount: Some(redress_proto::types::v1::Money { currency: "CNY".into(), amount_minor: -1 }),
                ..Demand::default()
            });
            s.attachments = vec![Attachment { sha256: "AB".into(), ..Attachment::default() }];
        });
        for expected in [
            ("complainant.contacts", "TOO_MANY"),
            ("demand.remedies[0]", "MALFORMED"),
            ("demand.amount.amountMinor", "OUT_OF_RANGE"),
            ("attachments[0].sha256", "MALFORMED"),
            ("attachments[0].objectKey", "REQUIRED"),
            ("attachments[0].mediaType", "MALFORMED"),
        ] {
            assert!(found.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {found:?}");
        }
    }
}
