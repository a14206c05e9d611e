//! Altiris Notification Server, today Symantec Management Platform, by its web services (the ASDK).

pub mod capabilities;
pub mod edit;
pub mod half_made;
pub mod probe;
pub mod read;
pub mod schedule;
pub mod wire;
pub mod write;
