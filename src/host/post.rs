//! What becomes of the comments of a pull request: the new one first, and only then the old ones, so that whatever
//! fails on the way, the reviewer never stands without one.

use crate::host::Host;
use crate::host::HostError;
use crate::host::Mine;
use crate::host::client::ATTEMPTS_MAX;

/// No comment is cut below this.
const SHORTEST: usize = 2_000;
/// How often a comment is cut at the most.
const CUTS_MAX: u32 = 5;

/// What becomes of an earlier comment of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The newest is given the new text; others are hidden.
    Update,
    /// All are hidden behind a new one.
    HideOld,
    /// All are deleted, after a new one was written.
    Replace,
}

/// What to say.
pub struct Comment<'a> {
    /// The line that its text begins with.
    pub marker: &'a str,
    /// The text, within so much of the host's own unit.
    pub write: &'a (dyn Fn(usize) -> String + Sync),
    /// The most that is asked of `write`.
    pub max: usize,
    /// Whether there is still something to do: Azure DevOps keeps such a thread open.
    pub is_pending: bool,
    /// Only said where an earlier comment would otherwise stay as it was.
    pub only_over_old: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// There is a new comment.
    Created,
    /// An earlier one has the new text.
    Updated,
    /// An earlier one had the text already.
    Unchanged,
    /// There was none, and none is wanted.
    Skipped,
}

/// An old comment that stayed as it was.
#[derive(Debug)]
pub struct Left {
    /// Where it is.
    pub url: String,
    /// Why.
    pub why: HostError,
}

/// How it went.
#[derive(Debug)]
pub struct Posted {
    /// What was done.
    pub deed: Deed,
    /// Where a person finds it; empty where there is none.
    pub url: String,
    /// How far it was cut, where the host took less than it should.
    pub cut_to: Option<usize>,
    /// Old ones that are hidden now.
    pub hidden: usize,
    /// Old ones that are deleted now.
    pub deleted: usize,
    /// Old ones that should be and are not.
    pub left: Vec<Left>,
}

/// Puts a comment on a pull request.
///
/// # Errors
/// See [`HostError`]; the old comments are then as they were, except that a comment may have been written whose answer
/// got lost: the next run finds it.
pub async fn post(host: &dyn Host, comment: &Comment<'_>, mode: Mode) -> Result<Posted, HostError> {
    let mine = host.mine(comment.marker).await?;
    let shown: Vec<&Mine> = mine.iter().filter(|one| !one.is_hidden).collect();
    if comment.only_over_old && shown.is_empty() {
        let none = Written { deed: Deed::Skipped, url: String::new(), cut_to: None };
        return Ok(none.with(0, 0, Vec::new()));
    }
    let newest = if mode == Mode::Update { shown.last().copied() } else { None };
    let (written, kept) = match newest {
        Some(newest) => match update(host, comment, newest).await {
            // Somebody deleted it in the meantime.
            Err(HostError::NotFound { .. }) => (create(host, comment, &mine).await?, None),
            other => (other?, Some(newest)),
        },
        None => (create(host, comment, &mine).await?, None),
    };
    let old = shown.into_iter().filter(|one| kept != Some(*one));
    let (mut hidden, mut deleted, mut left) = (0, 0, Vec::new());
    for one in old {
        let done = if mode == Mode::Replace { host.delete(one).await } else { host.hide(one).await };
        match done {
            Ok(()) if mode == Mode::Replace => deleted += 1,
            Ok(()) => hidden += 1,
            // It is gone, which is as good.
            Err(HostError::NotFound { .. }) => {}
            Err(why) => left.push(Left { url: one.url.clone(), why }),
        }
    }
    Ok(written.with(hidden, deleted, left))
}

struct Written {
    deed: Deed,
    url: String,
    cut_to: Option<usize>,
}

impl Written {
    fn with(self, hidden: usize, deleted: usize, left: Vec<Left>) -> Posted {
        Posted { deed: self.deed, url: self.url, cut_to: self.cut_to, hidden, deleted, left }
    }
}

async fn update(host: &dyn Host, comment: &Comment<'_>, old: &Mine) -> Result<Written, HostError> {
    if is_same(&old.body, &(comment.write)(comment.max)) {
        return Ok(Written { deed: Deed::Unchanged, url: old.url.clone(), cut_to: None });
    }
    let mut size = Size::of(comment);
    loop {
        match host.edit(old, &(comment.write)(size.max), comment.is_pending).await {
            Err(HostError::TooLong { max, message }) => size.shrink(max, message)?,
            other => {
                other?;
                return Ok(Written { deed: Deed::Updated, url: old.url.clone(), cut_to: size.cut_to() });
            }
        }
    }
}

/// Writes a new comment, once. Where an answer got lost, the list says whether the comment is there.
async fn create(host: &dyn Host, comment: &Comment<'_>, before: &[Mine]) -> Result<Written, HostError> {
    let mut size = Size::of(comment);
    let mut attempt = 1;
    loop {
        let body = (comment.write)(size.max);
        let new = match host.create(&body, comment.is_pending).await {
            Ok(new) => new,
            Err(HostError::TooLong { max, message }) => {
                size.shrink(max, message)?;
                continue;
            }
            Err(error) if error.is_unclear() => {
                if attempt == ATTEMPTS_MAX || !host.client().pause(attempt, &error).await {
                    return Err(error);
                }
                attempt += 1;
                let now = host.mine(comment.marker).await?;
                let is_new = |one: &Mine| before.iter().all(|other| other.id != one.id) && is_same(&one.body, &body);
                match now.into_iter().find(is_new) {
                    Some(new) => new,
                    None => continue,
                }
            }
            Err(error) => return Err(error),
        };
        return Ok(Written { deed: Deed::Created, url: new.url, cut_to: size.cut_to() });
    }
}

/// Whether two texts are one but for line ends, which hosts write in their own way.
fn is_same(a: &str, b: &str) -> bool {
    let lines = |text: &str| text.trim().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines(a) == lines(b)
}

/// How long a comment may be.
struct Size {
    max: usize,
    cuts: u32,
}

impl Size {
    const fn of(comment: &Comment<'_>) -> Self {
        Self { max: comment.max, cuts: 0 }
    }

    /// The next smaller size: what the host names, where that is smaller than what it refused; else the half.
    fn shrink(&mut self, named: Option<usize>, message: String) -> Result<(), HostError> {
        let next = named.filter(|named| *named < self.max).unwrap_or(self.max / 2).max(SHORTEST);
        if next >= self.max || self.cuts == CUTS_MAX {
            return Err(HostError::TooLong { max: named, message });
        }
        self.max = next;
        self.cuts += 1;
        Ok(())
    }

    const fn cut_to(&self) -> Option<usize> {
        if self.cuts > 0 { Some(self.max) } else { None }
    }
}
