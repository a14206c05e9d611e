//! Bugs that tests plant, one at a time, to see that the simulated applies catch each. Outside of tests there is none:
//! [`planted`] is then the constant `false`.

/// A bug that a test can plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bug {
    /// Each attempt of a write carries a key of its own.
    NewKeyPerRetry,
    /// The journal's intent is written after the request is sent.
    JournalAfterSend,
    /// A new item is made switched on, before it has its targets.
    EnableBeforeTarget,
    /// A write takes whatever revision the item has by then.
    FreshOnlyAtStart,
    /// What was not read is taken for absent.
    DeleteOnPartialRead,
    /// A write goes out without the lease's number.
    NoFence,
    /// A write whose answer was lost is reported as not made.
    LostMeansNotMade,
    /// What follows a failed step is begun all the same.
    GoOnAfterFailure,
    /// A state that was cut off is taken for the whole.
    CutReadIsWhole,
    /// A lease is kept when the apply is refused.
    KeepLeaseOnRefusal,
}

impl Bug {
    /// Every one.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 10] = [
        Self::NewKeyPerRetry,
        Self::JournalAfterSend,
        Self::EnableBeforeTarget,
        Self::FreshOnlyAtStart,
        Self::DeleteOnPartialRead,
        Self::NoFence,
        Self::LostMeansNotMade,
        Self::GoOnAfterFailure,
        Self::CutReadIsWhole,
        Self::KeepLeaseOnRefusal,
    ];
}

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug in this thread, or takes it out.
#[cfg(test)]
pub(crate) fn plant(bug: Option<Bug>) {
    PLANTED.with(|cell| cell.set(bug));
}

/// Whether this bug is planted.
#[cfg(test)]
pub(crate) fn planted(bug: Bug) -> bool {
    PLANTED.with(|cell| cell.get() == Some(bug))
}

/// Whether this bug is planted: never.
#[cfg(not(test))]
pub(crate) const fn planted(_bug: Bug) -> bool {
    false
}
