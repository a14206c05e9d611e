//! What the older API knows and the items of this server are not.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::role::Role;
use crate::server::app::audit::Action;
use crate::server::app::audit::Did;
use crate::server::app::item::Revision;
use crate::server::app::items::check_name;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::package::Program;
use crate::server::app::usage::unknown_reference;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::asdk::ObjectRow;
use crate::server::store::items;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its GUID.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: Option<Guid>,
    /// Its revision.
    pub revision: Revision,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// What it says.
    pub says: Says,
}

/// What an object says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Says {
    /// A program that belongs to no package yet.
    Program(Box<Program>),
    /// A resource target.
    Target(Target),
    /// A report.
    Report(Report),
    /// A software release of the catalogue.
    Component(Component),
    /// A client or server job, or a delivery task.
    Task(ServerTask),
    /// Something that the portal offers.
    Publishing(Publishing),
    /// One run of a job or task.
    Instance(Instance),
    /// A role.
    Role(Role),
}

/// A resource target: who of all computers is left after filters, looked at from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// For people.
    pub description: String,
    /// The filters, in order.
    pub filters: Vec<TargetFilter>,
    /// The collection of the same computers.
    pub collection: Guid,
    /// The collections that were made for it, `collection` among them; empty where it is a collection of its own right.
    pub made: Vec<Guid>,
}

/// A filter of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetFilter {
    /// Its GUID.
    pub guid: Guid,
    /// What it does with what is left so far.
    pub operation: Operation,
    /// Whom it names.
    pub of: FilterOf,
}

/// What a filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Adds.
    Union,
    /// Keeps.
    Intersect,
    /// Takes away.
    Except,
}

impl Operation {
    /// All of them, at the place of their number in `TargetFilter` (altiris-asdk §6).
    pub const ALL: [Self; 3] = [Self::Union, Self::Intersect, Self::Except];

    /// Its name on the wire (altiris-asdk §4.3).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Union => "Union",
            Self::Intersect => "Intersect",
            Self::Except => "Except",
        }
    }
}

/// Whom a filter names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FilterOf {
    /// The computers of a collection.
    Collection(Guid),
    /// These computers.
    Resources(Vec<Guid>),
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// For people.
    pub description: String,
    /// What its source is called.
    pub data_source: String,
    /// The SQL.
    pub sql: String,
    /// What is written `%Name%` in it; only an import brings any (altiris-asdk §4.6).
    #[serde(default)]
    pub parameters: Vec<ReportParameter>,
}

/// A parameter of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportParameter {
    /// Its name.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether it must be given where it has no default.
    #[serde(default)]
    pub required: bool,
    /// Its value when it is not given.
    #[serde(default)]
    pub default: Option<String>,
}

/// A software release of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Component {
    /// For people.
    pub component_description: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub company: String,
    /// What product it is of.
    pub product: String,
    /// Its packages.
    pub packages: Vec<Guid>,
    /// Its command lines: programs.
    pub command_lines: Vec<Guid>,
    /// Which of the command lines is meant where none is named.
    pub default_command_line: Option<Guid>,
}

/// A job or a delivery task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerTask {
    /// Which of the classes of such tasks.
    pub task_class: Class,
    /// For people.
    pub description: String,
    /// What a delivery task runs.
    #[serde(default)]
    pub runs: Option<Runs>,
    /// What a job does, in order.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// Whether a job failed when any of its tasks did.
    #[serde(default)]
    pub fails_if_any_fails: bool,
    /// Whether the job's changes were confirmed.
    #[serde(default)]
    pub confirmed: bool,
}

/// The program that a delivery task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Runs {
    /// Its package.
    pub package: Guid,
    /// The program.
    pub program: Guid,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// Its GUID.
    pub guid: Guid,
    /// The task; of a condition, none.
    pub task: Option<Guid>,
    /// Whether the job fails when this one does.
    #[serde(default)]
    pub fails_job: bool,
    /// Of a condition: the node that it looks at, its rules as they came, and what follows.
    #[serde(default)]
    pub condition: Option<Box<Condition>>,
}

/// A condition in a job. What its rules mean is in no document: they are kept and shown, and such a job is not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The node that it looks at.
    pub of: Guid,
    /// The rules.
    pub rules: Vec<String>,
    /// What is done when they hold.
    pub then: Vec<Node>,
    /// What is done when they do not.
    pub otherwise: Vec<Node>,
}

