//! What the end-to-end tests share: callers of the public interfaces, submissions, and the check against the contract.

pub mod client;
pub mod collector;
pub mod contract;
pub mod evidence;
pub mod ledger;
pub mod load;
pub mod rpc;
pub mod submissions;
