//! What a stack promises to those who test on it.
#![expect(clippy::unwrap_used, reason = "in tests also outside the test functions")]

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use redress_devstack::{Endpoints, Part, Stack, StackError, StackOptions};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

async fn postgres(endpoints: &Endpoints) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(&endpoints.postgres).await
}

async fn redis(endpoints: &Endpoints) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
    redis::Client::open(endpoints.redis.as_str())?.get_multiplexed_async_connection().await
}

fn kafka(endpoints: &Endpoints) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &endpoints.kafka);
    config
}

async fn create_topic(endpoints: &Endpoints, name: &str) {
    let admin: AdminClient<DefaultClientContext> = kafka(endpoints).create().unwrap();
    let topic = NewTopic::new(name, 2, TopicReplication::Fixed(1));
    // No time to wait in: the broker must be ready to create topics at once.
    let made = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
    assert!(made[0].is_ok(), "{made:?}");
}

async fn topics(endpoints: &Endpoints) -> Vec<String> {
    let config = kafka(endpoints);
    let ask = move || {
        let consumer: BaseConsumer = config.create().unwrap();
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
        metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_works_at_once_and_keeps_address_and_data_through_a_kill() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let at = stack.endpoints();

    postgres(at).await.unwrap().execute("CREATE TABLE kept AS SELECT 7 AS n").await.unwrap();
    redis::cmd("SET").arg("k").arg("v").exec_async(&mut redis(at).await.unwrap()).await.unwrap();
    create_topic(at, "kept").await;

    for &part in Part::ALL {
        let killed = stack.pid(part).unwrap();
        stack.kill(part).await;
        assert_eq!(stack.pid(part), None);
        assert!(!std::path::Path::new(&format!("/proc/{killed}")).exists());
    }
    assert!(postgres(at).await.is_err());
    assert!(redis(at).await.is_err());

    for &part in Part::ALL {
        stack.start_part(part).await.unwrap();
    }
    let kept: i32 =
        sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut postgres(at).await.unwrap()).await.unwrap();
    assert_eq!(kept, 7);
    let size: i64 = redis::cmd("DBSIZE").query_async(&mut redis(at).await.unwrap()).await.unwrap();
    assert_eq!(size, 0, "Redis has no persistence");
    assert_eq!(topics(at).await, ["kept"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_part_is_silent_on_open_connections_until_it_goes_on() {
    let parts = &[Part::Postgres, Part::Redis];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    let mut database = postgres(stack.endpoints()).await.unwrap();

    stack.pause(Part::Postgres);
    {
        let query = database.execute("SELECT 1");
        tokio::pin!(query);
        let silence = tokio::time::timeout(Duration::from_millis(300), &mut query).await;
        assert!(silence.is_err(), "the backend of an open connection is stopped too");
        stack.resume(Part::Postgres);
        tokio::time::timeout(Duration::from_secs(10), query).await.unwrap().unwrap();
    }

    let mut cache = redis(stack.endpoints()).await.unwrap();
    stack.pause(Part::Redis);
    assert!(
        redis::cmd("PING").exec_async(&mut cache).await.is_err(),
        "the client's own limit of 500 ms is over"
    );
    stack.resume(Part::Redis);
    redis::cmd("PING").exec_async(&mut redis(stack.endpoints()).await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_live_side_by_side_and_a_stop_takes_only_its_own() {
    let parts = &[Part::Postgres, Part::Redis];
    let start = || Stack::start(StackOptions { parts, ..StackOptions::default() });
    let (one, two) = tokio::try_join!(start(), start()).unwrap();
    let (first, second) = (one.endpoints().clone(), two.endpoints().clone());

    one.stop().await;
    assert!(!first.dir.exists());
    assert!(postgres(&first).await.is_err());
    assert!(redis(&first).await.is_err());

    assert!(second.dir.exists());
    postgres(&second).await.unwrap();
    redis(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_not_asked_for_has_an_address_and_may_start_later() {
    let stack = Stack::start(StackOptions { parts: &[], ..StackOptions::default() }).await.unwrap();
    assert_eq!(stack.pid(Part::Redis), None);
    assert!(redis(stack.endpoints()).await.is_err());
    stack.start_part(Part::Redis).await.unwrap();
    redis(stack.endpoints()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_holds_something_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("diary"), "mine").unwrap();
    let options = StackOptions { dir: Some(folder.path().to_owned()), ..StackOptions::default() };
    assert!(matches!(Stack::start(options).await, Err(StackError::FolderInUse(_))));
    assert_eq!(std::fs::read_to_string(folder.path().join("diary")).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_start_is_told_with_the_end_of_its_log() {
    let parts = &[Part::Postgres];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    stack.kill(Part::Postgres).await;
    std::fs::remove_file(stack.endpoints().dir.join("postgres/PG_VERSION")).unwrap();
    let error = stack.start_part(Part::Postgres).await.unwrap_err();
    assert!(matches!(error, StackError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("not a valid data directory"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_somebody_has_taken_is_told_in_one_sentence_with_what_to_do() {
    let parts = &[Part::Redis];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    let port = stack.endpoints().redis.rsplit(':').next().unwrap().parse().unwrap();
    stack.kill(Part::Redis).await;
    let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).unwrap();
    let told = stack.start_part(Part::Redis).await.unwrap_err().to_string();
    let expected = format!(
        "another program has taken port {port}, which was chosen for redis; run it again, and other ports are chosen"
    );
    assert_eq!(told, expected);
    drop(taken);
    stack.start_part(Part::Redis).await.unwrap();
}
