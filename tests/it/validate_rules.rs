//! Every rule that `validate` knows: what it finds, and what it leaves alone.

use crate::validate::check;
use crate::validate::check_program;
use crate::validate::check_text;
use crate::validate::manifest_of;

#[test]
fn pkg_1_a_version_is_text() {
    check("Package", "version: \"24.08\"", "");
    check("Package", "version: 24.08.1", "");
    check(
        "Package",
        "version: 24.08",
        "PKG-1 5:12 `spec.version` takes text, and is the number `24.08`; put it in quotes: `\"24.08\"`",
    );
    check(
        "Package",
        "version: 7",
        "PKG-1 5:12 `spec.version` takes text, and is the number `7`; put it in quotes: `\"7\"`",
    );
    check(
        "Package",
        "version: true",
        "PKG-1 5:12 `spec.version` takes text, and is the truth value `true`; put it in quotes: `\"true\"`",
    );
    check(
        "Package",
        "version:",
        "PKG-1 5:10 `spec.version` takes text, and is empty; write a value, or leave the key out for its default",
    );
}

#[test]
fn pkg_2_a_source_has_one_of_four_forms() {
    check("Package", "source: {none: {}}", "");
    check("Package", "source: {local: 'D:\\Packages\\7zip'}", "");
    check("Package", "source: {unc: '\\\\files\\packages\\7zip'}", "");
    check("Package", "source: {url: 'https://files.example.com/7zip', directory: '\\\\files\\7zip'}", "");
    check(
        "Package",
        "source: {unc: //files/packages}",
        "PKG-2 5:17 `//files/packages` is not a UNC path; write it with backslashes, in single quotes: `'\\\\server\\share\\…'`",
    );
    check(
        "Package",
        "source: {unc: \"\\\\files\\\\packages\"}",
        "PKG-2 5:17 `\\files\\packages` is not a UNC path; it begins with two backslashes; in double quotes each must be written twice, in single quotes once: `'\\\\server\\share'`",
    );
    check(
        "Package",
        "source: {unc: 'D:\\x'}",
        "PKG-2 5:17 `D:\\x` is not a UNC path; write `'\\\\server\\share'`, with a path below it if there is one",
    );
    check(
        "Package",
        "source: {local: packages}",
        "PKG-2 5:19 `packages` is not an absolute path on the server; write drive and path, such as `D:\\Packages\\7zip`",
    );
    check(
        "Package",
        "source: {local: '\\\\files\\x'}",
        "PKG-2 5:19 `\\\\files\\x` is a share, not a directory on the server; write it as `source: {unc: …}`",
    );
    check(
        "Package",
        "source: {url: 'https://files.example.com/7zip'}",
        "PKG-2 5:3 `spec.source` has no key `directory`; add `directory`: The UNC directory of the same files, from which the server takes its snapshot",
    );
    check(
        "Package",
        "source: {url: 'ftp://x/y', directory: '\\\\files\\7zip'}",
        "PKG-2 5:17 `ftp://x/y` is neither `http` nor `https`; write the whole address, such as `https://files.example.com/7zip`",
    );
    check(
        "Package",
        "source: {url: 'https://a:b@x/y', directory: '\\\\files\\7zip'}",
        "PKG-2 5:17 `https://a:b@x/y` holds a user name or password, which every agent would see; write the whole address, such as `https://files.example.com/7zip`",
    );
    check(
        "Package",
        "source: {ulr: 'https://x/y', directory: 'x'}",
        "PKG-2 5:12 `spec.source` has no key `ulr`; did you mean `url`?",
    );
    check(
        "Package",
        "source: {unc: '\\\\a\\b', local: 'D:\\x'}",
        "PKG-2 5:26 `spec.source` has one form, and mixes `unc` with `local`; keep one of them; it takes a map with `none`, `local`, `unc` or `url` and `directory`",
    );
    check(
        "Package",
        "source: '\\\\files\\x'",
        "PKG-2 5:11 `spec.source` takes a map with `none`, `local`, `unc` or `url` and `directory`, and is the text `\\\\files\\x`",
    );
    check(
        "Package",
        "source: {}",
        "PKG-2 5:11 `spec.source` takes a map with `none`, `local`, `unc` or `url` and `directory`, and is an empty map",
    );
    check(
        "Package",
        "source: ['\\\\files\\x']",
        "PKG-2 5:11 `spec.source` takes a map with `none`, `local`, `unc` or `url` and `directory`, and is a list",
    );
}

