//! Delivery policies, the portal, jobs, and properties by name.

use super::*;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;

impl Desk {
    /// A package, a program of it, and the software release that stands for the package.
    fn software(&self, name: &str) -> (String, String, String) {
        let package = self.package(name);
        let program = self.program(&package, &format!("Install {name}"));
        let release = crate::server::app::asdk::delivery::of_package(guid(&package)).to_string();
        (package, program, release)
    }

    fn setting(&self, policy: &str, name: &str) -> String {
        said(&self.does("GetPolicySetting", &[("policyGuid", policy), ("settingName", name)]))
    }

    fn set(&self, policy: &str, name: &str, value: &str) -> Result<Value, Fault> {
        self.ask("SetPolicySetting", &[("policyGuid", policy), ("settingName", name), ("value", value)])
    }
}

#[test]
fn rst_1_a_delivery_policy_is_made_off_and_empty_and_what_it_delivers_is_its_order() {
    let desk = Desk::new();
    let policy = desk.makes("CreatePolicy", &[("name", "Managed"), ("description", "D")]);
    let native = desk.item(&policy);
    assert_eq!(
        (&native["spec"]["enabled"], &native["spec"]["resources"]),
        (&Json::Bool(false), &serde_json::json!([]))
    );
    let (package, program, release) = desk.software("A");
    let (_, other_program, other) = desk.software("B");
    let one = desk.makes("AddDeliveryItem", &[("policyGuid", &policy), ("softwareOrTaskGuid", &release)]);
    let two = desk.makes("AddDeliveryItem", &[("policyGuid", &policy), ("softwareOrTaskGuid", &other)]);
    assert_eq!(desk.list("GetDeliveryItems", &[("policyGuid", &policy)]), [one.clone(), two.clone()]);
    let native = desk.item(&policy);
    assert_eq!(native["spec"]["resources"][0]["package"], *package);
    assert_eq!(native["spec"]["resources"][0]["program"], *program);
    let item = |item: &str, name: &str| {
        said(&desk.does(
            "GetDeliveryItemSetting",
            &[("policyGuid", &policy), ("deliveryItemGuid", item), ("settingName", name)],
        ))
    };
    let set = |item: &str, name: &str, value: &str| {
        desk.ask(
            "SetDeliveryItemSetting",
            &[("policyGuid", &policy), ("deliveryItemGuid", item), ("settingName", name), ("value", value)],
        )
    };
    for (name, value, shown) in [
        ("ActionAfterRun", "restart", "Restart"),
        ("MaxActionDeferral", "30", "30"),
        ("CloseApplications", "true", "True"),
        ("ActionUponFailure", "Repeat", "Repeat"),
        ("MaxExecutionDeferral", "15", "15"),
        ("DeleteIfUnused", "-1", "-1"),
        ("RunBandwidth", "Never", "-1"),
    ] {
        set(&two, name, value).unwrap();
        assert_eq!(item(&two, name), shown, "{name}");
    }
    let native = desk.item(&policy);
    assert_eq!(native["spec"]["resources"][1]["onFailure"], "restart");
    assert_eq!(native["spec"]["resources"][1]["onSuccess"]["deferMinutes"], 30);
    assert_eq!(
        (&native["spec"]["deferMinutes"], native["spec"]["resources"][0]["onFailure"].as_str()),
        (&15.into(), Some("abort"))
    );
    assert_eq!(set(&one, "MaxExecutionDeferral", "20").unwrap_err().exception, Exception::InvalidParameter);
    assert_eq!(
        set(&one, "Package", &item(&two, "Package")).unwrap_err().exception,
        Exception::InvalidParameter,
        "TSK-3"
    );
    set(&one, "Commandline", &other_program).unwrap();
    assert_eq!(
        desk.list("GetDeliveryItems", &[("policyGuid", &policy)]),
        [one.clone(), two.clone()],
        "an item keeps its GUID"
    );
    desk.does("RemoveDeliveryItem", &[("policyGuid", &policy), ("deliveryItemGuid", &one)]);
    assert_eq!(desk.list("GetDeliveryItems", &[("policyGuid", &policy)]), std::slice::from_ref(&two));
    assert_eq!(item(&two, "RunBandwidth"), "-1");
}

