//! The service as a process: events in from Kafka, mails out, kills in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redress_devstack::{ServiceProcess, free_port, shared};
use redress_messaging::{EventMeta, KafkaConfig, Outgoing, Producer, TopicSpec, ensure_topics};
use redress_notification::app::react::Event;
use redress_outbox::Delivery;
use redress_testkit::{Mail, MailServer, TokenIssuer, topic_prefix, unique_name, wait_until};

use crate::bench::{Bench, by_mail};

const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const LIMIT: Duration = Duration::from_mins(1);

struct Installed {
    /// The database and the keys are the bench's, so that it can seal what the process opens.
    bench: Bench,
    smtp: MailServer,
    producer: Producer,
    command: Command,
    admin: String,
    folder: tempfile::TempDir,
}

async fn installed() -> Installed {
    let (stack, bench, smtp) = (shared().await, Bench::new().await, MailServer::start().await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
    let jwks = folder.path().join("jwks.json");
    issuer.write_jwks(&jwks).unwrap();
    let kafka = KafkaConfig { topic_prefix: topic_prefix(), ..KafkaConfig::at(stack.kafka.as_str(), "test") };
    let lifecycle = TopicSpec { name: LIFECYCLE, partitions: 2, retention: Duration::from_hours(1) };
    ensure_topics(&kafka, &[lifecycle]).await.unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_redress-notification"));
    command.envs([
        ("REDRESS__POSTGRES__URL", bench.url().to_owned()),
        ("REDRESS__KAFKA__BROKERS", stack.kafka.clone()),
        ("REDRESS__KAFKA__TOPIC_PREFIX", kafka.topic_prefix.clone()),
        ("REDRESS__KAFKA__GROUP_INSTANCE_ID", unique_name("notification")),
        ("REDRESS__KAFKA__SESSION_TIMEOUT_MS", "6000".to_owned()),
        ("REDRESS__VAULT__KEY_FILE", bench.key_file().display().to_string()),
        ("REDRESS__RUNTIME__AUTH__ISSUER", issuer.issuer().to_owned()),
        ("REDRESS__RUNTIME__AUTH__JWKS", jwks.display().to_string()),
        ("REDRESS__RUNTIME__GRPC__LISTEN", "127.0.0.1:0".to_owned()),
        ("REDRESS__RUNTIME__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("REDRESS__RUNTIME__ADMIN__LISTEN", admin.clone()),
        ("REDRESS__NOTIFICATION__SMTP__HOST", "127.0.0.1".to_owned()),
        ("REDRESS__NOTIFICATION__SMTP__PORT", smtp.port.to_string()),
        ("REDRESS__NOTIFICATION__SMTP__SECURITY", "plaintext".to_owned()),
        ("REDRESS__NOTIFICATION__SMTP__FROM", "complaints@platform.invalid".to_owned()),
        ("REDRESS__NOTIFICATION__SMTP__TIMEOUT_MS", "1000".to_owned()),
        ("REDRESS__NOTIFICATION__IN_APP__TIMEOUT_MS", "1000".to_owned()),
        ("REDRESS__NOTIFICATION__CALLBACK__TIMEOUT_MS", "1000".to_owned()),
        ("REDRESS__NOTIFICATION__DISPATCH__LEASE_SECONDS", "6".to_owned()),
    ]);
    let producer = Producer::for_requests(&kafka, Duration::from_secs(5)).unwrap();
    let installed = Installed { bench, smtp, producer, command, admin, folder };
    for step in ["migrate", "topics"] {
        let process = installed.start(step);
        let status = process.wait_end(LIMIT).await.unwrap();
        assert!(status.success(), "{step}: {}", std::fs::read_to_string(process.log()).unwrap());
    }
    installed
}

impl Installed {
    fn start(&self, subcommand: &str) -> ServiceProcess {
        let mut command = Command::new(self.command.get_program());
        command.arg(subcommand);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let folder: &Path = self.folder.path();
        ServiceProcess::start(subcommand, &command, folder).unwrap()
    }

    async fn serve(&self) -> ServiceProcess {
        let process = self.start("serve");
        process.wait_http(&self.admin, "/readyz", LIMIT).await.unwrap();
        process
    }

    async fn publish(&self, delivery: &Delivery<Event>) {
        let meta: &EventMeta = &delivery.meta;
        let outgoing = Outgoing {
            topic: LIFECYCLE.into(),
            key: meta.subject.to_string(),
            headers: meta.to_headers(),
            payload: delivery.record.payload.clone(),
        };
        self.producer.send(outgoing).await.unwrap();
    }

    /// Publishes the registration of complaint `number`, whose complainant has a mailbox of that number.
    async fn register(&self, number: usize) {
        let complainant = by_mail(&format!("u{number}@example.invalid"));
        let (_, event) = self.bench.registered(&format!("k{number}"), complainant).await;
        self.publish(&event).await;
    }

    async fn mails(&self, what: &str, count: usize) -> Vec<Mail> {
        let arrived = async || {
            let mails = self.smtp.mails();
            let to: BTreeSet<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
            (to.len() >= count).then_some(mails)
        };
        wait_until(what, LIMIT, arrived).await
    }
}

#[tokio::test]
async fn a_registration_becomes_a_mail_and_an_event_says_so() {
    let installed = installed().await;
    let process = installed.serve().await;
    installed.register(0).await;
    installed.mails("the first mail", 1).await;
    installed.register(1).await;
    installed.mails("the second mail", 2).await;
    let told = async || {
        let waiting = installed.bench.count("SELECT count(*) FROM outbox").await;
        let sent = installed.bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await;
        (waiting == 0 && sent == 2).then_some(())
    };
    wait_until("the events are published", LIMIT, told).await;
    let status = process.terminate(Duration::from_secs(15)).await.unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn kills_lose_no_notice_and_make_no_second_one() {
    const COUNT: usize = 120;
    let installed = installed().await;
    let mut process = installed.serve().await;
    for number in 0..COUNT {
        installed.register(number).await;
        if number % 30 == 29 {
            process.kill9().await;
            process = installed.serve().await;
        }
    }
    let mails = installed.mails("a mail to everybody", COUNT).await;
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for mail in &mails {
        ids.entry(&mail.to).or_default().insert(mail.header("Message-ID"));
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "one notice each, whatever was repeated: {ids:?}");
    let settled = async || {
        let open = installed.bench.count("SELECT count(*) FROM delivery").await;
        (open == 0).then_some(())
    };
    wait_until("every delivery is settled", LIMIT, settled).await;
    let count = i64::try_from(COUNT).unwrap();
    assert_eq!(installed.bench.count("SELECT count(*) FROM notice WHERE state = 'sent'").await, count);
    assert_eq!(installed.bench.count("SELECT count(*) FROM attempt WHERE outcome = 'accepted'").await, count);
    assert_eq!(installed.bench.count("SELECT count(*) FROM parked_event").await, 0);
}
