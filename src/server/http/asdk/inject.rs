//! Faults of this API on purpose (altiris-asdk §8.4): what a rule of faults puts beside a request, and what becomes of its
//! answer. Where it stands beside no call of a method, it does nothing.

use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// A fault of this API, beside a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// Whether the method is carried out first.
    pub after: bool,
    /// What befalls it.
    pub what: What,
}

/// What befalls a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It ends with an exception.
    Exception(Exception, String),
    /// It gives `false`, where it gives a truth value.
    False,
    /// 500 with a plain text, whatever the binding.
    PlainText,
    /// A page of HTML with the status 200, as a proxy that wants a login gives.
    LoginPage,
    /// A table ends after so many rows, and nothing says so.
    RowLimit(usize),
    /// The session is lost: 401, however good the credentials.
    SessionLost,
}

impl Injected {
    /// What a method with such a result gives that is not carried out; `None` where it is.
    pub(super) fn instead(&self, result: Ty) -> Option<Result<Value, Fault>> {
        match &self.what {
            What::Exception(exception, message) => Some(Err(Fault::new(*exception, message.clone()))),
            What::False if matches!(result, Ty::Bool) => Some(Ok(Value::Bool(false))),
            _ => None,
        }
    }

    /// What becomes of what a method gave.
    pub(super) fn spoil(&self, given: Result<Value, Fault>) -> Result<Value, Fault> {
        match (&self.what, given) {
            (What::Exception(exception, message), _) => Err(Fault::new(*exception, message.clone())),
            (What::False, Ok(Value::Bool(_))) => Ok(Value::Bool(false)),
            (What::RowLimit(rows), Ok(Value::Table(mut table))) => {
                table.rows.truncate(*rows);
                Ok(Value::Table(table))
            }
            (_, given) => given,
        }
    }
}