/// Something that the portal offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publishing {
    /// For people.
    pub description: String,
    /// What is offered: a program, or a policy.
    pub offers: Guid,
    /// To whom.
    pub published_to: Vec<PublishedTo>,
}

/// Somebody to whom something is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedTo {
    /// A user or group.
    pub name: String,
    /// Whether nobody has to approve.
    pub pre_approved: bool,
    /// Whether it is recommended.
    pub recommended: bool,
}

/// One run of a job or task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instance {
    /// What runs.
    pub instance_of: Guid,
    /// Who started it.
    pub started_by: String,
    /// The item that computers get for it.
    pub policy: Guid,
    /// The collections it is for.
    pub collections: Vec<Guid>,
    /// The runs of the tasks of a job.
    #[serde(default)]
    pub parts: Vec<Guid>,
}

impl Object {
    /// Its class.
    pub const fn class(&self) -> Class {
        match &self.says {
            Says::Program(_) => Class::Program,
            Says::Target(_) => Class::ResourceTarget,
            Says::Report(_) => Class::Report,
            Says::Component(_) => Class::SoftwareComponent,
            Says::Task(task) => task.task_class,
            Says::Publishing(_) => Class::PublishingItem,
            Says::Instance(_) => Class::TaskInstance,
            Says::Role(_) => Class::Role,
        }
    }

    /// What it says to people.
    pub fn description(&self) -> &str {
        match &self.says {
            Says::Program(says) => &says.description,
            Says::Target(says) => &says.description,
            Says::Report(says) => &says.description,
            Says::Component(says) => &says.component_description,
            Says::Task(says) => &says.description,
            Says::Publishing(says) => &says.description,
            Says::Instance(_) => "",
            Says::Role(says) => &says.description,
        }
    }

    fn of_row(row: ObjectRow) -> Result<Self, StoreError> {
        const CORRUPT: StoreError = StoreError::Corrupt { what: "object" };
        let class = Class::from_type_name(&row.class, true, false).ok_or(CORRUPT)?;
        let json = &row.json;
        let says = match class {
            Class::Program => serde_json::from_str(json).map(Says::Program),
            Class::ResourceTarget => serde_json::from_str(json).map(Says::Target),
            Class::Report => serde_json::from_str(json).map(Says::Report),
            Class::SoftwareComponent => serde_json::from_str(json).map(Says::Component),
            Class::PublishingItem => serde_json::from_str(json).map(Says::Publishing),
            Class::TaskInstance => serde_json::from_str(json).map(Says::Instance),
            Class::Role => serde_json::from_str(json).map(Says::Role),
            _ => serde_json::from_str(json).map(Says::Task),
        };
        let at = |text: &str| text.parse::<Timestamp>().map_err(|_| CORRUPT);
        Ok(Self {
            guid: row.guid,
            folder: row.folder,
            revision: Revision(row.revision),
            created_at: at(&row.created_at)?,
            modified_at: at(&row.modified_at)?,
            name: row.name,
            says: says.map_err(|_| CORRUPT)?,
        })
    }

    fn row(&self) -> ObjectRow {
        ObjectRow {
            guid: self.guid,
            class: self.class().stored().to_owned(),
            name: self.name.clone(),
            folder: self.folder,
            revision: self.revision.0,
            created_at: self.created_at.to_string(),
            modified_at: self.modified_at.to_string(),
            json: serde_json::to_string(&self.says).expect("an object has text keys and whole numbers only"),
        }
    }
}

/// The object with this GUID.
///
/// # Errors
/// When the store fails.
pub fn find(sql: &Connection, guid: Guid) -> Result<Option<Object>, StoreError> {
    asdk::object(sql, guid)?.map(Object::of_row).transpose()
}

/// The objects that pass a filter, by class and GUID.
///
/// # Errors
/// When the store fails.
pub fn list(sql: &Connection, filter: asdk::Filter<'_>) -> Result<Vec<Object>, StoreError> {
    asdk::objects(sql, filter)?.into_iter().map(Object::of_row).collect()
}

