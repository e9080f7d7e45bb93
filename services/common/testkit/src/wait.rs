use std::time::Duration;

use tokio::time::Instant;

/// How soon a condition is looked at again, at first: what comes at once is seen at once.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// And in the end: looking must not slow down what is waited for.
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// Waits until `attempt` gives something. Instead of sleeping, a test says what it waits for.
///
/// # Panics
/// After `within`, naming `what`; also when an attempt itself hangs.
pub async fn wait_until<T>(what: &str, within: Duration, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    let found = tokio::time::timeout_at(deadline, async {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    });
    found.await.unwrap_or_else(|_elapsed| panic!("not within {within:?}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_success_is_given_back() {
        let mut attempts = 0;
        let third = async || {
            attempts += 1;
            (attempts == 3).then_some(attempts)
        };
        assert_eq!(wait_until("the third attempt", Duration::from_secs(20), third).await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "not within 30ms: pigs fly")]
    async fn what_was_waited_for_is_told_after_the_deadline() {
        wait_until("pigs fly", Duration::from_millis(30), async || None::<()>).await;
    }

    #[tokio::test]
    #[should_panic(expected = "an answer comes")]
    async fn an_attempt_that_hangs_is_ended_too() {
        wait_until("an answer comes", Duration::from_millis(30), std::future::pending::<Option<()>>).await;
    }
}