#[test]
fn pkg_8_a_package_in_use_is_there() {
    check("Task", "package: Tool\nprogram: Install", "");
    check("Task", "package: Agent\nprogram: Whatever it has", "");
    check("Task", "package: Tol\nprogram: Install", "PKG-8 5:12 there is no package `Tol`; did you mean `Tool`?");
    check(
        "Task",
        "package: Desktops\nprogram: Install",
        "PKG-8 5:12 there is no package `Desktops`; there is a collection `Desktops`, which is something else",
    );
    check(
        "Task",
        "package: Something\nprogram: Install",
        "PKG-8 5:12 there is no package `Something`; a package in use cannot be missing: declare it, or name it under `externals.Package` in `consign.yaml` if others look after it",
    );
    check(
        "SequentialTask",
        "steps:\n  - {package: Tool, program: Install}\n  - {package: Toool, program: Install}",
        "PKG-8 7:17 there is no package `Toool`; did you mean `Tool`?",
    );
    check(
        "DeliveryPolicy",
        "resources:\n  - {package: Tooll, program: Install}",
        "PKG-8 6:17 there is no package `Tooll`; did you mean `Tool`?",
    );
}

#[test]
fn what_could_not_be_read_is_not_missing_as_well() {
    let text = manifest_of("Package", "version: 1.0") + "---\n" + &manifest_of("Task", "package: It\nprogram: A");
    check_text(&text, "PKG-1 5:12 `spec.version` takes text, and is the number `1.0`; put it in quotes: `\"1.0\"`");
}

#[test]
fn prg_3_terminate_after_is_whole_minutes_and_zero_means_360() {
    for fine in ["maxRunTime: 30m", "maxRunTime: 0m", "maxRunTime: unknown", "maxRunTime: 120s"] {
        check_program(fine, "");
    }
    check_program(
        "maxRunTime: 90s",
        "PRG-3 8:19 `maxRunTime: 90s` is not whole minutes; servers keep whole minutes; write `2m`",
    );
    check_program(
        "maxRunTime: 30",
        "MAN-3 8:19 `spec.programs[0].maxRunTime`: `30` is not a duration; write a whole number and its unit, such as `30m`, `4h` or `7d`, at most `3650d`",
    );
    check_program(
        "maxRunTime: half an hour",
        "MAN-3 8:19 `spec.programs[0].maxRunTime`: `half an hour` is not a duration; write a whole number and its unit, such as `30m`, `4h` or `7d`, at most `3650d`",
    );
}

#[test]
fn prg_8_run_once_for_needs_the_logged_on_user() {
    check_program("runWith: loggedOnUser\ncanRun: userLoggedOn\nrunOnceFor: eachLoggedOnUser", "");
    check_program("runWith: loggedOnUser\ncanRun: userLoggedOn\nrunOnceFor: {users: ['CORP\\Maria']}", "");
    check_program("runWith: {account: 'CORP\\svc', passwordFrom: {env: PW}}", "");
    check_program(
        "runOnceFor: eachLoggedOnUser",
        "PRG-8 8:19 a program runs once for users only with the rights of the logged-on user; set `runWith: loggedOnUser` and `canRun: userLoggedOn`, or remove `runOnceFor`",
    );
    check_program(
        "runWith: {account: 'CORP\\svc'}\nrunOnceFor: {users: ['CORP\\Maria', Peter]}",
        "PRG-8 9:19 a program runs once for users only with the rights of the logged-on user; set `runWith: loggedOnUser` and `canRun: userLoggedOn`, or remove `runOnceFor`\n\
         PRG-8 9:42 `Peter` is not written `DOMAIN\\NAME`; write domain and name, such as `'CORP\\Maria'`",
    );
    check_program(
        "runWith: {account: svc}",
        "PRG-8 8:26 `svc` is not written `DOMAIN\\NAME`; write domain and name, such as `'CORP\\svc-install'`; for the system account write `runWith: system`",
    );
    check_program("runOnceFor: {users: []}", "MAN-3 8:27 `spec.programs[0].runOnceFor.users` needs at least one entry");
    check_program(
        "runWith: sytem",
        "MAN-3 8:16 `spec.programs[0].runWith` cannot be `sytem`; did you mean `system`? it takes `system`, `loggedOnUser` or a map with `account`",
    );
}

