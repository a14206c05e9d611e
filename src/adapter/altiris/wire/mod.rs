//! The wire: SOAP 1.1 as ASP.NET serves it (altiris-asdk §2), one call and one answer.
//!
//! What a server sends is not trusted: documents that declare anything are refused (R1), depth is bounded here and bytes by
//! the transport, and a stored password never leaves the parser.

pub mod details;
pub mod fault;
pub mod session;
pub mod table;
pub mod value;
pub mod wsdl;
pub mod xml;

#[cfg(test)]
pub(super) mod tests;
