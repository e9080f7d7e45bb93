//! Through which channels a notice may reach its addressee, in which order.
//!
//! A party's consent decides, in the order in which it gave its contacts (F123). The platform's own message box comes
//! last without being asked for: it needs no address, and the party itself put the complaint there. A party that said
//! no to it is not written to there.

use redress_domain::ContactType;

use super::kind::Role;

/// Which channels the installation can serve.
#[derive(Debug, Clone, Copy)]
pub struct Channels {
    /// E-mail.
    pub email: bool,
    /// The platform's message box.
    pub in_app: bool,
}

/// A contact that a party gave.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The kind of address.
    pub kind: ContactType,
    /// The address.
    pub value: String,
    /// Whether the party agreed to be written to there.
    pub consent: bool,
}

/// Who is to be reached.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// The name, if known.
    pub name: String,
    /// The platform's own identifier, if known.
    pub reference: String,
    /// The contacts, in the party's order.
    pub contacts: Vec<Contact>,
}

/// Where to.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// An e-mail address.
    Email(String),
    /// The platform's identifier of the party.
    InApp(String),
}

/// One station of a route.
#[derive(Clone, PartialEq, Eq)]
pub struct Station {
    /// Names the station in the delivery's memory of what was tried: the channel and the contact's place.
    pub name: String,
    /// Where to.
    pub address: Address,
}

impl Address {
    /// The kind of channel.
    pub const fn channel(&self) -> ContactType {
        match self {
            Self::Email(_) => ContactType::Email,
            Self::InApp(_) => ContactType::InApp,
        }
    }
}

/// The stations that a notice passes, first to last.
pub fn route(party: &Party, role: Role, channels: Channels) -> Vec<Station> {
    let mut stations = Vec::new();
    for (place, contact) in party.contacts.iter().enumerate().filter(|(_, contact)| contact.consent) {
        let address = match contact.kind {
            ContactType::Email if channels.email => Address::Email(contact.value.clone()),
            ContactType::InApp if channels.in_app => Address::InApp(contact.value.clone()),
            _ => continue,
        };
        stations.push(Station { name: format!("{}:{place}", address.channel()), address });
    }
    let in_app = |contact: &Contact| contact.kind == ContactType::InApp;
    let spoke_of_it = role == Role::Complainant && party.contacts.iter().any(in_app);
    if channels.in_app && !party.reference.is_empty() && !spoke_of_it {
        let address = Address::InApp(party.reference.clone());
        stations.push(Station { name: format!("{}:reference", address.channel()), address });
    }
    stations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(kind: ContactType, value: &str, consent: bool) -> Contact {
        Contact { kind, value: value.into(), consent }
    }

    fn names(party: &Party, channels: Channels) -> Vec<String> {
        route(party, Role::Complainant, channels).into_iter().map(|station| station.name).collect()
    }

    const BOTH: Channels = Channels { email: true, in_app: true };

    #[test]
    fn contacts_are_used_in_the_partys_order_and_only_with_its_consent() {
        let party = Party {
            reference: "u-1".into(),
            contacts: vec![
                contact(ContactType::Phone, "00000000000", true),
                contact(ContactType::Email, "no@example.invalid", false),
                contact(ContactType::Email, "b@example.invalid", true),
                contact(ContactType::Email, "a@example.invalid", true),
            ],
            ..Party::default()
        };
        assert_eq!(names(&party, BOTH), ["email:2", "email:3", "in_app:reference"]);
        assert_eq!(names(&party, Channels { in_app: false, ..BOTH }), ["email:2", "email:3"]);
        assert_eq!(names(&party, Channels { email: false, ..BOTH }), ["in_app:reference"]);
    }

    #[test]
    fn the_message_box_is_not_used_against_its_owners_will() {
        let of = |consent| Party {
            reference: "u-1".into(),
            contacts: vec![contact(ContactType::InApp, "u-1", consent)],
            ..Party::default()
        };
        assert_eq!(names(&of(false), BOTH), [] as [&str; 0]);
        assert_eq!(names(&of(true), BOTH), ["in_app:0"]);
    }

    #[test]
    fn a_respondent_is_reached_by_its_reference() {
        let shop = Party { reference: "shop-1".into(), ..Party::default() };
        assert_eq!(route(&shop, Role::Respondent, BOTH).len(), 1);
        assert!(route(&Party::default(), Role::Respondent, BOTH).is_empty());
    }
}
