//! Altiris Notification Server, today Symantec Management Platform, by its web services (the ASDK).

pub mod capabilities;
pub mod wire;