/// The objects of a class, by GUID.
///
/// # Errors
/// When the store fails.
pub fn of_class(sql: &Connection, class: Class) -> Result<Vec<Object>, StoreError> {
    list(sql, asdk::Filter { class: Some(class.stored()), ..asdk::Filter::default() })
}

impl Writer<'_> {
    /// Makes an object, with this GUID if one is given.
    ///
    /// # Errors
    /// `invalid` for a name that is none, `unknown_reference` for a folder that is none, and `revision_moved` when
    /// something has that GUID.
    pub fn create_object(
        &mut self,
        name: &str,
        folder: Option<Guid>,
        says: Says,
        guid: Option<Guid>,
    ) -> Result<Object, Refused> {
        check_name(name)?;
        self.check_folder(folder)?;
        if let Some(guid) = guid
            && (asdk::object(self.sql, guid)?.is_some() || items::named(self.sql, guid)?.is_some())
        {
            return Err(
                Refused::new(Code::RevisionMoved, "an item of this GUID is there").with("guid", guid.to_string())
            );
        }
        let object = Object {
            guid: guid.unwrap_or_else(|| self.ids.guid()),
            name: name.to_owned(),
            folder,
            revision: self.next(),
            created_at: self.now,
            modified_at: self.now,
            says,
        };
        asdk::put(self.sql, &object.row())?;
        self.audit_object(Action::Create, &object)?;
        Ok(object)
    }

    /// Makes an object what `change` makes of it.
    ///
    /// # Errors
    /// `not_found`, what `change` returns, and as [`Self::create_object`].
    pub fn edit_object(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut Object) -> Result<(), Refused>,
    ) -> Result<Object, Refused> {
        let missing = || Refused::new(Code::NotFound, "there is no item with this GUID").with("guid", guid.to_string());
        let before = find(self.sql, guid)?.ok_or_else(missing)?;
        let mut after = before.clone();
        change(&mut after)?;
        if after == before {
            return Ok(before);
        }
        check_name(&after.name)?;
        self.check_folder(after.folder)?;
        after.revision = self.next();
        after.modified_at = self.now;
        asdk::put(self.sql, &after.row())?;
        self.audit_object(Action::Update, &after)?;
        Ok(after)
    }

    /// Removes an object; nobody is asked whether it is in use.
    pub(super) fn drop_object(&mut self, object: &Object) -> Result<(), Refused> {
        asdk::delete(self.sql, object.guid)?;
        asdk::forget(self.sql, object.guid)?;
        let _ = self.next();
        Ok(self.audit_object(Action::Delete, object)?)
    }

    /// Forgets what stands beside an item that is gone: what was kept of it, the targets that were that collection, and its
    /// place in software of the catalogue.
    pub(in crate::server::app) fn let_go(&mut self, item: Guid) -> Result<(), Refused> {
        asdk::forget(self.sql, item)?;
        let beside = [Class::ResourceTarget.stored(), Class::SoftwareComponent.stored()];
        for row in asdk::naming(self.sql, item, &beside)? {
            let object = Object::of_row(row)?;
            match &object.says {
                // A policy that is for it holds the collection, and so does what was made for a target of several filters.
                Says::Target(_) => self.drop_object(&object)?,
                Says::Component(_) => {
                    self.edit_object(object.guid, |object| {
                        if let Says::Component(component) = &mut object.says {
                            component.packages.retain(|own| *own != item);
                            component.command_lines.retain(|own| *own != item);
                            component.default_command_line = component.default_command_line.filter(|own| *own != item);
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn audit_object(&mut self, action: Action, object: &Object) -> Result<(), StoreError> {
        let mut did = Did::of(action);
        did.guid = Some(object.guid.to_string());
        did.name = Some(object.name.clone());
        did.revision_after = (action != Action::Delete).then_some(object.revision);
        self.audit(did)
    }

    fn check_folder(&self, folder: Option<Guid>) -> Result<(), Refused> {
        let Some(folder) = folder else { return Ok(()) };
        let is_folder = |kind: &str| [Kind::Folder.name(), Kind::PortalDefaults.name()].contains(&kind);
        if items::named(self.sql, folder)?.is_some_and(|item| is_folder(&item.kind)) {
            return Ok(());
        }
        Err(unknown_reference("folder", folder, Kind::Folder.name()))
    }
}
