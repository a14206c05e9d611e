//! Packages, programs and tasks, in the order in which a new task is made (altiris-asdk §4.9).

use super::*;

const ADVERTISEMENT: &str = "sAdvertisementExGuid";

#[test]
fn a_new_task_is_what_was_said_and_an_item_of_the_native_api() {
    let desk = Desk::new();
    desk.computers(3);
    let package = desk.makes(
        "CreatePackageExDetail",
        &[
            ("sPackageName", "7-Zip"),
            ("sPackageLocation", "https://files.example.com/7zip"),
            ("sPackageDirectory", r"\\files\7zip"),
            ("sPackageDescription", "An archiver"),
            ("sPackagePublisher", "Igor"),
            ("sPackageVersion", "24.08"),
            ("sPackageLanguage", "English"),
            ("PurgeAfterDurationInMinutes", "1440"),
            ("sParentFolderGuid", PACKAGES),
        ],
    );
    desk.sets(
        "SetPackageExAdvancedOptions",
        &[
            ("sPackageGuid", &package),
            ("sAgentDisplayName", "Zip"),
            ("sAgentDisplayDescription", "Zips"),
            ("bEnableVerboseEvents", "false"),
            ("sAlternateDownloadDestinationLocation", r"C:\Copies"),
        ],
    );
    desk.sets(
        "SetPackageExPackageServerOptions",
        &[
            ("sPackageGuid", &package),
            ("bAllOrSpecificPackageServers", "false"),
            ("sPackageServerGuids", &computer(2)),
            ("sLocationOnPackageServer", r"D:\Packages"),
        ],
    );
    fields(
        &desk.record("GetPackageExByGuid", &[("sPackageGuid", &package)]),
        &[
            ("Name", "7-Zip"),
            ("Description", "An archiver"),
            ("Publisher", "Igor"),
            ("Version", "24.08"),
            ("Location", "https://files.example.com/7zip"),
            ("PackageDirectory", r"\\files\7zip"),
            ("PackageSourceType", "Url"),
            ("ParentFolderGuid", PACKAGES),
            ("PurgeAfterDurationInMinutes", "1440"),
            ("EnableVerboseEvents", "false"),
            ("AgentDisplayName", "Zip"),
            ("AlternateDownloadDestinationLocation", r"C:\Copies"),
            ("SelectedPackageServers", &computer(2)),
        ],
    );
    let native = desk.item(&package);
    assert_eq!(native["spec"]["packageServers"]["names"][0], "PC-2");
    assert_eq!(native["spec"]["packageServerFolder"], r"D:\Packages");

    let program = desk.makes(
        "CreateProgramExDetail",
        &[
            ("sProgramName", "Install"),
            ("sCommandLine", "7z.exe /S"),
            ("sProgramDescription", "Silent"),
            ("sProgramWorkingDirectory", "bin"),
            ("sEstimatedDiskSpace", "100"),
            ("sEstimatedRunTime", "5"),
            ("sTerminateAfter", "0"),
            ("sSuccessCodes", "0, 3010"),
            ("sFailureCodes", "1"),
        ],
    );
    desk.sets("AddProgramToPackage", &[("sPackageGuid", &package), ("sProgramGuid", &program)]);
    desk.sets(
        "SetProgramExecutionOptions",
        &[
            ("sProgramGuid", &program),
            ("sStartingWindow", "StartingWindow.Hidden"),
            ("sRunWithRights", "RunWithRights.SpecifiedUser"),
            ("sUserDomain", "CORP"),
            ("sUserName", "svc"),
            ("sUserPassword", "canary-1"),
            ("sUserConfirmPassword", "canary-1"),
            ("sProgramCanRun", "ProgramCanRunOption.OnlyWhenAUserIsLoggedOn"),
            ("sUserInputRequired", "true"),
            ("sRunOnceForEachLoggedOnUser", "true"),
        ],
    );
    desk.sets(
        "SetProgramRunOptions",
        &[
            ("sProgramGuid", &program),
            ("sActionAfterRunning", "ActionAfterRunning.RestartComputer"),
            ("sDeferTimeforRestartInMinutes", "15"),
            ("sForceRunningApplicationToCloseOnRestart", "true"),
        ],
    );
    desk.sets(
        "SetProgramNetworkOptions",
        &[("sProgramGuid", &program), ("sProgramRequiresNWConnection", "true"), ("sMinimumSpeedOptions", "50")],
    );
    let shown = desk.record("GetProgramExByGuid", &[("sProgramGuid", &program)]);
    fields(
        &shown,
        &[
            ("Guid", &program),
            ("CommandLine", "7z.exe /S"),
            ("WorkingDirectory", "bin"),
            ("EstimatedDiskSpace", "100"),
            ("EstimatedRunTime", "5"),
            ("TerminateAfter", "360"), // PRG-3
            ("SuccessCodes", "0,3010"),
            ("FailureCodes", "1"),
            ("AfterRunningActionType", "2"),
            ("DeferTimeforRestartInMinutes", "15"),
            ("ForceRunningApplicationToCloseOnRestart", "true"),
            ("StartingWindowOptionType", "2"),
            ("RunWithRightsOptionType", "3"),
            ("UserDomain", "CORP"),
            ("UserName", "svc"),
            ("UserPassword", ""),
            ("CanRunOptionType", "2"),
            ("UserInputRequired", "true"),
            ("RunOnceForEachLoggedOnUser", "true"),
            ("RequiresNWConnection", "true"),
            ("MinimumSpeedOptions", "50"),
        ],
    );
    assert!(!format!("{shown:?}").contains("canary"));
    let native = desk.item(&program);
    assert_eq!(native["package"], *package);
    assert_eq!(native["spec"]["runWith"]["passwordSet"], true);

    let collection = desk.collection("Hall", &[1, 2]);
    let target = desk.makes(
        "CreateResourceTarget",
        &[("configXml", &super::targets::config("Hall", &[("Intersect", &collection)]))],
    );
    let task = desk.task("7-Zip in the hall", &package, &program, &target);
    let shown = desk.record("GetAdvertisementExByGuid", &[(ADVERTISEMENT, &task)]);
    fields(&shown, &[("Enable", "false"), ("RunASAP", "true"), ("ScheduleXML", ""), ("ResourceTargets", &target)]);
    desk.sets("SetAdvertisementExScheduleRunASAP", &[(ADVERTISEMENT, &task), ("bRunASAP", "false")]);
    let xml = "<Schedule IndependentExecution='false'><Trigger Type='2'><BeginDate>2026-01-05 17:30:00</BeginDate>\
               <WeeksInterval>1</WeeksInterval><DaysOfTheWeek>34</DaysOfTheWeek></Trigger></Schedule>";
    desk.sets("SetAdvertisementExScheduleScheduleXML", &[(ADVERTISEMENT, &task), ("sScheduleXML", xml)]);
    desk.sets(
        "SetAdvertisementExRunOptions",
        &[
            (ADVERTISEMENT, &task),
            ("bIndependentExecution", "false"),
            ("bScheduleRetry", "false"),
            ("bNotifyUserWhenTaskAvailable", "true"),
            ("bWarnUserBeforeRunning", "true"),
            ("DeferTime", "15"),
        ],
    );
    desk.sets(
        "SetAdvertisementExAgentSettings",
        &[
            (ADVERTISEMENT, &task),
            ("bEnableVerboseReporting", "false"),
            ("bUseDefaultAgentSettings", "false"),
            ("bRunFromServer", "true"),
            ("bDownloadAndRunLocally", "false"),
            ("sDownloadLocallyBandwidth", "10 KBytes/second"),
            ("sDownloadLocallySpeed", "1 MBytes/second"),
            ("bDownloadPackageASAP", "true"),
            ("bMulticastPackage", "true"),
        ],
    );
    desk.sets(
        "SetAvailabilityRemovalOptions",
        &[
            (ADVERTISEMENT, &task),
            ("bRemoveAfterSuccessfulRun", "true"),
            ("sAvailableFrom", "2026-01-01"),
            ("bExpires", "true"),
            ("sAvaliableTo", "2027-01-01 10:10:10"),
            ("bUseServersTime", "true"),
        ],
    );
    desk.does("EnablePolicyItem", &[("policyItemGuid", &task)]);
    let shown = desk.record("GetAdvertisementExByGuid", &[(ADVERTISEMENT, &task)]);
    fields(
        &shown,
        &[
            ("Name", "7-Zip in the hall"),
            ("Enable", "true"),
            ("PackageGuid", &package),
            ("ProgramGuid", &program),
            ("Priority", "Normal"),
            ("RunASAP", "false"),
            ("ScheduleRetry", "false"),
            ("AvailableFrom", "2026-01-01 00:00:00"),
            ("AvaliableTo", "2027-01-01 10:10:10"),
            ("UsesServersTime", "true"),
            ("RemoveAfterSuccessfulRun", "true"),
            ("NotifyUserWhenTaskAvailable", "true"),
            ("WarnUserBeforeRunning", "true"),
            ("DeferTime", "15"),
            ("UseDefaultAgentSettings", "false"),
            ("RunFromServer", "true"),
            ("DownloadAndRunLocally", "false"),
            ("DownloadPackageASAP", "true"),
            ("MinimumBandwidth", "0"),
            ("MinimumConnectionSpeed", "1024"),
            ("MulticastPackage", "true"),
            ("EnableVerboseReporting", "false"),
        ],
    );
    let xml = field(&shown, "ScheduleXML");
    assert!(xml.starts_with("<Schedule IndependentExecution=\"false\"><Trigger Type=\"2\">"), "{xml}");
    let native = desk.item(&task);
    assert_eq!(native["spec"]["collections"], serde_json::json!([collection]));
    assert_eq!(
        native["spec"]["run"]["schedule"],
        serde_json::json!({"type": "weekly", "days": ["mon", "fri"], "time": "17:30", "every": 1, "from": null})
    );
}

