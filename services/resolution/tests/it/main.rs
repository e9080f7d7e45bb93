//! Resolution on real parts: its handlers and uses on a real `PostgreSQL`, and the process on Kafka too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod appeal_replies;
mod appeals;
mod appeals_of_two;
mod bench;
mod claims;
mod clocks;
mod entitlement;
mod fairness;
mod given_up;
mod guards;
mod incidents;
mod mandates;
mod mediation;
mod merchants;
mod money_executor;
mod money_process;
mod money_steps;
mod negotiation;
mod process;
mod races;
mod refusals;
mod remedies;
mod remedies_faults;
mod replaced;
mod rules;
mod rulings;
mod sight;
mod statements;
mod steps;
mod tenants;
mod undo;
mod world;
