//! The topics: whether they are there, and as they must be for nothing to be lost.

use redress_messaging::{KafkaClientError, TopicFound, inspect_topics};

use super::finding::{Finding, Level};
use super::unnamed;
use crate::context::Context;
use crate::installation::{Service, TOPICS, Topic};

const CHECK: &str = "topics";

pub(super) async fn look(context: &Context, services: &[Service]) -> Vec<Finding> {
    let Some(kafka) = &context.settings.kafka else { return vec![unnamed(CHECK, "Kafka", "kafka")] };
    let config = kafka.config();
    let problems = config.problems();
    if !problems.is_empty() {
        let wrong =
            Finding::new(CHECK, "Kafka", Level::Problem, format!("settings: {}", problems.join("; ")));
        return vec![wrong.remedy("Correct the section [kafka] of the settings file.")];
    }
    let owned: Vec<Topic> = TOPICS.into_iter().filter(|topic| services.contains(&topic.owner)).collect();
    let names: Vec<&str> = owned.iter().map(|topic| topic.name).collect();
    match inspect_topics(&config, &names).await {
        Err(error) => vec![away(&config.brokers, &error)],
        Ok(found) => {
            let alike = found.iter().flatten().map(|found| found.partitions).max();
            let expected = Expected { said: kafka.partitions, alike };
            owned
                .iter()
                .zip(&found)
                .flat_map(|(topic, found)| judge(topic, found.as_ref(), &expected))
                .collect()
        }
    }
}

fn away(brokers: &str, error: &KafkaClientError) -> Finding {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    Finding::new(CHECK, brokers, Level::Problem, format!("{error}{cause}")).remedy(
        "Check that the brokers run and that kafka.brokers and kafka.security of the settings are right.",
    )
}

/// How many partitions a topic should have.
struct Expected {
    /// As the settings say.
    said: Option<i32>,
    /// As the topic with the most has.
    alike: Option<i32>,
}

/// What is wrong with a topic, or that nothing is.
fn judge(topic: &Topic, found: Option<&TopicFound>, expected: &Expected) -> Vec<Finding> {
    let finding = |level, message: String| Finding::new(CHECK, topic.name, level, message);
    let owner = topic.owner.name();
    let Some(found) = found else {
        let missing = finding(Level::Problem, "does not exist".to_owned());
        return vec![missing.remedy(format!("Run `redress-{owner} topics`."))];
    };
    let mut wrong = Vec::new();
    let count = found.partitions;
    match (expected.said, expected.alike) {
        (Some(said), _) if said != count => wrong.push(
            finding(Level::Problem, format!("has {count} partitions, the settings say {said}")).remedy(
                "Correct the number in the settings, or give the topic another before its first record: later keys would \
                 move and lose their order.",
            ),
        ),
        (None, Some(most)) if most != count => wrong.push(
            finding(Level::Warning, format!("has {count} partitions, another topic has {most}"))
                .remedy("If this is meant, nothing; kafka.partitions of all services should otherwise be one number."),
        ),
        _ => {}
    }
    wrong.extend(copies(found).map(|(level, message, remedy)| finding(level, message).remedy(remedy)));
    wrong.extend(settings(topic, found).into_iter().map(|(message, setting)| {
        let remedy = format!("kafka-configs.sh --alter --topic {} --add-config {setting}", topic.name);
        finding(Level::Problem, message).remedy(remedy)
    }));
    if wrong.is_empty() {
        let well = format!("{count} partitions, {} replicas", found.replication);
        wrong.push(finding(Level::Ok, well));
    }
    wrong
}

/// Whether an acknowledged record survives a broker, and whether a broker may be away.
fn copies(found: &TopicFound) -> Option<(Level, String, String)> {
    let replicas = found.replication;
    let in_sync: i32 =
        found.settings.get("min.insync.replicas").and_then(|text| text.parse().ok()).unwrap_or(1);
    if replicas < 3 {
        let message = format!("has {replicas} replica(s): what is acknowledged may be lost with a broker");
        let remedy =
            "For development only. In production: three brokers, replication 3, min.insync.replicas 2.";
        return Some((Level::Warning, message, remedy.to_owned()));
    }
    if in_sync < 2 {
        let message =
            format!("min.insync.replicas is {in_sync}: a record is acknowledged before it has a copy");
        return Some((Level::Problem, message, "Set min.insync.replicas to 2.".to_owned()));
    }
    if in_sync >= replicas {
        let message =
            format!("min.insync.replicas is {in_sync} of {replicas}: without one broker nothing is accepted");
        return Some((Level::Problem, message, format!("Set min.insync.replicas to {}.", replicas - 1)));
    }
    None
}

