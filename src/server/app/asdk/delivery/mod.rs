//! Managed delivery policies by setting names (altiris-asdk §4.11), and the software of the catalogue that they deliver.
//!
//! What a policy of this server says is read and changed there. Settings that it has no place for are kept beside it and
//! shown again; computers here do not look at them. What would change what they do and has no place is not implemented.

mod settings;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::delivery::settings::Place;
use crate::server::app::asdk::delivery::settings::Setting;
use crate::server::app::asdk::delivery::settings::Values;
use crate::server::app::asdk::delivery::settings::find;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::no_such;
use crate::server::app::asdk::not_implemented;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Component;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::program;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::schedule::Wrapper;
use crate::server::app::asdk::wrong_type;
use crate::server::app::digest_of;
use crate::server::app::item::Item;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::AfterAction;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::task::DeliveryPolicy;
use crate::server::app::spec::task::OnFailure;
use crate::server::app::spec::task::OnSuccess;
use crate::server::app::spec::task::Remediation;
use crate::server::app::spec::task::Resource;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;

/// What turns the GUID of a package into that of the software release that stands for it.
const TURN: u128 = 0x50f7_0000_0000_0000_0000_0000_0000_50f7;

/// The software release that stands for a package that no other has.
pub const fn of_package(package: Guid) -> Guid {
    Guid::of(package.bits() ^ TURN)
}

/// Software of the catalogue: its GUID, its name, and what it holds.
///
/// # Errors
/// `not_found`; a wrong type for what is none.
pub fn software(sql: &Connection, guid: Guid) -> Result<(String, Component), Refused> {
    match entry::find(sql, guid) {
        Ok(Entry::Object(Object { name, says: Says::Component(component), .. })) => return Ok((name, component)),
        Ok(_) => return Err(wrong_type(guid, Class::SoftwareComponent)),
        Err(refused) if refused.code != Code::NotFound => return Err(refused),
        Err(_) => {}
    }
    let package = Guid::of(guid.bits() ^ TURN);
    let Ok(item) = entry::find_item(sql, package, Class::Package) else {
        return Err(no_such("there is no software with this GUID").with("guid", guid.to_string()));
    };
    let Spec::Package(spec) = &item.spec else { return Err(wrong_type(guid, Class::SoftwareComponent)) };
    let mut command_lines = Vec::new();
    for json in asdk::programs_of(sql, package)? {
        command_lines.push(Item::stored(&json)?.guid);
    }
    let component = Component {
        component_description: spec.description.clone(),
        version: spec.version.clone(),
        company: spec.publisher.clone(),
        product: String::new(),
        packages: vec![package],
        default_command_line: command_lines.first().copied(),
        command_lines,
    };
    Ok((item.name, component))
}

/// What is kept beside a delivery policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Kept {
    /// Its items, in the order that they had.
    pub(super) items: Vec<DeliveryItem>,
    /// Settings of the policy, by name.
    pub(super) settings: BTreeMap<String, String>,
}

/// An item of a delivery policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryItem {
    /// Its GUID.
    pub guid: Guid,
    /// The software release.
    pub software: Guid,
    /// The package.
    pub package: Guid,
    /// The program.
    pub program: Guid,
    /// Settings that this server has no place for, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

