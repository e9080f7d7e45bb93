//! The service installed as an operator would: a database, keys, an issuer, topics of its own, a mail server.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_devstack::{ServiceProcess, free_port, shared};
use redress_domain::Role;
use redress_messaging::{KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_notification::topics::{CLOCKS, INVESTIGATION, LIFECYCLE, RESOLUTION};
use redress_outbox::Delivery;
use redress_testkit::{Mail, MailServer, TokenIssuer, outgoing, topic_prefix, unique_name, wait_until};
use tonic::transport::{Channel, Endpoint};

use crate::bench::Bench;
use crate::people::by_mail;

/// No test waits longer for anything.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
/// A channel that answered late on a busy machine is tried again after 15 s, 15 s and 30 s.
const UNTIL_SETTLED: Duration = Duration::from_mins(4);
/// The topics that the service reads, with their partitions.
pub(crate) const READ: [&str; 4] = [LIFECYCLE, INVESTIGATION, RESOLUTION, CLOCKS];
const PARTITIONS: i32 = 2;

pub(crate) struct Installed {
    /// The database and the keys are the bench's, so that it can seal what the process opens. Its clock shows when the
    /// installation was made.
    pub(crate) bench: Bench,
    pub(crate) smtp: MailServer,
    pub(crate) kafka: KafkaConfig,
    producer: Producer,
    command: Command,
    issuer: TokenIssuer,
    grpc: String,
    admin: String,
    folder: tempfile::TempDir,
}

impl Installed {
    pub(crate) async fn new() -> Self {
        let (stack, bench, smtp) = (shared().await, Bench::new().await, MailServer::start().await.unwrap());
        bench.clock.set(wall_clock());
        let folder = tempfile::tempdir().unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        let jwks = folder.path().join("jwks.json");
        issuer.write_jwks(&jwks).unwrap();
        let kafka =
            KafkaConfig { topic_prefix: topic_prefix(), ..KafkaConfig::at(stack.kafka.as_str(), "test") };
        let retention = Duration::from_hours(1);
        let topics = READ.map(|name| TopicSpec { name, partitions: PARTITIONS, retention });
        ensure_topics(&kafka, &topics).await.unwrap();
        let [grpc, admin] = [(), ()].map(|()| format!("127.0.0.1:{}", free_port()));
        let [quiet_from, quiet_until] = quiet_later();
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
            ("REDRESS__RUNTIME__AUTH__OPERATOR_TENANT", "tenant-a".to_owned()),
            ("REDRESS__RUNTIME__GRPC__LISTEN", grpc.clone()),
            ("REDRESS__RUNTIME__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("REDRESS__RUNTIME__ADMIN__LISTEN", admin.clone()),
            ("REDRESS__NOTIFICATION__QUIET_FROM", quiet_from),
            ("REDRESS__NOTIFICATION__QUIET_UNTIL", quiet_until),
            ("REDRESS__NOTIFICATION__SMTP__HOST", "127.0.0.1".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__PORT", smtp.port.to_string()),
            ("REDRESS__NOTIFICATION__SMTP__SECURITY", "plaintext".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__FROM", "complaints@platform.invalid".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__TIMEOUT_MS", "1000".to_owned()),
            ("REDRESS__NOTIFICATION__IN_APP__TIMEOUT_MS", "1000".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__ALLOW_HTTP", "true".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__ALLOW_NETWORKS", "127.0.0.1/32".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__TIMEOUT_MS", "1000".to_owned()),
            ("REDRESS__NOTIFICATION__DISPATCH__LEASE_SECONDS", "6".to_owned()),
        ]);
        let producer = Producer::for_requests(&kafka, Duration::from_secs(5)).unwrap();
        let installed = Self { bench, smtp, kafka, producer, command, issuer, grpc, admin, folder };
        for step in ["migrate", "topics"] {
            let process = installed.start(step);
            let status = process.wait_end(LIMIT).await.unwrap();
            assert!(status.success(), "{step}: {}", std::fs::read_to_string(process.log()).unwrap());
        }
        installed
    }

    fn start(&self, subcommand: &str) -> ServiceProcess {
        let mut command = Command::new(self.command.get_program());
        command.arg(subcommand);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let folder: &Path = self.folder.path();
        ServiceProcess::start(subcommand, &command, folder).unwrap()
    }

    pub(crate) async fn serve(&self) -> ServiceProcess {
        let process = self.start("serve");
        process.wait_http(&self.admin, "/readyz", LIMIT).await.unwrap();
        process
    }

    /// Where the process answers calls.
    pub(crate) fn grpc(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc)).unwrap().connect_lazy()
    }

    /// The token of a caller.
    pub(crate) fn token(&self, tenant: &str, roles: &[Role]) -> String {
        let claims = self.issuer.claims(&tenant.parse().unwrap(), "platform", roles, wall_clock());
        self.issuer.sign(&claims).unwrap()
    }

    /// Writes an event to the topic that it is of.
    pub(crate) async fn publish<E>(&self, delivery: &Delivery<E>) {
        let topic = READ.into_iter().find(|topic| *topic == &*delivery.record.topic).unwrap();
        let outgoing = outgoing(topic, &delivery.meta, delivery.record.payload.clone());
        self.producer.send(outgoing).await.unwrap();
    }

    /// Publishes the registration of complaint `number`, whose complainant has a mailbox of that number.
    pub(crate) async fn register(&self, number: usize) {
        let complainant = by_mail(&format!("u{number}@example.invalid"));
        let (_, event) = self.bench.registered(&format!("k{number}"), complainant).await;
        self.publish(&event).await;
    }

    /// Waits for mails to so many addresses.
    pub(crate) async fn mails(&self, what: &str, count: usize) -> Vec<Mail> {
        let arrived = async || {
            let mails = self.smtp.mails();
            let to: BTreeSet<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
            (to.len() >= count).then_some(mails)
        };
        wait_until(what, LIMIT, arrived).await
    }

    /// Waits until nothing is to be delivered or published any more.
    pub(crate) async fn settled(&self) {
        let settled = async || {
            let open = "SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM outbox)";
            (self.bench.count(open).await == 0).then_some(())
        };
        wait_until("every letter and event has left", UNTIL_SETTLED, settled).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the process tells time by the wall clock")]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}

/// A night of one minute, twelve hours from now where the tenants are: no letter of a test waits for its morning.
fn quiet_later() -> [String; 2] {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let hour = (wall_clock().to_zoned(zone).hour() + 12) % 24;
    [format!("{hour:02}:00"), format!("{hour:02}:01")]
}
