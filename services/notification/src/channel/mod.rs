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

use crate::domain::route::Channels;

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
