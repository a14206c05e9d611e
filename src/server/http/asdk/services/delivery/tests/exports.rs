//! Items as XML, out and in (altiris-asdk §7, altiris-domain §9).

use serde_json::json;

use super::*;
use crate::server::app::Kept;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;

impl Desk {
    fn creates(&self, kind: Kind, name: &str, spec: Json) -> String {
        let mut made = None;
        self.app
            .write(&Caller::server(), &[], Fence::Free, |writer| {
                let body = Body { name: name.to_owned(), folder: Some(folders::TASKS), attributes: None, spec };
                made = Some(writer.create(Draft { kind, body, package: None })?.guid);
                Ok(Kept::nothing())
            })
            .unwrap();
        made.unwrap().to_string()
    }

    /// One of everything: by what it is.
    fn everything(&self) -> BTreeMap<&'static str, String> {
        self.computers(3);
        let package = self.package("7-Zip & \"co\" <x>");
        let (install, remove) = (self.program(&package, "Install"), self.program(&package, "Remove"));
        let (hall, rest) = (self.collection("Hall", &[1, 2]), self.collection("Rest", &[]));
        self.does("AddInclusions", &[("collectionItemGuid", &rest), ("itemGuids", &hall)]);
        let loose =
            self.makes("CreateProgramExBasic", &[("sProgramName", "Loose"), ("sCommandLine", "a\r\n\"b\" & c")]);
        let grants = json!({"inherit": false, "grants": [{"principal": "CORP\\ann", "right": "installOnApproval"}]});
        let step = |program: &str, on: Json| json!({"package": package, "program": program, "dependsOn": on});
        let config = super::targets::config("Some", &[("Intersect", &hall), ("Union", "PC 3"), ("Except", "PC 1")]);
        let pair =
            json!([{"package": package, "program": install, "onSuccess": {"action": "restart", "deferMinutes": 5}}]);
        let daily = json!({"type": "daily", "time": "17:00"});
        let mut all = BTreeMap::from([
            ("sequence", self.creates(Kind::SequentialTask, "Row", json!({
                "description": "In a row", "collections": [hall], "portal": grants, "priority": 3,
                "run": {"type": "schedule", "schedule": {"type": "monthly", "on": {"type": "last"}, "time": "01:00"}},
                "steps": [step(&install, json!([])), step(&remove, json!([{"step": 1, "returnCodes": [0, 3010]}]))],
            }))),
            ("policy", self.creates(Kind::DeliveryPolicy, "Managed", json!({
                "collections": [hall], "resources": pair, "compliance": daily,
                "remediation": {"type": "schedule", "schedule": daily}, "deferMinutes": 5,
            }))),
            ("window", self.creates(Kind::MaintenanceWindow, "Night", json!({
                "collections": [hall], "schedule": daily, "durationMinutes": 60, "appliesTo": "updates",
            }))),
            ("agents", self.creates(Kind::AgentSettings, "Agents", json!({
                "collections": [hall, rest], "blockouts": [{"from": "08:00", "durationSeconds": 60}],
            }))),
            ("plugin", self.creates(Kind::PatchPlugin, "Plug-in", json!({"collections": [rest], "scan": daily}))),
            ("portal", self.creates(Kind::PortalSettings, "Portal", json!({"maxPerRequest": 3}))),
            ("folder", self.creates(Kind::Folder, "Folder", json!({"description": "F", "portal": grants}))),
            ("task", self.task("Task", &package, &install, "")),
            ("target", self.makes("CreateResourceTarget", &[("configXml", &config)])),
            ("report", self.report("select '<&>' as x")),
            ("release", self.makes("CreateSoftwareRelease", &[("Name", "R"), ("Version", "1")])),
            ("quick", self.makes("CreatePackageDeliveryTask", &[("packageGuid", &package), ("commandLineGuid", &install)])),
            ("programs", Guid::PROGRAMS_FOLDER.to_string()),
            ("purge", crate::server::app::built_in::PURGE_SETTINGS.to_string()),
        ]);
        all.extend([("package", package), ("program", install), ("hall", hall), ("rest", rest), ("loose", loose)]);
        all
    }
}

