//! What a server's faults mean (altiris-asdk §2).

use crate::adapter::AdapterError;
use crate::adapter::shown::shown;

use super::xml::Node;

/// A SOAP fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// `Server` or `Client`, without a prefix.
    pub code: String,
    /// What it says, as it stands.
    pub message: String,
    /// The types of the exceptions, the outermost first, as they stand.
    pub types: Vec<String>,
}

/// What a fault stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A solution is not installed.
    NotInstalled,
    /// A licence is missing or has expired.
    Unlicensed,
    /// The caller may not.
    Forbidden,
    /// There is no such item.
    NotFound,
    /// The item is of another type.
    WrongKind,
    /// A value was not taken.
    Invalid,
    /// Anything else.
    Unknown,
}

/// By the last part of an exception's type.
const CLASSES: [(&str, Class); 8] = [
    ("ASDKNoProductExistsException", Class::NotInstalled),
    ("ASDKInvalidLicenseException", Class::Unlicensed),
    ("ASDKInsufficientPermissionException", Class::Forbidden),
    ("ASDKDoesNotExistException", Class::NotFound),
    ("ASDKInvalidTypeException", Class::WrongKind),
    ("ASDKInvalidParameterException", Class::Invalid),
    ("NotImplementedException", Class::Invalid),
    ("ArgumentNullException", Class::Invalid),
];

impl Fault {
    /// Reads a `Fault` element: whatever the names above them, `exceptionType` elements count at any depth.
    pub fn read(node: &Node) -> Self {
        let mut fault = Self::default();
        for part in node.all() {
            let text = part.text.trim();
            if part.name.eq_ignore_ascii_case("exceptionType") {
                fault.types.push(text.to_owned());
            } else if part.name.eq_ignore_ascii_case("faultcode") && fault.code.is_empty() {
                fault.code = text.rsplit_once(':').map_or(text, |(_, code)| code).to_owned();
            } else if part.name.eq_ignore_ascii_case("faultstring") && fault.message.is_empty() {
                fault.message = text.to_owned();
            }
        }
        fault
    }

    /// What it stands for: the first type that says more than that something went wrong.
    pub fn class(&self) -> Class {
        self.types.iter().find_map(|name| class(name)).unwrap_or(Class::Unknown)
    }

    /// It as an error of a call: `about` is the item, or the call where it is about none.
    pub fn error(&self, server: &str, about: &str) -> AdapterError {
        let (server, message) = (server.to_owned(), self.told());
        match self.class() {
            Class::NotInstalled => AdapterError::NotInstalled { server, what: about.to_owned(), why: message },
            Class::Unlicensed => AdapterError::Unlicensed { server, message },
            Class::Forbidden => AdapterError::Forbidden { server, message },
            Class::NotFound => AdapterError::NotFound { server },
            Class::WrongKind => AdapterError::WrongKind { server, message },
            Class::Invalid => {
                AdapterError::Refused { server, item: about.to_owned(), code: "invalid".to_owned(), message }
            }
            Class::Unknown => AdapterError::Failed { server, what: about.to_owned(), message },
        }
    }

    fn told(&self) -> String {
        if self.message.is_empty() { "it gives no reason".to_owned() } else { shown(&self.message) }
    }
}

fn class(name: &str) -> Option<Class> {
    let last = name.trim().rsplit(['.', '+']).next().unwrap_or_default();
    CLASSES.iter().find(|(known, _)| last.eq_ignore_ascii_case(known)).map(|(_, class)| *class)
}
