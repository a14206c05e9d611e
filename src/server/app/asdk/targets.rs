//! Resource targets: what policies of the older API are for, over the collections that policies of this server are for.
//!
//! A target of one filter that keeps the computers of one collection *is* that collection. Any other is held by hidden
//! collections that are made for it. A collection that a policy has without any target made for it is shown as a target of
//! its own, whose GUID follows from the collection's.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::FilterOf;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Operation;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::object::Target;
use crate::server::app::asdk::object::TargetFilter;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Attribute;
use crate::server::app::item::Item;
use crate::server::app::item::Revision;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Writer;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::asdk;
use crate::server::store::fleet;
use crate::server::store::items;

/// What turns the GUID of a collection into that of its target, and back.
const TURN: u128 = 0x7a90_0000_0000_0000_0000_0000_0000_7a90;

/// The target that stands for a collection of its own right.
pub const fn of_collection(collection: Guid) -> Guid {
    Guid::of(collection.bits() ^ TURN)
}

/// How a target is asked for (altiris-asdk §4.3): the `configXml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetConfig {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// The folder; absent: that of the targets.
    pub folder: Option<Guid>,
    /// The filters, in order.
    pub filters: Vec<(Operation, FilterOf)>,
}

impl TargetConfig {
    /// Reads a `configXml`.
    ///
    /// # Errors
    /// `invalid`, with what is wrong: also where it asks for what this server cannot hold, organizational groups and users.
    pub fn read(xml: &str) -> Result<Self, Refused> {
        let wrong = |why: String| Refused::invalid("configXml", why);
        let document =
            roxmltree::Document::parse(xml).map_err(|error| wrong(format!("the XML cannot be read: {error}")))?;
        let root = document.root_element();
        if root.tag_name().name() != "resourceTarget" {
            return Err(wrong("the root of the XML is not `resourceTarget`".to_owned()));
        }
        let mut config = Self { name: String::new(), description: String::new(), folder: None, filters: Vec::new() };
        for node in root.children().filter(roxmltree::Node::is_element) {
            let text = node.text().unwrap_or_default().trim();
            match node.tag_name().name() {
                "name" => config.name = text.to_owned(),
                "description" => config.description = text.to_owned(),
                "mode" => match text {
                    "Computers" => {
                        let all = (Operation::Intersect, FilterOf::Collection(Guid::ALL_COMPUTERS));
                        config.filters.insert(0, all);
                    }
                    "" => {}
                    "Users" => return Err(wrong("targets of users cannot be held here".to_owned())),
                    other => return Err(wrong(format!("the mode is `Computers` or `Users`, not `{other}`"))),
                },
                "baseOrganizationalGroupGuid" if text.is_empty() => {}
                "baseOrganizationalGroupGuid" => {
                    return Err(wrong("targets below an organizational group cannot be held here".to_owned()));
                }
                "parentFolderGuid" if text.is_empty() => {}
                "parentFolderGuid" => config.folder = Some(guid(text)?),
                "targetFilters" => {
                    for filter in node.children().filter(roxmltree::Node::is_element) {
                        config.filters.push(read_filter(filter)?);
                    }
                }
                other => return Err(wrong(format!("the element `{other}` is not known"))),
            }
        }
        if config.name.is_empty() {
            return Err(wrong("the element `name` is missing".to_owned()));
        }
        Ok(config)
    }
}

fn guid(text: &str) -> Result<Guid, Refused> {
    text.trim().parse().map_err(|error: crate::model::guid::NotAGuid| Refused::invalid("configXml", error.to_string()))
}

