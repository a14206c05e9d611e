//! Resource targets (altiris-asdk §4.3).

use std::collections::BTreeSet;

use super::*;

/// A `configXml` of filters over collections; a filter of `PC` names computers by number.
pub(super) fn config(name: &str, filters: &[(&str, &str)]) -> String {
    let filter = |(operation, of): &(&str, &str)| {
        let what = match of.strip_prefix("PC ") {
            Some(numbers) => {
                let guids = numbers
                    .split(' ')
                    .map(|number| format!("<resourceGuid>{}</resourceGuid>", computer(number.parse().unwrap())));
                format!("<type>Individual Resources</type><resourceGuids>{}</resourceGuids>", guids.collect::<String>())
            }
            None => {
                format!("<type>Resource Collection</type><resourceCollectionGuid>{{{of}}}</resourceCollectionGuid>")
            }
        };
        format!("<targetFilter>{what}<operation>{operation}</operation></targetFilter>")
    };
    let filters: String = filters.iter().map(filter).collect();
    format!("<resourceTarget><name>{name}</name><targetFilters>{filters}</targetFilters></resourceTarget>")
}

#[test]
fn col_1_a_target_is_whom_its_filters_leave_from_the_first_to_the_last() {
    let desk = Desk::new();
    desk.computers(8);
    let sets: [(&str, &[u32]); 4] =
        [("A", &[1, 2, 3, 4]), ("B", &[3, 4, 5, 6]), ("C", &[1, 5, 7]), ("D", &[2, 4, 6, 8])];
    let collections: BTreeMap<&str, String> =
        sets.iter().map(|(name, members)| (*name, desk.collection(name, members))).collect();
    let members = |of: &str| -> BTreeSet<u32> {
        match of.strip_prefix("PC ") {
            Some(numbers) => numbers.split(' ').map(|number| number.parse().unwrap()).collect(),
            None => sets.iter().find(|(name, _)| *name == of).unwrap().1.iter().copied().collect(),
        }
    };
    let operations = ["Intersect", "Union", "Except"];
    let things = ["A", "B", "C", "D", "PC 1 8"];
    let mut tried = 0;
    for number in 0..400_usize {
        // Every length up to four, with a mix of operations and things that does not repeat soon.
        let length = 1 + number % 4;
        let filters: Vec<(&str, &str)> = (0..length)
            .map(|at| {
                let mix = number * 7 + at * 13 + number / (at + 3);
                (operations[(mix / 5) % 3], things[mix % 5])
            })
            .collect();
        let mut left: BTreeSet<u32> = (1..=8).collect();
        for (operation, of) in &filters {
            let of = members(of);
            left = match *operation {
                "Intersect" => left.intersection(&of).copied().collect(),
                "Union" => left.union(&of).copied().collect(),
                _ => left.difference(&of).copied().collect(),
            };
        }
        let named: Vec<(&str, &str)> = filters
            .iter()
            .map(|(operation, of)| (*operation, collections.get(of).map_or(*of, String::as_str)))
            .collect();
        let target = desk.makes("CreateResourceTarget", &[("configXml", &config(&format!("T{number}"), &named))]);
        let found = desk.list("GetResourceTargetMembership", &[("resourceTargetGuid", &target)]);
        let wanted: Vec<String> = left.iter().map(|number| computer(*number)).collect();
        assert_eq!(found, wanted, "{filters:?}");
        tried += 1;
        desk.does("DeleteItem", &[("itemGuid", &target)]);
    }
    assert_eq!(tried, 400);
    let left = desk.rows("select count(*) from vCollection where Name like 'Resource target%'");
    assert_eq!(left, ["0"], "what was made for a target goes with it");
}

