use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Uri};

use crate::config::empty_is_none;

/// How calls to a server of somebody else's are secured, as a section beside its URL.
///
/// `https://` means TLS. `http://` stays on this machine, unless the section says that it may leave it: what services
/// tell each other is personal, and a wrong URL must not put it on a wire in clear.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientTls {
    /// File with the authorities of the server's certificate in PEM; without it those that the machine knows.
    #[serde(deserialize_with = "empty_is_none")]
    pub ca_file: Option<PathBuf>,
    /// The name that the certificate must be for; empty for the URL's.
    pub domain_name: String,
    /// Whether `http://` may go beyond this machine; for closed networks, or where a mesh encrypts.
    pub allow_plaintext: bool,
}

impl ClientTls {
    /// What is wrong with the section together with `url`, one sentence each, beginning with a key beside the URL's. An
    /// empty URL means that there is no such server.
    pub fn problems(&self, url: &str) -> Vec<String> {
        if url.is_empty() {
            return Vec::new();
        }
        self.scheme(url).err().into_iter().map(|error| error.to_string()).collect()
    }

    /// The server at `url`. Nothing is connected yet.
    ///
    /// # Errors
    /// If the URL is none, may not be used without TLS, or the authorities do not read.
    pub fn endpoint(&self, url: &str) -> anyhow::Result<Endpoint> {
        let encrypted = self.scheme(url)?;
        let endpoint = Endpoint::from_shared(url.to_owned())?;
        if !encrypted {
            return Ok(endpoint);
        }
        let mut tls = match &self.ca_file {
            Some(file) => {
                let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
            None => ClientTlsConfig::new().with_native_roots(),
        };
        if !self.domain_name.is_empty() {
            tls = tls.domain_name(self.domain_name.as_str());
        }
        Ok(endpoint.tls_config(tls)?)
    }

    /// Whether `url` means TLS.
    fn scheme(&self, url: &str) -> anyhow::Result<bool> {
        let parsed = url.parse::<Uri>().ok();
        let Some((scheme, host)) = parsed.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)))
        else {
            bail!("url: no URL of a gRPC server");
        };
        match scheme {
            "https" => Ok(true),
            "http" if self.ca_file.is_some() || !self.domain_name.is_empty() => {
                bail!("url: https:// is expected where tls.ca_file or tls.domain_name is set")
            }
            "http" if self.allow_plaintext || is_loopback(host) => Ok(false),
            "http" => bail!("url: http:// stays on this machine unless tls.allow_plaintext is set"),
            _ => bail!("url: https:// or http:// is expected"),
        }
    }
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_encrypted_stays_on_the_machine_unless_it_is_said() {
        let tls = ClientTls::default();
        for url in [
            "",
            "https://adapter.example",
            "http://127.0.0.1:7100",
            "http://[::1]:7100",
            "http://localhost:1",
        ] {
            assert_eq!(tls.problems(url), [""; 0], "{url}");
        }
        for url in
            ["http://adapter.example", "http://10.0.0.1:7100", "ftp://127.0.0.1", "adapter:7100", "/path"]
        {
            assert_eq!(tls.problems(url).len(), 1, "{url}");
        }
        let allowed = ClientTls { allow_plaintext: true, ..ClientTls::default() };
        assert_eq!(allowed.problems("http://adapter.example"), [""; 0]);
    }

    #[test]
    fn an_authority_beside_a_url_without_tls_is_a_mistake() {
        let tls = ClientTls { ca_file: Some("ca.pem".into()), ..ClientTls::default() };
        assert!(tls.problems("http://127.0.0.1:7100")[0].contains("https://"));
        assert!(tls.endpoint("https://127.0.0.1:7100").unwrap_err().to_string().contains("ca.pem"));
    }
}
