//! A made-up server: what it answers to each call, by the call's name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;

use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;
use crate::sys::http::asdk::Service;

/// An answer.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
    /// Cut after the body.
    pub cut: bool,
}

/// What an answer is made of: the call's body, and how often this call came before.
type Made = Arc<dyn Fn(&str, usize) -> Reply + std::marker::Send + Sync>;

/// A server that answers by the name of the message; `WSDL <service>` for descriptions.
#[derive(Default)]
pub struct Fake {
    answers: BTreeMap<String, Made>,
    asked: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<String, usize>>,
}

pub const NAMESPACE: &str = "http://Altiris.ASDK.NS.com";

pub fn xml(status: u16, body: impl Into<String>) -> Reply {
    Reply { status, kind: "text/xml; charset=utf-8", body: body.into(), cut: false }
}

pub fn envelope(within: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body>{within}</soap:Body></soap:Envelope>"
    )
}

/// A result of a message, from the XML within it.
pub fn result(message: &str, within: &str) -> Reply {
    let response = format!(
        "<{message}Response xmlns=\"{NAMESPACE}\"><{message}Result>{within}</{message}Result></{message}Response>"
    );
    xml(200, envelope(&response))
}

/// A fault of an exception.
pub fn fault(exception: &str) -> Reply {
    let fault = format!(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>it went wrong</faultstring><detail><Error>\
         <exceptionType>{exception}</exceptionType><stackTrace>at X</stackTrace></Error></detail></soap:Fault>"
    );
    xml(500, envelope(&fault))
}

/// A WSDL with these messages: each with its parameters, `name:type`.
pub fn wsdl(messages: &[(&str, &[&str])]) -> Reply {
    let mut elements = String::new();
    for (message, parameters) in messages {
        elements.push_str(&format!("<s:element name=\"{message}\"><s:complexType><s:sequence>"));
        for parameter in *parameters {
            let (name, of) = parameter.split_once(':').unwrap_or((parameter, "string"));
            let min = if of == "string" { 0 } else { 1 };
            elements.push_str(&format!(
                "<s:element minOccurs=\"{min}\" maxOccurs=\"1\" name=\"{name}\" type=\"s:{of}\" />"
            ));
        }
        elements.push_str(&format!(
            "</s:sequence></s:complexType></s:element><s:element name=\"{message}Response\"><s:complexType/></s:element>"
        ));
    }
    xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" \
             xmlns:s=\"http://www.w3.org/2001/XMLSchema\" xmlns:http=\"http://schemas.xmlsoap.org/wsdl/http/\" \
             targetNamespace=\"{NAMESPACE}\"><wsdl:types><s:schema elementFormDefault=\"qualified\" \
             targetNamespace=\"{NAMESPACE}\">{elements}</s:schema></wsdl:types>\
             <wsdl:binding name=\"a\"><http:binding verb=\"POST\"/></wsdl:binding></wsdl:definitions>"
        ),
    )
}

impl Fake {
    pub fn on(mut self, message: &str, reply: Reply) -> Self {
        self.answers.insert(message.to_owned(), Arc::new(move |_, _| reply.clone()));
        self
    }

    pub fn by(
        mut self,
        message: &str,
        made: impl Fn(&str, usize) -> Reply + std::marker::Send + Sync + 'static,
    ) -> Self {
        self.answers.insert(message.to_owned(), Arc::new(made));
        self
    }

    pub fn describes(self, service: Service, messages: &[(&str, &[&str])]) -> Self {
        self.on(&format!("WSDL {}", service.name()), wsdl(messages))
    }

    /// The calls by name, in order; without descriptions.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|name| !name.starts_with("WSDL ")).cloned().collect()
    }

    /// How many requests came in all.
    pub fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn answer(&self, name: &str, body: &str) -> Answer {
        self.asked.lock().unwrap().push(name.to_owned());
        let nth = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let nowhere = Reply { status: 404, kind: "text/html", body: "<html>no".to_owned(), cut: false };
        let reply = self.answers.get(name).map_or(nowhere, |made| made(body, nth));
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", reply.kind.parse().unwrap());
        headers.insert("date", "Fri, 02 Jan 2026 03:04:05 GMT".parse().unwrap());
        let mut pieces: Vec<Result<Bytes, TransportError>> =
            reply.body.as_bytes().chunks(37).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        if reply.cut {
            pieces.push(Err(TransportError::Cut("reset".to_owned())));
        }
        Answer { status: reply.status, headers, body: futures_util::stream::iter(pieces).boxed() }
    }

    fn call(&self, path: &str, headers: &[(&'static str, String)], body: &[u8]) -> Answer {
        let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        assert_eq!(header("content-type"), Some("text/xml; charset=utf-8"));
        let action = header("soapaction").unwrap().trim_matches('"');
        let message = action.strip_prefix(NAMESPACE).unwrap().strip_prefix('/').unwrap();
        assert!(path.ends_with(".asmx"), "{path}");
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(&format!("<{message} xmlns=\"{NAMESPACE}\">")), "{body}");
        self.answer(message, &body)
    }
}

#[async_trait]
impl ReadTransport for Fake {
    fn server(&self) -> &str {
        "https://ns.example/Altiris"
    }
    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        let name = request.path.rsplit_once('/').map_or("", |(_, name)| name);
        let service = name.strip_suffix(".asmx?WSDL").unwrap_or(name);
        Ok(self.answer(&format!("WSDL {service}"), ""))
    }
    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        Ok(self.call(ask.path(), ask.headers(), &ask.body()))
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        Ok(self.call(&request.path, &request.headers, &request.body))
    }
}