/// Settings that lose records, each with what it should be.
fn settings(topic: &Topic, found: &TopicFound) -> Vec<(String, String)> {
    let setting = |name: &str| found.settings.get(name).map(String::as_str);
    let number = |name: &str| setting(name).and_then(|text| text.parse::<i64>().ok());
    let mut wrong = Vec::new();
    let wanted = i64::try_from(topic.retention.as_millis()).unwrap_or(i64::MAX);
    if let Some(kept) = number("retention.ms").filter(|kept| (0..wanted).contains(kept)) {
        let hours = |ms: i64| ms / 3_600_000;
        let message = format!(
            "keeps records for {} h, not {} h: a consumer that is away for longer loses them",
            hours(kept),
            hours(wanted)
        );
        wrong.push((message, format!("retention.ms={wanted}")));
    }
    if let Some(bytes) = number("retention.bytes").filter(|bytes| *bytes >= 0) {
        let message = format!("drops records beyond {bytes} bytes of a partition, however young they are");
        wrong.push((message, "retention.bytes=-1".to_owned()));
    }
    if let Some(policy) = setting("cleanup.policy").filter(|policy| *policy != "delete") {
        let message = format!("cleanup.policy is {policy}: older versions of an aggregate vanish");
        wrong.push((message, "cleanup.policy=delete".to_owned()));
    }
    if setting("unclean.leader.election.enable") == Some("true") {
        let message = "a broker that lags may become leader: what is acknowledged may be lost".to_owned();
        wrong.push((message, "unclean.leader.election.enable=false".to_owned()));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected = Expected { said: Some(48), alike: None };

    fn found(settings: &[(&str, &str)]) -> TopicFound {
        let good = [
            ("min.insync.replicas", "2"),
            ("retention.ms", "604800000"),
            ("retention.bytes", "-1"),
            ("cleanup.policy", "delete"),
            ("unclean.leader.election.enable", "false"),
        ];
        let settings =
            good.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        TopicFound { partitions: 48, replication: 3, settings: settings.collect() }
    }

    fn of(found: &TopicFound) -> Finding {
        let mut findings = judge(&TOPICS[0], Some(found), &EXPECTED);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    #[test]
    fn a_topic_as_it_should_be_is_well() {
        assert!(of(&found(&[])).is(Level::Ok));
        assert!(of(&found(&[("retention.ms", "-1")])).is(Level::Ok), "kept for ever");
    }

    #[test]
    fn each_setting_that_loses_records_is_a_problem_with_its_remedy() {
        for (name, value, remedy) in [
            ("min.insync.replicas", "1", "Set min.insync.replicas to 2"),
            ("min.insync.replicas", "3", "Set min.insync.replicas to 2"),
            ("retention.ms", "3600000", "retention.ms=604800000"),
            ("retention.bytes", "1000", "retention.bytes=-1"),
            ("cleanup.policy", "compact", "cleanup.policy=delete"),
            ("unclean.leader.election.enable", "true", "unclean.leader.election.enable=false"),
        ] {
            let finding = of(&found(&[(name, value)]));
            assert!(
                finding.is(Level::Problem) && finding.text().contains(remedy),
                "{name}={value}: {finding:?}"
            );
        }
    }

    #[test]
    fn a_missing_topic_and_another_number_of_partitions_are_told() {
        let missing = judge(&TOPICS[0], None, &EXPECTED).remove(0);
        assert!(missing.is(Level::Problem) && missing.text().contains("`redress-intake topics`"));
        let few = TopicFound { partitions: 6, ..found(&[]) };
        assert!(of(&few).is(Level::Problem));
        let alike = Expected { said: None, alike: Some(48) };
        assert!(judge(&TOPICS[0], Some(&few), &alike)[0].is(Level::Warning));
        let single = TopicFound { replication: 1, ..found(&[]) };
        assert!(of(&single).is(Level::Warning));
    }
}