#[test]
fn prg_13_a_program_keeps_guid_and_password_when_it_gets_a_package_and_when_it_leaves_it() {
    let desk = Desk::new();
    let (package, other) = (desk.package("One"), desk.package("Other"));
    let program = desk.makes("CreateProgramExBasic", &[("sProgramName", "P"), ("sCommandLine", "p.exe")]);
    let runs_as = |user: &str, password: &str| {
        desk.ask(
            "SetProgramExecutionOptions",
            &[
                ("sProgramGuid", &program),
                ("sStartingWindow", "StartingWindow.Normal"),
                ("sRunWithRights", "RunWithRights.SpecifiedUser"),
                ("sUserDomain", "CORP"),
                ("sUserName", user),
                ("sUserPassword", password),
                ("sUserConfirmPassword", password),
                ("sProgramCanRun", "ProgramCanRunOption.WhetherOrNotAUserIsLoggedOn"),
                ("sUserInputRequired", "false"),
                ("sRunOnceForEachLoggedOnUser", "false"),
            ],
        )
    };
    assert_eq!(runs_as("svc", "").unwrap_err().exception, Exception::InvalidParameter, "nobody knows the password");
    runs_as("svc", "canary-2").unwrap();
    let map = |package: &str, action: &str| {
        desk.ask(
            "SetProgramPackageMapping",
            &[("sPackageGuid", package), ("sProgramGuid", &program), ("sAction", action)],
        )
    };
    let loose = desk.item_is_there(&program);
    assert!(!loose, "the native API shows programs of packages");
    for _ in 0..2 {
        assert_eq!(said(&map(&package, "add").unwrap()), "true");
        assert_eq!(desk.item(&program)["spec"]["runWith"]["passwordSet"], true);
        runs_as("svc", "").expect("the password of the same account is known");
        assert_eq!(said(&map(&other, "add").unwrap()), "false", "it belongs to another package");
        assert_eq!(map(&other, "remove").unwrap_err().exception, Exception::DoesNotExist);
        assert_eq!(said(&map(&package, "remove").unwrap()), "true");
        runs_as("svc", "").expect("the password of the same account is known");
    }
    assert!(runs_as("another", "").is_err(), "a password is that of an account");
    fields(
        &desk.record("GetProgramExByGuid", &[("sProgramGuid", &program)]),
        &[("Guid", &program), ("UserName", "svc")],
    );
    let shows = Desk { options: AsdkOptions::new().with(Quirk::ReturnsPasswords), ..desk };
    let record = shows.record("GetProgramExByGuid", &[("sProgramGuid", &program)]);
    fields(&record, &[("UserPassword", "********")]);
}