#[test]
fn settings_of_a_policy_are_what_the_native_api_shows() {
    let desk = Desk::new();
    let policy = desk.makes("CreatePolicy", &[("name", "Managed"), ("description", "")]);
    for (name, field) in [
        ("PowerOn", "wakeOnLan"),
        ("UserCanRun", "userCanRun"),
        ("UserMustRun", "userMustRun"),
        ("PromptUser", "promptUser"),
    ] {
        assert_eq!(desk.setting(&policy, name), "False");
        desk.set(&policy, name, "True").unwrap();
        assert_eq!(desk.item(&policy)["spec"][field], true, "{name}");
    }
    let daily = "<Trigger Type='1'><BeginDate>2026-01-01 02:00:00</BeginDate></Trigger>";
    desk.set(&policy, "ComplianceSchedule", daily).unwrap();
    assert_eq!(desk.item(&policy)["spec"]["compliance"], serde_json::json!({"type": "daily", "time": "02:00"}));
    desk.set(&policy, "ComplianceSchedule", "").unwrap();
    assert_eq!(desk.item(&policy)["spec"]["compliance"], Json::Null);
    desk.set(&policy, "Install", "UseMaintenanceWindow").unwrap();
    assert_eq!(desk.item(&policy)["spec"]["remediation"]["type"], "maintenanceWindow");
    assert_eq!(desk.set(&policy, "Install", "RegisteredSchedule").unwrap_err().exception, Exception::InvalidParameter);
    desk.set(&policy, "RemediationSchedule", daily).unwrap();
    assert_eq!(desk.item(&policy)["spec"]["remediation"]["type"], "maintenanceWindow", "not before Install says so");
    desk.set(&policy, "Install", "RegisteredSchedule").unwrap();
    assert_eq!(desk.item(&policy)["spec"]["remediation"]["schedule"]["time"], "02:00");
    assert_eq!(desk.set(&policy, "RemediationSchedule", "").unwrap_err().exception, Exception::InvalidParameter);
    desk.set(&policy, "Display", "x").expect_err("two settings begin so");
    desk.set(&policy, "DisplayName", "Shown").unwrap();
    assert_eq!(desk.setting(&policy, "displayname"), "Shown");
}