#[test]
fn prg_9_who_is_logged_on_fits_whose_rights() {
    check_program("canRun: noUserLoggedOn", "");
    check_program("canRun: userLoggedOn\nuserInputRequired: true", "");
    check_program(
        "runWith: loggedOnUser",
        "PRG-9 8:16 with the rights of the logged-on user it runs only when a user is logged on; set `canRun: userLoggedOn`",
    );
    check_program(
        "runWith: loggedOnUser\ncanRun: noUserLoggedOn",
        "PRG-9 9:15 with the rights of the logged-on user it runs only when a user is logged on; set `canRun: userLoggedOn`",
    );
    check_program(
        "canRun: noUserLoggedOn\nuserInputRequired: true",
        "PRG-9 9:26 a program that runs with nobody logged on is never visible, so no user can give input; set `userInputRequired: false`, or `canRun: userLoggedOn`",
    );
    check_program(
        "runWith: loggedOnUser\ncanRun: noUserLoggedOn\nrunOnceFor: eachLoggedOnUser",
        "PRG-9 9:15 with the rights of the logged-on user it runs only when a user is logged on; set `canRun: userLoggedOn`\n\
         PRG-9 10:19 a program that runs with nobody logged on cannot run once for users; remove `runOnceFor`, or set `canRun: userLoggedOn`",
    );
}

#[test]
fn tsk_1_the_portals_names_are_its_own() {
    let named =
        |kind: &str, name: &str, spec: &str| manifest_of(kind, spec).replace("name: It", &format!("name: '{name}'"));
    let task = "package: Tool\nprogram: Install";
    check_text(
        &named("Task", "Software Requests are fun", task),
        "TSK-1 3:18 task `Software Requests are fun` has a name that the portal keeps for its own tasks; choose a name without `Software Request`, and keep the old one under `metadata.aliases`",
    );
    check_text(
        &named("Task", "Old software request : Tool", task),
        "TSK-1 3:18 task `Old software request : Tool` has a name that the portal keeps for its own tasks; choose a name without `Software Request`, and keep the old one under `metadata.aliases`",
    );
    check_text(
        &named("SequentialTask", "Software Request - X", "steps: [{package: Tool, program: Install}]"),
        "TSK-1 3:18 sequential task `Software Request - X` has a name that the portal keeps for its own tasks; choose a name without `Software Request`, and keep the old one under `metadata.aliases`",
    );
    check_text(&named("Task", "Software for requests", task), "");
    check_text(&named("Collection", "Software Request computers", "members: []"), "");
}

#[test]
fn tsk_2_priorities_are_four_words() {
    for fine in ["low", "normal", "high", "veryHigh"] {
        check("Task", &format!("package: Tool\nprogram: Install\npriority: {fine}"), "");
    }
    check(
        "Task",
        "package: Tool\nprogram: Install\npriority: veryhigh",
        "TSK-2 7:13 `spec.priority` cannot be `veryhigh`; did you mean `veryHigh`? it takes `low`, `normal`, `high` or `veryHigh`",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\npriority: urgent",
        "TSK-2 7:13 `spec.priority` cannot be `urgent`; it takes `low`, `normal`, `high` or `veryHigh`",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\npriority: 2",
        "TSK-2 7:13 `spec.priority` takes `low`, `normal`, `high` or `veryHigh`, and is the number `2`",
    );
    check(
        "SequentialTask",
        "priority: hihg\nsteps: [{package: Tool, program: Install}]",
        "TSK-2 5:13 `spec.priority` cannot be `hihg`; did you mean `high`? it takes `low`, `normal`, `high` or `veryHigh`",
    );
}

#[test]
fn tsk_3_a_task_runs_a_program_of_its_package() {
    check(
        "Task",
        "package: Tool\nprogram: Instal",
        "TSK-3 6:12 package `Tool` has no program `Instal`; did you mean `Install`?",
    );
    check(
        "Task",
        "package: Tool\nprogram: Repair",
        "TSK-3 6:12 package `Tool` has no program `Repair`; it has `Install`, `Remove`",
    );
    check(
        "Task",
        "program: Install",
        "TSK-3 4:1 `spec` has no key `package`; add `package`: The package it delivers, by name",
    );
    check(
        "Task",
        "package: Tool",
        "TSK-3 4:1 `spec` has no key `program`; add `program`: The program of that package it runs, by name",
    );
    let empty =
        manifest_of("Package", "version: \"1\"") + "---\n" + &manifest_of("Task", "package: It\nprogram: Install");
    check_text(
        &empty,
        "TSK-3 12:12 package `It` has no program `Install`; the package declares no program; add one under its `spec.programs`",
    );
}