/// A node that nobody understands, in each place where such nodes are kept.
fn with_unknown(xml: &str) -> String {
    let mut out = xml.replacen("<item ", "<item xmlns:v=\"urn:v\" v:mark=\"5 &lt; 6\" ", 1);
    let node = "<v:unknown keep=\"true\"><deep>a &amp; b<!-- c --></deep></v:unknown>";
    for place in ["</settings>", "</references>", "</security>", "</item>"] {
        out = out.replacen(place, &format!("{node}{place}"), 1);
    }
    out.replacen(
        "</references>",
        "<reference guid=\"{00000000-0000-0000-0000-00000000dead}\" hint=\"shortcut\" type=\"x\"/></references>",
        1,
    )
}

#[test]
fn every_sort_of_item_comes_back_as_it_went_out_with_what_nobody_understands() {
    let desk = Desk::new();
    for (what, item) in desk.everything() {
        let xml = desk.export(&item);
        let before = desk.app.entry(guid(&item)).unwrap();
        desk.does("ImportItemXmlString", &[("xml", &xml)]);
        assert_eq!(
            desk.app.entry(guid(&item)).unwrap(),
            before,
            "{what}: an import of what is there changes nothing\n{xml}"
        );
        assert_eq!(desk.export(&item), xml, "{what}");
        let more = with_unknown(&xml);
        desk.does("ImportItemXmlString", &[("xml", &more)]);
        let again = desk.export(&item);
        let places = if more.contains("<security") { 4 } else { 3 };
        assert_eq!(
            again.matches("<v:unknown keep=\"true\"><deep>a &amp; b<!-- c --></deep></v:unknown>").count(),
            places,
            "{what}: {again}"
        );
        assert!(again.contains("v:mark=\"5 &lt; 6\"") && again.contains("hint=\"shortcut\""), "{what}: {again}");
        desk.does("ImportItemXmlString", &[("xml", &again)]);
        assert_eq!(desk.export(&item), again, "{what}");
        let profile = said(&desk.does("ExportItemProfileXmlString", &[("itemGuid", &item), ("legacyExport", "false")]));
        assert!(!profile.contains("v:unknown") && profile.contains(&item), "{what}: {profile}");
    }
}

#[test]
fn an_item_that_is_gone_is_made_again_with_its_guid() {
    let desk = Desk::new();
    let all = desk.everything();
    for what in ["policy", "window", "agents", "plugin", "portal", "folder", "report", "quick", "release", "loose"] {
        let item = &all[what];
        let xml = desk.export(item);
        desk.does("DeleteItem", &[("itemGuid", item)]);
        desk.faults("ExportItemXmlString", &[("itemGuid", item)], Exception::DoesNotExist);
        desk.does("ImportItemXmlString", &[("xml", &xml)]);
        assert_eq!(desk.export(item), xml, "{what}");
    }
    let task = desk.export(&all["task"]);
    desk.does("DeleteItem", &[("itemGuid", &all["task"])]);
    desk.does("ImportItemXmlString", &[("xml", &task)]);
    assert_eq!(desk.export(&all["task"]), task);
}

#[test]
fn what_a_delivery_policy_says_beside_its_item_goes_out_and_comes_back() {
    let desk = Desk::new();
    let all = desk.everything();
    let policy = &all["policy"];
    let item = desk.list("GetDeliveryItems", &[("policyGuid", policy)])[0].clone();
    let name = [("policyGuid", policy.as_str()), ("settingName", "DisplayName")];
    desk.does("SetPolicySetting", &[name[0], name[1], ("value", "Shown")]);
    let bandwidth = [name[0], ("deliveryItemGuid", item.as_str()), ("settingName", "RunBandwidth")];
    desk.does("SetDeliveryItemSetting", &[bandwidth[0], bandwidth[1], bandwidth[2], ("value", "40")]);
    let xml = desk.export(policy);
    desk.does("DeleteItem", &[("itemGuid", policy)]);
    desk.does("ImportItemXmlString", &[("xml", &xml)]);
    assert_eq!(desk.export(policy), xml);
    assert_eq!(said(&desk.does("GetPolicySetting", &name)), "Shown");
    assert_eq!(said(&desk.does("GetDeliveryItemSetting", &bandwidth)), "40");
}

