//! The way to a server over a real network.

mod gate;
mod legs;

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;

use crate::sys::secrets;

use self::gate::Gate;
use self::gate::Shut;
use self::legs::Held;
use self::legs::LegError;
use self::legs::Way;
use super::Answer;
use super::Ask;
use super::Get;
use super::ReadTransport;
use super::Send;
use super::Transport;
use super::TransportError;
use super::auth::Credentials;
use super::auth::command::HeaderCommand;
use super::auth::denied;
use super::auth::negotiate::Negotiate;
use super::auth::ntlm::Ntlm;

/// How a token is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenScheme {
    /// As a bearer token.
    #[default]
    Bearer,
    /// As a password without a name, as Azure DevOps takes the tokens of people.
    Password,
}

/// The proxy on the way to a server.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// None.
    #[default]
    None,
    /// What the system says, and the environment with `NO_PROXY`.
    System,
    /// This one, for every server.
    At {
        /// Its address, without credentials.
        url: String,
        /// The account there with its password.
        account: Option<(String, SecretString)>,
    },
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Its address: `https`, or `http` on this machine; a path before the API's own is kept.
    pub url: String,
    /// Sent to this address and to no other.
    pub token: Option<SecretString>,
    /// How the token is sent.
    pub scheme: TokenScheme,
    /// Credentials instead of a token; to this address and to no other as well.
    pub credentials: Option<Credentials>,
    /// Certificates of authorities to trust besides the system's, as PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// The most that a connection may take to be made.
    pub connect_timeout: Duration,
    /// The most that a whole request may take, the body of its answer included.
    pub timeout: Duration,
    /// The most that two pieces of a body may be apart.
    pub idle_timeout: Duration,
    /// The most bytes of a body that are taken, counted after decompression.
    pub max_answer_bytes: u64,
    /// What the program calls itself.
    pub user_agent: String,
    /// Allows `http` to other machines: everybody on the way can read the token.
    pub allow_plain_http: bool,
    /// Has the system's own TLS library speak, instead of rustls.
    pub legacy_tls: bool,
    /// The proxy on the way.
    pub proxy: Proxy,
}

impl HttpOptions {
    /// The usual limits for this address, without credentials.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            scheme: TokenScheme::Bearer,
            credentials: None,
            ca_pem: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(30),
            max_answer_bytes: 512 * 1024 * 1024,
            user_agent: concat!("consign/", env!("CARGO_PKG_VERSION")).to_owned(),
            allow_plain_http: false,
            legacy_tls: false,
            proxy: Proxy::None,
        }
    }
}

/// Makes rustls use ring. Needed once before the first connection; more often does no harm.
pub fn install_crypto() {
    // An error says that a provider is there already, which is what is wanted.
    let _there_already = rustls::crypto::ring::default_provider().install_default();
}

/// A connection that can write.
pub struct HttpTransport(Connection);

/// A connection that can only read: it has no way to send anything but a `GET` and questions.
pub struct HttpReadTransport(Connection);

impl HttpTransport {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`TransportError::Unsendable`] when the address, the token or a certificate cannot be used.
    pub fn new(options: &HttpOptions) -> Result<Self, TransportError> {
        Connection::new(options).map(Self)
    }
}

impl HttpReadTransport {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// As [`HttpTransport::new`].
    pub fn new(options: &HttpOptions) -> Result<Self, TransportError> {
        Connection::new(options).map(Self)
    }
}

#[async_trait]
impl ReadTransport for HttpTransport {
    fn server(&self) -> &str {
        &self.0.server
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        self.0.request(http::Method::GET, &request.path, request.headers, Bytes::new()).await
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.0.ask(ask).await
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.0.request(request.method, &request.path, request.headers, request.body).await
    }
}

#[async_trait]
impl ReadTransport for HttpReadTransport {
    fn server(&self) -> &str {
        &self.0.server
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        self.0.request(http::Method::GET, &request.path, request.headers, Bytes::new()).await
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.0.ask(ask).await
    }
}

