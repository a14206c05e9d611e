//! Calls of the Altiris ASDK as requests: SOAP 1.1 over `POST` (altiris-asdk §2).
//!
//! There reading is `POST` as well. So that a connection that can only read stays one, what it can call is a closed set:
//! the path, the action and the element of such a call are made here, from [`Reading`] and never from a caller's text.

use bytes::Bytes;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::model::guid::Guid;

/// A service of the ASDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Items of every kind.
    Item,
    /// Collections, which newer consoles call filters.
    Collection,
    /// Resource targets and organizational groups.
    Scoping,
    /// Computers, users and their inventory.
    Resource,
    /// Roles and inheritance.
    Security,
    /// Reports.
    Report,
    /// Packages of software delivery.
    Package,
    /// Programs of software delivery.
    Program,
    /// Tasks of software delivery.
    Advertisement,
    /// Managed delivery policies.
    DeliveryPolicy,
    /// The software portal.
    Portal,
    /// Jobs and tasks.
    Task,
    /// Patch management.
    Patch,
    /// Resources, outside of the ASDK.
    ResourceModel,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 14] = [
        Self::Item,
        Self::Collection,
        Self::Scoping,
        Self::Resource,
        Self::Security,
        Self::Report,
        Self::Package,
        Self::Program,
        Self::Advertisement,
        Self::DeliveryPolicy,
        Self::Portal,
        Self::Task,
        Self::Patch,
        Self::ResourceModel,
    ];

    /// Its path below the server's address, which ends in `/Altiris` (altiris-asdk §1).
    pub const fn path(self) -> &'static str {
        match self {
            Self::Item => "/ASDK.NS/ItemManagementService.asmx",
            Self::Collection => "/ASDK.NS/CollectionManagementService.asmx",
            Self::Scoping => "/ASDK.NS/ScopingManagementService.asmx",
            Self::Resource => "/ASDK.NS/ResourceManagementService.asmx",
            Self::Security => "/ASDK.NS/SecurityManagementService.asmx",
            Self::Report => "/ASDK.NS/ReportManagementService.asmx",
            Self::Package => "/ASDK.NS.SoftwareDelivery/SWDSolnPackageManagementService.asmx",
            Self::Program => "/ASDK.NS.SoftwareDelivery/SWDSolnProgramManagementService.asmx",
            Self::Advertisement => "/ASDK.NS.SoftwareDelivery/SWDSolnAdvertisementManagementService.asmx",
            Self::DeliveryPolicy => "/ASDK.SWM/SoftwareDeliveryPolicyManagementService.asmx",
            Self::Portal => "/ASDK.SWM/SoftwarePortalManagementService.asmx",
            Self::Task => "/ASDK.Task/TaskManagementService.asmx",
            Self::Patch => "/PatchManagementCore/PatchWorkflowSvc.asmx",
            Self::ResourceModel => "/NSWebService/ResourceModel.asmx",
        }
    }

    /// Its name: the last part of its path.
    pub fn name(self) -> &'static str {
        let path = self.path();
        path.rsplit_once('/').map_or(path, |(_, name)| name).trim_end_matches(".asmx")
    }
}

macro_rules! readings {
    ($($service:ident: $($message:ident)+;)+) => {
        /// The messages of the ASDK that read and change nothing: all that a reading connection can call.
        #[allow(missing_docs, reason = "the names are the vendor's own, and the contract describes them")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reading {
            $($($message,)+)+
        }

        impl Reading {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$message,)+)+];

            /// The service that has it.
            pub const fn service(self) -> Service {
                match self {
                    $($(Self::$message => Service::$service,)+)+
                }
            }

            /// Its name on the wire.
            pub const fn message(self) -> &'static str {
                match self {
                    $($(Self::$message => stringify!($message),)+)+
                }
            }
        }
    };
}

