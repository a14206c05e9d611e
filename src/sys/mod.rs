//! The world: files, clock, environment, HTTP client. The only place that names them; it knows nothing of the domain.

pub mod clock;
