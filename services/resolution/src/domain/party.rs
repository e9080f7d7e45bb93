//! Who takes part, who answers and who pays.

use redress_domain::{PartyKind, coded_enum};
use serde::{Deserialize, Serialize};

coded_enum! {
    /// Who can be answerable, pay or be paid (domain.md §4).
    LiableParty {
        /// 入驻商家.
        Merchant = "merchant",
        /// 直播间运营者.
        LiveRoomOperator = "live_room_operator",
        /// 主播.
        Anchor = "anchor",
        /// 直播营销人员服务机构.
        Mcn = "mcn",
        /// The platform itself.
        Platform = "platform",
        /// Carrier, courier or warehouse.
        Carrier = "carrier",
        /// Manufacturer or supplier.
        Supplier = "supplier",
        /// The consumer.
        Consumer = "consumer",
        /// Another user.
        OtherUser = "other_user",
        /// A provider of payment services.
        PaymentProvider = "payment_provider",
        /// Nobody is answerable.
        NoneFound = "none_found",
        /// It cannot be found out.
        Undeterminable = "undeterminable",
    }
}

impl LiableParty {
    /// Whether it is somebody: the last two members are findings, and pay nothing.
    pub const fn is_somebody(self) -> bool {
        !matches!(self, Self::NoneFound | Self::Undeterminable)
    }

    /// As what a party of a complaint of that kind answers.
    pub const fn of_kind(kind: PartyKind) -> Self {
        match kind {
            PartyKind::Consumer => Self::Consumer,
            PartyKind::Merchant => Self::Merchant,
            PartyKind::User => Self::OtherUser,
            PartyKind::LiveRoomOperator => Self::LiveRoomOperator,
            PartyKind::Anchor => Self::Anchor,
            PartyKind::Mcn => Self::Mcn,
            PartyKind::Platform => Self::Platform,
            PartyKind::Carrier => Self::Carrier,
            PartyKind::Supplier => Self::Supplier,
            PartyKind::PaymentProvider => Self::PaymentProvider,
        }
    }
}

/// Somebody who pays, is paid or answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartyRef {
    /// What they are.
    pub party: LiableParty,
    /// The platform's own identifier; empty where the case has only one of the kind.
    pub reference: String,
}

coded_enum! {
    /// A side of the case.
    SideRole {
        /// Who complained.
        Complainant = "complainant",
        /// Whom the complaint is directed at.
        Respondent = "respondent",
    }
}

/// A party of the case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Side {
    /// Which side.
    pub role: SideRole,
    /// Which of several respondents; empty for the complainant.
    pub respondent_ref: String,
}

impl Side {
    /// Who complained.
    pub const fn complainant() -> Self {
        Self { role: SideRole::Complainant, respondent_ref: String::new() }
    }

    /// The respondent of that reference.
    pub fn respondent(reference: &str) -> Self {
        Self { role: SideRole::Respondent, respondent_ref: reference.to_owned() }
    }
}

/// Whom the complaint is directed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Respondent {
    /// What they are.
    pub kind: PartyKind,
    /// The platform's own identifier of them; may be empty.
    pub reference: String,
}