impl Desk {
    fn item_is_there(&self, item: &str) -> bool {
        self.app.item(guid(item)).is_ok()
    }
}

#[test]
fn prg_8_and_prg_9_hold_what_a_program_runs_with() {
    let desk = Desk::new();
    let program = desk.makes("CreateProgramExBasic", &[("sProgramName", "P"), ("sCommandLine", "p.exe")]);
    let set = |changes: &[(&str, &str)]| {
        let mut args = BTreeMap::from([
            ("sProgramGuid", program.as_str()),
            ("sStartingWindow", "StartingWindow.Normal"),
            ("sRunWithRights", "RunWithRights.SystemAccount"),
            ("sUserDomain", ""),
            ("sUserName", ""),
            ("sUserPassword", ""),
            ("sUserConfirmPassword", ""),
            ("sProgramCanRun", "ProgramCanRunOption.WhetherOrNotAUserIsLoggedOn"),
            ("sUserInputRequired", "false"),
            ("sRunOnceForEachLoggedOnUser", "false"),
        ]);
        args.extend(changes.iter().copied());
        let args: Vec<(&str, &str)> = args.into_iter().collect();
        desk.ask("SetProgramExecutionOptions", &args)
    };
    for bad in [
        &[("sRunWithRights", "RunWithRights.LoggedInUser")][..],
        &[("sStartingWindow", "Hidden")],
        &[("sRunWithRights", "SystemAccount")],
        &[("sProgramCanRun", "Always")],
        &[("sUserInputRequired", "yes")],
        &[("sUserName", "somebody")],
        &[("sRunWithRights", "RunWithRights.SpecifiedUser"), ("sUserName", "")],
        &[
            ("sRunWithRights", "RunWithRights.SpecifiedUser"),
            ("sUserName", "svc"),
            ("sUserPassword", "a"),
            ("sUserConfirmPassword", "b"),
        ],
    ] {
        assert_eq!(set(bad).unwrap_err().exception, Exception::InvalidParameter, "{bad:?}");
    }
    set(&[
        ("sRunWithRights", "RunWithRights.LoggedInUser"),
        ("sProgramCanRun", "ProgramCanRunOption.OnlyWhenAUserIsLoggedOn"),
    ])
    .unwrap();
    set(&[
        ("sProgramCanRun", "ProgramCanRunOption.OnlyWhenNoUserIsLoggedOn"),
        ("sUserInputRequired", "true"),
        ("sRunOnceForEachLoggedOnUser", "true"),
    ])
    .unwrap();
    let shown = desk.record("GetProgramExByGuid", &[("sProgramGuid", &program)]);
    fields(
        &shown,
        &[("CanRunOptionType", "3"), ("UserInputRequired", "false"), ("RunOnceForEachLoggedOnUser", "false")],
    );
}

