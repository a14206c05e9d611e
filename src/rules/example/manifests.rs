//! Of the family MAN.

use super::Example;

pub(super) const ALL: &[Example] = &[
    Example {
        id: "MAN-1",
        before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
\tmembers: [FRA-PC0000010]
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-2",
        before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  member: [FRA-PC0000010]
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-3",
        before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: FRA-PC0000010
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-4",
        before: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: '22:00'}
",
        after: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: '22:00'}
  duration: 4h
",
    },
    Example {
        id: "MAN-5",
        before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: &all [FRA-PC0000010]
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-6",
        before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  description: In the hall
  description: In the entrance hall
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  description: In the entrance hall
",
    },
    Example {
        id: "MAN-9",
        before: "\
kind: Collection
metadata: {name: desktops}
spec:
  members: [FRA-PC0000010]
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-10",
        before: "\
kind: PatchPlugin
metadata: {name: Patch desktops}
spec:
  collections: [Desktop]
",
        after: "\
kind: PatchPlugin
metadata: {name: Patch desktops}
spec:
  collections: [Desktops]
",
    },
    Example {
        id: "MAN-11",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '${{ shar }}\\firefox'}
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '${{ share }}\\firefox'}
",
    },
    Example {
        id: "MAN-14",
        before: "\
kind: Collection
metadata: {name: 'Kiosks '}
spec:
  members: [FRA-PC0000010]
",
        after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  members: [FRA-PC0000010]
",
    },
    Example {
        id: "MAN-15",
        before: "\
kind: MaintenanceWindow
metadata: {name: Every other Saturday}
spec:
  collections: [Desktops]
  schedule: {weekly: {days: [sat], time: '22:00', every: 2}}
  duration: 4h
",
        after: "\
kind: MaintenanceWindow
metadata: {name: Every other Saturday}
spec:
  collections: [Desktops]
  schedule: {weekly: {days: [sat], time: '22:00', every: 2, from: '2026-12-05T22:00'}}
  duration: 4h
",
    },
    Example {
        id: "MAN-16",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      failureCodes: [1] # consign: allow PRG-2
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      failureCodes: [1] # consign: allow PRG-2 because our own report reads them
",
    },
    Example {
        id: "MAN-17",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S # consign: allow PRG-2 because our own report reads them
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
        id: "MAN-18",
        before: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: 22:00}
  duration: 4h
",
        after: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: '22:00'}
  duration: 4h
",
    },
];
