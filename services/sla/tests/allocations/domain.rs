//! The engine, what it stands on and what that stands on, by the names that they know each other by.

#[path = "../../src/domain/calendar/mod.rs"]
pub mod calendar;
#[path = "../../src/domain/engine/mod.rs"]
pub mod engine;
#[path = "../../src/domain/explain/mod.rs"]
pub mod explain;
#[path = "../../src/domain/interval.rs"]
pub mod interval;
#[path = "../../src/domain/pause.rs"]
pub mod pause;
#[path = "../../src/domain/preview/mod.rs"]
pub mod preview;
#[path = "../../src/domain/time_limit.rs"]
pub mod time_limit;
#[path = "../../src/domain/unit.rs"]
pub mod unit;
