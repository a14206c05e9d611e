//! How the reference server speaks the Altiris ASDK: which version it is of, and how it behaves where the contract is
//! silent. Both the protocol and the operations behind it read this; it decides nothing by itself.
//!
//! Every open point of the contract is a [`Quirk`]. With none of them the server takes the stricter reading of each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The version of the platform that a server plays: methods that came later are not there (altiris-asdk §4, "since").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// 7.1.
    V7_1,
    /// 8.0.
    V8_0,
    /// 8.1.
    V8_1,
    /// 8.5.
    V8_5,
    /// 8.5, release update 2.
    V8_5Ru2,
    /// 8.5, release update 3.
    V8_5Ru3,
    /// 8.5, release update 4.
    #[default]
    V8_5Ru4,
}

impl Profile {
    /// Every version, oldest first.
    pub const ALL: [Self; 7] =
        [Self::V7_1, Self::V8_0, Self::V8_1, Self::V8_5, Self::V8_5Ru2, Self::V8_5Ru3, Self::V8_5Ru4];

    /// The name, as the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V7_1 => "7.1",
            Self::V8_0 => "8.0",
            Self::V8_1 => "8.1",
            Self::V8_5 => "8.5",
            Self::V8_5Ru2 => "8.5-ru2",
            Self::V8_5Ru3 => "8.5-ru3",
            Self::V8_5Ru4 => "8.5-ru4",
        }
    }

    /// The build that the contract's method lists were taken from.
    pub const fn build(self) -> &'static str {
        match self {
            Self::V7_1 => "7.1.8280",
            Self::V8_0 => "8.0.2298",
            Self::V8_1 => "8.1.5811",
            Self::V8_5 => "8.5.3025",
            Self::V8_5Ru2 => "8.5.4249",
            Self::V8_5Ru3 => "8.5.5032",
            Self::V8_5Ru4 => "8.5.5713",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no version `{0}`; there are 7.1, 8.0, 8.1, 8.5, 8.5-ru2, 8.5-ru3 and 8.5-ru4")]
pub struct NoSuchProfile(String);

impl FromStr for Profile {
    type Err = NoSuchProfile;

    fn from_str(text: &str) -> Result<Self, NoSuchProfile> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| NoSuchProfile(text.to_owned()))
    }
}

/// Declares the quirks: each with its name on the command line and what it does.
macro_rules! quirks {
    ($($name:ident $text:literal $what:literal,)*) => {
        /// A way to behave at a point where the contract is silent or its sources disagree.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk {
            $(#[doc = $what] $name,)*
        }

        impl Quirk {
            /// Every quirk.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name, as the command line has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }
        }
    };
}

quirks! {
    CollectionAsTarget "collection-as-target"
        "A collection's GUID is taken where a resource target's is wanted.",
    CollectionQueryPredicate "collection-query-predicate"
        "The query of a collection is a predicate over resources, not a SELECT.",
    CustomErrorsOff "custom-errors-off"
        "Errors over HTTP POST and GET show type names and the stack.",
    EmptyIsNull "empty-is-null"
        "An empty text over HTTP POST and GET stands for null.",
    ExceptionLongNames "exception-long-names"
        "Exception types are told with their .NET namespace.",
    FaultDetailFlat "fault-detail-flat"
        "What a fault tells of its exception stands directly in the detail, in the service's namespace.",
    FewReportColumns "few-report-columns"
        "Of packages, programs and tasks reports have the columns Guid and Name alone.",
    FieldsReversed "fields-reversed"
        "The fields of details come in the opposite order.",
    FolderItemsRecursive "folder-items-recursive"
        "GetItemsInFolder gives what lies in the folders below as well.",
    FormsValidated "forms-validated"
        "HTTP POST and GET refuse values with markup.",
    GuidsAsText "guids-as-text"
        "Methods of items, catalogue and managed delivery that are shown with guid alone take GUIDs as texts.",
    GuidsBraced "guids-braced"
        "GUIDs in text fields of software delivery details stand in braces and upper case.",
    HttpEverywhere "http-everywhere"
        "HTTP POST and GET are on for software delivery, catalogue and managed delivery too.",
    HttpOff "http-off"
        "HTTP POST and GET are off for every service.",
    ImportKeepsSequenceGuid "import-keeps-sequence-guid"
        "A sequential task that is imported with other steps keeps its GUID.",
    LeaseBlocks "lease-blocks"
        "Writes are refused while somebody holds a lease of the native API.",
    MissingAsFault "missing-as-fault"
        "The services of a solution that is not installed answer ASDKNoProductExistsException, not 404.",
    MissingPatch "missing-patch"
        "Patch management is not installed.",
    MissingSmf "missing-smf"
        "The software catalogue is not installed.",
    MissingSoftwareDelivery "missing-swd"
        "Legacy software delivery is not installed.",
    MissingSwm "missing-swm"
        "Managed delivery and the portal are not installed.",
    MissingTask "missing-task"
        "Task management is not installed.",
    NoCreateReports "no-create-reports"
        "Nobody has the privilege to create reports.",
    NoInformationSchema "no-information-schema"
        "Reports cannot read INFORMATION_SCHEMA.",
    PatchSetsAnyItem "patch-sets-any-item"
        "The properties of PatchWorkflowSvc are those of any item, not of patch policies alone.",
    PlainFaults "plain-faults"
        "Faults are plain exceptions: \"Server was unable to process request\", and an empty detail.",
    ReportsCut "reports-cut"
        "Reports are cut after 1000 rows without a word.",
    ReturnsPasswords "returns-passwords"
        "UserPassword shows ******** where a password is stored.",
    Table1 "table1"
        "The rows of a table are called Table1, not Table.",
    TypeNameBoth "type-name-both"
        "Type names are taken short and in full.",
    TypeNameLong "type-name-long"
        "Type names are taken in full only, never short.",
    UnknownItemBaseException "unknown-item-base-exception"
        "An item that is not there is a plain ASDKException.",
    WindowsLoginOnly "windows-login-only"
        "Bearer tokens, and tokens as the password of Basic, are not taken.",
}

/// A text that names no quirk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no quirk `{0}`")]
pub struct NoSuchQuirk(String);

impl FromStr for Quirk {
    type Err = NoSuchQuirk;

    fn from_str(text: &str) -> Result<Self, NoSuchQuirk> {
        Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| NoSuchQuirk(text.to_owned()))
    }
}

/// How the server speaks the ASDK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsdkOptions {
    /// The version that it plays.
    pub profile: Profile,
    /// How it behaves where the contract is silent.
    pub quirks: BTreeSet<Quirk>,
    /// Other namespaces than the usual, by the name of the service without `.asmx`.
    pub namespaces: BTreeMap<String, String>,
}

impl AsdkOptions {
    /// The newest version, every open point read strictly.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more quirk.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        self.quirks.insert(quirk);
        self
    }

    /// Whether it behaves so.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_versions_and_quirks_read_back_and_are_in_order() {
        assert!(Profile::ALL.into_iter().all(|one| one.name().parse() == Ok(one)));
        assert!(Profile::ALL.is_sorted());
        assert!(Quirk::ALL.iter().all(|one| one.name().parse() == Ok(*one)));
        assert!(Quirk::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()), "in order");
        assert!("8.5-ru9".parse::<Profile>().is_err() && "collection-as".parse::<Quirk>().is_err());
    }
}
