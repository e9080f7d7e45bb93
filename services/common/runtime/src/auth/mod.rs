//! Who calls: a signed token (JWT) against the keys of one issuer (JWKS).
//!
//! Checked: algorithm (ES256, RS256 or `EdDSA`, and the one of the key), signature, issuer, audience, expiry, not-before,
//! subject, tenant, roles. Everything else about a token is its issuer's matter. A verified token is remembered under
//! its hash until it expires, because a signature costs as much as the rest of a call.

mod authenticator;
mod keys;
mod source;
mod token;

pub use authenticator::Authenticator;
pub(crate) use token::Proof;