impl Kept {
    /// What is kept beside this policy, brought to what the policy says: an item a resource, in its order. The GUID of an
    /// item that the policy got elsewhere follows from policy and program.
    pub(super) fn of(sql: &Connection, policy: &Item) -> Result<Self, Refused> {
        let Spec::DeliveryPolicy(spec) = &policy.spec else {
            return Err(wrong_type(policy.guid, Class::DeliveryPolicy));
        };
        let mut kept = match asdk::extras(sql, policy.guid)? {
            Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { what: "delivery policy" })?,
            None => Self::default(),
        };
        let mut left = std::mem::take(&mut kept.items);
        for (at, resource) in spec.resources.iter().enumerate() {
            let is_it = |item: &DeliveryItem| (item.package, item.program) == (resource.package, resource.program);
            let item = match left.iter().position(is_it) {
                Some(place) => left.remove(place),
                None => {
                    let same = spec.resources[..at].iter().filter(|one| one.program == resource.program).count();
                    DeliveryItem {
                        guid: derived(policy.guid, resource.program, same),
                        software: of_package(resource.package),
                        package: resource.package,
                        program: resource.program,
                        settings: BTreeMap::new(),
                    }
                }
            };
            kept.items.push(item);
        }
        Ok(kept)
    }

    pub(super) fn put(&self, sql: &Connection, policy: Guid) -> Result<(), StoreError> {
        let json = serde_json::to_string(self).expect("settings are texts");
        asdk::set_extras(sql, policy, Some(&json))
    }

    fn place(&self, guid: Guid) -> Result<usize, Refused> {
        let place = self.items.iter().position(|item| item.guid == guid);
        place.ok_or_else(|| no_such("the policy has no such delivery item").with("guid", guid.to_string()))
    }
}

fn derived(policy: Guid, program: Guid, number: usize) -> Guid {
    let digest =
        digest_of(&[&policy.bits().to_be_bytes(), &program.bits().to_be_bytes(), &(number as u64).to_be_bytes()]);
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Guid::of(u128::from_be_bytes(half))
}

fn truth(is: bool) -> String {
    if is { "True" } else { "False" }.to_owned()
}

fn is_true(value: &str) -> bool {
    value == "True"
}

/// The policy with this GUID and what is kept beside it.
fn policy(sql: &Connection, guid: Guid) -> Result<(Item, DeliveryPolicy, Kept), Refused> {
    let item = entry::find_item(sql, guid, Class::DeliveryPolicy)?;
    let kept = Kept::of(sql, &item)?;
    match &item.spec {
        Spec::DeliveryPolicy(spec) => {
            let spec = spec.clone();
            Ok((item, spec, kept))
        }
        _ => Err(wrong_type(guid, Class::DeliveryPolicy)),
    }
}

/// A schedule as managed delivery writes it: a bare trigger.
fn trigger(schedule: &crate::server::app::spec::parts::Schedule) -> String {
    schedule::show(&Run::Schedule { schedule: schedule.clone() }, Wrapper::Bare).unwrap_or_default()
}