#[test]
fn what_an_import_says_is_what_the_item_says_then() {
    let desk = Desk::new();
    let all = desk.everything();
    let change = |item: &str, from: &str, to: &str| {
        let xml = desk.export(item);
        assert_eq!(xml.matches(from).count(), 1, "{from} in {xml}");
        desk.does("ImportItemXmlString", &[("xml", &xml.replace(from, to))]);
    };
    let (task, folder) = (&all["task"], &all["folder"]);
    change(task, "<priority type=\"integer\">2</priority>", "<priority type=\"integer\">4</priority>");
    change(task, "<userCanRun type=\"boolean\">false</userCanRun>", "<userCanRun type=\"boolean\">true</userCanRun>");
    change(task, "<Trigger Type=\"-1\" Description=\"As soon as possible\"/>", "");
    let hall = crate::server::app::asdk::targets::of_collection(guid(&all["hall"]));
    change(
        task,
        "</references>",
        &format!("<reference guid=\"{hall}\" hint=\"policyappliestoresourcetarget\"/></references>"),
    );
    let native = desk.item(task);
    assert_eq!((&native["spec"]["priority"], &native["spec"]["userCanRun"]), (&json!(4), &json!(true)));
    assert_eq!(native["spec"]["run"], json!({"type": "manual"}));
    assert_eq!(native["spec"]["collections"], json!([all["hall"]]));
    change(folder, "<description>F</description>", "<description>Other</description>");
    change(folder, "trustee=\"CORP\\ann\"", "trustee=\"CORP\\bob\"");
    change(folder, "inherit=\"false\"", "inherit=\"true\"");
    assert_eq!(desk.item(folder)["spec"]["description"], "Other");
    assert_eq!(desk.item(folder)["spec"]["portal"]["grants"][0]["principal"], "CORP\\bob");
    assert_eq!(desk.item(folder)["spec"]["portal"]["inherit"], true);
    // A target that is made anew: who is for it, is for whom it leaves now.
    let target = &all["target"];
    desk.does("AssignResourceTargetsToPolicy", &[("policyItemGuid", task), ("resourceTargetsGuids", target)]);
    let members = || desk.list("GetResourcesTargetedByPolicy", &[("policyItemGuid", task)]);
    assert_eq!(members(), [computer(2), computer(3)]);
    change(target, "<operation>Except</operation>", "<operation>Union</operation>");
    assert_eq!(members(), [computer(1), computer(2), computer(3)]);
    assert_eq!(desk.list("GetResourceTargets", &[("policyItemGuid", task)]), std::slice::from_ref(target));
}

#[test]
fn seq_1_a_reordered_list_is_a_new_guid_unless_the_server_keeps_it() {
    for keeps in [false, true] {
        let desk = if keeps { Desk::new().quirk(Quirk::ImportKeepsSequenceGuid) } else { Desk::new() };
        let all = desk.everything();
        let sequence = &all["sequence"];
        let xml = with_unknown(&desk.export(sequence));
        let at = xml.find("<step>").unwrap();
        let end = xml.rfind("</step>").unwrap() + "</step>".len();
        let steps = &xml[at..end];
        let middle = steps.find("</step>").unwrap() + "</step>".len();
        let first = &steps[..middle];
        let second = format!("<step>{}</step>", {
            let rest = steps[middle..].trim();
            let inner = &rest["<step>".len()..rest.len() - "</step>".len()];
            inner[..inner.find("<dependency").unwrap()].to_owned()
        });
        let swapped = xml.replace(steps, &format!("{second}{first}"));
        desk.does("ImportItemXmlString", &[("xml", &swapped)]);
        let found = desk.list("GetItemsByName", &[("itemName", "Row")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0] == *sequence, keeps, "SEQ-1");
        let native = desk.item(&found[0]);
        assert_eq!(native["spec"]["steps"][1]["program"], *all["program"]);
        let again = desk.export(&found[0]);
        assert!(again.contains("v:unknown"), "what nobody understands goes with the item");
        desk.does("ImportItemXmlString", &[("xml", &again)]);
        assert_eq!(desk.export(&found[0]), again, "the same list keeps the GUID");
    }
}