#[test]
fn tsk_8_a_deferral_is_nothing_or_at_least_five_minutes() {
    for fine in ["0m", "5m", "4h", "12h", "300s"] {
        check("Task", &format!("package: Tool\nprogram: Install\nwarnUser: {{deferUpTo: {fine}}}"), "");
    }
    check(
        "Task",
        "package: Tool\nprogram: Install\nwarnUser: {deferUpTo: 4m}",
        "TSK-8 7:25 no deferral on offer is as short as `4m`; the shortest is `5m`; write at least `5m`, or `0m` for a warning without deferral",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\nwarnUser: {deferUpTo: 330s}",
        "TSK-8 7:25 `deferUpTo: 330s` is not whole minutes; servers keep whole minutes; write `6m`",
    );
    check(
        "SequentialTask",
        "warnUser: {deferUpTo: 1m}\nsteps: [{package: Tool, program: Install}]",
        "TSK-8 5:25 no deferral on offer is as short as `1m`; the shortest is `5m`; write at least `5m`, or `0m` for a warning without deferral",
    );
}

#[test]
fn tsk_9_a_countdown_is_at_most_an_hour() {
    for fine in ["0m", "60s", "60m"] {
        check("AgentSettings", &format!("collections: [Desktops]\nnotifyInAdvance: {fine}"), "");
    }
    check(
        "AgentSettings",
        "collections: [Desktops]\nnotifyInAdvance: 61m",
        "TSK-9 6:20 a countdown of `61m` is longer than agents take; the most is `60m`; `warnUser.deferUpTo` of a task gives people more time",
    );
    check(
        "DeliveryPolicy",
        "resources: [{package: Tool, program: Install, onSuccess: {action: restart, countdown: 2h}}]",
        "TSK-9 5:89 a countdown of `2h` is longer than agents take; the most is `60m`; `warnUser.deferUpTo` of a task gives people more time",
    );
}

#[test]
fn seq_3_steps_depend_on_earlier_steps() {
    let steps = |dependencies: &str| {
        format!(
            "steps:\n  - {{package: Tool, program: Install}}\n  - {{package: Tool, program: Remove, dependsOn: {dependencies}}}\n  - {{package: Tool, program: Install}}"
        )
    };
    check("SequentialTask", &steps("[1]"), "");
    check("SequentialTask", &steps("[{step: 1, returnCodes: [0, 3010]}]"), "");
    check("SequentialTask", &steps("[{step: 1, returnCodes: []}]"), "");
    check("SequentialTask", &steps("[2]"), "SEQ-3 7:52 step 2 depends on itself; it can depend on step 1");
    check(
        "SequentialTask",
        &steps("[0, 3, 4]"),
        "SEQ-3 7:52 steps are counted from 1; the first step is 1\n\
         SEQ-3 7:55 step 2 depends on step 3, which comes after it; it can depend on step 1\n\
         SEQ-3 7:58 step 2 depends on step 4, and there are 3; it can depend on step 1",
    );
    check(
        "SequentialTask",
        &steps("[1, {step: 1, returnCodes: [5]}]"),
        "SEQ-3 7:62 step 2 depends on step 1 twice; name it once; its `returnCodes` can list several",
    );
    check(
        "SequentialTask",
        &steps("[first]"),
        "SEQ-3 7:52 `spec.steps[1].dependsOn[0]` takes a whole number or a map with `step`, and is the text `first`",
    );
    check("SequentialTask", "steps: []", "MAN-3 5:10 `spec.steps` needs at least one entry");
    check(
        "SequentialTask",
        "steps:\n  - {package: Tool, program: Install, dependsOn: [1]}",
        "SEQ-3 6:53 step 1 depends on itself; the first step can depend on none",
    );
}