fn read_filter(node: roxmltree::Node<'_, '_>) -> Result<(Operation, FilterOf), Refused> {
    let wrong = |why: String| Refused::invalid("configXml", why);
    if node.tag_name().name() != "targetFilter" {
        return Err(wrong(format!("`{}` is no `targetFilter`", node.tag_name().name())));
    }
    let (mut kind, mut operation, mut collection, mut resources) = (None, None, None, Vec::new());
    for part in node.children().filter(roxmltree::Node::is_element) {
        let text = part.text().unwrap_or_default().trim();
        match part.tag_name().name() {
            "type" => kind = Some(text.to_owned()),
            "operation" => {
                let known = Operation::ALL.into_iter().find(|one| one.name() == text);
                let why = || wrong(format!("the operation is `Intersect`, `Union` or `Except`, not `{text}`"));
                operation = Some(known.ok_or_else(why)?);
            }
            "resourceCollectionGuid" => collection = Some(guid(text)?),
            "resourceGuids" => {
                for one in part.children().filter(roxmltree::Node::is_element) {
                    resources.push(guid(one.text().unwrap_or_default())?);
                }
            }
            "organizationalGroupGuid" => {}
            other => return Err(wrong(format!("the element `{other}` of a filter is not known"))),
        }
    }
    let operation = operation.ok_or_else(|| wrong("a filter needs an `operation`".to_owned()))?;
    let of = match (kind.as_deref(), collection) {
        (Some("Resource Collection"), Some(collection)) => FilterOf::Collection(collection),
        (Some("Individual Resources"), None) if !resources.is_empty() => FilterOf::Resources(resources),
        (Some("Organizational Group"), _) => {
            return Err(wrong("filters by organizational group cannot be held here".to_owned()));
        }
        (Some("Resource Collection" | "Individual Resources"), _) => {
            return Err(wrong("a filter names what its type says, and nothing else".to_owned()));
        }
        (Some(other), _) => return Err(wrong(format!("there is no filter of type `{other}`"))),
        (None, _) => return Err(wrong("a filter needs a `type`".to_owned())),
    };
    Ok((operation, of))
}

/// The target that stands for a collection of its own right, by its GUID.
pub(super) fn of_collection_behind(sql: &Connection, guid: Guid) -> Result<Option<Object>, StoreError> {
    let collection = Guid::of(guid.bits() ^ TURN);
    let Some(json) = items::json(sql, collection)? else { return Ok(None) };
    let item = Item::stored(&json)?;
    Ok((item.kind == Kind::Collection).then(|| shown(&item)))
}

/// The target that stands for a collection of its own right.
pub(super) fn shown(collection: &Item) -> Object {
    let guid = of_collection(collection.guid);
    let filter = TargetFilter {
        guid: Guid::of(guid.bits() ^ 1),
        operation: Operation::Intersect,
        of: FilterOf::Collection(collection.guid),
    };
    let target =
        Target { description: String::new(), filters: vec![filter], collection: collection.guid, made: Vec::new() };
    Object {
        guid,
        name: collection.name.clone(),
        folder: None,
        revision: Revision(collection.revision.0),
        created_at: collection.created_at,
        modified_at: collection.modified_at,
        says: Says::Target(target),
    }
}

/// What a target says.
///
/// # Errors
/// `not_found`; a wrong type for what is no target.
pub fn find(sql: &Connection, guid: Guid) -> Result<Target, Refused> {
    match entry::find(sql, guid)? {
        Entry::Object(Object { says: Says::Target(target), .. }) => Ok(target),
        _ => Err(wrong_type(guid, Class::ResourceTarget)),
    }
}

/// The targets of a policy, in order: those that it was given, and for collections that it has without, theirs.
///
/// # Errors
/// When the store fails.
pub fn of_policy(sql: &Connection, policy: &Item) -> Result<Vec<Guid>, Refused> {
    let mut left: BTreeSet<Guid> = policy.spec.collections().iter().copied().collect();
    let has = left.clone();
    let mut found = Vec::new();
    for guid in asdk::targets(sql, policy.guid)? {
        let Ok(target) = find(sql, guid) else { continue };
        if has.contains(&target.collection) {
            left.remove(&target.collection);
            found.push(guid);
        }
    }
    let rest = policy.spec.collections().iter().filter(|collection| left.contains(collection));
    found.extend(rest.map(|collection| of_collection(*collection)));
    Ok(found)
}

