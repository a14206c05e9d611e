//! Makes an entry what an XML says, by GUID: the other way of [`export`](super::export).
//!
//! Nothing is passed over in silence. A node that nobody here understands is kept for the next export where it stands
//! directly in `item`, `settings`, `references` or `security`, and refused elsewhere. A reference that only says what the
//! server itself makes of other entries must be true. What is to become of a sequential task's GUID is the caller's to say.

mod nodes;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use roxmltree::Document;
use roxmltree::Node;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::delivery::DeliveryItem;
use crate::server::app::asdk::delivery::Kept;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::export::ELSEWHERE;
use crate::server::app::asdk::export::attribute_name;
use crate::server::app::asdk::import::nodes::read_ace;
use crate::server::app::asdk::import::nodes::read_delivery;
use crate::server::app::asdk::import::nodes::read_filter;
use crate::server::app::asdk::import::nodes::read_step;
use crate::server::app::asdk::object::FilterOf;
use crate::server::app::asdk::object::Operation;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::schedule;
use crate::server::app::asdk::tables::APPLIES_TO_TARGET;
use crate::server::app::asdk::targets;
use crate::server::app::asdk::targets::TargetConfig;
use crate::server::app::asdk::tree;
use crate::server::app::asdk::tree::elements;
use crate::server::app::asdk::tree::text_of;
use crate::server::app::item::Attribute;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::task::Resource;
use crate::server::app::writer::Writer;
use crate::server::store::asdk;
use crate::server::store::refs;

/// The elements of an item that are known.
const KNOWN: &[&str] = &[
    "name",
    "parentFolderGuid",
    "packageGuid",
    "attributes",
    "schedule",
    "settings",
    "steps",
    "deliveryItems",
    "policySettings",
    "targetFilters",
    "references",
    "security",
];
/// The attributes of an item that are known.
const ATTRIBUTES: &[&str] = &["guid", "classGuid", "className"];
/// References that say what other entries say.
const DERIVED: &[&str] = &[refs::FOLDER, refs::PROGRAM, refs::USES_STEP, refs::USES_RESOURCE];

fn wrong(why: impl Into<String>) -> Refused {
    Refused::invalid("xml", why)
}

fn guid_of(text: &str) -> Result<Guid, Refused> {
    text.trim().parse().map_err(|error: crate::model::guid::NotAGuid| wrong(error.to_string()))
}

/// What an XML says, taken apart.
struct Read {
    guid: Guid,
    class: Class,
    name: String,
    folder: Option<Guid>,
    package: Option<Guid>,
    attributes: BTreeSet<Attribute>,
    run: Option<Run>,
    settings: Map<String, Value>,
    references: Vec<(Guid, String)>,
    security: Option<(Option<bool>, Vec<Value>)>,
    steps: Option<Vec<Value>>,
    delivery: Option<(Vec<Resource>, Vec<DeliveryItem>)>,
    policy_settings: Option<BTreeMap<String, String>>,
    filters: Option<Vec<(Operation, FilterOf)>>,
    /// Nodes that nobody understands, as they are kept.
    opaque: Vec<(String, String)>,
}