#[test]
fn a_target_of_one_collection_is_that_collection_and_a_collection_without_a_target_shows_one() {
    let desk = Desk::new();
    desk.computers(2);
    let (package, collection) = (desk.package("P"), desk.collection("Hall", &[1]));
    let program = desk.program(&package, "P");
    let one = desk.makes("CreateResourceTarget", &[("configXml", &config("One", &[("Intersect", &collection)]))]);
    let two = desk.makes("CreateResourceTarget", &[("configXml", &config("Two", &[("Intersect", &collection)]))]);
    let task = desk.task("T", &package, &program, &format!("{one}, {two}"));
    assert_eq!(desk.item(&task)["spec"]["collections"], serde_json::json!([collection]));
    let of_task = |desk: &Desk| desk.list("GetResourceTargets", &[("policyItemGuid", &task)]);
    assert_eq!(of_task(&desk), [one.clone(), two.clone()]);
    // The native API says other collections: what they are, is shown.
    let other = desk.collection("Other", &[2]);
    let mut item = desk.app.item(guid(&task)).unwrap();
    let caller = crate::server::app::writer::Caller::server();
    desk.app
        .write(&caller, &[], crate::server::app::writer::Fence::Free, |writer| {
            let mut spec = serde_json::to_value(&item.spec).unwrap();
            spec["collections"] = serde_json::json!([other]);
            let body = crate::server::app::items::Body {
                name: item.name.clone(),
                folder: item.folder,
                attributes: None,
                spec,
            };
            item = writer.update(item.guid, item.revision, body)?.item;
            Ok(crate::server::app::Kept::nothing())
        })
        .unwrap();
    let shown = of_task(&desk);
    assert_eq!(shown.len(), 1);
    assert_ne!(shown[0], other, "a target has a GUID of its own");
    fields(
        &desk.record("GetItemByGuid", &[("itemGuid", &shown[0])]),
        &[("Name", "Other"), ("TypeName", "ResourceTarget")],
    );
    assert_eq!(desk.list("GetResourceTargetMembership", &[("resourceTargetGuid", &shown[0])]), [computer(2)]);
    let rows = desk.rows(&format!(
        "select c.CollectionGuid from TargetFilter f join TargetFilterCollection c on c.TargetFilterGuid = f.Guid \
         where f.ResourceTargetGuid = '{}' and f.Operation = 1",
        shown[0]
    ));
    assert_eq!(rows, std::slice::from_ref(&other));
    let rows = desk.rows(&format!("select ChildItemGuid from ItemReference where ParentItemGuid = '{task}' and Hint = 'policyappliestoresourcetarget'"));
    assert_eq!(rows, &shown[..1]);
    // The list is replaced; empty removes all.
    let assign = |desk: &Desk, targets: &str| {
        desk.ask("AssignResourceTargetsToPolicy", &[("policyItemGuid", &task), ("resourceTargetsGuids", targets)])
    };
    assign(&desk, &one).unwrap();
    assert_eq!(of_task(&desk), std::slice::from_ref(&one));
    assign(&desk, "").unwrap();
    assert!(of_task(&desk).is_empty());
    assert_eq!(assign(&desk, &collection).unwrap_err().exception, Exception::InvalidType);
    assert_eq!(assign(&desk, DEAD).unwrap_err().exception, Exception::DoesNotExist);
    let desk = desk.quirk(Quirk::CollectionAsTarget);
    assign(&desk, &collection).unwrap();
    assert_eq!(desk.item(&task)["spec"]["collections"], serde_json::json!([collection]));
    assign(&desk, &one).unwrap();
    desk.faults("DeleteItem", &[("itemGuid", &one)], Exception::Asdk);
    desk.does("DeleteItem", &[("itemGuid", &two)]);
}

#[test]
fn what_a_target_cannot_hold_is_refused() {
    let desk = Desk::new();
    let collection = desk.collection("C", &[]);
    let whole = config("T", &[("Intersect", &collection)]);
    for bad in [
        "no xml".to_owned(),
        "<item/>".to_owned(),
        "<resourceTarget/>".to_owned(),
        whole.replace("Intersect", "Minus"),
        whole.replace("Resource Collection", "Organizational Group"),
        whole.replace("Resource Collection", "Everybody"),
        whole.replace("<operation>Intersect</operation>", ""),
        whole.replace("<targetFilters>", "<mode>Users</mode><targetFilters>"),
        whole.replace("<targetFilters>", "<mode>Things</mode><targetFilters>"),
        whole.replace("<targetFilters>", "<colour>red</colour><targetFilters>"),
        whole.replace(
            "<targetFilters>",
            &format!("<baseOrganizationalGroupGuid>{DEAD}</baseOrganizationalGroupGuid><targetFilters>"),
        ),
        whole.replace(&collection, "x"),
    ] {
        desk.faults("CreateResourceTarget", &[("configXml", &bad)], Exception::InvalidParameter);
    }
    desk.faults("CreateResourceTarget", &[("configXml", &whole.replace(&collection, DEAD))], Exception::DoesNotExist);
    desk.faults("CreateResourceTarget", &[("configXml", &config("T", &[("Union", "PC 1")]))], Exception::DoesNotExist);
    desk.does(
        "CreateResourceTarget",
        &[("configXml", &whole.replace("<targetFilters>", "<mode>Computers</mode><targetFilters>"))],
    );
}
