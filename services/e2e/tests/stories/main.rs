//! Five cases, one for each document that the product follows: each walks the document's flow step by step, over public
//! interfaces alone, and looks at states, clocks, notices, roles and records at every step.
//!
//! | story | document |
//! | --- | --- |
//! | `sales_platform` | 000, how a sales platform handles complaints |
//! | `handling_plan` | 001, the plan for customers' complaints |
//! | `live_commerce` | 002, the guide for complaints about live rooms |
//! | `merchant_dispute` | 003, how disputes of merchants are settled |
//! | `after_sales` | 004, the rules for claims after the sale |
//!
//! Comments name the place in the document (§) and the feature (F). All stories are told one after the other on one
//! installation, each by a tenant of its own. Days pass in seconds: the installation's time is moved on.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod after_sales;
mod case;
mod handling_plan;
mod live_commerce;
mod merchant_dispute;
mod people;
mod platform;
mod sales_platform;
mod steps;
mod time;
