use redress_domain as domain;

use super::ConvertError;
use crate::types::v1 as wire;

/// Pairs an enumeration of the domain with that of the wire, whose members carry the same names. `From` leads to the
/// wire, `TryFrom` back: the wire's zero value and numbers unknown here have no counterpart.
macro_rules! paired {
    ($name:ident { $($variant:ident),+ $(,)? }) => {
        impl From<domain::$name> for wire::$name {
            fn from(value: domain::$name) -> Self {
                match value { $(domain::$name::$variant => Self::$variant,)+ }
            }
        }

        impl TryFrom<wire::$name> for domain::$name {
            type Error = ConvertError;
            fn try_from(value: wire::$name) -> Result<Self, ConvertError> {
                match value {
                    $(wire::$name::$variant => Ok(Self::$variant),)+
                    wire::$name::Unspecified => {
                        Err(ConvertError::Enumeration { enumeration: stringify!($name), value: value.into() })
                    }
                }
            }
        }
    };
}

paired!(Channel {
    Chat,
    Message,
    Form,
    Mail,
    Phone,
    App,
    OrderDetail,
    LiveComment,
    Wechat,
    Social,
    Regulator,
    ThirdParty
});
paired!(Origin { Consumer, Merchant, User, Regulator, Lead });
paired!(PartyKind {
    Consumer,
    Merchant,
    User,
    LiveRoomOperator,
    Anchor,
    Mcn,
    Platform,
    Carrier,
    Supplier,
    PaymentProvider
});
paired!(ContactType { Phone, Email, InApp, Wechat, Postal });
paired!(Category { Cq01, Cq02, Cq03, Cq04, Cq05, Cq06, Cq07, Cq08, Cq09 });
paired!(Severity { General, Major });
paired!(Matter { Dispute, Report, Both });
paired!(UrgentReason { ProductSafety, Minor, PrivacyLeak, FinancialLoss, PublicSpread });
paired!(DecidedBy { Human, Rule, Model });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_the_wire_and_the_zero_value_has_none() {
        for &channel in domain::Channel::ALL {
            assert_eq!(domain::Channel::try_from(wire::Channel::from(channel)), Ok(channel));
            let name = wire::Channel::from(channel).as_str_name();
            assert_eq!(name, format!("CHANNEL_{}", channel.code().to_uppercase()));
        }
        for &kind in domain::PartyKind::ALL {
            assert_eq!(domain::PartyKind::try_from(wire::PartyKind::from(kind)), Ok(kind));
        }
        for &category in domain::Category::ALL {
            assert_eq!(wire::Category::from(category).as_str_name(), format!("CATEGORY_{}", category.code()));
        }
        assert!(domain::Channel::try_from(wire::Channel::Unspecified).is_err());
    }
}
