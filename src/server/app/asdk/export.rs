//! An entry as XML, whole (altiris-asdk §7, altiris-domain §9). No complete export of the vendor's is public: the names are
//! this server's own, and a client looks nodes up by what they say. Every fact stands in one place. A password is in none.

use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::delivery::Kept;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::object::FilterOf;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::schedule::Wrapper;
use crate::server::app::asdk::tables::APPLIES_TO_TARGET;
use crate::server::app::asdk::tables::permission_of;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::tree::Out;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::task::DeliveryPolicy;
use crate::server::app::spec::task::SequentialTask;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::refs;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The item.
    Whole,
    /// Its profile: without the nodes that only a round trip needs.
    Profile,
}

/// The fields of settings that stand elsewhere: as references, steps, items, rights, or a schedule; and what is read only.
pub(super) const ELSEWHERE: &[&str] = &[
    "package",
    "program",
    "collections",
    "include",
    "exclude",
    "limitedTo",
    "steps",
    "resources",
    "portal",
    "grants",
    "run",
];
/// Of an account: what is known of its password, which stays where it is.
pub(super) const SECRET: &[&str] = &["passwordSet", "passwordMark"];

impl App {
    /// An entry as XML.
    ///
    /// # Errors
    /// `not_found`.
    pub fn export_xml(&self, guid: Guid, form: Form) -> Result<String, Refused> {
        self.store().read(|sql| export(sql, guid, form))
    }
}

pub(super) fn braced(guid: Guid) -> String {
    format!("{{{guid}}}")
}

/// An entry as XML, at one moment of the store.
///
/// # Errors
/// `not_found`.
pub(super) fn export(sql: &Connection, guid: Guid, form: Form) -> Result<String, Refused> {
    let entry = entry::find(sql, guid)?;
    let kept = if form == Form::Whole { asdk::opaque(sql, guid)? } else { Vec::new() };
    let class = entry.class();
    let (guid_text, class_guid) = (braced(guid), braced(class.guid()));
    let mut attributes =
        vec![("guid", guid_text.as_str()), ("classGuid", class_guid.as_str()), ("className", class.long_name())];
    attributes.extend(kept.iter().filter_map(|(path, value)| Some((path.strip_prefix('@')?, value.as_str()))));
    let parts = Parts::of(sql, &entry)?;
    let mut out = Out::default();
    let rest = |out: &mut Out, at: &str| {
        for (_, xml) in kept.iter().filter(|(path, _)| path == at) {
            out.raw(xml);
        }
    };
    out.element("item", &attributes, |out| {
        out.leaf("name", &[], entry.name());
        if let Some(folder) = entry.folder() {
            out.leaf("parentFolderGuid", &[], &braced(folder));
        }
        if let Some(package) = parts.package {
            out.leaf("packageGuid", &[], &braced(package));
        }
        out.element("attributes", &[], |out| {
            for attribute in entry.attributes() {
                out.leaf("attribute", &[], attribute_name(attribute));
            }
        });
        if let Some(run) = &parts.run {
            let xml = schedule::show(run, Wrapper::Item).unwrap_or_else(|| "<schedule/>".to_owned());
            out.raw(&xml);
        }
        out.element("settings", &[], |out| {
            for (name, value) in &parts.settings {
                out.value(name, value);
            }
            rest(out, "settings");
        });
        parts.write_lists(out);
        out.element("references", &[], |out| {
            for (child, hint) in &parts.references {
                let child = braced(*child);
                out.leaf("reference", &[("guid", &child), ("hint", hint), ("type", refs::type_of(hint))], "");
            }
            rest(out, "references");
        });
        if let Some((inherit, grants)) = &parts.security {
            let inherit = inherit.map(|inherit| if inherit { "true" } else { "false" });
            let attributes: Vec<_> = inherit.iter().map(|inherit| ("inherit", *inherit)).collect();
            out.element("security", &attributes, |out| {
                for grant in grants {
                    let permission = braced(permission_of(grant.right));
                    out.leaf("ace", &[("trustee", &grant.principal), ("permission", &permission)], "");
                }
                rest(out, "security");
            });
        }
        rest(out, "item");
    });
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}", out.finish()))
}

/// The name of an attribute in an export.
pub(super) const fn attribute_name(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::NoDelete => "NoDelete",
        Attribute::ReadOnly => "ReadOnly",
        Attribute::Hidden => "Hidden",
    }
}

/// What an entry says, taken apart.
#[derive(Default)]
struct Parts {
    package: Option<Guid>,
    run: Option<Run>,
    settings: Vec<(String, Value)>,
    references: Vec<(Guid, String)>,
    security: Option<(Option<bool>, Vec<Grant>)>,
    steps: Option<SequentialTask>,
    delivery: Option<(DeliveryPolicy, Kept)>,
    filters: Option<Object>,
}

impl Parts {
    fn of(sql: &Connection, entry: &Entry) -> Result<Self, Refused> {
        match entry {
            Entry::Item(item) => Self::of_item(sql, item),
            Entry::Object(object) => Self::of_object(object),
        }
    }

