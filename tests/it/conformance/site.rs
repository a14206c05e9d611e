//! The site that every API holds: folders, packages with programs, collections, tasks.

use serde_json::Value;
use serde_json::json;

/// What cannot be changed over the Altiris ASDK at all (altiris-asdk §7): kind and field, below `spec`.
pub const NOT_OVER_ALTIRIS: &[(&str, &str)] = &[
    ("Folder", "description"),
    ("Collection", "description"),
    ("Task", "userCanRun"),
    ("Task", "wakeOnLan"),
    ("Task", "notifyImmediately"),
    ("Task", "agentDisplayName"),
];

/// The computers that the server knows.
pub fn computers() -> Vec<Value> {
    let names = ["PC-ONE", "PC-TWO", "PC-THREE", "PC-FOUR"];
    let computer = |(n, name): (u32, &str)| {
        json!({ "type": "computer", "guid": format!("00000000-0000-0000-0000-{n:012x}"), "name": name, "domain": "CORP",
            "zone": "Europe/Zurich", "lastSeen": "2026-11-20T08:00:00Z", "retired": false, "roles": [] })
    };
    (1..).zip(names).map(computer).collect()
}

/// The project file, with the lines that name its server.
pub fn project(server: &str) -> String {
    format!(
        "apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\nservers:\n  lab:\n    {server}\n    \
         tokenFrom: {{file: token}}\n    folders: [Software Delivery]\n    prune: false\n"
    )
}

/// The manifests.
pub const MANIFESTS: [(&str, &str); 4] =
    [("packages.yaml", PACKAGES), ("collections.yaml", COLLECTIONS), ("tasks.yaml", TASKS), ("folders.yaml", FOLDERS)];

const FOLDERS: &str = "\
apiVersion: consign/v1
kind: Folder
metadata: {name: Packages, folder: Software Delivery}
spec: {}
";

const PACKAGES: &str = r"apiVersion: consign/v1
kind: Package
metadata: {name: 7-Zip, folder: Software Delivery/Packages}
spec:
  description: Packs & unpacks <files>
  publisher: Igor Pavlov
  version: '24.08'
  language: English
  source: {unc: '\\files\packages\7zip'}
  deleteUnusedAfter: 14d
  agentDisplayName: 7-Zip for all
  programs:
    - name: Install
      description: Quietly
      commandLine: msiexec.exe /i 7z2408-x64.msi /qn /norestart
      workingDirectory: x64
      successCodes: [0, 3010]
      maxRunTime: 30m
      afterRunning: {action: restart, deferUpTo: 4h}
      network: {required: true, minimumSpeedKBps: 256}
    - name: Uninstall
      commandLine: msiexec.exe /x 7z2408-x64.msi /qn /norestart
      successCodes: [0, 1605, 3010]
---
apiVersion: consign/v1
kind: Package
metadata: {name: Wallpaper, folder: Software Delivery/Packages}
spec:
  version: '3'
  source: {none: {}}
  programs:
    - name: Set
      commandLine: reg.exe add HKCU\Desktop /v Wallpaper /d corp.bmp /f
      runWith: loggedOnUser
      canRun: userLoggedOn
      startingWindow: hidden
";

const COLLECTIONS: &str = "\
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops, folder: Software Delivery/Collections}
spec:
  query: {sql: \"select Guid from vComputer where Name like 'PC-%'\"}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Kiosks, folder: Software Delivery/Collections}
spec:
  description: In the entrance hall
  members: [PC-FOUR]
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Pilot, folder: Software Delivery/Collections}
spec:
  include: [Desktops]
  exclude: [Kiosks]
";

const TASKS: &str = r#"apiVersion: consign/v1
kind: Task
metadata: {name: Install 7-Zip, folder: Software Delivery/Tasks}
spec:
  description: For all
  package: 7-Zip
  program: Install
  collections: [Desktops, Pilot]
  priority: high
  run: {schedule: {daily: "17:00"}}
  warnUser: {deferUpTo: 5h}
  availability: {from: 2026-12-01T00:00, to: 2036-12-31T00:00, clock: computer}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Set wallpaper, folder: Software Delivery/Tasks}
spec:
  package: Wallpaper
  program: Set
  collections: [Pilot]
---
apiVersion: consign/v1
kind: Task
metadata: {name: Remove 7-Zip, folder: Software Delivery/Tasks}
spec:
  enabled: false
  package: 7-Zip
  program: Uninstall
  collections: [Kiosks]
  removeAfterSuccess: true
"#;
