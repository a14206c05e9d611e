//! Altiris Notification Server, by its web services (the ASDK).

pub mod capabilities;
