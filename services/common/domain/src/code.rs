//! Enumerations that are known by a stable code: one definition gives the variants, the code of each, and the way back.

use thiserror::Error;

/// A code that names no member of its enumeration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{code}` is no {enumeration}")]
pub struct UnknownCode {
    /// The enumeration's name.
    pub enumeration: &'static str,
    /// What was given.
    pub code: String,
}

/// Defines an enumeration with a stable text code per member: the form that tables, events and logs carry.
///
/// Gives `ALL`, `code()`, `Display`, `FromStr` (failing with [`UnknownCode`](crate::UnknownCode)) and serde by the code.
/// The crate that uses it needs serde.
#[macro_export]
macro_rules! coded_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $code)] $variant,)+ }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code, as stored and published.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.code()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownCode;
            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownCode { enumeration: stringify!($name), code: code.to_owned() }),
                }
            }
        }
    };
}