#[test]
fn tsk_4_a_task_starts_in_one_way_once_it_is_switched_on() {
    let desk = Desk::new();
    let package = desk.package("P");
    let program = desk.program(&package, "P");
    let task = desk.task("T", &package, &program, "");
    let at = [(ADVERTISEMENT, task.as_str()), ("sRunAt", "2030-01-31 17:00:00")];
    desk.sets("SetAdvertisementExScheduleRunAt", &at);
    let shown = || desk.record("GetAdvertisementExByGuid", &[(ADVERTISEMENT, &task)]);
    fields(&shown(), &[("RunASAP", "true")]);
    assert!(field(&shown(), "ScheduleXML").contains("2030-01-31 17:00:00"));
    desk.faults("EnablePolicyItem", &[("policyItemGuid", &task)], Exception::InvalidParameter);
    desk.sets("SetAdvertisementExScheduleRunASAP", &[(ADVERTISEMENT, &task), ("bRunASAP", "false")]);
    desk.does("EnablePolicyItem", &[("policyItemGuid", &task)]);
    let asap = [(ADVERTISEMENT, task.as_str()), ("bRunASAP", "true")];
    desk.faults("SetAdvertisementExScheduleRunASAP", &asap, Exception::InvalidParameter);
    desk.sets("SetAdvertisementExScheduleRunAt", &[(ADVERTISEMENT, &task), ("sRunAt", "0")]);
    fields(&shown(), &[("RunASAP", "false"), ("ScheduleXML", ""), ("Enable", "true")]);
    desk.sets("SetAdvertisementExScheduleRunASAP", &asap);
    desk.faults("SetAdvertisementExScheduleRunAt", &at, Exception::InvalidParameter);
}

