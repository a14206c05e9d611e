//! Sends one message to an address that is a secret: whoever has it may write there. No error and no log holds it.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;
use url::Position;
use url::Url;

use crate::host::HostError;
use crate::host::client::Client;
use crate::host::client::Request;
use crate::sys::clock::Clock;
use crate::sys::hmac::hmac_sha256;
use crate::sys::http::Answer;
use crate::sys::http::Get;
use crate::sys::http::HttpOptions;
use crate::sys::http::HttpTransport;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;
use crate::sys::secrets;

/// Parts of an address that are at least so long are secrets by themselves, should somebody repeat them.
const PART_MIN: usize = 16;

/// A receiver of messages.
pub struct Webhook {
    client: Client,
    path: String,
    name: String,
}

/// What names a message and says when it was sent, for who receives it.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The same when it is sent again.
    pub id: String,
    /// In seconds since 1970.
    pub at_seconds: i64,
}

impl Webhook {
    /// The receiver called `name` behind an address. `options` say how it is reached, without one.
    ///
    /// # Errors
    /// A message without the address, where it is none that can be used.
    pub fn new(
        name: &str,
        address: &SecretString,
        options: HttpOptions,
        clock: Box<dyn Clock>,
        seed: u64,
    ) -> Result<Self, String> {
        let url = Url::parse(address.expose_secret().trim()).map_err(|_| "its address is no URL".to_owned())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its address holds a name or a password before the host".to_owned());
        }
        if !url.has_host() {
            return Err("its address names no host".to_owned());
        }
        let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
        remember(&url, &path);
        let options = HttpOptions { url: url.origin().ascii_serialization(), token: None, ..options };
        let inner = HttpTransport::new(&options).map_err(|error| told(&error))?;
        let transport = Named { name: name.to_owned(), inner };
        let client = Client::new(Box::new(transport), Vec::new(), clock, seed);
        Ok(Self { client, path, name: name.to_owned() })
    }

    /// Sends a message, again where it may not have come; so it may come twice, under the same ID. With a key it is
    /// signed, and says when it was sent.
    ///
    /// # Errors
    /// See [`HostError`].
    pub async fn deliver(&self, body: Value, stamp: &Stamp, key: Option<&SecretString>) -> Result<(), HostError> {
        let text = body.to_string();
        let what = format!("webhook of `{}` at its address", self.name);
        let mut request = Request::write(Method::POST, self.path.clone(), Some(body), what);
        request.any_answer = true;
        request.headers = vec![("webhook-id", stamp.id.clone()), ("webhook-timestamp", stamp.at_seconds.to_string())];
        if let Some(key) = key {
            request.headers.push(("webhook-signature", signature(key, stamp, &text)));
        }
        self.client.call(&request).await.map(drop)
    }
}

/// Keeps an address and what in it is a secret out of everything that others say.
fn remember(url: &Url, path: &str) {
    let values = url.query_pairs().map(|(_, value)| value.into_owned()).collect::<Vec<_>>();
    let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
    let parts = segments.chain(values).filter(|part| part.len() >= PART_MIN);
    let whole = [url.as_str().to_owned(), path.to_owned()].into_iter().filter(|part| part.len() >= PART_MIN);
    for secret in whole.chain(parts) {
        secrets::remember(&secret.into());
    }
}

fn told(error: &TransportError) -> String {
    secrets::without(&error.to_string())
}

/// The signature of a message as Standard Webhooks has it: over ID, time and body. A key that begins with `whsec_` is
/// base64 behind that; any other is taken as it stands.
fn signature(key: &SecretString, stamp: &Stamp, body: &str) -> String {
    let text = key.expose_secret();
    let decoded = text.strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok());
    let bytes = decoded.as_deref().unwrap_or(text.as_bytes());
    let head = format!("{}.{}.", stamp.id, stamp.at_seconds);
    format!("v1,{}", STANDARD.encode(hmac_sha256(bytes, &[head.as_bytes(), body.as_bytes()])))
}

/// A transport that is called by a name in messages, and not by its address.
struct Named {
    name: String,
    inner: HttpTransport,
}

/// What went wrong, without the address.
fn hidden(error: TransportError) -> TransportError {
    match error {
        TransportError::Unsendable(why) => TransportError::Unsendable(secrets::without(&why)),
        TransportError::Connect(why) => TransportError::Connect(secrets::without(&why)),
        TransportError::Cut(why) => TransportError::Cut(secrets::without(&why)),
        other => other,
    }
}

#[async_trait]
impl ReadTransport for Named {
    fn server(&self) -> &str {
        &self.name
    }

    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        self.inner.get(request).await.map_err(hidden)
    }
}

#[async_trait]
impl Transport for Named {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.inner.send(request).await.map_err(hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn a_signature_is_what_others_verify() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
        let stamp = Stamp { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), at_seconds: 1_614_265_330 };
        let body = "{\"test\": 2432232314}";
        assert_eq!(signature(&key, &stamp, body), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(signature(&"plain".into(), &stamp, body), signature(&key, &stamp, body));
    }

    #[test]
    fn an_address_that_cannot_be_used_is_not_told() {
        for bad in ["hooks.test/secret-path", "https://u:secret@x/", "data:secret", "http://elsewhere.test/secret"] {
            let made =
                Webhook::new("ops", &bad.into(), HttpOptions::new(""), Box::new(crate::sys::clock::SystemClock), 1);
            let why = made.err().unwrap();
            assert!(!why.contains("secret") && !why.contains("elsewhere"), "{why}");
        }
    }
}
