//! `k8s/kafka` against itself: the listener that services are told of is one of the cluster's, and the secrets that they read
//! are those that Strimzi makes for this cluster and its users.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::read;

const CLUSTER: &str = "k8s/kafka/cluster.yaml";
const TOPICS: &str = "k8s/kafka/topics.yaml";
const VALUES: &str = "k8s/kafka/values.yaml";
const CLIENT: &str = "k8s/kafka/client/kustomization.yaml";
const SETTINGS: &str = "k8s/kafka/client/client.env";

/// One line per fault.
pub(super) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let documents = |file: &str| -> anyhow::Result<Vec<Value>> {
        serde_saphyr::from_multiple(&read(root, Path::new(file))?).context(file.to_owned())
    };
    let cluster = documents(CLUSTER)?.into_iter().find(|object| object["kind"] == "Kafka");
    let cluster = cluster.with_context(|| format!("{CLUSTER} has no Kafka"))?;
    let values = documents(VALUES)?.into_iter().next().unwrap_or_default();
    let settings = read(root, Path::new(SETTINGS))?;
    let setting = |key: &str| {
        settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    };
    let security = &values["kafka"]["security"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = [
        (
            VALUES,
            [
                text(&values["kafka"]["bootstrapServers"]),
                text(&security["protocol"]),
                text(&security["saslMechanism"]),
            ],
        ),
        (
            SETTINGS,
            ["BROKERS", "SECURITY__PROTOCOL", "SECURITY__SASL_MECHANISM"]
                .map(|key| setting(&format!("REDRESS__KAFKA__{key}")).to_owned()),
        ),
    ];
    let ways = ways(&cluster);
    let mut found = Vec::new();
    for (file, way) in told {
        if !ways.contains(&way) {
            found.push(format!("{file}: {} is no listener of {CLUSTER}, which has {ways:?}", way.join(" ")));
        }
    }
    let topics = documents(TOPICS)?;
    let users = topics.iter().filter(|object| object["kind"] == "KafkaUser");
    let mut made: BTreeSet<String> = users.map(|user| text(&user["metadata"]["name"])).collect();
    made.insert(format!("{}-cluster-ca-cert", text(&cluster["metadata"]["name"])));
    let client = read(root, Path::new(CLIENT))?;
    let read: BTreeSet<String> = secrets(&client).collect();
    found.extend(read.difference(&made).map(|name| format!("{CLIENT}: nobody makes the secret {name}")));
    found.extend(made.difference(&read).map(|name| format!("{CLIENT}: nobody reads the secret {name}")));
    Ok(found)
}

/// Address, protocol and mechanism of each listener, as a client in the same namespace says them.
fn ways(cluster: &Value) -> Vec<[String; 3]> {
    let name = cluster["metadata"]["name"].as_str().unwrap_or_default();
    let listeners = cluster["spec"]["kafka"]["listeners"].as_array().into_iter().flatten();
    let way = |listener: &Value| {
        let mechanism = match listener["authentication"]["type"].as_str() {
            Some("scram-sha-512") => "SCRAM-SHA-512",
            _ => "",
        };
        let protocol = match (mechanism, listener["tls"] == true) {
            ("", true) => "ssl",
            ("", false) => "plaintext",
            (_, true) => "sasl_ssl",
            (_, false) => "sasl_plaintext",
        };
        [format!("{name}-kafka-bootstrap:{}", listener["port"]), protocol.to_owned(), mechanism.to_owned()]
    };
    listeners.map(way).collect()
}

/// Names of the secrets that patches mention.
fn secrets(patches: &str) -> impl Iterator<Item = String> {
    let calls = ["secretName: ", "secretKeyRef: {name: "].into_iter();
    let rests = calls.flat_map(|call| patches.split(call).skip(1));
    rests.map(|rest| rest.split([',', '}']).next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_listener_is_told_as_its_clients_say_it() {
        let listeners = json!([
            {"port": 9093, "tls": true, "authentication": {"type": "scram-sha-512"}},
            {"port": 9092, "tls": false},
        ]);
        let cluster = json!({"metadata": {"name": "c"}, "spec": {"kafka": {"listeners": listeners}}});
        let expected = [
            ["c-kafka-bootstrap:9093", "sasl_ssl", "SCRAM-SHA-512"],
            ["c-kafka-bootstrap:9092", "plaintext", ""],
        ];
        assert_eq!(ways(&cluster), expected);
    }

    #[test]
    fn a_wrong_port_and_secrets_that_nobody_makes_or_reads_are_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(copy.path().join("k8s/kafka/client")).unwrap();
        for file in [CLUSTER, TOPICS, VALUES, CLIENT, SETTINGS] {
            std::fs::copy(root.join(file), copy.path().join(file)).unwrap();
        }
        assert_eq!(findings(copy.path()).unwrap(), Vec::<String>::new());
        for (file, right, wrong, faults) in [
            (SETTINGS, "bootstrap:9093", "bootstrap:9092", 1),
            (VALUES, "sasl_ssl", "ssl", 1),
            (CLIENT, "secretKeyRef: {name: redress-sla,", "secretKeyRef: {name: redress-clock,", 2),
            (CLUSTER, "tls: true", "tls: false", 2),
        ] {
            let place = copy.path().join(file);
            let text = std::fs::read_to_string(&place).unwrap();
            assert!(text.contains(right), "{file}");
            std::fs::write(&place, text.replace(right, wrong)).unwrap();
            assert_eq!(findings(copy.path()).unwrap().len(), faults, "{file}: {wrong}");
            std::fs::write(&place, text).unwrap();
        }
    }
}