impl App {
    /// The targets of a policy, in order.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no policy.
    pub fn targets_of(&self, policy: Guid) -> Result<Vec<Guid>, Refused> {
        self.store().read(|sql| of_policy(sql, &policy_at(sql, policy)?))
    }

    /// The collection of a target's computers.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no target.
    pub fn collection_of_target(&self, target: Guid) -> Result<Guid, Refused> {
        self.store().read(|sql| Ok(find(sql, target)?.collection))
    }

    /// The computers of a collection, by GUID, as of now.
    ///
    /// # Errors
    /// `not_found`; `invalid` where nobody knows who is in it.
    pub fn computers_in(&self, collection: Guid, limits: &Limits) -> Result<Vec<Guid>, Refused> {
        let members = self.members(limits)?;
        match members.of.get(&collection) {
            Some(Ok(member)) => Ok(members.guids(&member.effective)),
            Some(Err(why)) => Err(Refused::invalid("collection", format!("its members are not known: {why}"))),
            None => Err(wrong_type(collection, Class::Collection)),
        }
    }
}

/// The policy with this GUID.
pub(super) fn policy_at(sql: &Connection, guid: Guid) -> Result<Item, Refused> {
    match entry::find(sql, guid)? {
        Entry::Item(item) if Class::of(item.kind).is_policy() => Ok(item),
        _ => Err(wrong_type(guid, Class::Task)),
    }
}

