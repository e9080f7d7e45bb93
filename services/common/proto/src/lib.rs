//! The wire contract: messages and services generated from `proto/`, their JSON form, and the way to and from the
//! domain's types.
//!
//! One module per package. The generated code is not documented here; its comments stand in the `.proto` files, which
//! a lint holds to that.
#![warn(missing_docs)]

pub mod convert;
pub mod json;

macro_rules! package {
    ($file:literal) => {
        #[allow(
            missing_docs,
            unreachable_pub,
            clippy::all,
            clippy::pedantic,
            reason = "generated; the contract is documented in the .proto files"
        )]
        /// Generated from the package of the same name.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/", $file, ".rs"));
            include!(concat!(env!("OUT_DIR"), "/", $file, ".serde.rs"));
        }
    };
}

/// Operation of a service.
pub mod admin {
    package!("redress.admin.v1");
}
/// The contract of intake.
pub mod intake {
    package!("redress.intake.v1");
}
/// The shared vocabulary.
pub mod types {
    package!("redress.types.v1");
}

/// All messages and services as an encoded `FileDescriptorSet`, for reflection and for tests over every RPC.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The full name of a message's type, as it stands in the header `ce_type`.
pub fn type_name<M: prost::Name>() -> String {
    M::full_name()
}