struct Connection {
    client: reqwest::Client,
    /// Scheme, host, port and path before the API's own, without a final `/`.
    server: String,
    origin: url::Origin,
    way: Way,
    timeout: Duration,
    idle_timeout: Duration,
    max_answer_bytes: u64,
}

impl Connection {
    fn new(options: &HttpOptions) -> Result<Self, TransportError> {
        install_crypto();
        let url = address(options)?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Trying again is decided by the caller, who knows whether a write may have been made.
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // On one machine packing costs more than it saves.
            .gzip(!is_loopback(&url))
            .user_agent(&options.user_agent);
        builder = if options.legacy_tls { system_tls(builder)? } else { builder.tls_backend_rustls() };
        builder = match &options.proxy {
            Proxy::None => builder.no_proxy(),
            Proxy::System => builder,
            Proxy::At { url, account } => builder.proxy(proxy(url, account.as_ref())?),
        };
        let way = way(options, &url)?;
        if matches!(way, Way::Negotiate(_) | Way::Ntlm(..)) {
            // Windows servers log on over HTTP/1.1 only.
            builder = builder.http1_only();
        }
        if let Way::Ntlm(_, _, gate) = &way {
            builder = builder.pool_max_idle_per_host(1).connector_layer(gate.clone()).tls_info(true);
        }
        if let Some(pem) = &options.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| unsendable(format!("the certificates cannot be read: {}", chain(&error))))?;
            if certificates.is_empty() {
                return Err(unsendable("the file of certificates holds none"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder
            .build()
            .map_err(|error| unsendable(format!("the connection cannot be set up: {}", chain(&error))))?;
        Ok(Self {
            client,
            server: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin(),
            way,
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
            max_answer_bytes: options.max_answer_bytes,
        })
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.request(http::Method::POST, ask.path(), ask.headers().to_vec(), ask.body()).await
    }

    async fn request(
        &self,
        method: http::Method,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Result<Answer, TransportError> {
        let headers = headers.into_iter().map(|(name, value)| header(name, &value)).collect::<Result<_, _>>()?;
        let outgoing = Outgoing { method, url: self.resolve(path)?, headers, body };
        let (response, held) = legs::take(self, &outgoing).await?;
        if response.status() == http::StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(proxy_refused());
        }
        let max = self.max_answer_bytes;
        if response.content_length().is_some_and(|length| length > max) {
            return Err(TransportError::TooLarge(max));
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: capped(response, max, self.idle_timeout, held),
        })
    }

    /// Sends once; without its body where a leg only negotiates.
    async fn leg(
        &self,
        outgoing: &Outgoing,
        authorization: Option<&HeaderValue>,
        with_body: bool,
    ) -> Result<reqwest::Response, LegError> {
        let mut request = self.client.request(outgoing.method.clone(), outgoing.url.clone());
        for (name, value) in &outgoing.headers {
            request = request.header(name, value);
        }
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if !outgoing.body.is_empty() {
            request = request.body(if with_body { outgoing.body.clone() } else { Bytes::new() });
        }
        request
            .send()
            .await
            .map_err(|error| if is_shut(&error) { LegError::Gone } else { LegError::Transport(explain(&error)) })
    }

    /// The address of a path; never one of another origin, to which the token must not go.
    fn resolve(&self, path: &str) -> Result<Url, TransportError> {
        let url = path.starts_with('/').then(|| Url::parse(&format!("{}{path}", self.server)));
        match url {
            Some(Ok(url)) if url.origin() == self.origin && url.username().is_empty() => Ok(url),
            _ => Err(unsendable(format!("`{path}` is not a path on the server"))),
        }
    }
}

/// A request, as often as it has to be sent.
struct Outgoing {
    method: http::Method,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// How this connection proves who it is.
fn way(options: &HttpOptions, url: &Url) -> Result<Way, TransportError> {
    let Some(credentials) = &options.credentials else {
        return Ok(match &options.token {
            Some(token) => Way::Token(authorization(token, options.scheme)?),
            None => Way::Nobody,
        });
    };
    credentials.is_built_in()?;
    tracing::debug!(way = credentials.name(), "credentials");
    Ok(match credentials.clone() {
        Credentials::Negotiate { keytab, principal, service } => {
            Way::Negotiate(Box::new(Negotiate::new(url, keytab, principal, service)?))
        }
        Credentials::Ntlm { account, password } => {
            let ntlm = Ntlm::new(&account, password, url.host_str().unwrap_or_default());
            Way::Ntlm(Box::new(ntlm), legs::Lane::default(), Gate::default())
        }
        Credentials::Command { words, root } => Way::Command(HeaderCommand::new(&words, &root)),
    })
}

#[cfg(feature = "native-tls")]
fn system_tls(builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, TransportError> {
    Ok(builder.tls_backend_native())
}

#[cfg(not(feature = "native-tls"))]
fn system_tls(_builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, TransportError> {
    Err(denied(
        "`legacyTls` asks for the system's own TLS library, and this build of consign cannot use it",
        "build it with `--features native-tls`, or have the server take a cipher suite of today (ECDHE with AES-GCM)",
    ))
}

fn proxy(url: &str, account: Option<&(String, SecretString)>) -> Result<reqwest::Proxy, TransportError> {
    let unusable = |error: reqwest::Error| unsendable(format!("the proxy's address cannot be used: {}", chain(&error)));
    let proxy = reqwest::Proxy::all(url).map_err(unusable)?;
    Ok(match account {
        Some((account, password)) => {
            let pair = format!("{account}:{}", password.expose_secret());
            // It is as good as the password to whoever reads it.
            secrets::remember(&base64::engine::general_purpose::STANDARD.encode(pair).into());
            proxy.basic_auth(account, password.expose_secret())
        }
        None => proxy,
    })
}

fn proxy_refused() -> TransportError {
    denied(
        "the proxy on the way wants an account",
        "set `proxy: {url: …, account: …, passwordFrom: …}` for the server in `consign.yaml`; one that takes NTLM or \
         Kerberos only needs a way around it",
    )
}

/// Whether nothing was sent because the connection that was meant is gone.
fn is_shut(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        if cause.is::<Shut>() {
            return true;
        }
        next = cause.source();
    }
    false
}

fn unsendable(why: impl Into<String>) -> TransportError {
    TransportError::Unsendable(why.into())
}

/// The address, if it may be used. No message repeats it: it may hold a password where it must not.
fn address(options: &HttpOptions) -> Result<Url, TransportError> {
    let url =
        Url::parse(&options.url).map_err(|error| unsendable(format!("the server's address is not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unsendable("the server's address holds credentials; give a token instead"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unsendable("the server's address holds a `?` or a `#`"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if options.allow_plain_http || is_loopback(&url) => Ok(url),
        "http" => Err(unsendable("plain `http` would show the token to everybody on the way; use `https`")),
        other => Err(unsendable(format!("a server is reached by `https`, not by `{other}`"))),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn authorization(token: &SecretString, scheme: TokenScheme) -> Result<HeaderValue, TransportError> {
    let unusable = || unsendable("the token holds characters that no token has");
    // As a password it would be encoded, whatever it holds.
    if token.expose_secret().contains(|c: char| c.is_control()) {
        return Err(unusable());
    }
    let text = match scheme {
        TokenScheme::Bearer => format!("Bearer {}", token.expose_secret()),
        TokenScheme::Password => {
            let pair = format!(":{}", token.expose_secret());
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            // It is as good as the token to whoever reads it.
            secrets::remember(&encoded.clone().into());
            format!("Basic {encoded}")
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn header(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue), TransportError> {
    let name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(format!("`{name}` is not a header's name")))?;
    let value = HeaderValue::from_str(value)
        .map_err(|_| unsendable(format!("header `{name}` cannot hold what is to be sent")))?;
    Ok((name, value))
}

/// The body, up to `max` bytes, each piece at most `idle` after the one before. Ends with its first error.
fn capped(
    response: reqwest::Response,
    max: u64,
    idle: Duration,
    held: Held,
) -> BoxStream<'static, Result<Bytes, TransportError>> {
    let start = Some((response.bytes_stream().boxed(), 0_u64, held));
    futures_util::stream::unfold(start, move |state| async move {
        let (mut stream, before, held) = state?;
        match tokio::time::timeout(idle, stream.next()).await {
            Err(_) => Some((Err(TransportError::TimedOut), None)),
            Ok(None) => None,
            Ok(Some(Err(error))) => Some((Err(explain_body(&error)), None)),
            Ok(Some(Ok(chunk))) => {
                let so_far = before.saturating_add(chunk.len() as u64);
                if so_far > max {
                    return Some((Err(TransportError::TooLarge(max)), None));
                }
                Some((Ok(chunk), Some((stream, so_far, held))))
            }
        }
    })
    .boxed()
}

/// The error and its causes, each said once.
fn chain(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let this = error.to_string();
        if !text.contains(&this) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&this);
        }
        next = error.source();
    }
    text
}

/// What the causes of an error say about it.
#[derive(Default)]
struct Causes {
    tls: Option<rustls::Error>,
    io: Option<ErrorKind>,
    /// The proxy wants credentials before it makes a way.
    proxy_refused: bool,
    last: String,
}

fn causes(error: &reqwest::Error) -> Causes {
    let mut found = Causes::default();
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        found.last = cause.to_string();
        found.proxy_refused |= found.last.ends_with("proxy authorization required");
        let mut tls = cause.downcast_ref::<rustls::Error>();
        next = cause.source();
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            // An I/O error's `source` passes over the error that it wraps.
            let inner = io.get_ref();
            tls = tls.or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
            if let Some(inner) = inner {
                next = Some(inner);
            }
            found.io = Some(io.kind());
        }
        if let Some(tls) = tls {
            found.tls = Some(tls.clone());
        }
    }
    found
}

fn explain(error: &reqwest::Error) -> TransportError {
    let causes = causes(error);
    if let Some(tls) = causes.tls {
        return match tls {
            rustls::Error::InvalidCertificate(why) => TransportError::Certificate(certificate(&why)),
            rustls::Error::NoCertificatesPresented => TransportError::Certificate("it sent none".to_owned()),
            rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure) => TransportError::Connect(
                "TLS failed: it takes no cipher suite that is known here; with `legacyTls: true` the system's own library \
                 may know one"
                    .to_owned(),
            ),
            other => TransportError::Connect(format!("TLS failed: {other}")),
        };
    }
    if error.is_timeout() {
        return TransportError::TimedOut;
    }
    if causes.proxy_refused {
        return proxy_refused();
    }
    // What the system's own library says, which has no type here.
    if causes.last.contains("certificate verify failed") || causes.last.contains("certificate chain") {
        return TransportError::Certificate(causes.last);
    }
    if error.is_dns() {
        return TransportError::Connect("its name cannot be resolved".to_owned());
    }
    if error.is_connect() {
        return TransportError::Connect(match causes.io {
            Some(ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => "no way to it".to_owned(),
            _ => causes.last,
        });
    }
    if error.is_builder() {
        return unsendable(chain(error));
    }
    TransportError::Cut(if causes.last.is_empty() { "no answer came".to_owned() } else { causes.last })
}

/// A certificate's fault in words; rustls' own are names of its types.
fn certificate(why: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match why {
        Why::UnknownIssuer => "no authority that is trusted here signed it".to_owned(),
        Why::Expired | Why::ExpiredContext { .. } => "it has expired".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => "it is for another name".to_owned(),
        Why::Revoked => "it is revoked".to_owned(),
        Why::BadEncoding => "it cannot be read".to_owned(),
        other => other.to_string(),
    }
}

fn explain_body(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() { TransportError::TimedOut } else { TransportError::Cut(causes(error).last) }
}

#[cfg(test)]
mod tests;