impl Writer<'_> {
    /// Makes a resource target.
    ///
    /// # Errors
    /// `unknown_reference` for a collection, computer or folder that is not there; `invalid` for a name that is none.
    pub fn create_target(&mut self, config: &TargetConfig, guid: Option<Guid>) -> Result<Object, Refused> {
        let guid = guid.unwrap_or_else(|| self.ids.guid());
        let (collection, made) = self.hold(guid, &config.filters)?;
        let filters = config.filters.iter().map(|(operation, of)| TargetFilter {
            guid: self.ids.guid(),
            operation: *operation,
            of: of.clone(),
        });
        let filters = filters.collect();
        let target = Target { description: config.description.clone(), filters, collection, made };
        let folder = Some(config.folder.unwrap_or(folders::TARGETS));
        self.create_object(&config.name, folder, Says::Target(target), Some(guid))
    }

    /// Gives a policy these targets in place of those that it has.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no policy or no target; `invalid` for one that stands twice.
    pub fn assign_targets(&mut self, policy: Guid, targets: &[Guid], collections_too: bool) -> Result<(), Refused> {
        policy_at(self.sql, policy)?;
        let mut given = Vec::with_capacity(targets.len());
        let mut collections = Vec::new();
        for target in targets {
            let target = self.target_or_collection(*target, collections_too)?;
            let collection = find(self.sql, target)?.collection;
            if !given.contains(&target) {
                given.push(target);
            }
            if !collections.contains(&collection) {
                collections.push(collection);
            }
        }
        self.edit(policy, |item| {
            entry::set_collections(&mut item.spec, collections);
            Ok(())
        })?;
        Ok(asdk::set_targets(self.sql, policy, &given)?)
    }

    /// The target that a GUID names: itself, or, where collections are taken too, that of a collection.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is neither.
    pub fn target_or_collection(&self, guid: Guid, collections_too: bool) -> Result<Guid, Refused> {
        match entry::find(self.sql, guid)? {
            Entry::Object(Object { says: Says::Target(_), .. }) => Ok(guid),
            Entry::Item(item) if item.kind == Kind::Collection && collections_too => Ok(of_collection(guid)),
            _ => Err(wrong_type(guid, Class::ResourceTarget)),
        }
    }

    /// A target that stands for a collection becomes one of its own, so that it can be named or laid elsewhere.
    pub(super) fn keep_derived(&mut self, guid: Guid) -> Result<(), Refused> {
        if object::find(self.sql, guid)?.is_some() {
            return Ok(());
        }
        if let Entry::Object(target) = self.entry(guid)? {
            self.create_object(&target.name, Some(folders::TARGETS), target.says, Some(guid))?;
        }
        Ok(())
    }

    /// Makes a target what `config` says: policies that are for it are for whom it leaves now.
    pub(super) fn replace_target(&mut self, before: &Object, config: &TargetConfig) -> Result<(), Refused> {
        self.keep_derived(before.guid)?;
        let (Says::Target(was), guid) = (&before.says, before.guid) else { return Ok(()) };
        let mut users = Vec::new();
        for kind in Kind::ALL.into_iter().filter(|kind| Class::of(*kind).is_policy()) {
            for json in items::find(self.sql, Some(kind.name()), None)? {
                let item = Item::stored(&json)?;
                let given = of_policy(self.sql, &item)?;
                if given.contains(&guid) {
                    users.push((item.guid, given));
                }
            }
        }
        let same = was.filters.len() == config.filters.len()
            && was.filters.iter().zip(&config.filters).all(|(was, is)| (was.operation, &was.of) == (is.0, &is.1));
        let (collection, made) =
            if same { (was.collection, was.made.clone()) } else { self.hold(guid, &config.filters)? };
        let filters = if same {
            was.filters.clone()
        } else {
            let filter = |(operation, of): &(Operation, FilterOf)| TargetFilter {
                guid: self.ids.guid(),
                operation: *operation,
                of: of.clone(),
            };
            config.filters.iter().map(filter).collect()
        };
        let description = config.description.clone();
        self.edit_object(guid, |object| {
            object.name.clone_from(&config.name);
            object.folder = Some(config.folder.unwrap_or(folders::TARGETS));
            object.says = Says::Target(Target { description, filters, collection, made });
            Ok(())
        })?;
        if !same {
            for (policy, given) in users {
                self.assign_targets(policy, &given, false)?;
            }
            self.drop_made(was)?;
        }
        Ok(())
    }

    /// Removes the collections that were made for a target.
    fn drop_made(&mut self, target: &Target) -> Result<(), Refused> {
        for collection in target.made.iter().rev() {
            let Some(json) = items::json(self.sql, *collection)? else { continue };
            self.delete(*collection, Item::stored(&json)?.revision)?;
        }
        Ok(())
    }

    /// Removes a target and the collections that were made for it.
    pub(super) fn delete_target(&mut self, object: &Object) -> Result<(), Refused> {
        let Says::Target(target) = &object.says else { return Ok(()) };
        let mut users = Vec::new();
        for policy in asdk::policies_of(self.sql, object.guid)? {
            let item = policy_at(self.sql, policy)?;
            if of_policy(self.sql, &item)?.contains(&object.guid) {
                users.push(json!({ "guid": policy.to_string(), "kind": item.kind.name(), "name": item.name }));
            }
        }
        if object::find(self.sql, object.guid)?.is_none() {
            let why = "the target stands for a collection, and goes when no policy is for that any more";
            return Err(Refused::new(Code::InUse, why).with("guid", target.collection.to_string()));
        }
        if !users.is_empty() {
            return Err(Refused::new(Code::InUse, "the resource target is in use").with("users", users));
        }
        self.drop_object(object)?;
        self.drop_made(target)
    }

    /// The collection of whom filters leave, and the collections that had to be made for it, in the order of their making.
    fn hold(&mut self, target: Guid, filters: &[(Operation, FilterOf)]) -> Result<(Guid, Vec<Guid>), Refused> {
        for (_, of) in filters {
            if let FilterOf::Collection(collection) = of {
                entry::find_item(self.sql, *collection, Class::Collection)?;
            }
        }
        // To keep what is among all computers changes nothing, whichever way round.
        let all = FilterOf::Collection(Guid::ALL_COMPUTERS);
        let says_nothing = |(operation, of): &&(Operation, FilterOf)| *operation == Operation::Intersect && *of == all;
        let filters: Vec<&(Operation, FilterOf)> = filters.iter().filter(|one| !says_nothing(one)).collect();
        if filters.is_empty() {
            return Ok((Guid::ALL_COMPUTERS, Vec::new()));
        }
        if let [(Operation::Intersect, FilterOf::Collection(collection))] = filters[..] {
            return Ok((*collection, Vec::new()));
        }
        let mut folded = Folded { target, made: Vec::new(), draft: Draught::default(), starts: true };
        for (operation, of) in filters {
            self.fold(&mut folded, *operation, of)?;
        }
        let collection = self.settle(&mut folded)?;
        Ok((collection, folded.made))
    }

    fn fold(&mut self, folded: &mut Folded, operation: Operation, of: &FilterOf) -> Result<(), Refused> {
        if std::mem::take(&mut folded.starts) && operation != Operation::Intersect {
            folded.draft.include.push(Guid::ALL_COMPUTERS);
        } else if folded.draft == Draught::default() {
            return self.add(folded, of);
        }
        match operation {
            Operation::Union => {
                if folded.draft.limited_to.is_some() || !folded.draft.exclude.is_empty() {
                    self.start_over(folded)?;
                }
                self.add(folded, of)
            }
            Operation::Intersect => {
                if folded.draft.limited_to.is_some() || !folded.draft.exclude.is_empty() {
                    self.start_over(folded)?;
                }
                let limit = self.as_collection(folded, of)?;
                folded.draft.limited_to = Some(limit);
                Ok(())
            }
            Operation::Except => {
                let without = self.as_collection(folded, of)?;
                folded.draft.exclude.push(without);
                Ok(())
            }
        }
    }

    fn add(&self, folded: &mut Folded, of: &FilterOf) -> Result<(), Refused> {
        match of {
            FilterOf::Collection(collection) => folded.draft.include.push(*collection),
            FilterOf::Resources(resources) => folded.draft.members.extend(self.names_of(resources)?),
        }
        Ok(())
    }

    /// What is there so far becomes a collection that the next one includes.
    fn start_over(&mut self, folded: &mut Folded) -> Result<(), Refused> {
        let so_far = self.settle(folded)?;
        folded.draft.include.push(so_far);
        Ok(())
    }

    fn as_collection(&mut self, folded: &mut Folded, of: &FilterOf) -> Result<Guid, Refused> {
        match of {
            FilterOf::Collection(collection) => Ok(*collection),
            FilterOf::Resources(resources) => {
                let draft = Draught { members: self.names_of(resources)?, ..Draught::default() };
                self.make(folded.target, &mut folded.made, draft)
            }
        }
    }

    fn settle(&mut self, folded: &mut Folded) -> Result<Guid, Refused> {
        let draft = std::mem::take(&mut folded.draft);
        self.make(folded.target, &mut folded.made, draft)
    }

    fn make(&mut self, target: Guid, made: &mut Vec<Guid>, draft: Draught) -> Result<Guid, Refused> {
        let Draught { include, exclude, limited_to, members } = draft;
        let name = format!("Resource target {target}, part {}", self.ids.guid());
        let spec = json!({
            "include": include, "exclude": exclude, "limitedTo": limited_to, "members": members,
        });
        let attributes = Some(BTreeSet::from([Attribute::Hidden]));
        let body = Body { name, folder: Some(folders::TARGETS), attributes, spec };
        let collection = self.create(Draft { kind: Kind::Collection, body, package: None })?.guid;
        made.push(collection);
        Ok(collection)
    }

    /// The names of computers: collections of this server list computers by name.
    pub(super) fn names_of(&self, computers: &[Guid]) -> Result<Vec<String>, Refused> {
        let name = |guid: &Guid| {
            let row = fleet::computer(self.sql, *guid)?;
            row.map(|row| row.name).ok_or_else(|| {
                Refused::new(Code::UnknownReference, "there is no computer with this GUID")
                    .with("guid", guid.to_string())
            })
        };
        computers.iter().map(name).collect()
    }
}

/// A collection that is not made yet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Draught {
    include: Vec<Guid>,
    exclude: Vec<Guid>,
    limited_to: Option<Guid>,
    members: Vec<String>,
}

/// Filters on their way into collections.
struct Folded {
    target: Guid,
    made: Vec<Guid>,
    draft: Draught,
    /// Whether no filter was looked at yet: everybody is left.
    starts: bool,
}
