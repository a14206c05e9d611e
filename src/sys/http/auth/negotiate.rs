//! Kerberos over HTTP (RFC 4559): one leg, a fresh ticket in each request, and the server's own proof where it sends one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use url::Url;

use super::super::TransportError;
use super::Offers;
use super::denied;
use crate::sys::kerberos;
use crate::sys::kerberos::Kerberos;
use crate::sys::kerberos::Target;
use crate::sys::kerberos::Trouble;

/// A token of this many bytes and more is one that Windows servers refuse unless they were told otherwise.
const LARGE: usize = 12 * 1024;

/// What a connection proves itself with.
pub(in crate::sys::http) struct Negotiate {
    kerberos: Kerberos,
    target: Target,
}

/// What was sent with one request.
pub(in crate::sys::http) struct Sent {
    context: u64,
    bytes: usize,
}

impl From<Trouble> for TransportError {
    fn from(trouble: Trouble) -> Self {
        denied(format!("Kerberos: {}", trouble.why), trouble.help)
    }
}

impl Negotiate {
    /// For a server of this address.
    ///
    /// # Errors
    /// When no service's name can be made of the address.
    pub(in crate::sys::http) fn new(
        url: &Url,
        keytab: Option<camino::Utf8PathBuf>,
        principal: Option<String>,
        service: Option<String>,
    ) -> Result<Self, TransportError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let has_no_name = !matches!(url.host(), Some(url::Host::Domain(name)) if !name.is_empty());
        if service.is_none() && has_no_name {
            let why = "the server's address has no name, and Kerberos knows servers by their names";
            return Err(denied(why, "write the name into `url`, or set `auth.negotiate.service: HTTP/host`"));
        }
        Ok(Self { kerberos: Kerberos::client(keytab), target: Target { host, service, principal } })
    }

    /// The header of the next request.
    ///
    /// # Errors
    /// When there is no ticket.
    pub(in crate::sys::http) async fn header(&self) -> Result<(HeaderValue, Sent), TransportError> {
        let (context, token) = self.kerberos.start(&self.target).await?;
        let mut value = HeaderValue::try_from(format!("Negotiate {}", STANDARD.encode(&token)))
            .expect("base64 stands in a header as it is");
        value.set_sensitive(true);
        Ok((value, Sent { context, bytes: token.len() }))
    }

    /// The server let us in: holds it to the proof that it sent, if it sent one.
    ///
    /// # Errors
    /// When the proof is none.
    pub(in crate::sys::http) async fn check(&self, sent: &Sent, offers: &Offers) -> Result<(), TransportError> {
        let Some(token) = offers.token("negotiate") else {
            self.kerberos.forget(sent.context).await;
            return Ok(());
        };
        let proof = STANDARD.decode(token).map_err(|_| unproven("what it sent is no base64"))?;
        self.kerberos.finish(sent.context, proof).await.map_err(|trouble| unproven(&trouble.why))
    }

    /// The server did not let us in: says why, as far as can be known.
    pub(in crate::sys::http) async fn refused(
        &self,
        sent: &Sent,
        offers: &Offers,
        said: Option<String>,
    ) -> TransportError {
        if !offers.has("negotiate") {
            return offers.lack("Negotiate");
        }
        let cured = said.as_deref().and_then(kerberos::cure);
        let said = said.map_or(String::new(), |said| format!("; it says: {said}"));
        let service = self.target.name();
        // A Kerberos error of the server's may be in the token; one that goes on is NTLM in disguise, or a broken server.
        let proof = offers.token("negotiate").and_then(|token| STANDARD.decode(token).ok());
        let told = match proof {
            Some(token) => self.kerberos.finish(sent.context, token).await.err(),
            None => None,
        };
        if let Some(trouble) = told {
            return denied(
                format!("the server refused the ticket for `{service}`: {}{said}", trouble.why),
                trouble.help,
            );
        }
        let why = format!("the server refused the ticket for `{service}`{said}");
        denied(
            why,
            cured.unwrap_or(
            "is the account known there? else the server's key is another one: the name belongs to another account \
             (`setspn -Q`), its password or keytab changed after the ticket was made (`kdestroy` and `kinit` again), or \
             the site's service does not run as that account (IIS: kernel-mode authentication)",
            ),
        )
    }

    /// A status that speaks of a request whose header is too long, as one with an oversized ticket is.
    pub(in crate::sys::http) fn is_too_large(sent: &Sent, status: u16) -> Option<TransportError> {
        (matches!(status, 400 | 413 | 431) && sent.bytes >= LARGE).then(|| {
            let why =
                format!("the server refused a ticket of {} bytes with HTTP {status}: it is too large", sent.bytes);
            denied(
                why,
                "take the account out of groups, or raise MaxFieldLength and MaxRequestBytes of HTTP.sys on the server \
                 (Microsoft KB2020943)",
            )
        })
    }
}

fn unproven(why: &str) -> TransportError {
    denied(
        format!("the server let us in but did not prove who it is: {why}"),
        "something between here and the server answers in its place, or its clock or key is wrong; nothing was read",
    )
}