readings! {
    Item: GetItemByGuid ItemExists GetItemsByName GetItemsByType GetItemsByNameAndType GetItemsInFolder
        ExportItemXmlString ExportItemProfileXmlString;
    Collection: GetInclusions GetExclusions GetInclusionGuids GetExclusionGuids IsInclusion IsExclusion
        GetCollectionMembership;
    Scoping: GetResourceTargets GetResourceTargetMembership GetResourcesTargetedByPolicy;
    Resource: GetResourceByName GetComputerByNameAndDomain GetUserByUserIdAndDomain GetResourceByContext GetDataClassData;
    Security: FindRoleByName;
    Report: GetReportParameters RunReport RunReportWithParameters;
    Package: GetPackageExByGuid;
    Program: GetProgramExByGuid GetProgramsFromPackage;
    Advertisement: GetAdvertisementExByGuid GetAdvertisementExStatusByResourceGuid
        GetAdvertisementExStatusByResourceTargetGuid GetAdvertismentExRunTimeByResourceGuid;
    DeliveryPolicy: GetDeliveryItems GetPolicySetting GetDeliveryItemSetting GetDefaultPolicySetting;
    Portal: GetUsersForPublishingItem GetSoftwarePortalSetting GetSoftwareRequestsForAdmin;
    Task: GetTasks GetTasksByType GetTask GetExecutedTaskInstances GetTaskStatus GetTaskResourceStatus;
    Patch: GetProperty IsStaged GetStagedUpdates GetAllStagedUpdates MyPrivileges;
    ResourceModel: GetResourcesOfType GetResources GetResourcesWithFullData;
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text; also a list of GUIDs in one text, and dates.
    Text(String),
    /// A text that no message may show.
    Secret(SecretString),
    /// A GUID, sent bare and in lower case.
    Guid(Guid),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// GUIDs as an array of their own.
    Array(Vec<Guid>),
    /// Null: the element is left out.
    Null,
}

