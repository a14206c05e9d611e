//! The parts of an imported item that are lists: rights, steps, delivery items, filters. What is not known in one is refused.

use std::collections::BTreeMap;

use roxmltree::Node;
use serde_json::Value;
use serde_json::json;

use crate::server::app::asdk::delivery::DeliveryItem;
use crate::server::app::asdk::import::guid_of;
use crate::server::app::asdk::import::wrong;
use crate::server::app::asdk::object::FilterOf;
use crate::server::app::asdk::object::Operation;
use crate::server::app::asdk::tables::permission_of;
use crate::server::app::asdk::tree;
use crate::server::app::asdk::tree::elements;
use crate::server::app::asdk::tree::text_of;
use crate::server::app::refused::Refused;
use crate::server::app::spec::parts::Right;
use crate::server::app::spec::task::Resource;

/// A right of the portal.
pub(super) fn read_ace(node: Node<'_, '_>) -> Result<Value, Refused> {
    if let Some(other) = node.attributes().find(|own| !["trustee", "permission"].contains(&own.name())) {
        return Err(wrong(format!("an `ace` has no attribute `{}` here", other.name())));
    }
    let (Some(trustee), Some(permission)) = (node.attribute("trustee"), node.attribute("permission")) else {
        return Err(wrong("an `ace` needs `trustee` and `permission`"));
    };
    let permission = guid_of(permission)?;
    let known =
        [Right::Install, Right::InstallOnApproval].into_iter().find(|right| permission_of(*right) == permission);
    let right = known.ok_or_else(|| wrong(format!("the permission {permission} is not one that this server keeps")))?;
    Ok(json!({ "principal": trustee, "right": right }))
}

/// The elements of an element by name, each at most once but for `many`.
fn fields<'a, 'input>(
    node: Node<'a, 'input>,
    known: &[&str],
    many: &str,
) -> Result<BTreeMap<String, Vec<Node<'a, 'input>>>, Refused> {
    let mut found: BTreeMap<String, Vec<Node<'a, 'input>>> = BTreeMap::new();
    for child in elements(node)? {
        let name = child.tag_name().name();
        if !known.contains(&name) {
            return Err(wrong(format!("the element `{name}` of `{}` is not known", node.tag_name().name())));
        }
        let there = found.entry(name.to_owned()).or_default();
        if !there.is_empty() && name != many {
            return Err(wrong(format!("the element `{name}` stands twice")));
        }
        there.push(child);
    }
    Ok(found)
}

fn needed<'a, 'input>(
    fields: &BTreeMap<String, Vec<Node<'a, 'input>>>,
    name: &str,
) -> Result<Node<'a, 'input>, Refused> {
    let found = fields.get(name).and_then(|nodes| nodes.first()).copied();
    found.ok_or_else(|| wrong(format!("the element `{name}` is missing")))
}

/// A step of a sequential task.
pub(super) fn read_step(node: Node<'_, '_>) -> Result<Value, Refused> {
    if node.tag_name().name() != "step" {
        return Err(wrong(format!("`{}` is no `step`", node.tag_name().name())));
    }
    let fields = fields(node, &["package", "program", "dependency"], "dependency")?;
    let guid = |name: &str| guid_of(&text_of(needed(&fields, name)?)?);
    let mut depends_on = Vec::new();
    for on in fields.get("dependency").into_iter().flatten() {
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong(format!("`{text}` is no number")));
        let step = number(on.attribute("step").unwrap_or_default())?;
        let codes = on.attribute("returncodes").unwrap_or_default().split(',').filter(|code| !code.trim().is_empty());
        let codes = codes.map(number).collect::<Result<Vec<_>, _>>()?;
        depends_on.push(json!({ "step": step, "returnCodes": codes }));
    }
    Ok(json!({ "package": guid("package")?, "program": guid("program")?, "dependsOn": depends_on }))
}

/// An item of a delivery policy.
pub(super) fn read_delivery(node: Node<'_, '_>) -> Result<(Resource, DeliveryItem), Refused> {
    if node.tag_name().name() != "SoftwareDeliveryItem" {
        return Err(wrong(format!("`{}` is no item that this server delivers", node.tag_name().name())));
    }
    let known = ["SoftwareComponent", "package", "program", "onSuccess", "onFailure", "overrides"];
    let fields = fields(node, &known, "")?;
    let guid = |name: &str| guid_of(&text_of(needed(&fields, name)?)?);
    let component = needed(&fields, "SoftwareComponent")?;
    if component.attribute("include").is_some_and(|include| !include.eq_ignore_ascii_case("true")) {
        return Err(wrong("an item that is not included cannot be held here: take it out"));
    }
    let value = |name: &str| fields.get(name).and_then(|nodes| nodes.first()).map(|node| tree::read(*node)).transpose();
    let mut resource = json!({ "package": guid("package")?, "program": guid("program")? });
    for name in ["onSuccess", "onFailure"] {
        if let Some(value) = value(name)? {
            resource[name] = value;
        }
    }
    let resource: Resource = serde_json::from_value(resource).map_err(|error| wrong(error.to_string()))?;
    let settings = value("overrides")?.unwrap_or_else(|| json!({}));
    let item = DeliveryItem {
        guid: guid_of(node.attribute("guid").unwrap_or_default())?,
        software: guid_of(component.attribute("itemGuid").unwrap_or_default())?,
        package: resource.package,
        program: resource.program,
        settings: serde_json::from_value(settings).map_err(|error| wrong(error.to_string()))?,
    };
    Ok((resource, item))
}

/// A filter of a target.
pub(super) fn read_filter(node: Node<'_, '_>) -> Result<(Operation, FilterOf), Refused> {
    if node.tag_name().name() != "targetFilter" {
        return Err(wrong(format!("`{}` is no `targetFilter`", node.tag_name().name())));
    }
    let fields = fields(node, &["operation", "resourceCollectionGuid", "resourceGuids"], "")?;
    let operation = text_of(needed(&fields, "operation")?)?;
    let known = Operation::ALL.into_iter().find(|one| one.name() == operation);
    let operation = known.ok_or_else(|| wrong(format!("there is no operation `{operation}`")))?;
    if let Some(nodes) = fields.get("resourceGuids") {
        let list = elements(nodes[0])?.into_iter().map(|one| guid_of(&text_of(one)?));
        return Ok((operation, FilterOf::Resources(list.collect::<Result<_, _>>()?)));
    }
    let collection = guid_of(&text_of(needed(&fields, "resourceCollectionGuid")?)?)?;
    Ok((operation, FilterOf::Collection(collection)))
}
