//! Hosts of pull requests: the plan's comment is put there, and found again.
//!
//! A host translates ([`Host`]) and decides nothing; [`post()`] decides what becomes of the comments that are there. A
//! comment is ours by two things together: its first line is the marker, and whoever the token stands for wrote it. The
//! marker alone could be anybody's.
//!
//! [`issue`] keeps one issue as things stand; [`webhook`] sends what only has to arrive.

pub mod azure;
pub mod client;
pub mod error;
pub mod github;
pub mod gitlab;
pub mod issue;
pub mod post;
#[cfg(test)]
mod tests;
pub mod webhook;

use async_trait::async_trait;

pub use error::HostError;
pub use post::Comment;
pub use post::Deed;
pub use post::Left;
pub use post::Mode;
pub use post::Posted;
pub use post::post;

use client::Client;

/// The first line of a comment that was hidden where the host has no way to hide one.
const HIDDEN: &str = "<!-- consign:hidden -->";

/// A comment that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mine {
    /// What the host calls it; on Azure DevOps the thread's number.
    pub id: String,
    /// What else is needed to speak of it: GitHub's node, the number within Azure DevOps' thread; empty elsewhere.
    pub part: String,
    /// Its text, as the host has it now.
    pub body: String,
    /// Where a person finds it.
    pub url: String,
    /// Whether it is hidden already.
    pub is_hidden: bool,
}

/// One kind of host, and one pull request there.
#[async_trait]
pub trait Host: Send + Sync {
    /// How its API is spoken to.
    fn client(&self) -> &Client;

    /// Every comment of ours with this marker, hidden ones too, oldest first.
    ///
    /// # Errors
    /// When not all of them could be read: what was not read is not taken for absent.
    async fn mine(&self, marker: &str) -> Result<Vec<Mine>, HostError>;

    /// Writes a new comment. Sent again only where the host has surely not taken it.
    ///
    /// # Errors
    /// See [`HostError`]; where [`HostError::is_unclear`], it may be there all the same.
    async fn create(&self, body: &str, is_pending: bool) -> Result<Mine, HostError>;

    /// Gives a comment another text.
    ///
    /// # Errors
    /// See [`HostError`].
    async fn edit(&self, comment: &Mine, body: &str, is_pending: bool) -> Result<(), HostError>;

    /// Hides a comment, or folds it where the host cannot hide.
    ///
    /// # Errors
    /// See [`HostError`].
    async fn hide(&self, comment: &Mine) -> Result<(), HostError>;

    /// Deletes a comment; one that is gone is deleted.
    ///
    /// # Errors
    /// See [`HostError`].
    async fn delete(&self, comment: &Mine) -> Result<(), HostError>;
}

/// What a text is as a comment with this marker: `None` where it is none, else whether it was folded away.
fn marked(body: &str, marker: &str) -> Option<bool> {
    let body = body.trim_start();
    if body.starts_with(marker) {
        return Some(false);
    }
    let rest = body.strip_prefix(HIDDEN)?;
    rest.trim_start().starts_with(marker).then_some(true)
}

/// A comment folded away, for hosts that cannot hide one. The marker stays, behind the one that says so.
fn folded(body: &str, marker_line: &str) -> String {
    let rest = body.trim_start().strip_prefix(marker_line).unwrap_or(body);
    format!(
        "{HIDDEN}\n{marker_line}\n<details><summary>Outdated: a newer comment takes its place</summary>\n\n{}\n\n</details>\n",
        rest.trim()
    )
}

/// The first line of a text.
fn first_line(body: &str) -> &str {
    body.trim_start().lines().next().unwrap_or_default().trim_end()
}

/// A text as one part of a path.
fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// The path of the next page, of a `Link` header; only one on the same server is taken.
fn next_page(headers: &http::HeaderMap, origin: &url::Url) -> Result<Option<String>, HostError> {
    let Some(next) = link(headers, "next") else { return Ok(None) };
    let elsewhere = || HostError::Malformed { why: "the next page of its list is on another server".to_owned() };
    let url = origin.join(next).map_err(|_| elsewhere())?;
    if url.origin() != origin.origin() {
        return Err(elsewhere());
    }
    Ok(Some(url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()))
}

/// The address that a `Link` header has for a relation.
fn link<'a>(headers: &'a http::HeaderMap, relation: &str) -> Option<&'a str> {
    let wanted = format!("rel=\"{relation}\"");
    let values = headers.get_all(http::header::LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|one| {
        let (address, parameters) = one.trim().strip_prefix('<')?.split_once('>')?;
        parameters.split(';').any(|parameter| parameter.trim() == wanted).then_some(address)
    })
}
