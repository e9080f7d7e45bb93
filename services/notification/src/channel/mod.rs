//! The ways out of the house: e-mail, the platform's message box, callbacks.
//!
//! A channel takes one letter for one address and says what became of it ([`Outcome`](crate::domain::delivery::Outcome));
//! when to try again, and where else, is not its matter. Each gives the notice's id along, so that a receiver can tell a
//! repetition: after a crash between the channel's yes and our own record of it, the same notice is sent again.

pub mod callback;
pub mod email;
pub mod guard;
pub mod in_app;
mod rate;
mod refusal;

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::route::Channels;

/// When a try may begin. One that could outlast its claim is not begun, for another worker may have the letter by then;
/// nor is any once the process is to end, for what is handed over without a record is handed over again.
#[derive(Debug, Clone)]
pub struct Chance {
    /// When the claim is over, with the time that its record takes taken off.
    pub held_until: Instant,
    /// When the process ends.
    pub stop: CancellationToken,
}

impl Chance {
    /// Waits for a turn, as long as a try of `limit` may still begin; none if it may not any more.
    async fn wait<T>(&self, limit: Duration, turn: impl Future<Output = T>) -> Option<T> {
        let begin_by = self.held_until.checked_sub(limit)?;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            () = tokio::time::sleep_until(begin_by) => None,
            turn = turn => Some(turn),
        }
    }
}

/// The channels of this installation. Cheap to clone.
#[derive(Clone)]
pub struct Outlets {
    /// E-mail, if there is a mail server.
    pub email: Option<email::Email>,
    /// The platform's message box, if there is an adapter.
    pub in_app: Option<in_app::InApp>,
    /// Callbacks.
    pub callbacks: callback::Callbacks,
}

impl Outlets {
    /// Which channels can be served.
    pub fn channels(&self) -> Channels {
        Channels { email: self.email.is_some(), in_app: self.in_app.is_some() }
    }
}
