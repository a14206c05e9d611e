//! Of programs.

use super::Example;

pub(super) const ALL: &[Example] = &[
    Example {
        id: "PRG-1",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /norestart
      successCodes: [0, 3010]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /qn /norestart
      successCodes: [0, 3010]
",
    },
    Example {
        id: "PRG-2",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      failureCodes: [1603]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
",
    },
    Example {
        id: "PRG-3",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      maxRunTime: 90s
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      maxRunTime: 2m
",
    },
    Example {
        id: "PRG-5",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /qn /forcerestart
      successCodes: [0, 3010]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /qn /norestart
      successCodes: [0, 3010]
      afterRunning: {action: restart}
",
    },
    Example {
        id: "PRG-7",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      startingWindow: hidden
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      startingWindow: hidden
      userInputRequired: true
",
    },
    Example {
        id: "PRG-8",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      runOnceFor: eachLoggedOnUser
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      runWith: loggedOnUser
      canRun: userLoggedOn
      runOnceFor: eachLoggedOnUser
",
    },
    Example {
        id: "PRG-9",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe
      userInputRequired: true
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe
      userInputRequired: true
      canRun: userLoggedOn
",
    },
    Example {
        id: "PRG-10",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {none: {}}
  programs:
    - name: Configure
      commandLine: reg.exe import settings.reg
      workingDirectory: settings
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {none: {}}
  programs:
    - name: Configure
      commandLine: reg.exe import settings.reg
      workingDirectory: C:\\Settings
",
    },
    Example {
        id: "PRG-11",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /qn /norestart ALLUSERS=\"\"
      successCodes: [0, 3010]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: msiexec.exe /i firefox.msi /qn /norestart ALLUSERS=1
      successCodes: [0, 3010]
",
    },
    Example {
        id: "PRG-14",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: C:\\Program Files\\Firefox\\setup.exe /S
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: '\"C:\\Program Files\\Firefox\\setup.exe\" /S'
",
    },
    Example {
        id: "PDF-2",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: shutdown.exe /r /t 0
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: shutdown.exe /r /t 0
      exitsEarly: true
",
    },
    Example {
        id: "MW-2",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - {name: Install, commandLine: setup.exe /S, maxRunTime: unknown}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Install Firefox}
spec:
  package: Firefox
  program: Install
  collections: [Computers without 7-Zip]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - {name: Install, commandLine: setup.exe /S, maxRunTime: 30m}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Install Firefox}
spec:
  package: Firefox
  program: Install
  collections: [Computers without 7-Zip]
",
    },
];