#[test]
fn ptl_1_what_is_published_to_somebody_is_a_right_on_the_program() {
    let desk = Desk::new();
    let (_, program, release) = desk.software("A");
    let offer = desk.makes(
        "PublishSoftwareResource",
        &[("softwareResourceGuid", &release), ("commandLineGuid", &program), ("name", "A"), ("description", "")],
    );
    let add = |name: &str, approved: &str| {
        desk.does(
            "AddUserOrGroupToPublishingItem",
            &[
                ("publishingItemGuid", &offer),
                ("userOrGroup", name),
                ("preApproved", approved),
                ("recommended", "false"),
            ],
        )
    };
    let rights = || {
        let native = desk.item(&program);
        let grants = native["spec"]["portal"]["grants"].as_array().unwrap().clone();
        grants
            .iter()
            .map(|grant| format!("{} {}", grant["principal"].as_str().unwrap(), grant["right"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    add("CORP\\ann", "true");
    add("CORP\\bob", "false");
    assert_eq!(rights(), ["CORP\\ann install", "CORP\\bob installOnApproval"]);
    add("CORP\\bob", "true");
    assert_eq!(rights(), ["CORP\\ann install", "CORP\\bob install"]);
    desk.does("DeleteItem", &[("itemGuid", &offer)]);
    assert!(rights().is_empty());
}

const RESOURCES: &str = "<inputParameters><parameter><name>@AssignedResources</name><value>IT</value></parameter>\
    <parameter><name>@CompRequirements</name><value><minCompletion>95 %</minCompletion></value></parameter>\
    <parameter><name>@Unknown</name><value>x</value></parameter></inputParameters>";

#[test]
fn a_job_that_is_run_is_a_hidden_sequence_whose_state_agents_report() {
    let desk = Desk::new();
    desk.computers(2);
    let (package, program, _) = desk.software("A");
    let deliver =
        |line: &str| desk.makes("CreatePackageDeliveryTask", &[("packageGuid", &package), ("commandLineGuid", line)]);
    let second = desk.program(&package, "Second");
    let (one, two) = (deliver(&program), deliver(&second));
    let folder = folders::TASKS.to_string();
    let job = desk.makes(
        "CreateClientJob",
        &[("name", "Job"), ("description", ""), ("folderGuid", &folder), ("failIfAnyTaskFails", "false")],
    );
    let add = |task: &str, fails: &str| {
        desk.makes("AddTaskLastToJob", &[("jobGuid", &job), ("taskGuid", task), ("failJobIfTaskFails", fails)])
    };
    add(&one, "true");
    add(&two, "false");
    desk.does("ConfirmJobChanges", &[("jobGuid", &job)]);
    let inputs = RESOURCES.replace("IT", &computer(1));
    let run = |task: &str, name: &str| {
        desk.makes("ExecuteTask", &[("taskGuid", task), ("executionName", name), ("inputParameters", &inputs)])
    };
    let instance = run(&job, "Tonight");
    let (entry, policy) = match desk.app.entry(guid(&instance)).unwrap() {
        crate::server::app::asdk::entry::Entry::Object(object) => match object.says.clone() {
            crate::server::app::asdk::object::Says::Instance(own) => (object, own.policy),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(entry.name, "Tonight");
    let native = desk.item(&policy.to_string());
    assert_eq!((native["kind"].as_str(), native["attributes"][0].as_str()), (Some("SequentialTask"), Some("hidden")));
    let steps = native["spec"]["steps"].as_array().unwrap();
    assert_eq!(
        (steps[0]["program"].as_str(), steps[1]["program"].as_str()),
        (Some(program.as_str()), Some(second.as_str()))
    );
    assert_eq!(steps[1]["dependsOn"][0]["step"], 1);
    let status = || match desk.does("GetTaskStatus", &[("taskGuid", &instance)]) {
        Value::List(values) => match values.into_iter().next().unwrap() {
            Value::Record(record) => record,
            value => panic!("{value:?}"),
        },
        value => panic!("{value:?}"),
    };
    fields(
        &status(),
        &[("Status", "Not started"), ("TotalComputers", "1"), ("NotStarted", "1"), ("Type", "Client Job")],
    );
    let at = desk.app.now();
    desk.load(&format!(
        r#"{{"type":"execution","computer":"{}","task":"{policy}","at":"{at}","code":5,"success":false}}"#,
        computer(1)
    ));
    fields(&status(), &[("Status", "Failed"), ("Failed", "1"), ("ReturnCode", "5")]);
    let on = [("taskInstanceGuid", instance.as_str()), ("resourceGuid", &computer(1))];
    fields(
        &desk.record("GetTaskResourceStatus", &on),
        &[("Status", "0"), ("ReturnCode", "5"), ("ResourceName", "PC-1")],
    );
    assert_eq!(desk.list("GetExecutedTaskInstances", &[("taskGuid", &job)]), std::slice::from_ref(&instance));
    desk.faults("DeleteItem", &[("itemGuid", &one)], Exception::Asdk);
    for bad in
        ["", "<x/>", "<inputParameters/>", &RESOURCES.replace("IT", ""), &RESOURCES.replace("@CompRequirements", "@X")]
    {
        desk.faults(
            "ExecuteTask",
            &[("taskGuid", &job), ("executionName", ""), ("inputParameters", bad)],
            Exception::InvalidParameter,
        );
    }
    let missing = RESOURCES.replace("IT", DEAD);
    desk.faults(
        "ExecuteTask",
        &[("taskGuid", &one), ("executionName", ""), ("inputParameters", &missing)],
        Exception::DoesNotExist,
    );
}

#[test]
fn properties_by_name_reach_patch_policies_or_with_the_quirk_everything() {
    let desk = Desk::new();
    let (package, program, _) = desk.software("A");
    let task = desk.task("T", &package, &program, "");
    let set = |desk: &Desk, name: &str, value: &str| {
        said(&desk.does("SetProperty", &[("itemGuids", &task), ("name", name), ("value", value)]))
    };
    assert_eq!(set(&desk, "Priority", "VeryHigh"), "false");
    let desk = desk.quirk(Quirk::PatchSetsAnyItem);
    for (name, value, field, shown) in [
        ("Priority", "VeryHigh", "priority", serde_json::json!(4)),
        ("Description", "Again", "description", serde_json::json!("Again")),
        ("UserCanRun", "true", "userCanRun", serde_json::json!(true)),
    ] {
        assert_eq!(set(&desk, name, value), "true", "{name}");
        assert_eq!(desk.item(&task)["spec"][field], shown);
    }
    for (name, value) in [("Priority", "9"), ("Colour", "red"), ("UserCanRun", "maybe"), ("Run", "x")] {
        assert_eq!(set(&desk, name, value), "false", "{name}");
    }
    let read = said(&desk.does("GetProperty", &[("guidItem", &task), ("name", "Priority")]));
    assert_eq!(read, "4");
}

#[test]
fn tsk_10_the_state_of_a_task_on_a_computer_is_told_in_the_vendors_words() {
    let desk = Desk::new();
    desk.computers(2);
    let (package, program, _) = desk.software("A");
    let task = desk.task("T", &package, &program, "");
    let at = desk.app.now();
    desk.load(&format!(
        r#"{{"type":"execution","computer":"{}","task":"{task}","at":"{at}","code":0,"success":true}}"#,
        computer(1)
    ));
    let status = |number| {
        let args = [("sAdvertisementExGuid", task.as_str()), ("sResourceGuid", &computer(number))];
        said(&desk.does("GetAdvertisementExStatusByResourceGuid", &args))
    };
    assert_eq!((status(1), status(2)), ("Command executed".to_owned(), "Status not found".to_owned()));
    assert_eq!(
        desk.rows("select AdvertisementName, ReturnCode, Status from Evt_AeX_SWD_Execution"),
        ["T,0,Command executed"]
    );
    let name = [("sAdvertisementExGuid", task.as_str()), ("sResourceName", r"EXAMPLE\PC-1")];
    assert!(!said(&desk.does("GetAdvertismentExRunTimeByResourceName", &name)).is_empty());
    let nobody = [("sAdvertisementExGuid", task.as_str()), ("sResourceName", r"EXAMPLE\PC-9")];
    desk.faults("GetAdvertisementExStatusByResourceName", &nobody, Exception::DoesNotExist);
}

#[test]
fn a_write_of_the_native_api_is_seen_here_at_once() {
    let desk = Desk::new();
    let package = desk.package("A");
    let item = desk.app.item(guid(&package)).unwrap();
    desk.app
        .write(&Caller::server(), &[], Fence::Free, |writer| {
            writer.delete(item.guid, item.revision)?;
            Ok(crate::server::app::Kept::nothing())
        })
        .unwrap();
    desk.faults("GetPackageExByGuid", &[("sPackageGuid", &package)], Exception::DoesNotExist);
}

#[test]
fn pkg_8_what_stands_beside_an_item_holds_it_or_goes_with_it() {
    let desk = Desk::new();
    desk.computers(1);
    let (package, program, _) = desk.software("A");
    let release = desk.makes("CreateSoftwareRelease", &[("Name", "R"), ("Version", "1")]);
    let line = desk.program(&package, "Other");
    for add in [
        ("AddPackageToSoftwareComponent", "PackageGuid", &package),
        ("AddCommandLineToSoftwareComponent", "CommandLineGuid", &program),
        ("AddCommandLineToSoftwareComponent", "CommandLineGuid", &line),
    ] {
        desk.sets(add.0, &[("SoftwareComponentGuid", &release), (add.1, add.2)]);
    }
    let quick = desk.makes(
        "CreateQuickDeliveryTask",
        &[("softwareResourceGuid", &release), ("commandLineGuid", &program), ("packageGuid", &package)],
    );
    desk.faults("DeleteItem", &[("itemGuid", &program)], Exception::Asdk);
    desk.does("DeleteItem", &[("itemGuid", &line)]);
    let shown = desk.record("GetSoftwareComponent", &[("SoftwareComponentGuid", &release)]);
    fields(&shown, &[("CommandLines", &program)]);
    desk.does("DeleteItem", &[("itemGuid", &quick)]);
    desk.does("DeleteItem", &[("itemGuid", &program)]);
    let hall = desk.collection("Hall", &[1]);
    let config = |filters: &[(&str, &str)]| super::targets::config("T", filters);
    let one = desk.makes("CreateResourceTarget", &[("configXml", &config(&[("Intersect", &hall)]))]);
    let mixed =
        desk.makes("CreateResourceTarget", &[("configXml", &config(&[("Intersect", &hall), ("Union", "PC 1")]))]);
    desk.faults("DeleteItem", &[("itemGuid", &hall)], Exception::Asdk);
    desk.does("DeleteItem", &[("itemGuid", &mixed)]);
    desk.does("DeleteItem", &[("itemGuid", &hall)]);
    desk.faults("GetItemByGuid", &[("itemGuid", &one)], Exception::DoesNotExist);
}
