use std::time::Duration;

use redress_devstack::{Part, Stack, StackOptions, free_port, shared};
use redress_redis::{DedupeFilter, Redis, RedisConfig, RedisConfigError, RedisError, Remembered};
use tokio::time::{Instant, timeout};

use crate::{client, complaint, eventually, patient_filter, tenant};

const PRINT: [u8; 32] = [1; 32];
/// Long enough for a busy machine to answer in, short enough for many calls to run into.
const LIMIT_MS: u64 = 50;

async fn stack() -> Stack {
    Stack::start(StackOptions { parts: &[Part::Redis], ..StackOptions::default() }).await.unwrap()
}

/// A filter with the limit of production, connected.
async fn connected_filter(url: &str) -> DedupeFilter {
    let filter = DedupeFilter::new(client(url, LIMIT_MS));
    eventually("the first answer", async || filter.lookup(&tenant("acme"), &complaint("0")).await.ok()).await;
    filter
}

/// Calls that nobody answers: each ends as unavailable, and few of them wait for the limit before the breaker opens.
async fn assert_quickly_unavailable(filter: &DedupeFilter) {
    let (t, id) = (tenant("acme"), complaint("away"));
    let mut waited = 0;
    for _ in 0..100 {
        let start = Instant::now();
        let answer = in_time(filter.claim(&t, &id, PRINT, 1)).await;
        assert!(matches!(answer, Err(RedisError::Unavailable)), "{answer:?}");
        waited += usize::from(start.elapsed() >= Duration::from_millis(LIMIT_MS));
    }
    assert!(waited <= 15, "{waited} of 100 calls waited for the limit");
}

/// The result of what must end soon, however busy the machine.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), work).await.unwrap()
}

async fn answers_again(filter: &DedupeFilter) -> Option<Remembered> {
    let lookup = async || filter.lookup(&tenant("acme"), &complaint("1")).await.ok();
    eventually("an answer after the fault", lookup).await
}

#[tokio::test]
async fn a_start_without_redis_is_not_delayed_and_connects_once_redis_comes() {
    let stack = stack().await;
    stack.kill(Part::Redis).await;
    let filter = DedupeFilter::new(client(&stack.endpoints().redis, LIMIT_MS));
    assert_quickly_unavailable(&filter).await;
    stack.start_part(Part::Redis).await.unwrap();
    assert_eq!(answers_again(&filter).await, None);
    stack.stop().await;
}

#[tokio::test]
async fn killed_and_restarted_empty_it_remembers_nothing_and_knows_its_scripts_again() {
    let stack = stack().await;
    let filter = connected_filter(&stack.endpoints().redis).await;
    let (t, id) = (tenant("acme"), complaint("1"));
    let confirm = async || filter.confirm(&t, &id, PRINT, 1).await.ok();
    assert_eq!(eventually("a confirmation", confirm).await, None);
    stack.kill(Part::Redis).await;
    assert_quickly_unavailable(&filter).await;
    stack.start_part(Part::Redis).await.unwrap();
    assert_eq!(answers_again(&filter).await, None);
    eventually("a confirmation after the restart", confirm).await;
    assert!(answers_again(&filter).await.unwrap().confirmed);
    stack.stop().await;
}

#[tokio::test]
async fn hanging_it_delays_few_calls_and_answers_again_with_all_it_knew() {
    let stack = stack().await;
    let filter = connected_filter(&stack.endpoints().redis).await;
    let (t, id) = (tenant("acme"), complaint("1"));
    patient_filter(&stack.endpoints().redis).confirm(&t, &id, PRINT, 1).await.unwrap();
    stack.pause(Part::Redis);
    assert_quickly_unavailable(&filter).await;
    stack.resume(Part::Redis);
    assert_eq!(answers_again(&filter).await.map(|entry| entry.fingerprint), Some(PRINT));
    stack.stop().await;
}

#[tokio::test]
async fn a_crowd_of_callers_on_a_hanging_redis_is_let_go_together() {
    let stack = stack().await;
    let filter = connected_filter(&stack.endpoints().redis).await;
    stack.pause(Part::Redis);
    let crowd = (0..5_000).map(|n| {
        let filter = filter.clone();
        tokio::spawn(async move { filter.claim(&tenant("acme"), &complaint(&n.to_string()), PRINT, 1).await })
    });
    for call in crowd.collect::<Vec<_>>() {
        assert!(matches!(in_time(call).await.unwrap(), Err(RedisError::Unavailable)));
    }
    stack.resume(Part::Redis);
    answers_again(&filter).await;
    stack.stop().await;
}

