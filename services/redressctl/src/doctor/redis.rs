//! Redis: whether it answers, whether it may drop keys by itself, and its clock.

use jiff::Timestamp;
use redress_domain::Clock as _;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::finding::{Finding, Level};
use super::{LIMIT, skew, unnamed};
use crate::context::Context;

const CHECK: &str = "redis";

pub(super) async fn look(context: &Context) -> Vec<Finding> {
    let Some(url) = &context.settings.redis else { return vec![unnamed(CHECK, "Redis", "redis")] };
    let Ok(client) = redis::Client::open(url.expose_secret()) else {
        let wrong = Finding::new(CHECK, "Redis", Level::Problem, "its URL is none of Redis");
        return vec![
            wrong.remedy("Correct redis.url in the settings file: redis://[user:password@]host:port."),
        ];
    };
    match timeout(LIMIT, ask(context, &client)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => vec![away(&error.to_string())],
        Err(_) => vec![away("no answer in time")],
    }
}

fn away(cause: &str) -> Finding {
    // Nothing is lost without Redis, but repetitions and timers are found the slow way.
    Finding::new(CHECK, "Redis", Level::Problem, format!("cannot be asked: {cause}")).remedy(
        "Check that Redis runs and that redis.url in the settings file is right. Nothing is lost meanwhile.",
    )
}

async fn ask(context: &Context, client: &redis::Client) -> redis::RedisResult<Vec<Finding>> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    // INFO rather than CONFIG, which managed servers refuse.
    let memory: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let before = context.clock.now();
    let (seconds, micros): (i64, i32) = redis::cmd("TIME").query_async(&mut connection).await?;
    let after = context.clock.now();
    let there = Timestamp::new(seconds, micros.saturating_mul(1_000)).unwrap_or(Timestamp::MAX);
    Ok(vec![of_memory(&memory), skew::judge("Redis", before, there, after)])
}

/// `memory` is the section of INFO.
fn of_memory(memory: &str) -> Finding {
    let value = |name: &str| {
        memory
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
            .unwrap_or_default()
    };
    let number = |name: &str| value(name).parse::<u64>().unwrap_or(0);
    let policy = value("maxmemory_policy");
    let (used, most) = (number("used_memory"), number("maxmemory"));
    if policy != "noeviction" {
        let message = format!("maxmemory-policy is {policy:?}: full, it drops timers and what is remembered");
        return Finding::new(CHECK, "Redis", Level::Problem, message).remedy(
            "Set maxmemory-policy noeviction: a write that fails is dealt with at once, a key that vanished is found late.",
        );
    }
    if most > 0 && used > most / 10 * 8 {
        let message = format!("{} % of its memory is used", used.saturating_mul(100) / most);
        return Finding::new(CHECK, "Redis", Level::Warning, message)
            .remedy("Give it more memory (maxmemory).");
    }
    Finding::new(CHECK, "Redis", Level::Ok, "answers and drops nothing by itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_evicts_is_a_problem_and_fullness_worth_a_look() {
        let memory = |policy: &str, most: u32| {
            of_memory(&format!(
                "# Memory\r\nused_memory:90\r\nmaxmemory:{most}\r\nmaxmemory_policy:{policy}\r\n"
            ))
        };
        assert!(memory("noeviction", 0).is(Level::Ok));
        assert!(memory("noeviction", 1_000).is(Level::Ok));
        assert!(memory("noeviction", 100).is(Level::Warning));
        let evicting = memory("allkeys-lru", 0);
        assert!(evicting.is(Level::Problem) && evicting.text().contains("allkeys-lru"), "{evicting:?}");
    }
}