#[test]
fn ptl_1_a_principal_has_one_right() {
    let grants = |grants: &str| format!("portal: {{grants: [{grants}]}}");
    check_program(
        &grants("{principal: 'CORP\\Helpdesk', right: install}, {principal: Portal users, right: installOnApproval}"),
        "",
    );
    check_program("portal: {inherit: false, grants: []}", "");
    check_program(
        &grants("{principal: 'CORP\\A', right: install}, {principal: 'corp\\a', right: installOnApproval}"),
        "PTL-1 8:76 principal `corp\\a` has both rights: *install* holds, and the other misleads; keep one of the two",
    );
    check_program(
        &grants("{principal: 'CORP\\A', right: install}, {principal: 'CORP\\A', right: install}"),
        "PTL-1 8:76 principal `CORP\\A` is listed twice; keep one of the two",
    );
    check_program(
        &grants("{principal: CORP/A, right: install}"),
        "PTL-1 8:37 principal `CORP/A` is not written `DOMAIN\\NAME`; write `DOMAIN\\NAME` in single quotes, or the name of a server role",
    );
    check_program(
        &grants("{principal: \"CORP\\\\\\\\A\", right: install}"),
        "PTL-1 8:37 principal `CORP\\\\A` is not written `DOMAIN\\NAME`; write `DOMAIN\\NAME` in single quotes, or the name of a server role",
    );
    check_program(
        &grants("{principal: '\\A', right: install}"),
        "PTL-1 8:37 principal `\\A` is not written `DOMAIN\\NAME`; write `DOMAIN\\NAME` in single quotes, or the name of a server role",
    );
    check_program(
        &grants("{principal: '', right: install}"),
        "MAN-3 8:37 `spec.programs[0].portal.grants[0].principal` must not be empty",
    );
    check_program(
        &grants("{principal: 'CORP\\A', right: instal}"),
        "PTL-1 8:54 `spec.programs[0].portal.grants[0].right` cannot be `instal`; did you mean `install`? it takes `install` or `installOnApproval`",
    );
    check_program(
        &grants("{principal: 'CORP\\A'}"),
        "PTL-1 8:25 `spec.programs[0].portal.grants[0]` has no key `right`; add `right`: What it may do",
    );
    check(
        "PortalDefaults",
        "grants: [{principal: A, right: install}, {principal: A, right: install}]",
        "PTL-1 5:56 principal `A` is listed twice; keep one of the two",
    );
    check(
        "Folder",
        "portal: {grants: [{principal: 'A\\', right: install}]}",
        "PTL-1 5:33 principal `A\\` is not written `DOMAIN\\NAME`; write `DOMAIN\\NAME` in single quotes, or the name of a server role",
    );
}

#[test]
fn ptl_2_an_inherited_right_is_not_taken_away_by_a_lesser_one() {
    let with = |inherit: &str, right: &str| {
        manifest_of("PortalDefaults", "grants: [{principal: 'CORP\\Staff', right: install}]")
            + "---\n"
            + &manifest_of(
                "Package",
                &format!(
                    "programs:\n  - name: Install\n    commandLine: a\n    portal: {{{inherit}grants: [{{principal: 'corp\\staff', right: {right}}}]}}"
                ),
            )
    };
    check_text(
        &with("", "installOnApproval"),
        "PTL-2 14:25 `corp\\staff` inherits *install*, so *install on approval* takes nothing away; set `inherit: false` and list every right of this program, or remove this grant",
    );
    check_text(&with("inherit: false, ", "installOnApproval"), "");
    check_text(&with("", "install"), "");
}

#[test]
fn ptl_6_portal_settings_reach_someone() {
    check("PortalSettings", "collections: [Desktops]\nmaxPerRequest: 1", "");
    check(
        "PortalSettings",
        "collections: [Desktops]\nmaxPerRequest: 0",
        "PTL-6 6:18 a request that may hold no program cannot be made; write 1 or more; left out it is 5",
    );
    check(
        "PortalSettings",
        "collections: []",
        "PTL-6 5:16 without a collection nobody sees the portal; name a collection of computers that have the software delivery agent; to switch the portal off, `enabled: false`",
    );
    check(
        "PortalSettings",
        "startMenuLink: false",
        "MAN-4 4:1 `spec` has no key `collections`; add `collections`: Whom it is for; they must have the software delivery agent (PTL-6)",
    );
    check(
        "PortalSettings",
        "collections: [Desktops]\nmaxPerRequest: many",
        "PTL-6 6:18 `spec.maxPerRequest` takes a whole number, and is the text `many`",
    );
}

