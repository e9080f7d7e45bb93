//! Submissions. All persons, numbers and addresses in them are visibly invented.

use jiff::Timestamp;
use redress_proto::convert::to_wire_time;
use redress_proto::types::v1::{
    Attachment, Channel, Complainant, ContactPoint, ContactType, Demand, LiveRef, Money, OrderRef, PartyKind,
    Respondent, Submission,
};
use redress_testkit::Canary;

/// The least that is accepted.
pub fn plain(text: &str) -> Submission {
    Submission {
        channel: Channel::App.into(),
        text: text.to_owned(),
        complainant: Some(Complainant { kind: PartyKind::Consumer.into(), ..Complainant::default() }),
        ..Submission::default()
    }
}

/// Every field filled that may hold personal data, and every kind of contact, with values of `canary`. A respondent's reference
/// is no such field, also where the respondent is a private person: `services/docs/ARCHITECTURE.md` says why.
pub fn whole(canary: &Canary) -> Submission {
    let contact = |kind: ContactType, value: &str| ContactPoint {
        r#type: kind.into(),
        value: value.to_owned(),
        consent_to_contact: true,
    };
    Submission {
        channel: Channel::LiveComment.into(),
        text: format!("{} 身份证 {}", canary.text, canary.identity_number),
        language: "zh-Hans".into(),
        complainant: Some(Complainant {
            kind: PartyKind::Consumer.into(),
            external_ref: Some(canary.wechat.clone()),
            name: Some(canary.name.clone()),
            contacts: vec![
                contact(ContactType::Phone, &canary.phone),
                contact(ContactType::Email, &canary.email),
                contact(ContactType::InApp, &canary.in_app),
                contact(ContactType::Wechat, &canary.wechat),
                contact(ContactType::Postal, &canary.address),
            ],
        }),
        respondents: vec![
            Respondent {
                kind: PartyKind::Merchant.into(),
                external_ref: "shop-1".into(),
                name: Some(format!("店主{}", canary.name)),
            },
            Respondent {
                kind: PartyKind::Anchor.into(),
                external_ref: "anchor-1".into(),
                name: Some(format!("主播{}", canary.name)),
            },
            Respondent {
                kind: PartyKind::User.into(),
                external_ref: "user-1".into(),
                name: Some(format!("买家{}", canary.name)),
            },
        ],
        order: Some(order()),
        live: Some(live(&format!("{}说：全网最低价", canary.name))),
        demand: Some(Demand {
            remedies: vec!["refund_only".into()],
            amount: Some(Money { currency: "CNY".into(), amount_minor: 12_900 }),
            text: Some(format!("请退款并电话联系 {}", canary.phone)),
        }),
        attachments: vec![attachment(&format!("{}的截图.png", canary.name))],
        ..Submission::default()
    }
}

/// A file of that name in the object store.
pub fn attachment(name: &str) -> Attachment {
    Attachment {
        name: Some(name.to_owned()),
        media_type: "image/png".into(),
        sha256: "0".repeat(64),
        object_key: "test/0001".into(),
    }
}

fn order() -> OrderRef {
    OrderRef {
        order_no: "TEST-0001".into(),
        sku: "SKU-0001".into(),
        product_name: "真皮手提包".into(),
        specification: "棕色".into(),
        paid: Some(Money { currency: "CNY".into(), amount_minor: 12_900 }),
        // 2026-01-02T03:04:05Z
        ordered_at: Some(to_wire_time(Timestamp::constant(1_767_323_045, 0))),
        logistics_status: "已签收".into(),
    }
}

fn live(quoted: &str) -> LiveRef {
    LiveRef {
        room_id: "room-1".into(),
        anchor_id: "anchor-1".into(),
        session_id: "session-1".into(),
        offset_ms: 65_000,
        quoted_wording: Some(quoted.to_owned()),
        ..LiveRef::default()
    }
}
