//! Nobody learns of everything at once: the services hear of each other by topics. A call that comes too early is made
//! again, as any client would.

use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a call, or a look, is repeated.
pub(super) struct Patience {
    what: String,
    until: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) fn new(what: &str, limit: Duration) -> Self {
        Self { what: what.to_owned(), until: Instant::now() + limit, pause: FIRST_PAUSE }
    }

    /// Waits before the next try; fails if the refusal is final or the time is over.
    pub(super) async fn after(&mut self, refusal: &Status) -> anyhow::Result<()> {
        let told = || anyhow!("{}: {:?} {}", self.what, refusal.code(), refusal.message());
        if !may_pass(refusal) {
            return Err(told());
        }
        if Instant::now() > self.until {
            return Err(told().context("it does not pass"));
        }
        self.rest().await;
        Ok(())
    }

    /// Waits before the next look; fails if the time is over.
    pub(super) async fn look_again(&mut self, seen: &(dyn std::fmt::Debug + Sync)) -> anyhow::Result<()> {
        if Instant::now() > self.until {
            bail!("{}: still {seen:?}", self.what);
        }
        self.rest().await;
        Ok(())
    }

    async fn rest(&mut self) {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// What a repetition can get over: overload, a service that is away, and what has not been heard of yet. Also a connection
/// that broke, whatever the client calls it: such a refusal was made on this side, and has a cause.
fn may_pass(refusal: &Status) -> bool {
    use Code::{
        Aborted, Cancelled, DeadlineExceeded, FailedPrecondition, NotFound, ResourceExhausted, Unavailable,
    };
    let passes = matches!(
        refusal.code(),
        Aborted
            | Cancelled
            | DeadlineExceeded
            | FailedPrecondition
            | NotFound
            | ResourceExhausted
            | Unavailable
    );
    passes || std::error::Error::source(refusal).is_some()
}

/// Makes the call until it goes through, and gives its answer.
macro_rules! insist {
    ($stage:expr, $what:expr, $call:expr) => {{
        let mut patience = $crate::story::patience::Patience::new($what, $stage.patience);
        loop {
            match $call.await {
                Ok(answer) => break answer.into_inner(),
                Err(refusal) => patience.after(&refusal).await?,
            }
        }
    }};
}
pub(super) use insist;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_can_pass_is_tried_again_until_the_time_is_over_and_what_cannot_is_told_at_once() {
        let mut patience = Patience::new("a call", Duration::from_mins(1));
        patience.after(&Status::failed_precondition("not yet")).await.unwrap();
        let told = patience.after(&Status::permission_denied("never")).await.unwrap_err().to_string();
        assert!(told.contains("a call: PermissionDenied never"), "{told}");
        let broken = Status::from_error(Box::new(std::io::Error::other("connection reset")));
        assert_eq!(broken.code(), Code::Unknown);
        patience.after(&broken).await.unwrap();
        let mut impatient = Patience::new("a call", Duration::ZERO);
        sleep(Duration::from_millis(1)).await;
        assert!(impatient.after(&Status::failed_precondition("not yet")).await.is_err());
        assert!(impatient.look_again(&1).await.is_err());
    }
}
