//! The values with which the chart is tried.

/// Values of one try: files below the chart, lowest first, and single settings over them.
pub(super) struct Case {
    pub(super) name: &'static str,
    files: &'static [&'static str],
    set: &'static [&'static str],
}

const MINIMAL: &[&str] = &["ci/minimal-values.yaml"];
const FULL: &[&str] = &["ci/full-values.yaml"];

/// The least, everything, each size, evidence on a claim, a user of Kafka per service, each way to prepare databases.
pub(super) const CASES: &[Case] = &[
    Case { name: "minimal", files: MINIMAL, set: &[] },
    Case { name: "full", files: FULL, set: &[] },
    Case { name: "medium", files: MINIMAL, set: &["profile=medium"] },
    Case {
        name: "large",
        files: MINIMAL,
        set: &["profile=large", "autoscaling.hpa.enabled=true", "autoscaling.keda.enabled=true"],
    },
    Case {
        name: "claim",
        files: MINIMAL,
        set: &[
            "evidence.existingClaim=evidence",
            "evidence.store=file:///var/lib/redress/open",
            "evidence.sensitiveStore=file:///var/lib/redress/sensitive",
            "services.resolution.files[0].name=authority",
            "services.resolution.files[0].configMap=authority",
            "services.resolution.files[0].keys[0]=authority.toml",
            "services.resolution.config.resolution.authority=/etc/redress/authority/authority.toml",
        ],
    },
    Case {
        name: "strimzi",
        files: MINIMAL,
        set: &[
            "kafka.bootstrapServers=redress-kafka-bootstrap:9093",
            "kafka.security.protocol=sasl_ssl",
            "kafka.security.saslMechanism=SCRAM-SHA-512",
            "kafka.security.tlsSecret=redress-cluster-ca-cert",
            "strimzi.enabled=true",
            "strimzi.cluster=redress",
            "strimzi.users=true",
            "migrations.topics=false",
            "networkPolicy.kafka.ports={9093}",
        ],
    },
    Case { name: "hook", files: MINIMAL, set: &["migrations.mode=hook"] },
    Case { name: "init", files: MINIMAL, set: &["migrations.mode=init"] },
    Case { name: "none", files: MINIMAL, set: &["migrations.mode=none", "serviceAccount.create=false"] },
];

impl Case {
    /// As arguments of helm.
    pub(super) fn arguments(&self) -> Vec<String> {
        let files =
            self.files.iter().flat_map(|file| ["--values".to_owned(), format!("charts/redress/{file}")]);
        let set = self.set.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]);
        files.chain(set).collect()
    }
}
