//! The kit's SQL. All statements are set-based; rows become the types of the pure modules here and nowhere else.

pub(crate) mod parked;
pub(crate) mod position;
pub(crate) mod view;
pub(crate) mod write;