#[test]
fn what_is_not_there_of_another_class_or_unreadable_is_a_fault_and_what_is_in_the_way_is_false() {
    let desk = Desk::new();
    let package = desk.package("P");
    let program = desk.program(&package, "P");
    let task = desk.task("T", &package, &program, "");
    use Exception::DoesNotExist;
    use Exception::InvalidParameter;
    use Exception::InvalidType;
    desk.faults("GetPackageExByGuid", &[("sPackageGuid", DEAD)], DoesNotExist);
    desk.faults("GetPackageExByGuid", &[("sPackageGuid", &program)], InvalidType);
    desk.faults("GetPackageExByGuid", &[("sPackageGuid", "x")], InvalidParameter);
    desk.faults("GetProgramExByGuid", &[("sProgramGuid", &package)], InvalidType);
    desk.faults("GetProgramsFromPackage", &[("sPackageGuid", &task)], InvalidType);
    desk.faults("GetAdvertisementExByGuid", &[(ADVERTISEMENT, &package)], InvalidType);
    desk.faults(
        "ModifyAdvertisementExBasic",
        &[(ADVERTISEMENT, &task), ("sPackageGuid", &package), ("sProgramGuid", DEAD)],
        DoesNotExist,
    );
    desk.faults(
        "SetProgramNetworkOptions",
        &[("sProgramGuid", &program), ("sProgramRequiresNWConnection", "true"), ("sMinimumSpeedOptions", "20")],
        InvalidParameter,
    );
    desk.faults(
        "CreatePackageExBasic",
        &[
            ("sPackageName", "Q"),
            ("sPackageLocation", r"C:\files"),
            ("sPackageDirectory", r"\\files\q"),
            ("sParentFolderGuid", PACKAGES),
        ],
        InvalidParameter,
    );
    desk.faults(
        "SetAdvertisementExAgentSettings",
        &[
            (ADVERTISEMENT, &task),
            ("bUseDefaultAgentSettings", "false"),
            ("bRunFromServer", "false"),
            ("bDownloadAndRunLocally", "false"),
        ],
        InvalidParameter,
    );
    // TSK-3: a program of another package is refused whole.
    let other = desk.package("O");
    desk.faults(
        "ModifyAdvertisementExBasic",
        &[(ADVERTISEMENT, &task), ("sPackageGuid", &other), ("sProgramGuid", &program)],
        InvalidParameter,
    );
    // PKG-8: what is used does not go.
    let removed = desk.does(
        "SetProgramPackageMapping",
        &[("sPackageGuid", &package), ("sProgramGuid", &program), ("sAction", "remove")],
    );
    assert_eq!(said(&removed), "false");
    desk.faults("DeleteItem", &[("itemGuid", &package)], Exception::Asdk);
}

#[test]
fn ptl_1_a_permission_on_a_program_is_a_right_of_the_portal() {
    let desk = Desk::new();
    let package = desk.package("P");
    let program = desk.program(&package, "P");
    let assign = |permission: &str, user: &str, action: &str| {
        desk.ask(
            "AssignSoftwarePortalSecurity",
            &[("sProgramGuid", &program), ("sPermissionGuid", permission), ("sUserName", user), ("sAction", action)],
        )
    };
    const INSTALL: &str = "A56F6866-B362-4EFC-BFFA-A29E7C9D2F2F";
    assert_eq!(said(&assign(INSTALL, "CORP/ann", "add").unwrap()), "true");
    assert_eq!(desk.item(&program)["spec"]["portal"]["grants"][0]["principal"], r"CORP\ann");
    let rows = desk.rows(&format!(
        "select TrusteeName, Inherited from vItemPermission where ItemGuid = '{program}' and PermissionGuid = '{INSTALL}' \
         order by TrusteeName"
    ));
    assert_eq!(rows.len(), 4, "PTL-2: its own and three of the programs folder: {rows:?}");
    assert!(rows.contains(&r"CORP\ann,0".to_owned()), "{rows:?}");
    assert_eq!(said(&assign(INSTALL, r"CORP\ann", "remove").unwrap()), "true");
    assert_eq!(said(&assign(INSTALL, r"CORP\ann", "remove").unwrap()), "false");
    let read = "983A2D22-7A82-4DB0-A707-52C7D6B1441E";
    assert_eq!(assign(read, r"CORP\ann", "add").unwrap_err().exception, Exception::InvalidParameter);
}
