//! Reading with a made-up server, whose answers have the contract's shapes.

mod estate;
mod methods;
mod reports;