#[tokio::test]
async fn calls_on_the_way_when_it_dies_are_unavailable_and_not_unexpected() {
    let stack = stack().await;
    let filter = patient_filter(&stack.endpoints().redis);
    filter.lookup(&tenant("acme"), &complaint("1")).await.unwrap();
    stack.pause(Part::Redis);
    let waiting = filter.clone();
    let call = tokio::spawn(async move { waiting.claim(&tenant("acme"), &complaint("1"), PRINT, 1).await });
    tokio::task::yield_now().await;
    stack.kill(Part::Redis).await;
    let answer = call.await.unwrap();
    assert!(matches!(answer, Err(RedisError::Unavailable)), "{answer:?}");
    stack.stop().await;
}

#[tokio::test]
async fn it_connects_and_connects_again_while_nobody_calls() {
    let stack = stack().await;
    stack.kill(Part::Redis).await;
    let _quiet = client(&stack.endpoints().redis, LIMIT_MS);
    stack.start_part(Part::Redis).await.unwrap();
    let server = redis::Client::open(stack.endpoints().redis.as_str()).unwrap();
    let watcher = server.get_multiplexed_async_connection().await.unwrap();
    let two = async || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut watcher.clone()).await.unwrap();
        (list.lines().count() == 2).then_some(())
    };
    eventually("the first connection", two).await;
    let mut kill = redis::cmd("CLIENT");
    kill.arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(kill.query_async::<u32>(&mut watcher.clone()).await.unwrap(), 1);
    eventually("the connection after the lost one", two).await;
    stack.stop().await;
}

#[tokio::test]
async fn flushed_it_remembers_nothing_and_goes_on() {
    let stack = stack().await;
    let url = &stack.endpoints().redis;
    let (filter, raw) = (patient_filter(url), client(url, 5_000));
    let (t, id) = (tenant("acme"), complaint("1"));
    filter.confirm(&t, &id, PRINT, 1).await.unwrap();
    for command in ["FLUSHALL", "SCRIPT FLUSH"] {
        let flush = |mut c| async move {
            let mut parts = command.split(' ');
            let mut cmd = redis::cmd(parts.next().unwrap());
            parts.for_each(|part| _ = cmd.arg(part));
            cmd.exec_async(&mut c).await
        };
        raw.call("FLUSH", flush).await.unwrap();
    }
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), None);
    assert_eq!(filter.claim(&t, &id, PRINT, 2).await.unwrap(), None);
    assert_eq!(filter.confirm(&t, &id, PRINT, 2).await.unwrap(), None);
    stack.stop().await;
}

#[tokio::test]
async fn calls_dropped_half_way_do_not_shift_the_answers_of_others() {
    let filter = patient_filter(&shared().await.redis);
    let t = tenant("dropped");
    for n in 0..200_i64 {
        let id = complaint(&n.to_string());
        let dropped = {
            let (filter, t) = (filter.clone(), t.clone());
            tokio::spawn(async move { filter.confirm(&t, &complaint("dropped"), PRINT, -1).await })
        };
        tokio::task::yield_now().await;
        dropped.abort();
        assert_eq!(filter.claim(&t, &id, PRINT, n).await.unwrap(), None);
        assert_eq!(filter.lookup(&t, &id).await.unwrap().unwrap().received_at_ms, n);
    }
}

#[tokio::test]
async fn a_configuration_that_can_never_work_is_refused_without_its_password() {
    let refused = |url: &str, timeout_ms| {
        Redis::connect(&RedisConfig { url: url.into(), timeout_ms }).expect_err("it can never work")
    };
    let error = refused("http://user:hunter2@127.0.0.1", 50);
    assert!(matches!(error, RedisConfigError::Url));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(matches!(refused("redis://127.0.0.1", 0), RedisConfigError::Timeout));
    let url = format!("redis://user:hunter2@127.0.0.1:{}", free_port());
    let config = RedisConfig { url: url.as_str().into(), timeout_ms: 50 };
    let shown = format!("{config:?} {:?}", Redis::connect(&config).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}