#[test]
fn col_1_collections_do_not_lead_in_a_circle() {
    let collection =
        |name: &str, spec: &str| manifest_of("Collection", spec).replace("name: It", &format!("name: {name}"));
    check("Collection", "include: [Desktops, All computers]\nexclude: [Kiosks]\nlimitedTo: All computers", "");
    check(
        "Collection",
        "include: [It]",
        "COL-1 5:13 collection `It` is made of itself; take one of these out; members of a circle cannot be worked out",
    );
    let circle = [
        collection("A", "include: [B]"),
        collection("B", "limitedTo: C"),
        collection("C", "include: [Desktops]\nexclude: [A]"),
    ];
    check_text(
        &circle.join("---\n"),
        "COL-1 5:13 collections lead in a circle: `A` → `B` → `C` → `A`; take one of these out; members of a circle cannot be worked out",
    );
    check(
        "Collection",
        "include: [Desktop]\nexclude: [Nothing like it]",
        "COL-1 5:13 there is no collection `Desktop`; did you mean `Desktops`?\n\
         COL-1 6:13 there is no collection `Nothing like it`; declare it, or name it under `externals.Collection` in `consign.yaml` if others look after it",
    );
    check(
        "Collection",
        "include: [Tool]",
        "COL-1 5:13 there is no collection `Tool`; there is a package `Tool`, which is something else",
    );
    check(
        "Collection",
        "include: [Desktops, Kiosks, Desktops]\nexclude: [Kiosks]",
        "COL-1 5:31 collection `Desktops` is named twice; remove one of the two\n\
         COL-1 6:13 collection `Kiosks` is both included and excluded; remove one of the two",
    );
    let chain: Vec<String> =
        (0..2000).map(|n| collection(&format!("N{n}"), &format!("include: [N{}]", n + 1))).collect();
    let whole = chain.join("---\n") + "---\n" + &collection("N2000", "members: []");
    check_text(&whole, "");
}

#[test]
fn mw_9_a_window_lasts_five_minutes_to_a_day() {
    let window =
        |duration: &str| format!("collections: [Desktops]\nschedule: {{daily: \"17:00\"}}\nduration: {duration}");
    for fine in ["5m", "1h", "24h", "1d"] {
        check("MaintenanceWindow", &window(fine), "");
    }
    check(
        "MaintenanceWindow",
        &window("4m"),
        "MW-9 7:13 a window lasts at least 5 minutes, and this one `4m`; write `5m` or more",
    );
    check(
        "MaintenanceWindow",
        &window("25h"),
        "MW-9 7:13 a window lasts at most 24 hours, and this one `25h`; write `24h` or less; for longer times write several windows",
    );
    check(
        "MaintenanceWindow",
        &window("330s"),
        "MW-9 7:13 `duration: 330s` is not whole minutes; servers keep whole minutes; write `6m`",
    );
}

#[test]
fn man_10_other_references_lead_somewhere_too() {
    check(
        "Task",
        "package: Tool\nprogram: Install\ncollections: [Desktop, Tool]",
        "MAN-10 7:17 there is no collection `Desktop`; did you mean `Desktops`?\n\
         MAN-10 7:26 there is no collection `Tool`; there is a package `Tool`, which is something else",
    );
    check(
        "SequentialTask",
        "steps: [{package: Tool, program: Instal}]",
        "MAN-10 5:36 package `Tool` has no program `Instal`; did you mean `Install`?",
    );
    check(
        "MaintenanceWindow",
        "collections: [Kiosk]\nschedule: {daily: \"17:00\"}\nduration: 1h",
        "MAN-10 5:17 there is no collection `Kiosk`; did you mean `Kiosks`?",
    );
    let accepted = manifest_of("Collection", "members: []").replace(
        "{name: It}",
        "{name: It, acknowledge: [{rule: SEQ-11, expires: 2026-12-31, reason: why}, {rule: COL-2, upTo: 5, expires: 2026-12-31, reason: why}]}",
    );
    check_text(&accepted, "MAN-10 3:43 there is no rule `SEQ-11`; did you mean `SEQ-1`?");
}

