//! Who calls, who complains and about what.

use redress_domain::{Principal, Role};
use redress_proto::types::v1::{
    Channel, Complainant, ContactPoint, ContactType, Demand, OrderRef, PartyKind, Respondent, Submission,
};

pub(crate) const MAIL: &str = "jia@example.invalid";

pub(crate) fn caller(tenant: &str, subject: &str, role: Role) -> Principal {
    Principal { tenant: tenant.parse().unwrap(), subject: subject.into(), roles: vec![role] }
}

pub(crate) fn handler() -> Principal {
    caller("tenant-a", "handler-1", Role::Handler)
}

pub(crate) fn platform() -> Principal {
    caller("tenant-a", "platform", Role::Service)
}

pub(crate) fn by_mail(address: &str) -> Complainant {
    Complainant {
        kind: PartyKind::Consumer.into(),
        external_ref: Some("user-1".into()),
        name: Some("测试甲".into()),
        contacts: vec![contact(ContactType::Email, address, true)],
    }
}

pub(crate) fn contact(kind: ContactType, value: &str, consent: bool) -> ContactPoint {
    ContactPoint { r#type: kind.into(), value: value.into(), consent_to_contact: consent }
}

pub(crate) fn submission() -> Submission {
    Submission {
        channel: Channel::App.into(),
        text: "直播里说是羊绒，收到的是化纤".into(),
        language: "zh-Hans".into(),
        respondents: vec![Respondent {
            kind: PartyKind::Merchant.into(),
            external_ref: "shop-1".into(),
            name: Some("测试店铺".into()),
        }],
        order: Some(OrderRef {
            order_no: "TEST-ORDER-0001".into(),
            product_name: "示例围巾".into(),
            ..OrderRef::default()
        }),
        demand: Some(Demand { remedies: vec!["return_and_refund".into()], ..Demand::default() }),
        ..Submission::default()
    }
}
