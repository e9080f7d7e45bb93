//! Where callbacks may go. Whoever registers an address chooses what this process connects to, so everything that is not
//! the public internet is refused unless the installation names it.
//!
//! Addresses are judged at the moment of connecting, by the resolver that the connection itself uses: a name that
//! resolves to something else a moment later gains nothing. Redirects are never followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// Networks of IPv4 that are not the public internet (IANA special-purpose registry).
const SPECIAL_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Multicast, reserved, broadcast.
    v4([224, 0, 0, 0], 3),
];

/// The public internet of IPv6 …
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0, 0], 3);
/// … but for what carries an IPv4 address inside (Teredo, 6to4), and documentation.
const SPECIAL_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0, 0], 32), v6([0x2001, 0xdb8, 0], 32), v6([0x2002, 0, 0], 16), v6([0x3fff, 0, 0], 20)];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c]: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// An address that callbacks may not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// No URL, or one with a user name.
    #[error("an address of the form https://host/path is expected")]
    Form,
    /// Not encrypted.
    #[error("https is expected")]
    Plaintext,
    /// Not on the public internet, nor in a network that the installation names.
    #[error("the address is not on the public internet")]
    Private,
}

/// What the installation allows.
#[derive(Debug, Clone)]
pub struct Guard {
    networks: Arc<[IpNet]>,
    plaintext: bool,
}

impl Guard {
    /// The public internet and `networks`; `http://` too if `plaintext`.
    pub fn new(networks: Vec<IpNet>, plaintext: bool) -> Self {
        Self { networks: networks.into(), plaintext }
    }

    /// Judges an address as far as it tells itself; names are judged when they are resolved.
    pub fn check(&self, url: &str) -> Result<Url, Forbidden> {
        let url = Url::parse(url).map_err(|_| Forbidden::Form)?;
        match url.scheme() {
            "https" => {}
            "http" if self.plaintext => {}
            "http" => return Err(Forbidden::Plaintext),
            _ => return Err(Forbidden::Form),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Form);
        }
        let host = url.host_str().ok_or(Forbidden::Form)?;
        // The parser has brought every spelling of an IPv4 address into its four numbers.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|ip| !self.permits(ip)) {
            return Err(Forbidden::Private);
        }
        Ok(url)
    }

    fn permits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        if self.networks.iter().any(|network| network.contains(&ip)) {
            return true;
        }
        match ip {
            IpAddr::V4(ip) => !SPECIAL_V4.iter().any(|network| network.contains(&ip)),
            IpAddr::V6(ip) => {
                PUBLIC_V6.contains(&ip) && !SPECIAL_V6.iter().any(|network| network.contains(&ip))
            }
        }
    }
}

/// The resolver of the connection: gives only addresses that are permitted.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(Forbidden::Private.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        let guard = Guard::new(Vec::new(), true);
        for address in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://10.1.2.3/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
        ] {
            assert_eq!(guard.check(address), Err(Forbidden::Private), "{address}");
        }
        for address in ["https://example.com/hook", "https://8.8.8.8/", "https://[2606:4700::1111]/"] {
            assert!(guard.check(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_network_that_the_installation_names_is_open_and_no_other() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap()], false);
        assert!(guard.check("https://10.1.255.1/").is_ok());
        assert_eq!(guard.check("https://10.2.0.1/"), Err(Forbidden::Private));
        assert_eq!(guard.check("http://10.1.0.1/"), Err(Forbidden::Plaintext));
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        let guard = Guard::new(Vec::new(), true);
        for address in
            ["", "example.com", "ftp://example.com/", "https://user:pw@example.com/", "file:///etc/passwd"]
        {
            assert_eq!(guard.check(address), Err(Forbidden::Form), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_leads_nowhere() {
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(Guard::new(Vec::new(), true).resolve(name()).await.is_err());
        let open = Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()], true);
        assert!(open.resolve(name()).await.unwrap().count() > 0);
    }
}