impl Value {
    /// GUIDs in one text, comma-separated (altiris-asdk §3).
    pub fn list(guids: impl IntoIterator<Item = Guid>) -> Self {
        let guids: Vec<String> = guids.into_iter().map(|guid| guid.to_string()).collect();
        Self::Text(guids.join(","))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Guid> for Value {
    fn from(guid: Guid) -> Self {
        Self::Guid(guid)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// A parameter: its name and value.
pub type Param = (&'static str, Value);

/// A value that XML 1.0 has no way to hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` holds the character U+{:04X}, which XML has no way to hold", u32::from(*character))]
pub struct Unsayable {
    /// The parameter.
    pub field: &'static str,
    /// The character.
    pub character: char,
}

/// What a SOAP request needs besides its path.
#[derive(Clone)]
pub struct Call {
    /// The headers: content type and action.
    pub headers: Vec<(&'static str, String)>,
    /// The envelope; it may hold a password.
    pub body: Bytes,
}

/// The request that calls a message of a service, whose namespace its WSDL told.
///
/// # Errors
/// [`Unsayable`], before anything is sent.
pub fn call(namespace: &str, message: &str, params: &[Param]) -> Result<Call, Unsayable> {
    let mut body = String::with_capacity(512);
    body.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    body.push_str("<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><");
    body.push_str(message);
    body.push_str(" xmlns=\"");
    escape(&mut body, "namespace", namespace)?;
    body.push_str("\">");
    for (name, value) in params {
        param(&mut body, name, value)?;
    }
    body.push_str("</");
    body.push_str(message);
    body.push_str("></soap:Body></soap:Envelope>");
    let headers = vec![
        ("content-type", "text/xml; charset=utf-8".to_owned()),
        ("soapaction", format!("\"{}\"", action(namespace, message))),
    ];
    Ok(Call { headers, body: Bytes::from(body) })
}

/// The action of a message: the namespace and the message's name, with one `/` between.
pub fn action(namespace: &str, message: &str) -> String {
    format!("{}/{message}", namespace.trim_end_matches('/'))
}

fn param(body: &mut String, name: &'static str, value: &Value) -> Result<(), Unsayable> {
    if matches!(value, Value::Null) {
        return Ok(());
    }
    body.push('<');
    body.push_str(name);
    body.push('>');
    match value {
        Value::Text(text) => escape(body, name, text)?,
        Value::Secret(secret) => escape(body, name, secret.expose_secret())?,
        Value::Guid(guid) => body.push_str(&guid.to_string()),
        Value::Bool(is) => body.push_str(if *is { "true" } else { "false" }),
        Value::Int(number) => body.push_str(&number.to_string()),
        Value::Array(guids) => {
            for guid in guids {
                body.push_str("<guid>");
                body.push_str(&guid.to_string());
                body.push_str("</guid>");
            }
        }
        Value::Null => {}
    }
    body.push_str("</");
    body.push_str(name);
    body.push('>');
    Ok(())
}

/// Adds a text so that a parser gives the very same text back.
fn escape(body: &mut String, field: &'static str, text: &str) -> Result<(), Unsayable> {
    for character in text.chars() {
        match character {
            '<' => body.push_str("&lt;"),
            '>' => body.push_str("&gt;"),
            '&' => body.push_str("&amp;"),
            '"' => body.push_str("&quot;"),
            // A parser turns a bare one into a line feed.
            '\r' => body.push_str("&#xD;"),
            '\t' | '\n' => body.push(character),
            '\u{FFFE}' | '\u{FFFF}' => return Err(Unsayable { field, character }),
            _ if u32::from(character) < 0x20 => return Err(Unsayable { field, character }),
            _ => body.push(character),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reading;
    use super::Service;
    use super::Value;
    use super::call;

    #[test]
    fn what_a_reading_connection_can_call_only_reads() {
        const WRITES: [&str; 21] = [
            "Create",
            "Modify",
            "Set",
            "Add",
            "Remove",
            "Delete",
            "Import",
            "Move",
            "Rename",
            "Clone",
            "Enable",
            "Disable",
            "Update",
            "Assign",
            "Execute",
            "Schedule",
            "Push",
            "Publish",
            "Invalidate",
            "Merge",
            "Save",
        ];
        for reading in Reading::ALL {
            assert!(!WRITES.iter().any(|write| reading.message().starts_with(write)), "{reading:?}");
        }
        let names: BTreeSet<&str> = Reading::ALL.iter().map(|reading| reading.message()).collect();
        assert_eq!(names.len(), Reading::ALL.len());
    }

    #[test]
    fn each_service_has_a_path_of_its_own() {
        let paths: BTreeSet<&str> = Service::ALL.iter().map(|service| service.path()).collect();
        assert_eq!(paths.len(), Service::ALL.len());
        assert_eq!(Service::Package.name(), "SWDSolnPackageManagementService");
    }

    #[test]
    fn a_call_escapes_what_it_is_given_and_leaves_null_out() {
        let params = [("a", Value::from("<&>\"\r\n\t")), ("b", Value::Null), ("c", Value::from(true))];
        let made = call("http://x.example/", "M", &params).unwrap();
        let body = String::from_utf8(made.body.to_vec()).unwrap();
        let within = "<M xmlns=\"http://x.example/\"><a>&lt;&amp;&gt;&quot;&#xD;\n\t</a><c>true</c></M>";
        assert!(body.contains(within), "{body}");
        assert!(made.headers.contains(&("soapaction", "\"http://x.example/M\"".to_owned())));
    }

    #[test]
    fn what_xml_cannot_hold_is_refused_before_it_is_sent() {
        for bad in ["\0", "a\u{8}b", "\u{FFFE}", "\u{1b}[31m", "\u{FFFF}"] {
            let error = call("ns", "M", &[("sName", Value::from(bad))]).err().unwrap();
            assert_eq!(error.field, "sName");
        }
        assert!(call("ns", "M", &[("sName", Value::from("\u{85}\u{2028}\u{10FFFF}\u{7f}"))]).is_ok());
    }
}