#[test]
fn what_cannot_be_held_is_refused_and_nothing_is_left_out_silently() {
    let desk = Desk::new();
    let all = desk.everything();
    let task = &all["task"];
    let xml = desk.export(task);
    let before = desk.item(task);
    let class = |name: &str| desk.export(&all[name]).split("classGuid=\"").nth(1).unwrap()[..38].to_owned();
    let own = class("task");
    for bad in [
        "<item".to_owned(),
        "<thing/>".to_owned(),
        "<!DOCTYPE item [<!ENTITY x \"y\">]><item/>".to_owned(),
        xml.replace(&own, &class("window")),
        xml.replace(&own, &format!("{{{DEAD}}}")),
        xml.replace("<settings>", "<settings><colour><deep/></colour>").replace("<colour>", "<runWith type=\"object\"><colour>"),
        xml.replace("<name>Task</name>", ""),
        xml.replace("<name>Task</name>", "<name>Task</name><name>Other</name>"),
        xml.replace("<name>Task</name>", "<name><b>Task</b></name>"),
        xml.replace("type=\"integer\">2<", "type=\"integer\">9<"),
        xml.replace("type=\"integer\">2<", "type=\"integer\">two<"),
        xml.replace("</references>", &format!("<reference guid=\"{DEAD}\" hint=\"packagecontainsprogram\"/></references>")),
        xml.replace("</references>", &format!("<reference guid=\"{}\" hint=\"swdadvertisement uses swdpackage\"/></references>", all["package"])),
        xml.replace("</references>", &format!("<reference guid=\"{}\" hint=\"collectionincludescollection\"/></references>", all["hall"])),
        xml.replace("<references>", "<security><ace trustee=\"x\" permission=\"{A56F6866-B362-4EFC-BFFA-A29E7C9D2F2F}\"/></security><references>"),
        xml.replace("<Trigger Type=\"-1\" Description=\"As soon as possible\"/>", "<Trigger Type=\"9\"/>"),
    ] {
        if bad == xml {
            panic!("a change of the export did not change it: {xml}");
        }
        let fault = desk.ask("ImportItemXmlString", &[("xml", &bad)]).expect_err(&bad);
        assert_eq!(fault.exception, Exception::InvalidParameter, "{fault}\n{bad}");
        assert_eq!(desk.item(task), before);
    }
    let unknown = xml.replace(&all["program"], DEAD);
    desk.faults("ImportItemXmlString", &[("xml", &unknown)], Exception::DoesNotExist);
}

#[test]
fn a_password_is_in_no_export_and_an_import_leaves_it() {
    let desk = Desk::new();
    let package = desk.package("P");
    let program = desk.program(&package, "P");
    desk.sets(
        "SetProgramExecutionOptions",
        &[
            ("sProgramGuid", &program),
            ("sStartingWindow", "StartingWindow.Normal"),
            ("sRunWithRights", "RunWithRights.SpecifiedUser"),
            ("sUserDomain", "CORP"),
            ("sUserName", "svc"),
            ("sUserPassword", "canary-3"),
            ("sUserConfirmPassword", "canary-3"),
            ("sProgramCanRun", "ProgramCanRunOption.WhetherOrNotAUserIsLoggedOn"),
            ("sUserInputRequired", "false"),
            ("sRunOnceForEachLoggedOnUser", "false"),
        ],
    );
    let xml = desk.export(&program);
    assert!(!xml.to_lowercase().contains("password") && xml.contains("CORP\\svc"), "{xml}");
    desk.does("ImportItemXmlString", &[("xml", &xml.replace("setup.exe", "other.exe"))]);
    let native = desk.item(&program);
    assert_eq!(
        (&native["spec"]["runWith"]["passwordSet"], &native["spec"]["commandLine"]),
        (&json!(true), &json!("other.exe"))
    );
}
