//! Who complains of whom, and what the submission says.

use jiff::{SignedDuration, Timestamp};
use redress_proto::types::v1::PartyKind;
use serde_json::{Value, json};

use super::{Parties, Script};
use crate::connectors::EMPTY_PURSE;
use crate::texts::{Language, Text};

/// A complaint with its words.
pub(super) struct Case<'a> {
    pub(super) n: u32,
    pub(super) script: Script,
    pub(super) chosen: (&'a Language, &'a Text),
}

impl Case<'_> {
    fn paid_minor(&self) -> i64 {
        1_990 + 100 * i64::from(self.n % 300)
    }

    /// A spike is one room; before it many rooms have a complaint now and then.
    fn room(&self) -> u32 {
        if self.script == Script::Spike { 1 } else { 2 + self.n % 30 }
    }

    fn room_id(&self) -> String {
        format!("sim-room-{}", self.room())
    }

    pub(super) fn parties(&self) -> Parties {
        let n = self.n;
        let (respondent_kind, respondent) = match self.script {
            Script::Penalty => (PartyKind::Platform, "sim-platform".to_owned()),
            Script::FailedRefund => (PartyKind::Merchant, format!("{EMPTY_PURSE}{}", n % 10)),
            _ if self.chosen.1.live => (PartyKind::Anchor, format!("sim-anchor-{}", self.room())),
            _ => (PartyKind::Merchant, format!("sim-shop-{}", n % 40)),
        };
        let complainant = match self.script {
            Script::Penalty => format!("sim-fined-shop-{n}"),
            _ => format!("sim-buyer-{n}"),
        };
        let room = self.room_id();
        Parties { complainant, respondent_kind, respondent, paid_minor: self.paid_minor(), room }
    }

    pub(super) fn body(&self, now: Timestamp) -> Value {
        let (n, (language, text)) = (self.n, self.chosen);
        let before = |minutes| (now - SignedDuration::from_mins(minutes)).to_string();
        let parties = self.parties();
        let merchant = self.script == Script::Penalty;
        let channel = match self.script {
            Script::Spike => "CHANNEL_LIVE_COMMENT",
            Script::Regulator => "CHANNEL_REGULATOR",
            _ => CHANNELS[n as usize % CHANNELS.len()],
        };
        let mut body = json!({
            "channel": channel,
            "text": text.words,
            "language": language.tag,
            "complainant": {
                "kind": if merchant { "PARTY_KIND_MERCHANT" } else { "PARTY_KIND_CONSUMER" },
                "externalRef": parties.complainant,
                "name": language.names[n as usize % language.names.len()],
                "contacts": [
                    {"type": "CONTACT_TYPE_EMAIL", "value": format!("sim-{n}@example.invalid"), "consentToContact": true},
                ],
            },
            "respondents": [
                {"kind": parties.respondent_kind.as_str_name(), "externalRef": parties.respondent},
            ],
            "demand": {"remedies": text.remedies},
        });
        if self.script != Script::MissingDetails {
            body["order"] = json!({
                "orderNo": format!("SIM{n:08}"),
                "productName": text.product,
                "paid": {"currency": "CNY", "amountMinor": parties.paid_minor.to_string()},
                "orderedAt": before(3 * 24 * 60),
            });
        }
        if text.live {
            body["live"] = json!({
                "roomId": parties.room,
                "anchorId": format!("sim-anchor-{}", self.room()),
                "startedAt": before(40),
                "offsetMs": 60_000 + n,
            });
        }
        body
    }
}

const CHANNELS: [&str; 6] = [
    "CHANNEL_APP",
    "CHANNEL_ORDER_DETAIL",
    "CHANNEL_CHAT",
    "CHANNEL_FORM",
    "CHANNEL_WECHAT",
    "CHANNEL_PHONE",
];
