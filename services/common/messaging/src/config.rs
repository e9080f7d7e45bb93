use rdkafka::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// How to reach Kafka, and as whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// Bootstrap servers, `host:port` separated by commas.
    pub brokers: String,
    /// Put before every topic and group name, so that installations and tests can share a cluster; may be empty.
    pub topic_prefix: String,
    /// The consumer group: one per service.
    pub group: String,
    /// This process's fixed name in the group (the pod's name): a restart within the session timeout then moves no
    /// partition. Empty means a new member at each start. Of two living processes with one name the older ends.
    pub group_instance_id: String,
    /// After which silence a member's partitions are given to others; longer than a restart takes.
    pub session_timeout_ms: u32,
    /// Partitions of each topic that `topics` creates; never changed afterwards.
    pub partitions: i32,
    /// Replicas of each topic that `topics` creates.
    pub replication: i32,
    /// Encryption and identity.
    pub security: KafkaSecurity,
}

/// Encryption and identity towards the brokers. Empty texts mean "not used".
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSecurity {
    /// Which of the four combinations the listener speaks.
    pub protocol: SecurityProtocol,
    /// File with the certificates to trust, PEM.
    pub ca_file: String,
    /// File with the client's certificate, PEM.
    pub certificate_file: String,
    /// File with the client's key, PEM.
    pub key_file: String,
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub sasl_mechanism: String,
    /// User.
    pub sasl_username: String,
    /// Password.
    pub sasl_password: SecretString,
}

/// Kafka's listener protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Neither encryption nor identity; loopback and closed networks only.
    Plaintext,
    /// TLS.
    Ssl,
    /// Identity without encryption.
    SaslPlaintext,
    /// Identity over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }
}

impl KafkaConfig {
    /// How this process is told from the others of its service: the member's fixed name, so that a restart takes up what
    /// was its own at once; without one a name of this start (`now`) that no other process has.
    pub fn own_name(&self, now: jiff::Timestamp) -> String {
        if self.group_instance_id.is_empty() {
            format!("{}-{}", std::process::id(), now.as_nanosecond())
        } else {
            self.group_instance_id.clone()
        }
    }

    /// A plain connection to `brokers` as a member of `group`, with the proved values.
    pub fn at(brokers: impl Into<String>, group: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic_prefix: String::new(),
            group: group.into(),
            group_instance_id: String::new(),
            session_timeout_ms: 45_000,
            partitions: 6,
            replication: 1,
            security: KafkaSecurity {
                protocol: SecurityProtocol::Plaintext,
                ca_file: String::new(),
                certificate_file: String::new(),
                key_file: String::new(),
                sasl_mechanism: String::new(),
                sasl_username: String::new(),
                sasl_password: String::new().into(),
            },
        }
    }

    /// What is wrong with the values taken together, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut refuse = |wrong: bool, text: &str| {
            if wrong {
                problems.push(text.to_owned());
            }
        };
        refuse(self.brokers.is_empty(), "brokers: at least one host:port");
        refuse(self.group.is_empty(), "group: must have a name");
        refuse(!(1..=1_000).contains(&self.partitions), "partitions: 1 to 1000");
        refuse(self.replication < 1, "replication: at least 1");
        refuse(
            self.session_timeout_ms < 6_000,
            "session_timeout_ms: at least 6000, the broker's lower bound",
        );
        let names = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        refuse(!self.topic_prefix.chars().all(names), "topic_prefix: a-z, 0-9, '.' and '-'");
        let sasl =
            matches!(self.security.protocol, SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl);
        refuse(
            sasl == self.security.sasl_mechanism.is_empty(),
            "security.sasl_mechanism: given exactly if the protocol has SASL",
        );
        problems
    }

    /// The full name of a topic or group.
    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// What all clients share.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.group)
            // Quick return after a broker's restart; the default of 10 s is most of an outage.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            // Topics that appear later are found within this time; the default is 5 minutes.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("security.protocol", self.security.protocol.name());
        for (key, value) in [
            ("ssl.ca.location", self.security.ca_file.as_str()),
            ("ssl.certificate.location", &self.security.certificate_file),
            ("ssl.key.location", &self.security.key_file),
            ("sasl.mechanism", &self.security.sasl_mechanism),
            ("sasl.username", &self.security.sasl_username),
            ("sasl.password", self.security.sasl_password.expose_secret()),
        ] {
            if !value.is_empty() {
                client.set(key, value);
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let mut config = KafkaConfig::at("", "g");
        config.partitions = 0;
        config.security.protocol = SecurityProtocol::SaslSsl;
        let problems = config.problems().join("; ");
        for key in ["brokers", "partitions", "sasl_mechanism"] {
            assert!(problems.contains(key), "{problems}");
        }
        assert!(KafkaConfig::at("localhost:9092", "g").problems().is_empty());
    }
}