impl App {
    /// Software of the catalogue: its name and what it holds; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn software(&self, guid: Guid) -> Result<Option<(String, Component)>, Refused> {
        match self.store().read(|sql| software(sql, guid)) {
            Ok(found) => Ok(Some(found)),
            Err(refused) if refused.source.is_none() => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    /// The items of a delivery policy, in order.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no delivery policy.
    pub fn delivery_items(&self, guid: Guid) -> Result<Vec<DeliveryItem>, Refused> {
        self.store().read(|sql| Ok(policy(sql, guid)?.2.items))
    }

    /// A setting of a delivery policy.
    ///
    /// # Errors
    /// `not_found`, also for a setting; not implemented for one that this server has no place for.
    pub fn policy_setting(&self, guid: Guid, name: &str) -> Result<String, Refused> {
        let (_, spec, kept) = self.store().read(|sql| policy(sql, guid))?;
        let setting = find(name, Place::Policy)?;
        Ok(match setting.name {
            "PowerOn" => truth(spec.wake_on_lan),
            "UserCanRun" => truth(spec.user_can_run),
            "UserMustRun" => truth(spec.user_must_run),
            "PromptUser" => truth(spec.prompt_user),
            "ComplianceSchedule" => spec.compliance.as_ref().map(trigger).unwrap_or_default(),
            "RemediationSchedule" => match &spec.remediation {
                Remediation::Schedule { schedule } => trigger(schedule),
                _ => kept.settings.get(setting.name).cloned().unwrap_or_default(),
            },
            "Install" => match spec.remediation {
                Remediation::Immediately {} => "ASAP",
                Remediation::MaintenanceWindow {} => "UseMaintenanceWindow",
                Remediation::Schedule { .. } => "RegisteredSchedule",
            }
            .to_owned(),
            "UseProfile" | "VirtualLayer" => return Err(unheld(setting)),
            name => kept.settings.get(name).cloned().unwrap_or_else(|| setting.start.to_owned()),
        })
    }

    /// A setting of an item of a delivery policy.
    ///
    /// # Errors
    /// As [`Self::policy_setting`].
    pub fn item_setting(&self, guid: Guid, item: Guid, name: &str) -> Result<String, Refused> {
        let (_, spec, kept) = self.store().read(|sql| policy(sql, guid))?;
        let place = kept.place(item)?;
        let setting = find(name, Place::Item)?;
        let resource = &spec.resources[place];
        Ok(match setting.name {
            "Commandline" => resource.program.to_string(),
            "Package" => resource.package.to_string(),
            "CloseApplications" => truth(resource.on_success.force_close),
            "MaxExecutionDeferral" => spec.defer_minutes.to_string(),
            "MaxActionDeferral" => resource.on_success.defer_minutes.to_string(),
            "ActionAfterRun" => match resource.on_success.action {
                AfterAction::None => "NoAction",
                AfterAction::Restart => "Restart",
                AfterAction::LogOff => "Logoff",
            }
            .to_owned(),
            "ActionUponFailure" => match resource.on_failure {
                OnFailure::Abort => "Abort",
                OnFailure::Continue => "Continue",
                OnFailure::Restart => "Repeat",
            }
            .to_owned(),
            "UserPassword" => return Err(not_implemented("the setting UserPassword can be written and not read")),
            name => kept.items[place].settings.get(name).cloned().unwrap_or_else(|| setting.start.to_owned()),
        })
    }

    /// What a setting is where nobody said.
    ///
    /// # Errors
    /// As [`Self::policy_setting`].
    pub fn default_setting(&self, name: &str) -> Result<String, Refused> {
        let setting = find(name, Place::Defaults)?;
        match setting.name {
            "UseProfile" | "UserPassword" => Err(unheld(setting)),
            _ => Ok(setting.start.to_owned()),
        }
    }

    /// Why a default is not set: they are the same for everybody, and fixed here.
    ///
    /// # Errors
    /// Always.
    pub fn set_default_setting(&self, name: &str, value: &str) -> Result<(), Refused> {
        let setting = find(name, Place::Defaults)?;
        setting.value(value)?;
        Err(not_implemented(format!("the default of the setting {} is fixed on this server", setting.name)))
    }
}

fn unheld(setting: &Setting) -> Refused {
    not_implemented(format!("the setting {} is not implemented on this server", setting.name))
}

impl Writer<'_> {
    /// Makes a delivery policy, switched off and empty.
    ///
    /// # Errors
    /// As of a new item.
    pub fn create_delivery_policy(&mut self, name: &str, description: &str) -> Result<Guid, Refused> {
        let spec = json!({ "description": description, "enabled": false });
        self.create_item_of(Class::DeliveryPolicy, name, folders::DELIVERY, &spec)
    }

