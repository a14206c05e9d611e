//! Altiris Notification Server, today Symantec Management Platform, by its web services (the ASDK).

pub mod capabilities;
pub mod probe;
pub mod read;
pub mod schedule;
pub mod wire;
