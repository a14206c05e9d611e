//! NTLM over HTTP (MS-NTHT): three legs, bound to one connection. What is sent in which leg; [`message`] makes the bytes.
//!
//! Only NTLMv2 is spoken, with the integrity code over all three messages where the server takes one.

#[cfg(feature = "ntlm")]
mod message;

use http::HeaderValue;
use secrecy::SecretString;

use super::super::TransportError;
use super::denied;

/// An account with its password.
#[cfg_attr(not(feature = "ntlm"), allow(dead_code, reason = "used by the messages, which this build has not"))]
pub(in crate::sys::http) struct Ntlm {
    domain: String,
    user: String,
    password: SecretString,
    /// The server's name, `HTTP/host`.
    service: String,
}

impl Ntlm {
    /// For a server on this host.
    pub(in crate::sys::http) fn new(account: &str, password: SecretString, host: &str) -> Self {
        // `name@domain` goes as it is: the domain controller knows which domain it is.
        let (domain, user) = account.split_once('\\').unwrap_or(("", account));
        Self { domain: domain.to_owned(), user: user.to_owned(), password, service: format!("HTTP/{host}") }
    }

    /// The account, for messages.
    pub(in crate::sys::http) fn account(&self) -> String {
        if self.domain.is_empty() { self.user.clone() } else { format!(r"{}\{}", self.domain, self.user) }
    }
}

#[cfg(feature = "ntlm")]
mod legs {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::Digest;
    use sha2::Sha256;

    use super::HeaderValue;
    use super::Ntlm;
    use super::TransportError;
    use super::denied;
    use super::message;
    use crate::sys::clock::Clock;
    use crate::sys::clock::SystemClock;

    impl Ntlm {
        /// The header of the first leg.
        pub(in crate::sys::http) fn first() -> HeaderValue {
            header(&message::negotiate())
        }

        /// The header of the third leg, for the challenge that the second one brought.
        ///
        /// # Errors
        /// When the challenge is none.
        pub(in crate::sys::http) fn third(
            &self,
            challenge: &str,
            certificate: Option<&[u8]>,
        ) -> Result<HeaderValue, TransportError> {
            let unreadable = |why: &str| {
                denied(
                    format!("the server's NTLM challenge cannot be used: {why}"),
                    "is it a Windows server that takes NTLMv2? NTLMv1 is not spoken, for it is as good as no password",
                )
            };
            let challenge = STANDARD.decode(challenge).map_err(|_| unreadable("it is no base64"))?;
            let nonce = Sha256::digest(uuid::Uuid::new_v4().as_bytes());
            let fresh = message::Fresh {
                nonce: nonce[..8].try_into().expect("a digest has more than eight bytes"),
                now: message::filetime(SystemClock.now()),
            };
            let bindings = certificate.and_then(message::channel_bindings);
            let answer = message::authenticate(self, &challenge, &fresh, bindings).map_err(unreadable)?;
            Ok(header(&answer))
        }
    }

    fn header(message: &[u8]) -> HeaderValue {
        let mut value = HeaderValue::try_from(format!("NTLM {}", STANDARD.encode(message)))
            .expect("base64 stands in a header as it is");
        value.set_sensitive(true);
        value
    }
}

#[cfg(not(feature = "ntlm"))]
impl Ntlm {
    pub(in crate::sys::http) fn first() -> HeaderValue {
        HeaderValue::from_static("NTLM")
    }

    pub(in crate::sys::http) fn third(
        &self,
        _challenge: &str,
        _certificate: Option<&[u8]>,
    ) -> Result<HeaderValue, TransportError> {
        Err(denied("this build of consign has no NTLM", "build it with `--features ntlm`"))
    }
}

impl Ntlm {
    /// The account was not taken: no second try, which might lock it.
    pub(in crate::sys::http) fn refused(&self, said: Option<String>) -> TransportError {
        let said = said.map_or(String::new(), |said| format!("; it says: {said}"));
        denied(
            format!("the server refused the account `{}` over NTLM{said}", self.account()),
            "is the password right, the account neither locked nor expired, and known there? It was tried once, so that \
             nothing locks it. A server may also refuse NTLM as such: `auth: {negotiate: {}}` is the better way",
        )
    }

    /// Something on the way does not keep connections.
    pub(in crate::sys::http) fn unbound() -> TransportError {
        denied(
            "the connection does not last through the three legs of NTLM",
            "NTLM logs on a connection, so a proxy or load balancer on the way must keep it: use Kerberos \
             (`auth: {negotiate: {}}`), or go around it",
        )
    }

    /// The first leg was answered as if there were no log-on.
    pub(in crate::sys::http) fn unasked(status: u16) -> TransportError {
        denied(
            format!("the server asks for no log-on (HTTP {status}), and NTLM is configured for it"),
            "take `auth` out if it needs none; it was sent no body, so it wrote nothing that was meant",
        )
    }

    /// The server took the first leg and gave no challenge.
    pub(in crate::sys::http) fn unchallenged() -> TransportError {
        denied(
            "the server offers NTLM and gives no challenge",
            "something on the way takes the first leg away; go around it, or use Kerberos (`auth: {negotiate: {}}`)",
        )
    }
}
