//! Whose matter it is when a mail server does not take a mail.
//!
//! 550 and 554 alone are said of a mailbox that is unknown and of a relay that does not let this installation in. The
//! enhanced status code in front of the text (RFC 3463) tells the two apart; nothing is read out of the words behind it.

use crate::domain::delivery::Outcome;

/// What an answer says: nobody has the address, nobody takes the mail, or the servers must agree first. The last is no
/// matter of the addressee: a setting here or there mends it, and the mail is tried again until then.
pub(super) fn outcome(code: u16, text: &str) -> Outcome {
    let address = || Outcome::Refused("ADDRESS_REFUSED".into());
    let message = || Outcome::Refused("MESSAGE_REFUSED".into());
    let provider = || Outcome::Failed("PROVIDER_REFUSED".into());
    if !(500..=599).contains(&code) {
        return Outcome::Failed("PROVIDER_BUSY".into());
    }
    match enhanced(text) {
        // Too large for the server, or a content that it does not take.
        Some((3, 4) | (6, _)) => message(),
        // The sender's address; the server's state, the protocol, its security and policy.
        Some((1, 7 | 8) | (3 | 5 | 7, _)) => provider(),
        Some((1 | 2, _)) => address(),
        _ => match code {
            // Mailbox unknown, moved, full, or its name not allowed; the domain takes no mail.
            550..=553 | 556 => address(),
            554 => message(),
            // Syntax, sequence, identity.
            _ => provider(),
        },
    }
}

/// Subject and detail of the permanent status code that the text begins with.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let code = text.split_ascii_whitespace().next()?;
    let mut parts = code.split('.').map(|part| part.parse().ok());
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        (Some(5), Some(subject), Some(detail), None) => Some((subject, detail)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: u16, text: &str) -> (bool, String) {
        match outcome(code, text) {
            Outcome::Refused(reason) => (true, reason.to_string()),
            Outcome::Failed(reason) => (false, reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_between_the_two_servers_is_not_held_against_the_addressee() {
        for (code, text) in [
            (554, "5.7.1 Relay access denied"),
            (550, "5.7.1 Unable to relay"),
            (550, "5.7.26 Unauthenticated mail is not accepted"),
            (553, "5.7.1 Sender address rejected: not owned by user"),
            (550, "5.1.8 Sender's domain is not known"),
            (554, "5.3.0 Mail system is shutting down for good"),
            (554, "5.5.1 Error: no valid recipients"),
            (535, "5.7.8 Authentication credentials invalid"),
            (530, "Must issue a STARTTLS command first"),
        ] {
            assert_eq!(told(code, text), (false, "PROVIDER_REFUSED".to_owned()), "{code} {text}");
        }
        assert_eq!(told(450, "4.7.1 Greylisted"), (false, "PROVIDER_BUSY".to_owned()));
    }

    #[test]
    fn an_address_or_a_mail_that_is_refused_is_refused_for_good() {
        for (code, text) in [
            (550, "5.1.1 User unknown"),
            (554, "5.1.10 Recipient's domain takes no mail"),
            (552, "5.2.2 Mailbox full"),
            (550, "no such mailbox"),
            (550, ""),
            (556, "Domain does not accept mail"),
            (550, "5.4.1 Recipient address rejected"),
        ] {
            assert_eq!(told(code, text), (true, "ADDRESS_REFUSED".to_owned()), "{code} {text}");
        }
        for (code, text) in [
            (552, "5.3.4 Message size exceeds fixed limit"),
            (554, "5.6.0 Content rejected"),
            (554, "Transaction failed"),
            (554, "5.7 is no status code"),
            (554, "5.7.1.2 is none either"),
        ] {
            assert_eq!(told(code, text), (true, "MESSAGE_REFUSED".to_owned()), "{code} {text}");
        }
    }
}