    fn of_item(sql: &Connection, item: &Item) -> Result<Self, Refused> {
        let mut parts = Self { package: item.package, ..Self::default() };
        parts.settings = settings_of(&serde_json::to_value(&item.spec).map_err(corrupt)?);
        for reference in item.spec.references() {
            if [refs::APPLIES, refs::USES_RESOURCE].contains(&reference.hint)
                || matches!(item.spec, Spec::SequentialTask(_))
            {
                continue;
            }
            parts.references.push((reference.child, reference.hint.to_owned()));
        }
        // What the entry holds, as rows say it: programs of a package, step tasks of a sequential task.
        for (hint, child) in refs::children(sql, item.guid)? {
            if [refs::PROGRAM, refs::USES_STEP].contains(&hint.as_str()) {
                parts.references.push((child, hint));
            }
        }
        if Class::of(item.kind).is_policy() {
            let given = targets::of_policy(sql, item)?;
            parts.references.extend(given.into_iter().map(|target| (target, APPLIES_TO_TARGET.to_owned())));
        }
        match &item.spec {
            Spec::Task(spec) => parts.run = Some(spec.run.clone()),
            Spec::SequentialTask(spec) => {
                parts.run = Some(spec.run.clone());
                parts.security = Some((Some(spec.portal.inherit), spec.portal.grants.clone()));
                parts.steps = Some((**spec).clone());
            }
            Spec::Program(spec) => parts.security = Some((Some(spec.portal.inherit), spec.portal.grants.clone())),
            Spec::Folder(spec) => parts.security = Some((Some(spec.portal.inherit), spec.portal.grants.clone())),
            Spec::PortalDefaults(spec) => parts.security = Some((None, spec.grants.clone())),
            Spec::DeliveryPolicy(spec) => parts.delivery = Some((spec.clone(), Kept::of(sql, item)?)),
            _ => {}
        }
        Ok(parts)
    }

    fn of_object(object: &Object) -> Result<Self, Refused> {
        let mut parts = Self::default();
        match &object.says {
            Says::Target(target) => {
                parts.settings = vec![("description".to_owned(), Value::String(target.description.clone()))];
                parts.filters = Some(object.clone());
            }
            Says::Program(program) => {
                parts.settings = settings_of(&serde_json::to_value(program).map_err(corrupt)?);
                parts.security = Some((Some(program.portal.inherit), program.portal.grants.clone()));
            }
            says => parts.settings = all_fields(&serde_json::to_value(says).map_err(corrupt)?),
        }
        Ok(parts)
    }

    fn write_lists(&self, out: &mut Out) {
        if let Some(spec) = &self.steps {
            out.element("steps", &[], |out| write_steps(out, spec));
        }
        if let Some((spec, kept)) = &self.delivery {
            out.element("deliveryItems", &[], |out| write_delivery(out, spec, kept));
            out.value("policySettings", &serde_json::to_value(&kept.settings).unwrap_or(Value::Null));
        }
        if let Some(Object { says: Says::Target(target), .. }) = &self.filters {
            out.element("targetFilters", &[], |out| {
                for filter in &target.filters {
                    let guid = braced(filter.guid);
                    out.element("targetFilter", &[("guid", &guid), ("type", filter_type(&filter.of))], |out| {
                        out.leaf("operation", &[], filter.operation.name());
                        match &filter.of {
                            FilterOf::Collection(collection) => {
                                out.leaf("resourceCollectionGuid", &[], &braced(*collection));
                            }
                            FilterOf::Resources(resources) => out.element("resourceGuids", &[], |out| {
                                for resource in resources {
                                    out.leaf("resourceGuid", &[], &braced(*resource));
                                }
                            }),
                        }
                    });
                }
            });
        }
    }
}

pub(super) const fn filter_type(of: &FilterOf) -> &'static str {
    match of {
        FilterOf::Collection(_) => "Resource Collection",
        FilterOf::Resources(_) => "Individual Resources",
    }
}

fn write_steps(out: &mut Out, spec: &SequentialTask) {
    for step in &spec.steps {
        out.element("step", &[], |out| {
            out.leaf("package", &[], &braced(step.package));
            out.leaf("program", &[], &braced(step.program));
            for on in &step.depends_on {
                let codes = crate::server::app::asdk::details::codes(&on.return_codes);
                out.leaf("dependency", &[("step", &on.step.to_string()), ("returncodes", &codes)], "");
            }
        });
    }
}

fn write_delivery(out: &mut Out, spec: &DeliveryPolicy, kept: &Kept) {
    for (resource, item) in spec.resources.iter().zip(&kept.items) {
        out.element("SoftwareDeliveryItem", &[("guid", &braced(item.guid))], |out| {
            let software = braced(item.software);
            let overrides = if item.settings.is_empty() { "false" } else { "true" };
            let attributes = [("itemGuid", software.as_str()), ("include", "true"), ("useOverrides", overrides)];
            out.leaf("SoftwareComponent", &attributes, "");
            out.leaf("package", &[], &braced(resource.package));
            out.leaf("program", &[], &braced(resource.program));
            let value = |value: Result<Value, serde_json::Error>| value.unwrap_or(Value::Null);
            out.value("onSuccess", &value(serde_json::to_value(&resource.on_success)));
            out.value("onFailure", &value(serde_json::to_value(resource.on_failure)));
            out.value("overrides", &value(serde_json::to_value(&item.settings)));
        });
    }
}

fn corrupt(_: serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: "item" }
}

fn all_fields(spec: &Value) -> Vec<(String, Value)> {
    let fields = spec.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The settings of a spec: its fields, but for what stands elsewhere and for what is known of passwords.
pub(super) fn settings_of(spec: &Value) -> Vec<(String, Value)> {
    let mut fields = all_fields(spec);
    fields.retain(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    for (name, value) in &mut fields {
        if let (Some(account), "runWith") = (value.as_object_mut(), name.as_str()) {
            account.retain(|field, _| !SECRET.contains(&field.as_str()));
        }
    }
    fields
}