impl Writer<'_> {
    /// Makes an entry what an XML says, or a new one with its GUID. With `keeps_sequence_guid` a sequential task with
    /// another list of steps keeps its GUID; else it gets a new one, as at the console (SEQ-1). Gives the GUID.
    ///
    /// # Errors
    /// `invalid` for XML that cannot be read or held, and for another class than the entry has; as of a change of the
    /// entry, or of a new one.
    pub fn import_xml(&mut self, xml: &str, keeps_sequence_guid: bool) -> Result<Guid, Refused> {
        let document = Document::parse(xml).map_err(|error| wrong(format!("the XML cannot be read: {error}")))?;
        let read = self.read_item(xml, document.root_element())?;
        let before = match self.entry(read.guid) {
            Ok(entry) if entry.class() != read.class => {
                let why =
                    format!("the item is of the class {}, and not of {}", entry.class().guid(), read.class.guid());
                return Err(wrong(why).with("guid", read.guid.to_string()));
            }
            Ok(entry) => Some(entry),
            Err(refused) if refused.source.is_some() => return Err(refused),
            Err(_) => None,
        };
        self.keeps_sequence_guid = keeps_sequence_guid;
        let done = self.import_read(read, before);
        self.keeps_sequence_guid = false;
        done
    }

    fn import_read(&mut self, read: Read, before: Option<Entry>) -> Result<Guid, Refused> {
        self.check_derived(&read)?;
        let opaque = read.opaque.clone();
        let guid = match (&before, read.class) {
            (_, Class::ResourceTarget) => self.import_target(read, before.as_ref())?,
            (Some(Entry::Object(object)), _) => self.import_object(read, Some(object.says.clone()))?,
            (None, Class::Program) if read.package.is_none() => {
                self.import_object(read, Some(Says::Program(Box::default())))?
            }
            (None, class) if class.kinds().next().is_none() => self.import_object(read, None)?,
            (Some(Entry::Item(item)), _) => {
                let spec = self.spec_of(&read, Some(&item.spec))?;
                self.import_item(read, Some(item.kind), &spec)?
            }
            (None, _) => {
                let spec = self.spec_of(&read, None)?;
                self.import_item(read, None, &spec)?
            }
        };
        asdk::set_opaque(self.sql, guid, &opaque)?;
        Ok(guid)
    }

    /// That references which only say what other entries say are true.
    fn check_derived(&self, read: &Read) -> Result<(), Refused> {
        let there = refs::children(self.sql, read.guid)?;
        for (child, hint) in &read.references {
            let is_there = || there.iter().any(|(own, guid)| own == hint && guid == child);
            if DERIVED.contains(&hint.as_str()) && !is_there() {
                let why =
                    format!("the reference `{hint}` to {child} is made by what the other item says, not by an import");
                return Err(wrong(why));
            }
        }
        Ok(())
    }

    fn import_item(&mut self, read: Read, kind: Option<Kind>, spec: &Value) -> Result<Guid, Refused> {
        let guid = match kind {
            Some(kind) => {
                let parsed = Spec::parse(kind, spec)?;
                let package = read.package;
                let written = self.edit(read.guid, |item| {
                    if item.package != package {
                        return Err(wrong("a program is brought to another package by SetProgramPackageMapping"));
                    }
                    item.name.clone_from(&read.name);
                    item.folder = read.folder;
                    item.attributes.clone_from(&read.attributes);
                    item.spec = parsed;
                    Ok(())
                })?;
                written.item.guid
            }
            None => {
                let kind = read.class.kinds().next().ok_or_else(|| wrong("the class has no items"))?;
                let body = Body {
                    name: read.name.clone(),
                    folder: read.folder,
                    attributes: Some(read.attributes.clone()),
                    spec: spec.clone(),
                };
                self.create_as(Draft { kind, body, package: read.package }, Some(read.guid))?.guid
            }
        };
        if read.class.is_policy() {
            let of_target = |(child, hint): &(Guid, String)| match hint.as_str() {
                APPLIES_TO_TARGET => Some(*child),
                refs::APPLIES => Some(targets::of_collection(*child)),
                _ => None,
            };
            let given: Vec<Guid> = read.references.iter().filter_map(of_target).collect();
            asdk::set_targets(self.sql, guid, &given)?;
        }
        if let Some((_, items)) = read.delivery {
            let mut kept = match self.entry(guid)? {
                Entry::Item(item) => Kept::of(self.sql, &item)?,
                Entry::Object(_) => Kept::default(),
            };
            kept.items = items;
            if let Some(settings) = read.policy_settings {
                kept.settings = settings;
            }
            kept.put(self.sql, guid)?;
        }
        Ok(guid)
    }

    /// The spec that an XML says.
    fn spec_of(&self, read: &Read, before: Option<&Spec>) -> Result<Value, Refused> {
        let mut spec = read.settings.clone();
        let kinds: Vec<Kind> = read.class.kinds().collect();
        let mut one: BTreeMap<&str, Guid> = BTreeMap::new();
        let (mut collections, mut include, mut exclude) = (Vec::new(), Vec::new(), Vec::new());
        for (child, hint) in &read.references {
            let single = match hint.as_str() {
                refs::USES_PACKAGE => "package",
                refs::USES_PROGRAM => "program",
                refs::LIMITED => "limitedTo",
                APPLIES_TO_TARGET => {
                    collections.push(targets::find(self.sql, *child)?.collection);
                    continue;
                }
                refs::APPLIES => {
                    collections.push(*child);
                    continue;
                }
                refs::INCLUDES => {
                    include.push(*child);
                    continue;
                }
                refs::EXCLUDES => {
                    exclude.push(*child);
                    continue;
                }
                _ => continue,
            };
            if one.insert(single, *child).is_some() {
                return Err(wrong(format!("the reference `{hint}` stands twice")));
            }
        }
        collections.dedup();
        for (field, child) in one {
            spec.insert(field.to_owned(), json!(child));
        }
        if kinds.iter().any(|kind| Class::of(*kind).is_policy()) {
            spec.insert("collections".to_owned(), json!(collections));
        } else if !collections.is_empty() {
            return Err(wrong("only policies are for targets"));
        }
        if read.class == Class::Collection {
            spec.insert("include".to_owned(), json!(include));
            spec.insert("exclude".to_owned(), json!(exclude));
        } else if !include.is_empty() || !exclude.is_empty() {
            return Err(wrong("only collections include and exclude collections"));
        }
        if let Some(steps) = &read.steps {
            spec.insert("steps".to_owned(), json!(steps));
        }
        if let Some((resources, _)) = &read.delivery {
            spec.insert("resources".to_owned(), json!(resources));
        }
        if let Some(run) = &read.run {
            spec.insert("run".to_owned(), json!(run));
        }
        put_security(&mut spec, read, before)?;
        Ok(Value::Object(spec))
    }

    fn import_object(&mut self, read: Read, before: Option<Says>) -> Result<Guid, Refused> {
        let is_new = self.entry(read.guid).is_err();
        let mut spec = read.settings.clone();
        if read.class == Class::Program {
            let own = before.as_ref().and_then(|says| match says {
                Says::Program(program) => Some(Spec::Program(program.clone())),
                _ => None,
            });
            put_security(&mut spec, &read, own.as_ref())?;
            let parsed = Spec::parse(Kind::Program, &Value::Object(spec))?;
            let Spec::Program(program) = parsed else { return Err(wrong("the item is no program")) };
            if is_new {
                let says = Says::Program(program);
                return Ok(self.create_object(&read.name, Some(Guid::PROGRAMS_FOLDER), says, Some(read.guid))?.guid);
            }
            self.change_program(read.guid, |name, there| {
                name.clone_from(&read.name);
                *there = *program;
                Ok(())
            })?;
            return Ok(read.guid);
        }
        let says = Says::read(read.class, &Value::Object(spec)).map_err(|error| wrong(error.to_string()))?;
        if is_new {
            return Ok(self.create_object(&read.name, read.folder, says, Some(read.guid))?.guid);
        }
        self.edit_object(read.guid, |object| {
            object.name.clone_from(&read.name);
            object.folder = read.folder;
            object.says = says;
            Ok(())
        })?;
        Ok(read.guid)
    }

    /// A target is made anew in its place: policies that were for it are for whom it leaves now.
    fn import_target(&mut self, read: Read, before: Option<&Entry>) -> Result<Guid, Refused> {
        let filters = read.filters.clone().ok_or_else(|| wrong("the element `targetFilters` is missing"))?;
        let description = read.settings.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(other) = read.settings.keys().find(|name| *name != "description") {
            return Err(wrong(format!("a target has no setting `{other}`")));
        }
        let config = TargetConfig { name: read.name, description, folder: read.folder, filters };
        match before {
            Some(Entry::Object(object)) => self.replace_target(object, &config)?,
            _ => {
                self.create_target(&config, Some(read.guid))?;
            }
        }
        Ok(read.guid)
    }

    fn read_item(&self, xml: &str, root: Node<'_, '_>) -> Result<Read, Refused> {
        if root.tag_name().name() != "item" {
            return Err(wrong("the root of the XML is not `item`"));
        }
        let attribute =
            |name: &str| root.attribute(name).ok_or_else(|| wrong(format!("the attribute `{name}` is missing")));
        let (guid, class_guid) = (guid_of(attribute("guid")?)?, guid_of(attribute("classGuid")?)?);
        let class = Class::from_guid(class_guid).ok_or_else(|| wrong(format!("there is no class {class_guid}")))?;
        let mut read = Read {
            guid,
            class,
            name: String::new(),
            folder: None,
            package: None,
            attributes: BTreeSet::new(),
            run: None,
            settings: Map::new(),
            references: Vec::new(),
            security: None,
            steps: None,
            delivery: None,
            policy_settings: None,
            filters: None,
            opaque: Vec::new(),
        };
        for namespace in root.namespaces().filter(|namespace| namespace.name() != Some("xml")) {
            let name = namespace.name().map_or_else(|| "@xmlns".to_owned(), |prefix| format!("@xmlns:{prefix}"));
            read.opaque.push((name, namespace.uri().to_owned()));
        }
        for attribute in root.attributes().filter(|attribute| !ATTRIBUTES.contains(&attribute.name())) {
            let name = xml[attribute.range_qname()].to_owned();
            read.opaque.push((format!("@{name}"), attribute.value().to_owned()));
        }
        let mut seen = BTreeSet::new();
        for child in root.children() {
            let name = child.tag_name().name();
            if child.is_text() && child.text().unwrap_or_default().trim().is_empty() {
                continue;
            }
            if !child.is_element() || !KNOWN.contains(&name) {
                read.keep("item", xml, child);
                continue;
            }
            if !seen.insert(name.to_owned()) {
                return Err(wrong(format!("the element `{name}` stands twice")));
            }
            self.read_part(&mut read, xml, child)?;
        }
        for needed in ["name", "settings"] {
            if !seen.contains(needed) {
                return Err(wrong(format!("the element `{needed}` is missing")));
            }
        }
        Ok(read)
    }

    fn read_part(&self, read: &mut Read, xml: &str, node: Node<'_, '_>) -> Result<(), Refused> {
        match node.tag_name().name() {
            "name" => read.name = text_of(node)?,
            "parentFolderGuid" => read.folder = Some(guid_of(&text_of(node)?)?),
            "packageGuid" => read.package = Some(guid_of(&text_of(node)?)?),
            "attributes" => {
                for one in elements(node)? {
                    let name = text_of(one)?;
                    let all = [Attribute::NoDelete, Attribute::ReadOnly, Attribute::Hidden];
                    let known = all.into_iter().find(|attribute| attribute_name(*attribute) == name);
                    read.attributes.insert(known.ok_or_else(|| wrong(format!("there is no attribute `{name}`")))?);
                }
            }
            "schedule" => {
                let said = schedule::read_node(node, self.day()?)?;
                read.run = Some(said.run.unwrap_or(Run::Manual {}));
            }
            "settings" => read_settings(read, xml, node)?,
            "references" => {
                for one in own_children(read, "references", xml, node, &["reference"])? {
                    let (guid, hint) = (one.attribute("guid"), one.attribute("hint"));
                    let known = one.attributes().all(|own| ["guid", "hint", "type"].contains(&own.name()));
                    let hint_is_known = hint.is_some_and(|hint| DERIVED.contains(&hint) || REFERENCES.contains(&hint));
                    match (guid, hint) {
                        (Some(guid), Some(hint)) if known && hint_is_known => {
                            read.references.push((guid_of(guid)?, hint.to_owned()));
                        }
                        _ => read.keep("references", xml, one),
                    }
                }
            }
            "security" => {
                let inherit = node.attribute("inherit").map(|text| text.eq_ignore_ascii_case("true"));
                let mut grants = Vec::new();
                for one in own_children(read, "security", xml, node, &["ace"])? {
                    grants.push(read_ace(one)?);
                }
                read.security = Some((inherit, grants));
            }
            "steps" => read.steps = Some(elements(node)?.into_iter().map(read_step).collect::<Result<_, _>>()?),
            "deliveryItems" => {
                let items = elements(node)?.into_iter().map(read_delivery);
                let (resources, items) = items.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
                read.delivery = Some((resources, items));
            }
            "policySettings" => {
                let settings = serde_json::from_value(tree::read(node)?).map_err(|error| wrong(error.to_string()))?;
                read.policy_settings = Some(settings);
            }
            _ => read.filters = Some(elements(node)?.into_iter().map(read_filter).collect::<Result<_, _>>()?),
        }
        Ok(())
    }
}