#[test]
fn man_15_schedules_do_not_contradict_themselves() {
    let run = |schedule: &str| format!("package: Tool\nprogram: Install\nrun: {{schedule: {{{schedule}}}}}");
    for fine in [
        "at: 2026-12-01T08:00",
        "daily: \"17:00\"",
        "weekly: {days: [mon, fri], time: \"17:00\"}",
        "weekly: {days: [mon], time: \"17:00\", every: 2, from: 2026-12-01T08:00}",
        "monthly: {day: last, time: \"17:00\"}",
        "monthly: {day: {date: 31}, time: \"17:00\"}",
        "monthly: {day: {week: second, weekday: tue}, offsetDays: 3, time: \"17:00\"}",
        "every: {interval: 4h, from: 2026-12-01T08:00}",
    ] {
        check("Task", &run(fine), "");
    }
    check(
        "Task",
        &run("weekly: {days: [mon, mon], time: \"17:00\", every: 2}"),
        "MAN-15 7:41 this day is listed twice; remove one of the two\n\
         MAN-15 7:69 nobody can say which week is meant: every 2 weeks counts from `from`, which is missing; add `from`, the first week it counts from, such as `from: 2026-12-01T00:00`",
    );
    check(
        "Task",
        &run("weekly: {days: [], time: \"17:00\", every: 0}"),
        "MAN-3 7:35 `spec.run.schedule.weekly.days` needs at least one entry\n\
         MAN-3 7:61 `spec.run.schedule.weekly.every` is 0; the least is 1",
    );
    check(
        "Task",
        &run("monthly: {day: {date: 32}, time: \"17:00\", every: 13}"),
        "MAN-3 7:42 `spec.run.schedule.monthly.day.date` is 32; the most is 31\n\
         MAN-3 7:69 `spec.run.schedule.monthly.every` is 13; the most is 12",
    );
    check(
        "Task",
        &run("monthly: {day: {date: 30}, offsetDays: 2, time: \"17:00\", every: 3}"),
        "MAN-15 7:59 day 30 and 2 days more is past the end of every month; name the day itself and leave `offsetDays` out\n\
         MAN-15 7:84 nobody can say which month is meant: every 3 months counts from `from`, which is missing; add `from`, the first month it counts from, such as `from: 2026-12-01T00:00`",
    );
    check(
        "Task",
        &run("every: {interval: 30s, from: 2026-12-01T08:00}"),
        "MAN-15 7:38 an interval is whole minutes, at least one, and this is `30s`; write such as `4h`",
    );
    check(
        "Task",
        &run("at: 2026-02-31T08:00"),
        "MAN-3 7:24 `spec.run.schedule.at`: `2026-02-31T08:00` is not a date and time; write it as `2026-12-01T08:00`, without a zone",
    );
    check("Task", &run("dayly: \"17:00\""), "MAN-2 7:20 `spec.run.schedule` has no key `dayly`; did you mean `daily`?");
    check(
        "Task",
        &run("daily: 17:00, at: 2026-12-01T08:00"),
        "MAN-3 7:34 `spec.run.schedule` has one form, and mixes `daily` with `at`; keep one of them; it takes a map with `at`, `daily`, `weekly`, `monthly` or `every`",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\navailability: {from: 2026-12-31T18:00, to: 2026-12-01T08:00}",
        "MAN-15 7:46 it ends at `2026-12-01T08:00`, before it begins at `2026-12-31T18:00`, so the task never runs; exchange the two, or correct one",
    );
    check(
        "SequentialTask",
        "run: manual\nsteps: [{package: Tool, program: Install}]",
        "MAN-15 5:8 nobody can start a sequential task by hand, so this one never runs; give it a schedule, or `run: asSoonAsPossible`; to keep it from running, `enabled: false`",
    );
    check(
        "AgentSettings",
        "collections: [Desktops]\nblockouts: [{from: \"08:00\", duration: 0m}]",
        "MAN-15 6:41 a blockout lasts up to 24 hours, and this one `0m`; write a duration from `1m` to `24h`",
    );
    check_program(
        "afterRunning: {deferUpTo: 4h}",
        "MAN-15 8:21 nothing happens after running, so there is nothing to put off or to close; set `action: restart` or `action: logOff`, or remove `afterRunning`",
    );
    check_program(
        "successCodes: []",
        "MAN-15 8:21 without a success code every run fails; list the codes that mean success, or leave it out for `[0]`",
    );
    check_program(
        "failureCodes: [0, 1]",
        "MAN-15 8:22 return code 0 is both a success and a failure; remove it from one of the two; what is no success code is a failure",
    );
}

