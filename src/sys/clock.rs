//! The clock, as a parameter.

use jiff::Timestamp;

/// Where the time comes from. Everything that asks for it takes one of these, so that a test owns time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// How long something takes, on a clock that never goes back. For bounds and figures only: nothing is decided by it that
/// a repeat must decide alike.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}
