//! A second, naive model of what one computer does, to hold the agent engine to: minute by minute, without a queue of
//! events and without compression. Written from the documents and the list of assumptions in `consign::agent`, never
//! from the engine.

mod agree;
mod calendar;
mod difference;
mod estates;
mod examples;
mod model;
mod reached;
