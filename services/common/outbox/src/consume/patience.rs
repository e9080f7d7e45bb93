//! How long a batch is tried again before somebody is blamed.

use std::time::Duration;

use redress_domain::Backoff;

use super::Kit;
use super::lane::Interrupted;

/// What is waited for is said again after so many tries: about once a minute.
const SAY: u32 = 30;

/// How often a batch whose handler meets conflicts is repeated before its culprit is sought.
const CONFLICTS: u32 = 20;

const AWAY: Backoff = Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2) };
const AGAIN: Backoff = Backoff { base: Duration::from_millis(2), max: Duration::from_millis(500) };

/// Counts what a range has met since it last came on.
#[derive(Default)]
pub(super) struct Patience {
    failures: u32,
    conflicts: u32,
}

impl Patience {
    pub(super) async fn outdated(&mut self, kit: &Kit) -> Result<(), Interrupted> {
        pause(kit, AGAIN, self.failures).await?;
        self.failures += 1;
        if self.failures.is_multiple_of(CONFLICTS) {
            tracing::warn!("a batch finds its plan outdated again and again; is a second group at work?");
        }
        Ok(())
    }

    /// Whether there is patience left.
    pub(super) async fn conflict(&mut self, kit: &Kit) -> Result<bool, Interrupted> {
        self.conflicts += 1;
        if self.conflicts < CONFLICTS {
            pause(kit, AGAIN, self.conflicts).await?;
        }
        Ok(self.conflicts < CONFLICTS)
    }

    pub(super) async fn away(
        &mut self,
        kit: &Kit,
        topic: &'static str,
        what: &str,
    ) -> Result<(), Interrupted> {
        if self.failures.is_multiple_of(SAY) {
            tracing::warn!(
                messaging.destination.name = topic,
                what,
                "consuming waits: a dependency is away, or lacks what is needed"
            );
        }
        kit.status.waits(topic, true);
        let outcome = pause(kit, AWAY, self.failures).await;
        self.failures += 1;
        kit.status.waits(topic, false);
        outcome
    }
}

async fn pause(kit: &Kit, backoff: Backoff, attempt: u32) -> Result<(), Interrupted> {
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "the low bits are the random part"
    )]
    let random = kit.clock.now().subsec_nanosecond() as u16;
    tokio::select! {
        () = kit.stop.cancelled() => Err(Interrupted::Stopped),
        () = tokio::time::sleep(backoff.delay(attempt, random)) => Ok(()),
    }
}
