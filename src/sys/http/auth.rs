//! How a connection proves who it is: what is configured, what a server offers, and the words for where the two do not
//! meet. What goes over the wire is in [`super::client`].

pub(super) mod command;
pub(super) mod negotiate;
pub(super) mod ntlm;

use camino::Utf8PathBuf;
use http::HeaderMap;
use http::header;
use secrecy::SecretString;

use super::TransportError;

/// Credentials that are more than a token.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Kerberos.
    Negotiate {
        /// The keytab of the account; absent: the ticket that is there.
        keytab: Option<Utf8PathBuf>,
        /// The account; absent: the keytab's first, or the ticket's.
        principal: Option<String>,
        /// The name that the server is known by, such as `HTTP/host`; absent: made of the address.
        service: Option<String>,
    },
    /// NTLM.
    Ntlm {
        /// `DOMAIN\name`, `name@domain` or `name`.
        account: String,
        /// Its password.
        password: SecretString,
    },
    /// A program that prints the header.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// What a relative path of a program is relative to.
        root: Utf8PathBuf,
    },
}

impl Credentials {
    /// Whether this build can use them.
    ///
    /// # Errors
    /// [`TransportError::Denied`] with the feature that is missing.
    pub fn is_built_in(&self) -> Result<(), TransportError> {
        let (name, feature, there) = match self {
            Self::Negotiate { .. } => ("Kerberos", "negotiate", cfg!(feature = "negotiate")),
            Self::Ntlm { .. } => ("NTLM", "ntlm", cfg!(feature = "ntlm")),
            Self::Command { .. } => return Ok(()),
        };
        if there {
            return Ok(());
        }
        let why = format!("`auth` asks for {name}, and this build of consign cannot do it");
        Err(denied(why, format!("build it with `--features {feature}`, or name a program under `auth.command`")))
    }

    /// What they are called in messages.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Negotiate { .. } => "Negotiate",
            Self::Ntlm { .. } => "NTLM",
            Self::Command { .. } => "a credential command",
        }
    }
}

/// Nobody is let in.
pub(super) fn denied(why: impl Into<String>, help: impl Into<String>) -> TransportError {
    TransportError::Denied { why: why.into(), help: help.into() }
}

/// The most schemes that are looked at, and the longest name of one, in bytes.
const OFFERS_MAX: usize = 16;
const NAME_MAX: usize = 32;

/// What a server that wants credentials offers, in `WWW-Authenticate`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offers(Vec<(String, Option<String>)>);

impl Offers {
    /// Those of an answer; several in one header are told apart.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut out = Vec::new();
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            for part in value.to_str().unwrap_or_default().split(',') {
                let (name, rest) = part.trim().split_once(' ').unwrap_or((part.trim(), ""));
                let is_name = (1..=NAME_MAX).contains(&name.len())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
                // What is no name is a parameter of the scheme before: `realm="x"`.
                if is_name && out.len() < OFFERS_MAX {
                    let token = Some(rest.trim()).filter(|rest| !rest.is_empty()).map(str::to_owned);
                    out.push((name.to_owned(), token));
                }
            }
        }
        Self(out)
    }

    /// Whether a scheme is among them.
    pub(super) fn has(&self, scheme: &str) -> bool {
        self.0.iter().any(|(name, _)| name.eq_ignore_ascii_case(scheme))
    }

    /// What a scheme says beside its name.
    pub(super) fn token(&self, scheme: &str) -> Option<&str> {
        let mut all = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(scheme));
        all.find_map(|(_, token)| token.as_deref())
    }

    /// The names, for a person.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// The server wants Windows credentials, and a token or nothing was sent. `None` where a token may be what it wants.
    pub(super) fn wants_windows(&self, sent: &str) -> Option<TransportError> {
        let is_windows = self.has("negotiate") || self.has("ntlm");
        (is_windows && !self.has("bearer") && !self.has("basic")).then(|| {
            let why = format!("the server takes {}, and what is configured for it is {sent}", self.names());
            let help = if self.has("negotiate") {
                "set `auth: {negotiate: {}}` for the server in `consign.yaml`"
            } else {
                "set `auth: {ntlm: {account: …, passwordFrom: …}}` for the server in `consign.yaml`"
            };
            denied(why, help)
        })
    }

    /// The server does not offer the scheme that is configured.
    pub(super) fn lack(&self, configured: &str) -> TransportError {
        let why = format!("the server offers {}, and {configured} is configured for it", self.names());
        let help = if self.has("negotiate") {
            "set `auth: {negotiate: {…}}` for the server in `consign.yaml`"
        } else if self.has("ntlm") {
            "set `auth: {ntlm: {account: …, passwordFrom: …}}`, or have `Negotiate` switched on there (in IIS: Windows \
             Authentication, Providers)"
        } else if self.has("bearer") {
            "take `auth` out and set `tokenFrom`"
        } else if self.has("basic") {
            "have Windows Authentication switched on there; for Basic, name a program under `auth.command` that prints \
             `Basic …`"
        } else {
            "is this the server, and is Windows Authentication switched on there?"
        };
        denied(why, help)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;

    use super::Offers;

    fn of(values: &[&'static str]) -> Offers {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        Offers::of(&headers)
    }

    #[test]
    fn offers_are_told_apart_in_one_header_and_in_several() {
        let offers = of(&["Negotiate oYG2MIGz==, NTLM", "Basic realm=\"a, b\", charset=\"UTF-8\""]);
        assert_eq!(offers.token("negotiate"), Some("oYG2MIGz=="));
        assert!(offers.has("NTLM") && offers.has("basic") && !offers.has("realm") && !offers.has("Bearer"));
        assert_eq!(offers.token("ntlm"), None);
        assert_eq!(of(&[]).names(), "nothing");
        assert_eq!(of(&["", "=,=,\"x\""]).names(), "nothing");
        assert_eq!(of(&["Negotiate", "NTLM"]).names(), "Negotiate, NTLM");
    }

    #[test]
    fn a_server_that_offers_another_way_is_told_with_the_way_out() {
        for (offered, says) in [
            ("NTLM", "auth: {ntlm:"),
            ("Basic realm=\"x\"", "auth.command"),
            ("Bearer", "tokenFrom"),
            ("Negotiate", "auth: {negotiate:"),
        ] {
            let error = format!("{:?}", of(&[offered]).lack("Negotiate"));
            assert!(error.contains(says), "{error}");
        }
        assert!(of(&["Negotiate"]).wants_windows("nothing").is_some());
        assert!(of(&["NTLM"]).wants_windows("a token").is_some());
        assert!(of(&["Bearer", "NTLM"]).wants_windows("a token").is_none());
        assert!(of(&["Bearer"]).wants_windows("nothing").is_none());
    }
}
