//! How much each host takes. Past a limit a comment is refused or cut where it happens to be, so every report that a host
//! shows is made to fit, by structure: what matters stays whole, and what is left out is counted.

/// What takes a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A comment on GitHub.
    GitHub,
    /// The summary of a step on GitHub.
    GitHubSummary,
    /// A comment on GitLab.
    GitLab,
    /// A comment on Azure DevOps.
    Azure,
    /// A comment on Bitbucket Server.
    Bitbucket,
}

/// The most that something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many characters. Counted as UTF-16 does, which is never fewer than code points.
    Characters(usize),
    /// So many bytes of UTF-8.
    Bytes(usize),
}

impl Limit {
    /// How much a text takes of it.
    pub fn of(self, text: &str) -> usize {
        match self {
            Self::Characters(_) => text.encode_utf16().count(),
            Self::Bytes(_) => text.len(),
        }
    }

    /// The same kind of limit with another number.
    #[must_use]
    pub const fn with_max(self, max: usize) -> Self {
        match self {
            Self::Characters(_) => Self::Characters(max),
            Self::Bytes(_) => Self::Bytes(max),
        }
    }

    /// The number.
    pub const fn max(self) -> usize {
        match self {
            Self::Characters(max) | Self::Bytes(max) => max,
        }
    }
}

/// Annotations that GitHub shows of one step and one kind; it drops the rest without a word.
pub const GITHUB_ANNOTATIONS_PER_STEP: usize = 10;

/// Results that GitHub's code scanning takes of one run; it refuses a file with more.
pub const SARIF_RESULTS: usize = 25_000;

impl Host {
    /// Every host.
    pub const ALL: [Self; 5] = [Self::GitHub, Self::GitHubSummary, Self::GitLab, Self::Azure, Self::Bitbucket];

    /// The most that it takes. A little is kept free for what a host or a tool on the way adds.
    pub const fn limit(self) -> Limit {
        match self {
            Self::GitHub => Limit::Characters(65_536 - 36),
            Self::GitHubSummary => Limit::Bytes((1 << 20) - 1024),
            Self::GitLab => Limit::Bytes(1_000_000 - 1_000),
            // Not documented; 140,000 was taken and 150,000 refused.
            Self::Azure => Limit::Characters(140_000),
            Self::Bitbucket => Limit::Characters(32_768 - 68),
        }
    }
}

/// What is left of a limit while a report is written.
#[derive(Clone, Debug)]
pub struct Budget {
    limit: Limit,
    left: usize,
}

impl Budget {
    /// All of a limit.
    pub const fn new(limit: Limit) -> Self {
        Self { limit, left: limit.max() }
    }

    /// What is left.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// A part of what is left.
    #[must_use]
    pub const fn share(&self, percent: usize) -> Self {
        Self { limit: self.limit, left: self.left * percent / 100 }
    }

    /// Takes room for a text; `false`, and nothing is taken, where there is not enough.
    pub fn take(&mut self, text: &str) -> bool {
        let size = self.limit.of(text);
        let fits = size <= self.left;
        if fits {
            self.left -= size;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_whole_or_not_at_all() {
        let mut budget = Budget::new(Limit::Characters(3));
        assert!(!budget.take("abcd") && budget.left() == 3);
        assert!(budget.take("a👍") && budget.left() == 0, "a character beyond the first plane counts twice");
        assert!(!Budget::new(Limit::Bytes(1)).take("é"));
    }

    #[test]
    fn every_limit_is_below_what_the_host_refuses() {
        for (host, refused) in [
            (Host::GitHub, 65_537),
            (Host::GitHubSummary, (1 << 20) + 1),
            (Host::GitLab, 1_000_001),
            (Host::Azure, 150_000),
            (Host::Bitbucket, 32_769),
        ] {
            assert!(Host::ALL.contains(&host) && host.limit().max() < refused, "{host:?}");
        }
    }
}
