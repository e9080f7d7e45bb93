//! What analytics does, one file per use. Handlers of topics: load → decide → save. Questions: check → ask → tell.

pub mod assessments;
pub mod case;
pub mod counted;
pub mod drill_down;
pub mod export;
pub mod incidents;
pub mod lifecycle;
pub mod metrics;
pub mod notices;
pub mod sla;
pub mod steps;
mod telemetry;
mod window;
