//! The Altiris ASDK as the reference server speaks it: the contract's §1 to §5 and §8, over the same operations that the
//! native API has.
//!
//! **To add a service**: make a file in `services/` (or in `services/delivery/`) with a `static` [`table::Service`] and add
//! it to the list there. A method is one row of its table:
//!
//! ```ignore
//! Method::new("GetItemByGuid", &[guid("itemGuid")], Ty::Record(&ITEM_DETAILS), item_by_guid).or_typed("GetItemByGuidX"),
//! ```
//!
//! - The name is the *message*. `new` makes the message of texts (SOAP, and HTTP where the service has that), `or_typed`
//!   adds the one of `guid`s (SOAP alone), `typed_alone` makes it the only one. `since`, `writes` and `administers` say the
//!   version and the role; a method is for readers unless it says otherwise.
//! - Parameters: `text`, `guid`, `guids`, `truth`, `number`, `texts`, `guid_array`. `guid` and `guids` change their type
//!   with the message, and [`call::Call::guid`] and [`call::Call::guids`] read either.
//! - A handler is `fn(&Call<'_>) -> Result<Value, Fault>`. It reads its arguments by name, calls operations of
//!   [`App`](crate::server::app::App) (`call.app`), and writes within [`call::Call::write`]. [`fault::Fault`] is made from
//!   a `Refused`, so `?` does. `call.has(Quirk::…)` tells how to behave where the contract is silent.
//! - Values: [`value::Value`], records of a [`value::Class`] from [`classes`], [`value::Table`] for a `DataTable`. The answer
//!   and the description of the service are both made from the class, so they cannot disagree.
//!
//! Everything else (bindings, descriptions, test pages, faults, versions, missing solutions) follows from the table.

mod answer;
mod authenticate;
pub mod call;
pub mod classes;
pub mod fault;
mod form;
pub mod inject;
mod page;
mod render;
pub mod services;
mod soap;
pub mod table;
pub mod value;
mod wsdl;
mod xml;

pub(in crate::server::http) use crate::server::http::asdk::answer::answer;
pub(in crate::server::http) use crate::server::http::asdk::answer::is_here;

#[cfg(test)]
mod tests;
