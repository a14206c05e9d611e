//! Why a method of the ASDK was not carried out: an exception, by its .NET type, and its message.

use crate::server::app::asdk;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::store::StoreError;

/// The type of an exception (altiris-asdk §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// The solution is not installed.
    NoProductExists,
    /// The licence is missing or has expired.
    InvalidLicense,
    /// The caller lacks a permission on the item.
    InsufficientPermission,
    /// There is no such GUID or name.
    DoesNotExist,
    /// The item is of another type.
    InvalidType,
    /// A value, a list of GUIDs or an XML cannot be read.
    InvalidParameter,
    /// An error of the server.
    Internal,
    /// The base class: whatever has no class of its own.
    Asdk,
    /// A setting that is known and not implemented.
    NotImplemented,
    /// An argument is null that must not be.
    ArgumentNull,
    /// ASP.NET's own: what was sent is no call of this service. It is told without exception details, and its message
    /// stands alone.
    Soap,
}

impl Exception {
    /// The exceptions that a method can end with.
    pub const ALL: [Self; 10] = [
        Self::NoProductExists,
        Self::InvalidLicense,
        Self::InsufficientPermission,
        Self::DoesNotExist,
        Self::InvalidType,
        Self::InvalidParameter,
        Self::Internal,
        Self::Asdk,
        Self::NotImplemented,
        Self::ArgumentNull,
    ];

    /// The name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoProductExists => "ASDKNoProductExistsException",
            Self::InvalidLicense => "ASDKInvalidLicenseException",
            Self::InsufficientPermission => "ASDKInsufficientPermissionException",
            Self::DoesNotExist => "ASDKDoesNotExistException",
            Self::InvalidType => "ASDKInvalidTypeException",
            Self::InvalidParameter => "ASDKInvalidParameterException",
            Self::Internal => "ASDKInternalException",
            Self::Asdk => "ASDKException",
            Self::NotImplemented => "System.NotImplementedException",
            Self::ArgumentNull => "System.ArgumentNullException",
            Self::Soap => "System.Web.Services.Protocols.SoapException",
        }
    }

    /// The type of this name, with or without its namespace.
    pub fn from_name(name: &str) -> Option<Self> {
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        Self::ALL.into_iter().find(|one| last(one.name()) == last(name))
    }
}

/// A method that was not carried out.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", .exception.name())]
pub struct Fault {
    /// The type of the exception.
    pub exception: Exception,
    /// Why, for people.
    pub message: String,
}

impl Fault {
    /// An exception.
    pub fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self { exception, message: message.into() }
    }

    /// There is no such thing.
    pub fn does_not_exist(message: impl Into<String>) -> Self {
        Self::new(Exception::DoesNotExist, message)
    }

    /// The item is of another type.
    pub fn invalid_type(message: impl Into<String>) -> Self {
        Self::new(Exception::InvalidType, message)
    }

    /// A value cannot be read.
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(Exception::InvalidParameter, message)
    }

    /// An argument is null that must not be.
    pub fn null(parameter: &str) -> Self {
        Self::new(Exception::ArgumentNull, format!("Value cannot be null.\nParameter name: {parameter}"))
    }
}

/// Each refusal of an operation, as the ASDK tells it: what is not there, what the rights do not reach, what cannot be
/// read; what is protected, in use or changed meanwhile has no class of its own.
impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        if let Some(source) = &refused.source {
            tracing::error!(error = %source, "the store failed");
        }
        let exception = match refused.code {
            _ if asdk::is_wrong_type(&refused) => Exception::InvalidType,
            _ if asdk::is_not_implemented(&refused) => Exception::NotImplemented,
            Code::NotFound | Code::UnknownReference => Exception::DoesNotExist,
            Code::Unauthenticated | Code::Forbidden => Exception::InsufficientPermission,
            Code::Malformed
            | Code::Invalid
            | Code::Cycle
            | Code::TooLarge
            | Code::UnsupportedMediaType
            | Code::MethodNotAllowed
            | Code::KeyReused
            | Code::PreconditionRequired => Exception::InvalidParameter,
            Code::InUse
            | Code::Protected
            | Code::RevisionMoved
            | Code::Fenced
            | Code::FenceRequired
            | Code::LeaseHeld
            | Code::Timeout
            | Code::TooSlow => Exception::Asdk,
            Code::Internal | Code::Unavailable => Exception::Internal,
        };
        let mut message = refused.message;
        for (name, value) in &refused.details {
            if let Some(text) = value.as_str().filter(|_| name != "fault") {
                message.push_str(&format!(" ({name} {text})"));
            }
        }
        Self { exception, message }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Refused::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_known_by_its_last_name() {
        assert!(Exception::ALL.into_iter().all(|one| Exception::from_name(one.name()) == Some(one)));
        let long = "Altiris.ASDK.Common.ASDKDoesNotExistException";
        assert_eq!(Exception::from_name(long), Some(Exception::DoesNotExist));
        assert_eq!(Exception::from_name("NotImplementedException"), Some(Exception::NotImplemented));
        assert_eq!(Exception::from_name("SoapException"), None);
    }
}
