//! How the program proves to a server who it is, and the proxy on the way there.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::project::SecretSource;

/// How the program proves who it is. One of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Auth {
    /// Kerberos, as `WWW-Authenticate: Negotiate` asks for it. `{}` takes the ticket of whoever runs the program.
    Negotiate(NegotiateAuth),
    /// NTLM, for servers that take nothing better; over one connection, a request at a time.
    Ntlm(NtlmAuth),
    /// A program and its arguments, run without a shell in an empty directory: it prints the value of the `Authorization`
    /// header, or JSON `{"authorization": "…", "expires": "2026-11-21T08:00:00Z"}`. It has 30 seconds, and is asked again
    /// when the time has passed or the server refuses. A path without a leading slash is the project's own program, which
    /// is not run in a pull request.
    Command(#[schemars(length(min = 1))] Vec<String>),
}

/// Kerberos. Everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NegotiateAuth {
    /// A keytab, relative to the project file, whose account the program logs on with. Absent: the ticket that is there
    /// (`kinit`); on Windows the user that is logged on, and there is no keytab.
    pub keytab: Option<String>,
    /// The account, such as `svc-consign@CORP.EXAMPLE`. Absent: the first of the keytab, or the one of the ticket.
    pub principal: Option<String>,
    /// The name that the server is known by, such as `HTTP/ns1.corp.example`, with `@REALM` where it is another realm's.
    /// Absent: `HTTP/` and the host of `url`.
    pub service: Option<String>,
}

/// NTLM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NtlmAuth {
    /// The account: `CORP\svc-consign`, or `svc-consign@corp.example`.
    #[schemars(length(min = 1))]
    pub account: String,
    /// Where its password comes from.
    pub password_from: SecretSource,
}

/// The proxy on the way to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ProxySetting {
    /// `none`, `system`, or its address.
    Address(String),
    /// Its address, with an account there.
    Account(ProxyAccount),
}

impl Default for ProxySetting {
    fn default() -> Self {
        Self::Address("none".to_owned())
    }
}

/// A proxy that asks for an account (Basic).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProxyAccount {
    /// Its address, such as `http://proxy.corp.example:8080`.
    pub url: String,
    /// The account.
    #[schemars(length(min = 1))]
    pub account: String,
    /// Where its password comes from.
    pub password_from: SecretSource,
}