/// The hints of references that an import makes.
const REFERENCES: &[&str] = &[
    refs::USES_PACKAGE,
    refs::USES_PROGRAM,
    refs::LIMITED,
    refs::INCLUDES,
    refs::EXCLUDES,
    refs::APPLIES,
    APPLIES_TO_TARGET,
];

impl Read {
    fn keep(&mut self, path: &str, xml: &str, node: Node<'_, '_>) {
        self.opaque.push((path.to_owned(), xml[node.range()].to_owned()));
    }
}

/// The children of an element that are known by name; the rest is kept.
fn own_children<'a, 'input>(
    read: &mut Read,
    path: &str,
    xml: &str,
    node: Node<'a, 'input>,
    known: &[&str],
) -> Result<Vec<Node<'a, 'input>>, Refused> {
    let mut found = Vec::new();
    for child in node.children() {
        if child.is_text() {
            if !child.text().unwrap_or_default().trim().is_empty() {
                return Err(wrong(format!("the element `{path}` has a text between its elements")));
            }
        } else if child.is_element() && known.contains(&child.tag_name().name()) {
            found.push(child);
        } else {
            read.keep(path, xml, child);
        }
    }
    Ok(found)
}

/// Settings: those that the class has; others are kept.
fn read_settings(read: &mut Read, xml: &str, node: Node<'_, '_>) -> Result<(), Refused> {
    let known = known_settings(read.class);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for one in own_children(read, "settings", xml, node, &known)? {
        let name = one.tag_name().name().to_owned();
        if read.settings.insert(name.clone(), tree::read(one)?).is_some() {
            return Err(wrong(format!("the setting `{name}` stands twice")));
        }
    }
    Ok(())
}

