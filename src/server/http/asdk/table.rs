//! The table of services and methods: what a server of a version offers, from which the dispatch, the descriptions and
//! the test pages are all made.

use crate::server::app::role::Role;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Profile;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// What carries out a method.
pub type Handler = fn(&Call<'_>) -> Result<Value, Fault>;

/// Where a service belongs: its virtual directory, the namespace that it has unless told otherwise, whether HTTP POST and
/// GET are on there, and the solution that must be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// `ASDK.NS`: items, collections, targets, resources, roles, reports.
    Ns,
    /// `ASDK.NS.SoftwareDelivery`: legacy packages, programs, tasks.
    SoftwareDelivery,
    /// `ASDK.SMF`: the software catalogue.
    Smf,
    /// `ASDK.SWM`: managed delivery, portal, quick delivery.
    Swm,
    /// `ASDK.Task`: jobs and tasks.
    Task,
    /// `PatchManagementCore`: patch.
    Patch,
    /// `NSWebService`: outside of the ASDK.
    NsWebService,
}

impl Area {
    /// The virtual directory below `/Altiris/`.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Ns => "ASDK.NS",
            Self::SoftwareDelivery => "ASDK.NS.SoftwareDelivery",
            Self::Smf => "ASDK.SMF",
            Self::Swm => "ASDK.SWM",
            Self::Task => "ASDK.Task",
            Self::Patch => "PatchManagementCore",
            Self::NsWebService => "NSWebService",
        }
    }

    /// The namespace of its services. Only the first is known (altiris-asdk §2); the others are assumed after it.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Ns => "http://Altiris.ASDK.NS.com",
            Self::SoftwareDelivery => "http://Altiris.ASDK.NS.SoftwareDelivery.com",
            Self::Smf => "http://Altiris.ASDK.SMF.com",
            Self::Swm => "http://Altiris.ASDK.SWM.com",
            Self::Task => "http://Altiris.ASDK.Task.com",
            Self::Patch => "http://Altiris.PatchManagementCore.com",
            Self::NsWebService => "http://Altiris.NSWebService.com",
        }
    }

    /// Whether HTTP POST and GET are on: proven for two areas, disproven for two, unknown of the rest (altiris-asdk §3).
    pub fn has_http(self, options: &AsdkOptions) -> bool {
        match self {
            _ if options.has(Quirk::HttpOff) => false,
            Self::Ns | Self::Task => true,
            Self::Patch | Self::NsWebService => false,
            Self::SoftwareDelivery | Self::Smf | Self::Swm => options.has(Quirk::HttpEverywhere),
        }
    }

    /// The quirk under which its solution is not installed.
    pub const fn missing(self) -> Option<Quirk> {
        match self {
            Self::SoftwareDelivery => Some(Quirk::MissingSoftwareDelivery),
            Self::Smf => Some(Quirk::MissingSmf),
            Self::Swm => Some(Quirk::MissingSwm),
            Self::Task => Some(Quirk::MissingTask),
            Self::Patch => Some(Quirk::MissingPatch),
            Self::Ns | Self::NsWebService => None,
        }
    }
}

/// A service: one `.asmx`.
#[derive(Debug)]
pub struct Service {
    /// Where it belongs.
    pub area: Area,
    /// Its name, without `.asmx`.
    pub name: &'static str,
    /// Its methods.
    pub methods: &'static [Method],
}

impl Service {
    /// Its namespace on a server.
    pub fn namespace<'a>(&self, options: &'a AsdkOptions) -> &'a str {
        options.namespaces.get(self.name).map_or(self.area.namespace(), String::as_str)
    }

    /// The messages that a server takes, in the order of the table.
    pub fn messages(&'static self, options: &AsdkOptions) -> impl Iterator<Item = Message> + use<> {
        let profile = options.profile;
        // Of jobs and of NSWebService it is known that their GUIDs are `guid`s (altiris-asdk §4.4, §4.14).
        let unsure = matches!(self.area, Area::Ns | Area::Smf | Area::Swm);
        let as_text = unsure && options.has(Quirk::GuidsAsText);
        self.methods.iter().filter(move |method| method.since <= profile).flat_map(move |method| {
            let form = |name: Option<&'static str>, typed| name.map(|name| Message { name, typed, method });
            let typed = !(as_text && method.text.is_none());
            form(method.text, false).into_iter().chain(form(method.typed, typed))
        })
    }

    /// The message of exactly this name.
    pub fn message(&'static self, options: &AsdkOptions, name: &str) -> Option<Message> {
        self.messages(options).find(|message| message.name == name)
    }
}

