//! One call of a method, once its caller is known and its arguments are bound: what handlers read of it.

use std::collections::BTreeMap;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::Kept;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::table::Message;
use crate::server::limits::Limits;

/// An argument, bound to the type of its parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Null.
    Null,
    /// A text.
    Text(String),
    /// A GUID, from a message of `guid`s.
    Guid(Guid),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i32),
    /// GUIDs, from a message of `guid`s.
    Guids(Vec<Guid>),
    /// Texts.
    Texts(Vec<String>),
}

/// A call.
#[derive(Debug)]
pub struct Call<'a> {
    /// The operations.
    pub app: &'a App,
    /// The bounds.
    pub limits: &'a Limits,
    /// How the server speaks.
    pub options: &'a AsdkOptions,
    /// Who calls.
    pub principal: &'a Principal,
    /// The message.
    pub message: Message,
    args: BTreeMap<&'static str, Arg>,
}

impl<'a> Call<'a> {
    /// A call with its arguments, by the names of the parameters. One that is not there is null.
    pub fn new(
        app: &'a App,
        limits: &'a Limits,
        options: &'a AsdkOptions,
        principal: &'a Principal,
        message: Message,
        args: BTreeMap<&'static str, Arg>,
    ) -> Self {
        Self { app, limits, options, principal, message, args }
    }

    /// Whether the server behaves so.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.options.has(quirk)
    }

    /// An argument. A handler asks for parameters of its method, each by its type.
    fn arg(&self, name: &str) -> &Arg {
        debug_assert!(self.message.method.params.iter().any(|param| param.name == name), "no parameter `{name}`");
        self.args.get(name).unwrap_or(&Arg::Null)
    }

    /// A text, where null means something.
    pub fn text_or_null(&self, name: &str) -> Option<&str> {
        match self.arg(name) {
            Arg::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is null.
    pub fn text(&self, name: &str) -> Result<&str, Fault> {
        self.text_or_null(name).ok_or_else(|| Fault::null(name))
    }

    /// A truth value.
    pub fn truth(&self, name: &str) -> bool {
        *self.arg(name) == Arg::Bool(true)
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> i32 {
        match self.arg(name) {
            Arg::Int(number) => *number,
            _ => 0,
        }
    }

    /// A GUID, from either message.
    ///
    /// # Errors
    /// When it is null or no GUID.
    pub fn guid(&self, name: &str) -> Result<Guid, Fault> {
        match self.arg(name) {
            Arg::Guid(guid) => Ok(*guid),
            Arg::Text(text) => read_guid(name, text),
            _ => Err(Fault::null(name)),
        }
    }

    /// A GUID, or `None` for null, an empty text and the empty GUID.
    ///
    /// # Errors
    /// When it is something else and no GUID.
    pub fn guid_or_none(&self, name: &str) -> Result<Option<Guid>, Fault> {
        match self.arg(name) {
            Arg::Null => Ok(None),
            Arg::Text(text) if text.trim().is_empty() => Ok(None),
            _ => Ok(Some(self.guid(name)?).filter(|guid| guid.bits() != 0)),
        }
    }

    /// GUIDs, from either message; `None` for null. In one text they stand with commas, and spaces around them.
    ///
    /// # Errors
    /// When one is no GUID.
    pub fn guids_or_null(&self, name: &str) -> Result<Option<Vec<Guid>>, Fault> {
        match self.arg(name) {
            Arg::Guids(guids) => Ok(Some(guids.clone())),
            Arg::Text(text) if text.trim().is_empty() => Ok(Some(Vec::new())),
            Arg::Text(text) => text.split(',').map(|one| read_guid(name, one)).collect::<Result<_, _>>().map(Some),
            _ => Ok(None),
        }
    }

    /// GUIDs, from either message.
    ///
    /// # Errors
    /// When they are null, or one is no GUID.
    pub fn guids(&self, name: &str) -> Result<Vec<Guid>, Fault> {
        self.guids_or_null(name)?.ok_or_else(|| Fault::null(name))
    }

    /// Texts; none for null.
    pub fn texts(&self, name: &str) -> &[String] {
        match self.arg(name) {
            Arg::Texts(texts) => texts,
            _ => &[],
        }
    }

    /// Writes as whoever calls, in one transaction, and gives what `act` gives. The ASDK knows neither leases nor keys of
    /// repetition: a call is let through as a person's at the console is, also while somebody holds a lease of the native
    /// API, whose writes are guarded by revisions besides. With [`Quirk::LeaseBlocks`] it is refused then.
    ///
    /// # Errors
    /// What `act` refuses, and a lease with that quirk.
    pub fn write<T>(&self, act: impl FnOnce(&mut Writer<'_>) -> Result<T, Refused>) -> Result<T, Fault> {
        if self.has(Quirk::LeaseBlocks)
            && let Some(lease) = self.app.lease()?
        {
            let why = format!("the server is locked: {} writes under a lease", lease.holder);
            return Err(Fault::new(Exception::Asdk, why));
        }
        let caller = Caller::plain(self.principal.clone());
        let mut given = None;
        self.app.write(&caller, &[], Fence::Free, |writer| {
            given = Some(act(writer)?);
            Ok(Kept::nothing())
        })?;
        Ok(given.expect("a write without a key of repetition that was done has called what it does"))
    }
}

fn read_guid(name: &str, text: &str) -> Result<Guid, Fault> {
    let wrong =
        |_| Fault::invalid_parameter(format!("The value of the parameter {name} is not a valid GUID: '{text}'."));
    text.trim().parse().map_err(wrong)
}