/// The settings that entries of a class have.
fn known_settings(class: Class) -> Vec<String> {
    let nobody = Guid::of(0);
    let pair = json!({ "package": nobody, "program": nobody });
    let mut found: Vec<String> = Vec::new();
    for kind in class.kinds() {
        let least = match kind {
            Kind::Task => pair.clone(),
            Kind::StepTask => json!({ "package": nobody, "program": nobody, "sequence": null }),
            Kind::MaintenanceWindow => {
                json!({ "schedule": { "type": "daily", "time": "00:00" }, "durationMinutes": 60 })
            }
            _ => json!({}),
        };
        if let Ok(spec) = Spec::parse(kind, &least).map(|spec| json!(spec)) {
            found.extend(spec.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        }
    }
    found.retain(|name| !ELSEWHERE.contains(&name.as_str()));
    found.extend(Says::fields(class).iter().map(|field| (*field).to_owned()));
    found
}

fn put_security(spec: &mut Map<String, Value>, read: &Read, before: Option<&Spec>) -> Result<(), Refused> {
    let has_portal = [Class::Program, Class::SequentialTask, Class::Folder].contains(&read.class);
    let defaults = matches!(before, Some(Spec::PortalDefaults(_)));
    match (&read.security, has_portal) {
        (Some((None, grants)), _) if defaults => {
            spec.insert("grants".to_owned(), json!(grants));
        }
        (Some((inherit, grants)), true) => {
            spec.insert("portal".to_owned(), json!({ "inherit": inherit.unwrap_or(true), "grants": grants }));
        }
        (Some((_, grants)), false) if !grants.is_empty() => {
            return Err(wrong("rights are kept of programs, sequential tasks and folders alone").with("rule", "PTL-1"));
        }
        // An export may leave rights out: then they stay.
        (None, _) => {
            let whole = before.map(|spec| serde_json::to_value(spec).unwrap_or_default()).unwrap_or_default();
            for field in ["portal", "grants"] {
                if let Some(own) = whole.get(field) {
                    spec.insert(field.to_owned(), own.clone());
                }
            }
        }
        (Some(_), false) => {}
    }
    Ok(())
}

impl Says {
    /// What an object of this class says.
    fn read(class: Class, value: &Value) -> Result<Self, Refused> {
        fn says<T: serde::de::DeserializeOwned>(value: &Value, make: impl Fn(T) -> Says) -> Result<Says, Refused> {
            serde_json::from_value(value.clone()).map(make).map_err(|error| wrong(error.to_string()))
        }
        match class {
            Class::Report => says(value, Self::Report),
            Class::SoftwareComponent => says(value, Self::Component),
            Class::PublishingItem => says(value, Self::Publishing),
            Class::Role => says(value, Self::Role),
            class if class.is_server_task() => {
                let task: Self = says(value, Self::Task)?;
                match &task {
                    Self::Task(own) if own.task_class == class => Ok(task),
                    _ => Err(wrong("the setting `taskClass` is not that of the item's class")),
                }
            }
            _ => Err(wrong("items of this class cannot be imported")),
        }
    }

    /// The settings of objects of this class.
    const fn fields(class: Class) -> &'static [&'static str] {
        match class {
            Class::ResourceTarget => &["description"],
            Class::Report => &["description", "dataSource", "sql", "parameters"],
            Class::SoftwareComponent => &[
                "componentDescription",
                "version",
                "company",
                "product",
                "packages",
                "commandLines",
                "defaultCommandLine",
            ],
            Class::PublishingItem => &["description", "offers", "publishedTo"],
            Class::Role => &["description", "members", "privileges"],
            Class::ClientJob | Class::ServerJob | Class::QuickDeliveryTask | Class::PackageDeliveryTask => {
                &["taskClass", "description", "runs", "nodes", "failsIfAnyFails", "confirmed"]
            }
            Class::TaskInstance => &["instanceOf", "startedBy", "policy", "collections", "parts"],
            _ => &[],
        }
    }
}