#[test]
fn man_14_names_can_be_shown_and_compared() {
    let named = |name: &str| manifest_of("Collection", "members: []").replace("name: It", &format!("name: {name}"));
    check_text(
        &named("\"a\\u202eb\""),
        "MAN-14 3:18 the name `a\\u{202e}b` holds a control character or an invisible one; remove it; people compare names by eye, and reports show them on one line",
    );
    check_text(
        &named("\"a\\nb\""),
        "MAN-14 3:18 the name `a\\u{a}b` holds a control character or an invisible one; remove it; people compare names by eye, and reports show them on one line",
    );
    check_text(&named("' a'"), "MAN-14 3:18 the name ` a` has a space at an end; remove the space; nobody sees it");
    check_text(&named("' '"), "MAN-14 3:18 the name ` ` is empty; give it a name that people can read");
    check_text(&named("''"), "MAN-3 3:18 `metadata.name` must not be empty");
    check_text(&named(&"x".repeat(256)), "MAN-3 3:18 `metadata.name` has more than 255 characters");
    check_text(&named(&"ü".repeat(255)), "");
    check_text(
        &manifest_of("Folder", "{}").replace("name: It", "name: a/b"),
        "MAN-14 3:18 a folder's name has no `/`, and this is `a/b`; write the path to the folder into `metadata.folder`",
    );
    check_text(
        &manifest_of("Task", "package: Tool\nprogram: Install").replace("name: It", "name: It, folder: A//B"),
        "MAN-14 3:30 the folder path `A//B` has an empty part; write the parts with one `/` between them, and none at the ends",
    );
}

#[test]
fn man_9_an_item_is_declared_once() {
    let task = |metadata: &str| manifest_of("Task", "package: Tool\nprogram: Install").replace("{name: It}", metadata);
    let two = |first: &str, second: &str| task(first) + "---\n" + &task(second);
    check_text(
        &two("{name: It}", "{name: It}"),
        "MAN-9 10:18 task `It` is declared twice; rename or remove one of them",
    );
    check_text(
        &two("{name: It}", "{name: IT}"),
        "MAN-9 3:18 task `IT` and `It` differ only in case; servers take them for one name; rename one of them",
    );
    let kelvin = two("{name: K}", "{name: \"\\u212A\"}");
    check_text(
        &kelvin,
        "MAN-9 10:18 task `K` and `\u{212a}` differ only in case; servers take them for one name; rename one of them",
    );
    let guid = "1fc86e41-b94f-4769-9457-1cf90a47bc6a";
    check_text(
        &two(&format!("{{name: A, guid: {guid}}}"), &format!("{{name: B, guid: '{{{}}}'}}", guid.to_uppercase())),
        "MAN-9 10:27 task `A` and task `B` are pinned to the same GUID; a GUID is one item; remove it from one of them",
    );
    check_text(
        &two("{name: A, aliases: [B]}", "{name: B}"),
        "MAN-9 3:31 alias `B` is the name of another task today; an alias is what an item was called before; remove it",
    );
    check_text(
        &two("{name: A, aliases: [C]}", "{name: B, aliases: [C]}"),
        "MAN-9 10:31 two items claim to have been called `C`; only one of them can keep its GUID; remove the other alias",
    );
    check_text(
        &task("{name: A, aliases: [A]}"),
        "MAN-9 3:31 alias `A` is its own name today; an alias is what an item was called before; remove it",
    );
    check_program("", "");
    check(
        "Package",
        "programs:\n  - {name: A, commandLine: a}\n  - {name: A, commandLine: b}\n  - {name: a, commandLine: b}",
        "MAN-9 7:14 program `A` of package `It` is declared twice; rename or remove one of them\n\
         MAN-9 8:14 program `A` of package `It` and `a` differ only in case; servers take them for one name; rename one of them",
    );
    check_text(
        &(manifest_of("PurgeSettings", "{}") + "---\n" + &manifest_of("PurgeSettings", "{}").replace("It", "Other")),
        "MAN-9 9:18 a second PurgeSettings; a server has exactly one; put both into one, or use overlays for what differs by server",
    );
    check_text(
        &manifest_of("PurgeSettings", "{}").replace("name: It", "name: It, folder: A"),
        "MAN-2 3:22 a PurgeSettings lives in no folder; remove `folder`; a server has exactly one",
    );
}