    fn change_policy(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut DeliveryPolicy) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        self.edit(guid, |item| match &mut item.spec {
            Spec::DeliveryPolicy(spec) => change(spec),
            _ => Err(wrong_type(guid, Class::DeliveryPolicy)),
        })?;
        Ok(())
    }

    /// Adds software to the end of a policy, with its default command line.
    ///
    /// # Errors
    /// `not_found`; a wrong type; not implemented for tasks; `invalid` for software without a command line.
    pub fn add_delivery_item(&mut self, guid: Guid, software_guid: Guid) -> Result<DeliveryItem, Refused> {
        let (_, _, mut kept) = policy(self.sql, guid)?;
        if let Ok(entry) = self.entry(software_guid)
            && entry.class().is_server_task()
        {
            return Err(not_implemented("tasks among the items of a policy are not implemented on this server"));
        }
        let (_, component) = software(self.sql, software_guid)?;
        let lines = component.default_command_line.iter().chain(&component.command_lines);
        let mut found = None;
        for line in lines {
            if let Some(package) = program::find(self.sql, *line)?.package {
                found = Some((package, *line));
                break;
            }
        }
        let (package, program) = found.ok_or_else(|| {
            let why = "the software has no command line with a package, so there is nothing to install";
            Refused::invalid("softwareOrTaskGuid", why)
        })?;
        let resource =
            Resource { package, program, on_success: OnSuccess::default(), on_failure: OnFailure::default() };
        self.change_policy(guid, |spec| {
            spec.resources.push(resource);
            Ok(())
        })?;
        let item = DeliveryItem {
            guid: self.ids.guid(),
            software: software_guid,
            package,
            program,
            settings: BTreeMap::new(),
        };
        kept.items.push(item.clone());
        kept.put(self.sql, guid)?;
        Ok(item)
    }

    /// Takes an item out of a policy.
    ///
    /// # Errors
    /// `not_found`; a wrong type.
    pub fn remove_delivery_item(&mut self, guid: Guid, item: Guid) -> Result<(), Refused> {
        let (_, _, mut kept) = policy(self.sql, guid)?;
        let place = kept.place(item)?;
        self.change_policy(guid, |spec| {
            spec.resources.remove(place);
            Ok(())
        })?;
        kept.items.remove(place);
        Ok(kept.put(self.sql, guid)?)
    }

    /// Changes a setting of a policy.
    ///
    /// # Errors
    /// `not_found`, also for a setting; `invalid` for a value that is none; not implemented.
    pub fn set_policy_setting(&mut self, guid: Guid, name: &str, value: &str) -> Result<(), Refused> {
        let (_, spec, mut kept) = policy(self.sql, guid)?;
        let setting = find(name, Place::Policy)?;
        let value = setting.value(value)?;
        let run = match setting.values {
            Values::Schedule => Some(self.own_schedule(&value)?),
            _ => None,
        };
        if setting.name == "RemediationSchedule" && !matches!(spec.remediation, Remediation::Schedule { .. }) {
            kept.settings.insert(setting.name.to_owned(), value);
            return Ok(kept.put(self.sql, guid)?);
        }
        let registered = match kept.settings.get("RemediationSchedule") {
            Some(xml) => self.own_schedule(xml)?,
            None => None,
        };
        let on = is_true(&value);
        let mut beside = false;
        self.change_policy(guid, |spec| {
            match setting.name {
                "PowerOn" => spec.wake_on_lan = on,
                "UserCanRun" => spec.user_can_run = on,
                "UserMustRun" => spec.user_must_run = on,
                "PromptUser" => spec.prompt_user = on,
                "ComplianceSchedule" => spec.compliance = run.flatten(),
                "RemediationSchedule" => {
                    let none = || Refused::invalid("value", "a policy that installs by schedule needs one");
                    spec.remediation = Remediation::Schedule { schedule: run.flatten().ok_or_else(none)? };
                }
                "Install" => spec.remediation = remediation(&value, &spec.remediation, registered)?,
                "UseProfile" | "VirtualLayer" => return Err(unheld(setting)),
                _ => beside = true,
            }
            Ok(())
        })?;
        if beside {
            kept.settings.insert(setting.name.to_owned(), value);
        }
        Ok(kept.put(self.sql, guid)?)
    }

    /// The schedule of a bare trigger; none for an empty text.
    fn own_schedule(&self, xml: &str) -> Result<Option<crate::server::app::spec::parts::Schedule>, Refused> {
        match schedule::read(xml, self.day()?)?.run {
            None | Some(Run::Manual {}) => Ok(None),
            Some(Run::Schedule { schedule }) => Ok(Some(schedule)),
            Some(Run::AsSoonAsPossible {}) => {
                Err(Refused::invalid("value", "this is no schedule: set Install to ASAP"))
            }
        }
    }

    /// Changes a setting of an item of a policy.
    ///
    /// # Errors
    /// As [`Self::set_policy_setting`].
    pub fn set_item_setting(&mut self, guid: Guid, item: Guid, name: &str, value: &str) -> Result<(), Refused> {
        let (_, _, mut kept) = policy(self.sql, guid)?;
        let place = kept.place(item)?;
        let setting = find(name, Place::Item)?;
        let value = setting.value(value)?;
        let named = |value: &str| value.parse::<Guid>().map_err(|error| Refused::invalid("value", error.to_string()));
        if setting.name == "Commandline" {
            let program = named(&value)?;
            let package = program::find(self.sql, program)?.package;
            let package = package.ok_or_else(|| Refused::invalid("value", "the command line belongs to no package"))?;
            (kept.items[place].package, kept.items[place].program) = (package, program);
        } else if setting.name == "Package" {
            let package = entry::find_item(self.sql, named(&value)?, Class::Package)?.guid;
            if kept.items[place].package != package {
                let why = "the package is that of the command line: set Commandline to one of the other package";
                return Err(Refused::invalid("value", why).with("rule", "TSK-3"));
            }
        } else if setting.name == "UserPassword" {
            // A password is not kept where it could be read, and nothing here would use it.
            kept.items[place].settings.insert("UserPasswordSet".to_owned(), truth(!value.is_empty()));
        } else {
            kept.items[place].settings.insert(setting.name.to_owned(), value.clone());
        }
        let (package, program) = (kept.items[place].package, kept.items[place].program);
        let several = kept.items.len() > 1;
        let number = value.parse::<u64>().unwrap_or_default();
        self.change_policy(guid, |spec| {
            let before = spec.defer_minutes;
            let resource = &mut spec.resources[place];
            (resource.package, resource.program) = (package, program);
            match setting.name {
                "CloseApplications" => resource.on_success.force_close = is_true(&value),
                "MaxActionDeferral" => resource.on_success.defer_minutes = number,
                "MaxExecutionDeferral" if several && before != 0 && before != number => {
                    let why = "this server holds one deferral for all items of a policy";
                    return Err(Refused::invalid("value", why));
                }
                "MaxExecutionDeferral" => spec.defer_minutes = number,
                "ActionAfterRun" => {
                    resource.on_success.action = match value.as_str() {
                        "Restart" => AfterAction::Restart,
                        "Logoff" => AfterAction::LogOff,
                        _ => AfterAction::None,
                    };
                }
                "ActionUponFailure" => {
                    resource.on_failure = match value.as_str() {
                        "Continue" => OnFailure::Continue,
                        "Repeat" => OnFailure::Restart,
                        _ => OnFailure::Abort,
                    };
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(kept.put(self.sql, guid)?)
    }

    /// Makes a software release of the catalogue.
    ///
    /// # Errors
    /// As of a new object.
    pub fn create_component(&mut self, name: &str, component: Component) -> Result<Guid, Refused> {
        Ok(self.create_object(name, Some(folders::SOFTWARE), Says::Component(component), None)?.guid)
    }

    /// Makes software what `change` makes of its name and the rest of it. Software that stands for a package becomes one of
    /// its own.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is none; what `change` returns.
    pub fn change_component(
        &mut self,
        guid: Guid,
        change: impl FnOnce(&mut String, &mut Component) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let (name, component) = software(self.sql, guid)?;
        if object::find(self.sql, guid)?.is_none() {
            self.create_object(&name, Some(folders::SOFTWARE), Says::Component(component), Some(guid))?;
        }
        self.edit_object(guid, |object| match &mut object.says {
            Says::Component(component) => change(&mut object.name, component),
            _ => Err(wrong_type(guid, Class::SoftwareComponent)),
        })?;
        Ok(())
    }
}

/// What a value of `Install` says; the schedule is the one that was set before.
fn remediation(
    value: &str,
    before: &Remediation,
    registered: Option<crate::server::app::spec::parts::Schedule>,
) -> Result<Remediation, Refused> {
    match (value, before) {
        ("ASAP", _) => Ok(Remediation::Immediately {}),
        ("UseMaintenanceWindow", _) => Ok(Remediation::MaintenanceWindow {}),
        ("RegisteredSchedule", Remediation::Schedule { .. }) => Ok(before.clone()),
        ("RegisteredSchedule", _) => {
            let none =
                || Refused::invalid("value", "set RemediationSchedule first: this server holds no policy without it");
            Ok(Remediation::Schedule { schedule: registered.ok_or_else(none)? })
        }
        _ => Err(not_implemented("a policy that only checks is not implemented on this server")),
    }
}
