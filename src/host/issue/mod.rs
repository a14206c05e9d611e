//! One issue that says how things stand: opened when there is something to say, kept up to date, closed when there is not.
//!
//! A tracker translates ([`Tracker`]) and decides nothing; [`keep`] decides. An issue is ours by two things together: its
//! marker, and that whoever the token stands for wrote it.

pub mod azure;
pub mod github;
pub mod gitlab;

use async_trait::async_trait;

use crate::host::HostError;
use crate::host::client::ATTEMPTS_MAX;
use crate::host::client::Client;

/// An open issue that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What the host calls it: its number.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text, as the host has it now.
    pub body: String,
    /// Where a person finds it.
    pub url: String,
}

/// What an issue is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it is found by. On GitHub and GitLab the text begins with it; on Azure DevOps it becomes a tag.
    pub marker: String,
    /// Its title.
    pub title: String,
    /// Its text, in what the host takes: Markdown, on Azure DevOps HTML.
    pub body: String,
}

/// What is wanted of the issue.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// That it is there and says this.
    Open(&'a Text),
    /// That it says this if it is there.
    Kept(&'a Text),
    /// That it is closed, with this word, if it is there. The marker is that of the first.
    Closed(&'a str, &'a str),
}

impl Wanted<'_> {
    fn marker(&self) -> &str {
        match self {
            Self::Open(text) | Self::Kept(text) => &text.marker,
            Self::Closed(marker, _) => marker,
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There is a new issue, here.
    Opened(String),
    /// The one that was there has the new text.
    Updated(String),
    /// It said so already.
    Unchanged(String),
    /// It is closed.
    Closed(String),
    /// There was none, and none is wanted.
    Nothing,
}

/// One kind of host, and one project's issues there.
#[async_trait]
pub trait Tracker: Send + Sync {
    /// How its API is spoken to.
    fn client(&self) -> &Client;

    /// Every open issue of ours with this marker, oldest first.
    ///
    /// # Errors
    /// When not all of them could be read: what was not read is not taken for absent.
    async fn open(&self, marker: &str) -> Result<Vec<Issue>, HostError>;

    /// Opens an issue. Sent again only where the host has surely not taken it.
    ///
    /// # Errors
    /// See [`HostError`]; where [`HostError::is_unclear`], it may be there all the same.
    async fn create(&self, text: &Text) -> Result<Issue, HostError>;

    /// Gives an issue another title and text.
    ///
    /// # Errors
    /// See [`HostError`].
    async fn edit(&self, issue: &Issue, text: &Text) -> Result<(), HostError>;

    /// Closes an issue, with a word why.
    ///
    /// # Errors
    /// See [`HostError`]; it may be closed without the word.
    async fn close(&self, issue: &Issue, word: &str) -> Result<(), HostError>;
}

/// Brings the issue to what is wanted. The oldest is the one that is kept, for people speak there; others by the same
/// marker are closed, and name it.
///
/// # Errors
/// See [`HostError`]. The next run finds what was begun, and ends it.
pub async fn keep(tracker: &dyn Tracker, wanted: Wanted<'_>) -> Result<Kept, HostError> {
    let open = tracker.open(wanted.marker()).await?;
    let Some((first, others)) = open.split_first() else {
        return match wanted {
            Wanted::Open(text) => Ok(Kept::Opened(create(tracker, text).await?.url)),
            Wanted::Kept(_) | Wanted::Closed(..) => Ok(Kept::Nothing),
        };
    };
    let kept = match wanted {
        Wanted::Open(text) | Wanted::Kept(text) if is_same(first, text) => Kept::Unchanged(first.url.clone()),
        Wanted::Open(text) | Wanted::Kept(text) => {
            tracker.edit(first, text).await?;
            Kept::Updated(first.url.clone())
        }
        Wanted::Closed(_, word) => {
            tracker.close(first, word).await?;
            Kept::Closed(first.url.clone())
        }
    };
    for other in others {
        tracker.close(other, &format!("Another issue says the same and is kept up to date: {}", first.url)).await?;
    }
    Ok(kept)
}

/// Opens an issue, once. Where an answer got lost, the list says whether it is there.
async fn create(tracker: &dyn Tracker, text: &Text) -> Result<Issue, HostError> {
    let mut attempt = 1;
    loop {
        let error = match tracker.create(text).await {
            Err(error) if error.is_unclear() => error,
            other => return other,
        };
        if attempt == ATTEMPTS_MAX || !tracker.client().pause(attempt, &error).await {
            return Err(error);
        }
        attempt += 1;
        if let Some(issue) = tracker.open(&text.marker).await?.into_iter().next() {
            return Ok(issue);
        }
    }
}

/// Whether an issue says this already, but for line ends, which hosts write in their own way.
fn is_same(issue: &Issue, text: &Text) -> bool {
    let lines = |text: &str| text.trim().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    issue.title.trim() == text.title.trim() && lines(&issue.body) == lines(&text.body)
}