/// A method, and the one or two messages that call it (altiris-asdk §2, overloads).
#[derive(Debug)]
pub struct Method {
    /// The message whose GUIDs are texts: over SOAP, and over HTTP where the service has that.
    pub text: Option<&'static str>,
    /// The message whose GUIDs are `guid`: over SOAP alone, because a form cannot hold one.
    pub typed: Option<&'static str>,
    /// Its parameters.
    pub params: &'static [Param],
    /// What it gives.
    pub result: Ty,
    /// The first version that has it.
    pub since: Profile,
    /// The role that it needs.
    pub needs: Role,
    /// What carries it out.
    pub handler: Handler,
}

impl Method {
    /// A method with the message of texts alone, there since ever, for readers.
    pub const fn new(text: &'static str, params: &'static [Param], result: Ty, handler: Handler) -> Self {
        let (text, typed) = (Some(text), None);
        Self { text, typed, params, result, since: Profile::V7_1, needs: Role::Reader, handler }
    }

    /// The same with a message of `guid`s as well.
    #[must_use]
    pub const fn or_typed(mut self, message: &'static str) -> Self {
        self.typed = Some(message);
        self
    }

    /// The same with its message taking `guid`s, and no other: over SOAP alone.
    #[must_use]
    pub const fn typed_alone(mut self) -> Self {
        self.typed = self.text.take();
        self
    }

    /// The same, first there in a version.
    #[must_use]
    pub const fn since(mut self, profile: Profile) -> Self {
        self.since = profile;
        self
    }

    /// The same, for who may write.
    #[must_use]
    pub const fn writes(mut self) -> Self {
        self.needs = Role::Applier;
        self
    }

    /// The same, for administrators.
    #[must_use]
    pub const fn administers(mut self) -> Self {
        self.needs = Role::Administrator;
        self
    }
}

/// One message of a method.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its name.
    pub name: &'static str,
    /// Whether its GUIDs are `guid`s.
    pub typed: bool,
    /// The method that it calls.
    pub method: &'static Method,
}

impl Message {
    /// The type that a parameter has in this message.
    pub const fn ty(&self, param: &Param) -> Ty {
        match (param.ty, self.typed) {
            (Ty::GuidParam, true) => Ty::Guid,
            (Ty::GuidsParam, true) => Ty::Guids,
            (Ty::GuidParam | Ty::GuidsParam, false) => Ty::Text,
            (ty, _) => ty,
        }
    }

    /// Whether a form can hold all of its parameters: ASP.NET binds texts, numbers and truth values (and lists of them),
    /// no GUIDs and no records (altiris-asdk §3).
    pub fn fits_a_form(&self) -> bool {
        let fits = |param| matches!(self.ty(param), Ty::Text | Ty::Bool | Ty::Int | Ty::DateTime | Ty::Texts);
        self.method.params.iter().all(fits)
    }
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
}

/// A text.
pub const fn text(name: &'static str) -> Param {
    Param { name, ty: Ty::Text }
}

/// A GUID: a text or a `guid`, by the message.
pub const fn guid(name: &'static str) -> Param {
    Param { name, ty: Ty::GuidParam }
}

/// GUIDs: one text with commas, or `ArrayOfGuid`, by the message.
pub const fn guids(name: &'static str) -> Param {
    Param { name, ty: Ty::GuidsParam }
}

/// A truth value.
pub const fn truth(name: &'static str) -> Param {
    Param { name, ty: Ty::Bool }
}

/// A whole number.
pub const fn number(name: &'static str) -> Param {
    Param { name, ty: Ty::Int }
}

/// Texts.
pub const fn texts(name: &'static str) -> Param {
    Param { name, ty: Ty::Texts }
}

/// A list of `guid`s, whatever the message.
pub const fn guid_array(name: &'static str) -> Param {
    Param { name, ty: Ty::Guids }
}
